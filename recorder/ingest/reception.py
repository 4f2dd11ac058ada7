"""One connection's pictures by our own RTSP, made access units. Disposable: the next connection has a new one."""

import asyncio
import logging
import secrets
from dataclasses import dataclass

from gate.clock import Clock
from recorder.ingest.collector import Collector
from recorder.ingest.connection import RtspConnection
from recorder.ingest.errors import StalledError
from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.rtsp.auth import Credentials
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.rtp import SenderReport, camera_utc_ns
from recorder.ingest.rtsp.sdp_sound import SoundMedia
from recorder.ingest.rtsp.session import RtspSession
from recorder.ingest.rtsp.session_sound import NoSound, SoundEvent, SoundStart
from recorder.ingest.rtsp.transport import TransportKind
from recorder.ingest.sound import Sound
from recorder.state import StreamState

PICTURE_SECONDS_MAX = 60.0
"""A stream from which no picture can be made for this long (no key frame, no parameter sets) has stalled."""
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
    sound: bool = True


class Reception:
    """`run` once. `publisher` gets the pictures, and is closed at the end. `state`: its measured values are kept up to
    date here, its phase is not."""

    def __init__(
        self,
        source: Source,
        *,
        publisher: UnitPublisher,
        transport: TransportKind,
        state: StreamState,
        clock: Clock,
        collector: Collector,
    ) -> None:
        self.publisher = publisher
        self._name = source.name
        self._state = state
        self._clock = clock
        self._session = RtspSession(
            source.url,
            credentials=source.credentials,
            ssrc=secrets.randbits(32),
            cname="edge-recorder",
            make_cnonce=lambda: secrets.token_hex(8),
            wants_sound=source.sound,
        )
        self._connection = RtspConnection(
            self._session,
            url=source.url,
            clock=clock,
            on_picture=self._on_picture,
            on_sound=self._on_sound,
            on_tick=self._on_tick,
            packet_seconds_max=source.packet_seconds_max,
            collector=collector,
            transport=transport,
        )
        self._sound: Sound | None = None
        self._sound_task: asyncio.Task[None] | None = None
        self._pictures_report: SenderReport | None = None
        self._batching = False
        self._lost_before, self._dropped_before = state.packets_lost, state.pictures_dropped
        self._logged = (0, 0, 0)
        self._logged_ns = 0

    async def run(self) -> None:
        """Receives until the stream is over. Always raises (RtspConnection.run)."""
        try:
            await self._connection.run()
        finally:
            if self._sound_task is not None:
                self._sound_task.cancel()
            self.publisher.close()
            self._count_losses(self._clock.monotonic_ns(), at_once=True)
            self._state.fps, self._state.bitrate_bps, self._state.clock_skew_ms = 0.0, 0, None

    def set_batching(self, allowed: bool) -> None:
        """Whether pictures may come several at a time."""
        self._batching = allowed
        self._connection.set_batching(allowed and self.publisher.batching_allowed)

    def request_key(self) -> None:
        """Asks the camera for a key frame soon."""
        self._connection.request_key()

    def _on_picture(self, picture: Picture, arrival_ns: int) -> None:
        self.publisher.take(picture, arrival_ns)
        if self.publisher.needs_key:
            self.request_key()

    def _on_sound(self, event: SoundEvent, arrival_ns: int) -> None:
        if isinstance(event, NoSound):
            _log.warning("%s: recorded without sound: %s", self._name, event.reason)
        elif isinstance(event, SoundMedia):
            self._sound = Sound(event, publisher=self.publisher, name=self._name)
            self._sound_task = asyncio.create_task(self._sound.run())
        elif isinstance(event, SoundStart):
            if self._sound is not None:
                self._sound.started(event)
        elif self._sound is not None:
            self._sound.take(event, arrival_ns)

    def _on_tick(self, now_ns: int) -> None:
        rates = self._connection.rates
        if rates is not None:
            self._state.fps, self._state.bitrate_bps = round(rates.fps, 1), rates.bitrate_bps
        self._count_losses(now_ns)
        if now_ns - self.publisher.unit_ns >= PICTURE_SECONDS_MAX * 1e9:
            self._connection.give_up(StalledError(self._why_no_picture()))
        self._read_camera_clock()
        self._read_sound_clock()
        self.publisher.tick(now_ns)
        self.set_batching(self._batching)

    def _read_camera_clock(self) -> None:
        """What the newest sender report says of the camera's clock, beside ours."""
        stream = self._session.stream
        report = stream.sender_report if stream else None
        if stream is None or report is None:
            return
        stream.sender_report = None
        self._pictures_report = report
        ours_ns, camera_ns = self.publisher.utc_ns_of(report.timestamp), camera_utc_ns(report.ntp)
        if ours_ns is not None and camera_ns is not None:
            self._state.clock_skew_ms = round((camera_ns - ours_ns) / 1e6)

    def _read_sound_clock(self) -> None:
        """What the newest reports of both say of how sound lies beside the pictures."""
        stream = self._session.sound.stream
        if stream is None or stream.sender_report is None or self._pictures_report is None or self._sound is None:
            return
        pictures, sound = self._pictures_report, stream.sender_report
        sound_time, pictures_time = stream.depacketizer.near(sound.timestamp), self.publisher.near(pictures.timestamp)
        self._sound.reported(sound, sound_time, pictures, pictures_time)

    def _count_losses(self, now_ns: int, *, at_once: bool = False) -> None:
        stream = self._session.stream
        if stream is None:
            return
        lost_packets = stream.receiver.lost
        self._state.packets_lost = self._lost_before + lost_packets
        self._state.pictures_dropped = self._dropped_before + stream.depacketizer.units_dropped
        counts = (lost_packets, stream.depacketizer.units_dropped, self.publisher.steps_back)
        if counts == self._logged or (now_ns - self._logged_ns < LOSSES_LOG_SECONDS * 1e9 and not at_once):
            return
        lost, dropped, back = (new - old for new, old in zip(counts, self._logged, strict=True))
        self._logged, self._logged_ns = counts, now_ns
        if lost or dropped:
            _log.warning("%s: %d packets were lost, %d pictures dropped for it", self._name, lost, dropped)
        if back:
            _log.warning("%s: the time of %d pictures did not go on", self._name, back)

    def _why_no_picture(self) -> str:
        assert self._session.stream is not None
        depacketizer = self._session.stream.depacketizer
        if not depacketizer.parameter_sets.complete:
            return "The camera sends video without parameter sets."
        if depacketizer.waiting:
            return "The camera sends no key frame."
        return "The camera sends no picture that can be decoded."
