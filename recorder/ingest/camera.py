"""One stream of one camera, for ever: receives, and tries again whatever happens."""

import logging
import random
from collections.abc import Callable

from gate.cancelled import raise_if_cancelled
from gate.clock import Clock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.approach import Approach, Way
from recorder.ingest.backoff import GOOD_SECONDS, HUMAN_STEPS, Backoff
from recorder.ingest.collector import Collector
from recorder.ingest.errors import (
    IngestError,
    ProtocolError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnsupportedError,
)
from recorder.ingest.libav import LibavReception
from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.reception import Reception, Source
from recorder.ingest.rtsp.auth import Credentials
from recorder.state import StateBoard, StreamPhase, StreamState

PACKET_SECONDS_MAX = 10.0
"""A stream without an RTP packet for this long has stalled."""

_log = logging.getLogger(__name__)


class CameraStream:
    """`run` never ends by itself and never raises for anything a camera does. `stream`: "main" or "sub"; `share`:
    random, 0 to 1; `run_before`: the last run number used for this stream; `last_run`: the same, as of now."""

    def __init__(
        self,
        *,
        camera: CameraConfig,
        stream: str,
        feed: Feed,
        state: StreamState,
        board: StateBoard,
        clock: Clock,
        collector: Collector,
        packet_seconds_max: float = PACKET_SECONDS_MAX,
        share: Callable[[], float] = random.random,
        run_before: int = 0,
        batching_allowed: bool = True,
        key_wish: Callable[[], None] = lambda: None,
    ) -> None:
        link = camera.streams[stream]
        self._source = Source(
            name=f"{camera.id}/{stream}",
            url=link.url,
            credentials=credentials_of(camera),
            packet_seconds_max=packet_seconds_max,
            sound=camera.audio,
        )
        self._approach = Approach(rtsp=link.is_rtsp, source=link.source, transport=link.transport)
        self._feed = feed
        self._state = state
        self._board = board
        self._clock = clock
        self._share = share
        self._key_wish = key_wish
        self._collector = collector
        self.batching_allowed = batching_allowed
        self._reception: Reception | LibavReception | None = None
        self.last_run = run_before

    async def run(self) -> None:
        """Keeps the stream coming. Cancel it to end it: the camera is told (TEARDOWN), within a second."""
        self._feed.on_watch = lambda _: self._choose_batching()
        self._feed.on_key_wanted = self.request_key
        retries, human_retries = Backoff(), Backoff(HUMAN_STEPS)
        try:
            while True:
                error, good_seconds = await self._receive()
                raise_if_cancelled()
                if self._approach.failed(error):
                    _log.warning("%s: %s Trying %s.", self._source.name, error, self._approach.way)
                    continue
                error = self._approach.reason(error)
                if good_seconds >= GOOD_SECONDS:
                    retries.reset()
                    human_retries.reset()
                needs_human = isinstance(error, UnauthorizedError | UnsupportedError)
                seconds = (human_retries if needs_human else retries).next_seconds(self._share())
                self._tell(_phase_of(error), f"{_sentence_of(error)} The next try is in {seconds:.0f} s.")
                await self._clock.sleep(seconds)
        finally:
            self._feed.on_watch = None
            self._feed.on_key_wanted = None

    def set_batching(self, allowed: bool) -> None:
        """Whether pictures may come in small batches: not shortly before a licence ends, when each counts."""
        self.batching_allowed = allowed
        self._choose_batching()

    def request_key(self) -> None:
        """Asks the camera for a key frame soon."""
        if self._reception is not None:
            self._reception.request_key()
            self._key_wish()

    async def _receive(self) -> tuple[Exception, float]:
        """One connection: why it ended, and how long it was good."""
        way = self._approach.way
        self._state.source = way.source
        self._state.transport = way.transport if self._source.url.startswith("rtsp:") else ""
        publisher = UnitPublisher(
            name=self._source.name,
            state=self._state,
            clock=self._clock,
            run_before=self.last_run,
            publish=self._feed.publish,
            on_first_unit=self._on_first_unit,
        )
        self._reception = reception = self._reception_by(way, publisher)
        self._choose_batching()
        try:
            await reception.run()
        except IngestError as error:
            return error, publisher.good_seconds
        except Exception as error:  # a defect of ours must not end this camera, let alone others
            _log.exception("%s: the connection ended by a defect", self._source.name)
            return error, publisher.good_seconds
        finally:
            self._reception = None
            self.last_run = publisher.last_run
        raise AssertionError("a reception ends by an error")

    def _reception_by(self, way: Way, publisher: UnitPublisher) -> Reception | LibavReception:
        if way.source == "native":
            return Reception(
                self._source,
                publisher=publisher,
                transport=way.transport,
                state=self._state,
                clock=self._clock,
                collector=self._collector,
            )
        return LibavReception(
            self._source, publisher=publisher, transport=way.transport, state=self._state, clock=self._clock
        )

    def _on_first_unit(self) -> None:
        if not self._approach.proven:
            self._approach.succeeded()
            _log.info("%s: received by %s", self._source.name, self._approach.way)
        self._tell("streaming", "")

    def _choose_batching(self) -> None:
        if self._reception is not None:
            self._reception.set_batching(self.batching_allowed and not self._feed.watched)

    def _tell(self, phase: StreamPhase, message: str) -> None:
        state = self._state
        state.message = message
        if phase != state.phase:
            state.phase, state.since = phase, self._clock.now()
            level = logging.INFO if phase == "streaming" else logging.WARNING
            _log.log(level, "%s: %s. %s", self._source.name, phase, message)
            self._board.changed()


def credentials_of(camera: CameraConfig) -> Credentials | None:
    """As whom a camera is asked; None: as nobody."""
    if not camera.user:
        return None
    password = camera.password.get_secret_value() if camera.password else ""
    return Credentials(user=camera.user, password=password, basic=camera.auth == "basic")


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


def _sentence_of(error: Exception) -> str:
    return str(error) if isinstance(error, IngestError) else "The recorder failed at this stream; see its log."
