"""`/…/cameras/{camera}/live`: accepts viewers, bounds their number, takes their lease and says why it ended."""

import logging
from collections.abc import Callable, Container
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Denied
from gate.licence.denials import TABLE, problem
from gate.licence.features import Feature
from gate.licence.text import Language
from gate.peer import bound_kernel_buffer
from recorder.config import RecorderConfig
from recorder.hub import Hub
from recorder.state import StateBoard
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.server import SOCKETS
from recorder.web.socket import new_socket
from recorder.web.viewer import Ending, PictureForm, Viewer
from recorder.web.viewers import Viewers

_CLOSE_CODES = {"camera_unknown": 4404, "stream_unknown": 4404, "too_many_viewers": 4409, "restart": 1012}

_log = logging.getLogger(__name__)


class LiveRoute:
    """Live viewing of one side. `form_of` gives the form in which a stream's pictures are sent there."""

    def __init__(
        self,
        *,
        hub: Hub,
        gate: Gate,
        board: StateBoard,
        clock: Clock,
        config: RecorderConfig,
        feature: Feature,
        form_of: Callable[[str, str], PictureForm],
        viewers: Viewers,
    ) -> None:
        self._hub = hub
        self._gate = gate
        self._board = board
        self._clock = clock
        self._language: Language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._feature = feature
        self._form_of = form_of
        self._viewers = viewers

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket session; plain HTTP gets 426."""
        language = language_of(request, self._language)
        ws = new_socket()
        if not ws.can_prepare(request):
            return problem_response(own_problem("upgrade_required", language), {"Upgrade": "websocket"})
        await ws.prepare(request)
        bound_kernel_buffer(request.transport)
        sockets = request.app[SOCKETS]
        sockets[ws] = _own_ending("restart", language).text()
        try:
            await self._serve(request, ws, language)
        finally:
            sockets.pop(ws, None)
        return ws

    async def _serve(self, request: web.Request, ws: web.WebSocketResponse, language: Language) -> None:
        camera = request.match_info["camera"]
        streams = self._streams(camera)
        stream = request.query.get("stream") or ("sub" if "sub" in streams else "main")
        viewer = Viewer(request=request, ws=ws, camera=camera, stream=stream, board=self._board, clock=self._clock)
        code = self._refusal(camera, stream) or self._crowded(camera)
        if code is not None:
            await viewer.end(_own_ending(code, language, camera))
            return
        try:
            denial = await self._watch(viewer, camera, stream)
        finally:
            self._viewers.leave()
        code = self._refusal(camera, stream) if denial is None else None
        if code is not None and not ws.closed:  # taken out of the configuration meanwhile
            await viewer.end(_own_ending(code, language, camera))
        if denial is not None and not ws.closed:
            row = TABLE[denial.code]
            await viewer.end(
                Ending(
                    problem=problem(denial, language, self._zone),
                    close_code=row.websocket_code,
                    close_reason=row.websocket_reason,
                )
            )

    def _streams(self, camera: str) -> Container[str]:
        known = self._board.cameras.get(camera)
        return known.streams if known else ()

    def _refusal(self, camera: str, stream: str) -> str | None:
        if camera not in self._board.cameras:
            return "camera_unknown"
        if stream not in self._streams(camera):
            return "stream_unknown"
        return None

    def _crowded(self, camera: str) -> str | None:
        if self._viewers.enter():
            return None
        _log.warning("camera %s: a viewer was refused, as many as may are watching", camera)
        return "too_many_viewers"

    async def _watch(self, viewer: Viewer, camera: str, stream: str) -> Denied | None:
        """Shows pictures until the peer leaves (None) or the lease ends (why)."""
        try:
            async with self._gate.lease(self._feature, camera) as lease:
                await viewer.run(lease, self._hub.feed(camera, stream), self._form_of(camera, stream))
        except LeaseDeniedError as error:
            return error.denial
        return lease.denial


def _own_ending(code: str, language: Language, camera: str | None = None) -> Ending:
    return Ending(problem=own_problem(code, language, camera=camera), close_code=_CLOSE_CODES[code], close_reason=code)
