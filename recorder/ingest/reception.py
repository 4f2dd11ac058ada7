"""One connection's worth of a stream: its pictures get their labels and formats and become access units. Disposable:
the next connection has a new one."""

import itertools
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from gate.clock import Clock
from recorder.ingest.connection import RtspConnection
from recorder.ingest.errors import StalledError
from recorder.ingest.labels import Labelled, Labeller
from recorder.ingest.rtsp.auth import Credentials
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.session import RtspSession
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.errors import ParameterSetError
from recorder.media.h264 import video_format
from recorder.state import StreamState

PICTURE_SECONDS_MAX = 60.0
"""A stream from which no picture can be made for this long (no key frame, no parameter sets) has stalled."""
SOUNDING_SECONDS = 60.0
"""How often the anchor of labels is looked at again (recorder.ingest.labels, rule 5)."""
SOUNDING_TICKS = 2
LOSSES_LOG_SECONDS = 10.0
"""Losses within this time are logged as one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a stream comes from. `name` is for the log: camera and stream."""

    name: str
    url: str
    credentials: Credentials | None
    packet_seconds_max: float


class Reception:
    """`run` once. `publish` gets the units; `on_first_unit` is called before the first. `state`: its measured values
    are kept up to date here, its phase is not. `run_before`: the last run number used."""

    def __init__(
        self,
        source: Source,
        *,
        state: StreamState,
        clock: Clock,
        run_before: int,
        publish: Callable[[AccessUnit], None],
        on_first_unit: Callable[[], None],
    ) -> None:
        self._name = source.name
        self._state = state
        self._clock = clock
        self._publish_unit = publish
        self._on_first_unit = on_first_unit
        self._session = RtspSession(
            source.url,
            credentials=source.credentials,
            ssrc=secrets.randbits(32),
            cname="edge-recorder",
            make_cnonce=lambda: secrets.token_hex(8),
        )
        self._connection = RtspConnection(
            self._session,
            url=source.url,
            clock=clock,
            on_picture=self._on_picture,
            on_tick=self._on_tick,
            packet_seconds_max=source.packet_seconds_max,
        )
        self._labeller = Labeller(run=run_before, wall_offset_ns=self._wall_offset_ns())
        self._discontinuities = clock.discontinuities
        self._format: VideoFormat | None = None
        self._format_sets: tuple[bytes, ...] = ()
        self._batching = False
        self._begun_ns = self._unit_ns = clock.monotonic_ns()
        self._units = 0
        self._lost_before = state.packets_lost
        self._ticks = itertools.count(1)
        self._sounding_ends_tick = 0
        self._sounding_begins_ns = self._begun_ns + round(SOUNDING_SECONDS * 1e9)
        self._logged = (0, 0, 0)
        self._logged_ns = 0

    @property
    def last_run(self) -> int:
        """The last run number used."""
        return self._labeller.run

    @property
    def good_seconds(self) -> float:
        """From the beginning to the last unit; 0 without any."""
        return (self._unit_ns - self._begun_ns) / 1e9 if self._units else 0.0

    async def run(self) -> None:
        """Receives until the stream is over. Always raises (RtspConnection.run)."""
        try:
            await self._connection.run()
        finally:
            self._count_losses(self._clock.monotonic_ns(), at_once=True)
            self._state.fps, self._state.bitrate_bps = 0.0, 0

    def set_batching(self, allowed: bool) -> None:
        """Whether pictures may come several at a time."""
        self._batching = allowed
        self._connection.set_batching(allowed and not self._sounding_ends_tick)

    def request_key(self) -> None:
        """Asks the camera for a key frame soon."""
        self._connection.request_key()

    def _on_picture(self, picture: Picture, arrival_ns: int) -> None:
        labeller = self._labeller
        if self._clock.discontinuities != self._discontinuities:
            self._discontinuities = self._clock.discontinuities
            self._publish(labeller.clock_stepped(self._wall_offset_ns()))
        self._publish(labeller.accept(picture, arrival_ns))
        if labeller.needs_key:
            self.request_key()

    def _publish(self, released: list[Labelled]) -> None:
        for labelled in released:
            picture = labelled.picture
            if picture.key and picture.parameter_sets is not self._format_sets:
                self._change_format(picture.parameter_sets)
            if self._format is None:
                continue
            if not self._units:
                self._on_first_unit()
            self._units += 1
            self._state.units += 1
            self._state.last_unit_monotonic_ns = self._unit_ns = labelled.arrival_ns
            self._publish_unit(
                AccessUnit(
                    format=self._format,
                    data=picture.data,
                    key=picture.key,
                    run=labelled.run,
                    pts_90k=labelled.pts_90k,
                    utc_ns=labelled.utc_ns,
                    arrival_ns=labelled.arrival_ns,
                )
            )

    def _change_format(self, parameter_sets: tuple[bytes, ...]) -> None:
        """Takes up new parameter sets. Until they can be read, nothing is published: it could not be decoded."""
        self._format_sets = parameter_sets
        try:
            new = video_format(parameter_sets)
        except ParameterSetError as error:
            _log.warning("%s: its parameter sets cannot be used: %s", self._name, error)
            self._format = None
            return
        if new != self._format:
            self._format = new
            self._state.width, self._state.height, self._state.codec = new.width, new.height, new.codec

    def _on_tick(self, now_ns: int) -> None:
        rates = self._connection.rates
        if rates is not None:
            self._state.fps, self._state.bitrate_bps = round(rates.fps, 1), rates.bitrate_bps
        self._count_losses(now_ns)
        if now_ns - self._unit_ns >= PICTURE_SECONDS_MAX * 1e9:
            self._connection.give_up(StalledError(self._why_no_picture()))
        self._sound(now_ns)

    def _sound(self, now_ns: int) -> None:
        tick = next(self._ticks)
        if self._sounding_ends_tick and tick >= self._sounding_ends_tick:
            self._sounding_ends_tick = 0
            self._labeller.end_sounding()
        elif now_ns >= self._sounding_begins_ns:
            self._sounding_begins_ns = now_ns + round(SOUNDING_SECONDS * 1e9)
            self._sounding_ends_tick = tick + SOUNDING_TICKS
            self._labeller.begin_sounding()
        else:
            return
        self.set_batching(self._batching)

    def _count_losses(self, now_ns: int, *, at_once: bool = False) -> None:
        receiver = self._session.receiver
        if receiver is None:
            return
        self._state.packets_lost = self._lost_before + receiver.lost
        counts = (receiver.lost, self._session.depacketizer.units_dropped, self._labeller.steps_back)
        if counts == self._logged or (now_ns - self._logged_ns < LOSSES_LOG_SECONDS * 1e9 and not at_once):
            return
        lost, dropped, back = (new - old for new, old in zip(counts, self._logged, strict=True))
        self._logged, self._logged_ns = counts, now_ns
        if lost or dropped:
            _log.warning("%s: %d packets were lost, %d pictures dropped for it", self._name, lost, dropped)
        if back:
            _log.warning("%s: %d pictures out of the order of their times (B-frames? turn them off)", self._name, back)

    def _why_no_picture(self) -> str:
        if not self._session.depacketizer.parameter_sets.complete:
            return "The camera sends video without parameter sets."
        if self._session.depacketizer.waiting:
            return "The camera sends no key frame."
        return "The camera sends no picture that can be decoded."

    def _wall_offset_ns(self) -> int:
        # Wall first: the offset is then rather too small, and a label rather too early than later than its arrival.
        wall_ns = self._clock.now_ns()
        return wall_ns - self._clock.monotonic_ns()
