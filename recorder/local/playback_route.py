"""The past on the local site (M4): timelines, days with footage, and a cursor in footage, all under HDMI_PLAYBACK."""

import logging
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.licence.decision import Denied
from gate.licence.denials import TABLE, problem
from gate.licence.features import Feature
from gate.licence.text import Language
from gate.peer import bound_kernel_buffer
from recorder.catalog.database import Catalog
from recorder.catalog.rows import STREAMS, Stream
from recorder.local.playback_session import PlaybackSession
from recorder.playback.archive import Archive
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.served import Served
from recorder.web.server import SOCKETS
from recorder.web.socket import new_socket
from recorder.web.timeline_form import TimelineForm, TimelineRange, parse_month, parse_range
from recorder.web.viewer import Ending, Viewer

SESSIONS_MAX = 8
"""Cursors at a time: each has a thread."""
_CLOSE_CODES = {"camera_unknown": 4404, "stream_unknown": 4404, "too_many_viewers": 4409, "restart": 1012}

_log = logging.getLogger(__name__)


class PlaybackRoute:
    """`catalog`: of `served`."""

    def __init__(self, served: Served, catalog: Catalog) -> None:
        self._served = served
        self._archive = Archive(data_dir=served.config.device.data_dir)
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._timelines = TimelineForm(
            catalog=catalog,
            archive=self._archive,
            gate=served.gate,
            clock=served.clock,
            zone=self._zone,
            licensed_only=False,
        )
        self._sessions = 0

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        """The three layers of `from` to `to`."""
        wanted = parse_range(request.query)
        refusal = self._refusal(request, wanted if isinstance(wanted, str) else None)
        if refusal is not None or not isinstance(wanted, TimelineRange):
            return refusal or self._problem(request, "range_malformed")
        return await self._timelines.timeline(_camera(request), wanted, language_of(request, self._language))

    async def days(self, request: web.Request) -> web.StreamResponse:
        """The days of `month` that have footage."""
        stream = _stream(request)
        month = parse_month(request.query.get("month", ""), self._zone)
        code = "stream_unknown" if stream is None else "range_malformed" if month is None else None
        refusal = self._refusal(request, code)
        if refusal is not None or stream is None or month is None:
            return refusal or self._problem(request, "range_malformed")
        return await self._timelines.days(_camera(request), stream, month)

    async def playback(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket session; plain HTTP gets 426."""
        language = language_of(request, self._language)
        ws = new_socket()
        if not ws.can_prepare(request):
            return problem_response(own_problem("upgrade_required", language), {"Upgrade": "websocket"})
        await ws.prepare(request)
        bound_kernel_buffer(request.transport)
        sockets = request.app[SOCKETS]
        sockets[ws] = _own_ending("restart", language).text()
        self._sessions += 1
        try:
            await self._serve(request, ws, language)
        finally:
            self._sessions -= 1
            sockets.pop(ws, None)
        return ws

    async def _serve(self, request: web.Request, ws: web.WebSocketResponse, language: Language) -> None:
        camera, stream = _camera(request), _stream(request)
        ending = self._unable(camera, stream, language)
        if ending is None and stream is not None:
            denial = await self._watch(request, ws, camera, stream)
            ending = _denied(denial, language, self._zone) if denial is not None else None
            if ending is None and camera not in self._served.board.cameras:  # taken out meanwhile
                ending = _own_ending("camera_unknown", language, camera)
        if ending is not None and not ws.closed:
            peer = Viewer(
                request=request,
                ws=ws,
                camera=camera,
                stream=stream or "main",
                board=self._served.board,
                clock=self._served.clock,
            )
            await peer.end(ending)

    def _unable(self, camera: str, stream: Stream | None, language: Language) -> Ending | None:
        if camera not in self._served.board.cameras:
            return _own_ending("camera_unknown", language, camera[:64])
        if stream is None:
            return _own_ending("stream_unknown", language, camera)
        if self._sessions > SESSIONS_MAX:
            _log.warning("camera %s: a viewer of the past was refused, %d are watching", camera, SESSIONS_MAX)
            return _own_ending("too_many_viewers", language, camera)
        return None

    async def _watch(
        self, request: web.Request, ws: web.WebSocketResponse, camera: str, stream: Stream
    ) -> Denied | None:
        """Until the peer leaves or the camera goes (None), or the lease ends (why)."""
        session = PlaybackSession(
            request=request,
            ws=ws,
            archive=self._archive,
            camera=camera,
            stream=stream,
            board=self._served.board,
            clock=self._served.clock,
        )
        try:
            async with self._served.gate.lease(Feature.HDMI_PLAYBACK, camera) as lease:
                await session.run(lease)
        except LeaseDeniedError as error:
            return error.denial
        return lease.denial

    def _refusal(self, request: web.Request, code: str | None) -> web.Response | None:
        """Why a question is not answered: the camera, the licence, or what is wrong with the question."""
        camera = _camera(request)
        if camera not in self._served.board.cameras:
            return self._problem(request, "camera_unknown")
        decision = self._served.gate.decide(Feature.HDMI_PLAYBACK, camera)
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language_of(request, self._language), self._zone))
        return self._problem(request, code) if code is not None else None

    def _problem(self, request: web.Request, code: str) -> web.Response:
        return problem_response(own_problem(code, language_of(request, self._language), camera=_camera(request)[:64]))


def _camera(request: web.Request) -> str:
    return request.match_info["camera"]


def _stream(request: web.Request) -> Stream | None:
    """Main where it is not given; None for what is none."""
    wanted = request.query.get("stream") or "main"
    return next((stream for stream in STREAMS if stream == wanted), None)


def _own_ending(code: str, language: Language, camera: str | None = None) -> Ending:
    return Ending(problem=own_problem(code, language, camera=camera), close_code=_CLOSE_CODES[code], close_reason=code)


def _denied(denial: Denied, language: Language, zone: ZoneInfo) -> Ending:
    row = TABLE[denial.code]
    return Ending(
        problem=problem(denial, language, zone), close_code=row.websocket_code, close_reason=row.websocket_reason
    )
