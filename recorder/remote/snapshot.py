"""`/api/v1/cameras/{camera}/snapshot.jpg`: the newest key frame as a JPEG, under a live lease."""

import logging
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.client.lease import Lease
from gate.clock import Clock
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.config import RecorderConfig
from recorder.hub import Feed, Hub
from recorder.media.access_unit import AccessUnit
from recorder.media.decoding import UNDECODABLE, jpeg_of, last_picture
from recorder.state import StateBoard
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response

PICTURE_SECONDS_MAX = 5.0
"""How long a snapshot waits for a key frame where none is cached."""
DECODERS_MAX = 2

_log = logging.getLogger(__name__)


class SnapshotRoute:
    """Posters and checks for clients that play no video. Decoding has its own threads, two at a time."""

    def __init__(self, *, hub: Hub, gate: Gate, board: StateBoard, clock: Clock, config: RecorderConfig) -> None:
        self._hub = hub
        self._gate = gate
        self._clock = clock
        self._board = board
        self._language: Language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._decoders = anyio.CapacityLimiter(DECODERS_MAX)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A JPEG, or a problem: 403 denied, 404 unknown, 503 no picture."""
        language = language_of(request, self._language)
        camera = request.match_info["camera"]
        stream = request.query.get("stream", "main")
        if camera not in self._board.cameras:
            return problem_response(own_problem("camera_unknown", language, camera=camera))
        if stream not in self._board.cameras[camera].streams:
            return problem_response(own_problem("stream_unknown", language, camera=camera))
        try:
            async with self._gate.lease(Feature.REMOTE_LIVE, camera) as lease:
                answer = await self._answer(camera, stream, lease, language)
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, language, self._zone))
        if lease.denial is not None:
            return problem_response(problem(lease.denial, language, self._zone))
        return answer

    async def _answer(self, camera: str, stream: str, lease: Lease, language: Language) -> web.Response:
        try:
            async with self._clock.timeout(PICTURE_SECONDS_MAX):
                unit = await _newest_key(self._hub.feed(camera, stream), lease, self._clock.monotonic_ns())
        except TimeoutError:
            return problem_response(own_problem("no_picture", language, camera=camera))
        try:
            jpeg = await anyio.to_thread.run_sync(encode_jpeg, unit, limiter=self._decoders, abandon_on_cancel=True)
        except UNDECODABLE as error:
            _log.warning("camera %s %s: no snapshot: %s", camera, stream, error)
            return problem_response(own_problem("undecodable", language, camera=camera))
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _newest_key(feed: Feed, lease: Lease, now_ns: int) -> AccessUnit:
    with feed.subscribe(lease, now_ns=now_ns) as subscription:
        feed.want_key()
        async for item in subscription:
            if isinstance(item, AccessUnit) and item.key:
                return item
    raise AssertionError("a subscription does not end")


def encode_jpeg(unit: AccessUnit) -> bytes:
    """A key frame as JPEG. Raises UNDECODABLE for a picture that cannot be decoded."""
    return jpeg_of(last_picture([unit]))
