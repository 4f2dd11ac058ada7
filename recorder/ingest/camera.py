"""One stream of one camera, for ever: connects, labels, publishes, and tries again whatever happens."""

import itertools
import logging
import random
import secrets
from collections.abc import Callable

from gate.clock import Clock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.backoff import GOOD_SECONDS, HUMAN_STEPS, Backoff
from recorder.ingest.connection import RtspConnection
from recorder.ingest.errors import (
    IngestError,
    ProtocolError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnsupportedError,
)
from recorder.ingest.labels import Labelled, Labeller
from recorder.ingest.rtsp.auth import Credentials
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.session import RtspSession
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.errors import ParameterSetError
from recorder.media.h264 import video_format
from recorder.state import StateBoard, StreamPhase, StreamState

PACKET_SECONDS_MAX = 10.0
"""A stream without an RTP packet for this long has stalled."""
PICTURE_SECONDS_MAX = 60.0
"""A stream from which no picture can be made for this long (no key frame, no parameter sets) has stalled."""
SOUNDING_SECONDS = 60.0
SOUNDING_TICKS = 2

_log = logging.getLogger(__name__)


class CameraStream:
    """`run` never ends by itself and never raises for anything a camera does. `stream`: "main" or "sub"."""

    def __init__(
        self,
        *,
        camera: CameraConfig,
        stream: str,
        feed: Feed,
        state: StreamState,
        board: StateBoard,
        clock: Clock,
        packet_seconds_max: float = PACKET_SECONDS_MAX,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._name = f"{camera.id}/{stream}"
        self._url = camera.streams[stream].url
        password = camera.password.get_secret_value() if camera.password else ""
        self._credentials = Credentials(user=camera.user, password=password) if camera.user else None
        self._feed = feed
        self._state = state
        self._board = board
        self._clock = clock
        self._packet_seconds_max = packet_seconds_max
        self._share = share
        self._run = 0
        self._lost_before = 0
        self._batching_allowed = True
        self._connection: RtspConnection | None = None
        self._labeller: Labeller | None = None
        self._discontinuities = clock.discontinuities
        self._format: VideoFormat | None = None
        self._format_sets: tuple[bytes, ...] | None = None
        self._ticks = itertools.count(1)
        self._sounding_ends_tick = 0
        self._sounding_begins_ns = 0
        self._started_ns = 0
        self._picture_ns = 0

    async def run(self) -> None:
        """Keeps the stream coming. Cancel it to end it: the camera is told (TEARDOWN), within a second."""
        self._feed.on_watch = lambda _: self._choose_batching()
        self._feed.on_key_wanted = self.request_key
        retries, human_retries = Backoff(), Backoff(HUMAN_STEPS)
        try:
            while True:
                error = await self._play()
                now_ns = self._clock.monotonic_ns()
                if self._started_ns and now_ns - self._started_ns >= GOOD_SECONDS * 1e9:
                    retries.reset()
                    human_retries.reset()
                needs_human = isinstance(error, UnauthorizedError | UnsupportedError)
                seconds = (human_retries if needs_human else retries).next_seconds(self._share())
                self._tell(_phase_of(error), f"{error} Trying again every {seconds:.0f} s.")
                await self._clock.sleep(seconds)
        finally:
            self._feed.on_watch = None
            self._feed.on_key_wanted = None

    def set_batching(self, allowed: bool) -> None:
        """Whether pictures may come in small batches: not shortly before a licence ends, when each counts."""
        self._batching_allowed = allowed
        self._choose_batching()

    def request_key(self) -> None:
        """Asks the camera for a key frame soon."""
        if self._connection is not None:
            self._connection.request_key()

    async def _play(self) -> Exception:
        """One connection, from its beginning to its end; why it ended."""
        session = RtspSession(
            self._url,
            credentials=self._credentials,
            ssrc=secrets.randbits(32),
            cname="edge-recorder",
            make_cnonce=lambda: secrets.token_hex(8),
        )
        self._connection = RtspConnection(
            session,
            url=self._url,
            clock=self._clock,
            on_picture=self._on_picture,
            on_tick=self._on_tick,
            packet_seconds_max=self._packet_seconds_max,
        )
        now_ns = self._clock.monotonic_ns()
        self._labeller = Labeller(run=self._run, wall_offset_ns=self._wall_offset_ns())
        self._discontinuities = self._clock.discontinuities
        self._format_sets = None
        self._started_ns = 0
        self._picture_ns = now_ns
        self._sounding_ends_tick = 0
        self._sounding_begins_ns = now_ns + round(SOUNDING_SECONDS * 1e9)
        self._choose_batching()
        try:
            await self._connection.run()
        except IngestError as error:
            return error
        except Exception as error:
            _log.exception("%s: a defect ended the connection", self._name)
            return error
        finally:
            self._run = self._labeller.run
            self._lost_before += session.receiver.lost if session.receiver else 0
            self._connection = None
            self._state.fps, self._state.bitrate_bps = 0.0, 0
        raise AssertionError("a connection ends by an error")

    def _on_picture(self, picture: Picture, arrival_ns: int) -> None:
        labeller = self._labeller
        assert labeller is not None
        if self._clock.discontinuities != self._discontinuities:
            self._discontinuities = self._clock.discontinuities
            self._publish(labeller.clock_stepped(self._wall_offset_ns()))
        self._publish(labeller.accept(picture, arrival_ns))
        if labeller.needs_key:
            self.request_key()

    def _publish(self, released: list[Labelled]) -> None:
        for labelled in released:
            picture = labelled.picture
            if picture.parameter_sets is not self._format_sets and picture.key:
                self._change_format(picture)
            if self._format is None:
                continue
            state = self._state
            state.units += 1
            state.last_unit_monotonic_ns = self._picture_ns = labelled.arrival_ns
            if not self._started_ns:
                self._started_ns = labelled.arrival_ns
                self._tell("streaming", "")
            self._feed.publish(
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

    def _change_format(self, picture: Picture) -> None:
        """Takes up new parameter sets. Until they can be read, nothing is published: it could not be decoded."""
        self._format_sets = picture.parameter_sets
        try:
            new = video_format(picture.parameter_sets)
        except ParameterSetError as error:
            _log.warning("%s: its parameter sets cannot be used: %s", self._name, error)
            self._format = None
            return
        if new != self._format:
            self._format = new
            self._state.width, self._state.height, self._state.codec = new.width, new.height, new.codec

    def _on_tick(self, now_ns: int) -> None:
        connection, labeller = self._connection, self._labeller
        assert connection is not None and labeller is not None
        state, session = self._state, connection.session
        if connection.rates is not None:
            state.fps, state.bitrate_bps = round(connection.rates.fps, 1), connection.rates.bitrate_bps
        state.packets_lost = self._lost_before + (session.receiver.lost if session.receiver else 0)
        if session.depacketizer.waiting:
            connection.request_key()
        if now_ns - self._picture_ns >= PICTURE_SECONDS_MAX * 1e9:
            connection.give_up(StalledError(_why_no_picture(session)))
        tick = next(self._ticks)
        if self._sounding_ends_tick and tick >= self._sounding_ends_tick:
            labeller.end_sounding()
            self._sounding_ends_tick = 0
        elif now_ns >= self._sounding_begins_ns:
            self._sounding_begins_ns = now_ns + round(SOUNDING_SECONDS * 1e9)
            self._sounding_ends_tick = tick + SOUNDING_TICKS
            labeller.begin_sounding()
        self._choose_batching()

    def _choose_batching(self) -> None:
        if self._connection is not None:
            self._connection.set_batching(
                self._batching_allowed and not self._feed.watched and not self._sounding_ends_tick
            )

    def _wall_offset_ns(self) -> int:
        # Wall first: the offset is then rather too small, and a label rather too early than later than its arrival.
        wall_ns = self._clock.now_ns()
        return wall_ns - self._clock.monotonic_ns()

    def _tell(self, phase: StreamPhase, message: str) -> None:
        changed = phase != self._state.phase
        self._state.message = message
        if changed:
            self._state.phase = phase
            self._state.since = self._clock.now()
            _log.log(logging.INFO if phase == "streaming" else logging.WARNING, "%s: %s %s", self._name, phase, message)
            self._board.changed()


def _phase_of(error: Exception) -> StreamPhase:
    match error:
        case UnauthorizedError():
            return "unauthorized"
        case UnsupportedError() | ProtocolError():
            return "unsupported"
        case RefusedError():
            return "refused"
        case StalledError():
            return "stalled"
        case _:
            return "connecting"


def _why_no_picture(session: RtspSession) -> str:
    if not session.depacketizer.parameter_sets.complete:
        return "The camera sends video without parameter sets."
    if session.depacketizer.waiting:
        return "The camera sends no key frame."
    return "The camera sends no whole picture."
