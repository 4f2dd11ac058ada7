"""The remote side as one application: the API under /api/v1, and the web app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from aiohttp import web

from gate.clock import Clock
from gate.licence.features import Feature
from recorder.access.door import access_middleware
from recorder.access.routes import add_access, origins_of
from recorder.access.stays import remember_response
from recorder.access.tls import tls_of
from recorder.addresses import own_addresses
from recorder.remote.device_route import DeviceRoute
from recorder.remote.exports_download import add_exports
from recorder.remote.fragment_form import FragmentForm
from recorder.remote.guard import add_security_headers, guard_middleware
from recorder.remote.maintenance_routes import add_maintenance
from recorder.remote.openapi.document import add_openapi
from recorder.remote.page import Page
from recorder.remote.playback.routes import add_playback
from recorder.remote.registration_route import RegistrationRoute
from recorder.remote.reload_route import ReloadRoute
from recorder.remote.restream.server import serve_restream
from recorder.remote.snapshot import SnapshotRoute
from recorder.state import StateBoard, StreamState
from recorder.web.control_route import ControlRoute
from recorder.web.events_route import EventsRoute
from recorder.web.explain_route import ExplainRoute
from recorder.web.live_route import LiveRoute
from recorder.web.middleware import problems_middleware
from recorder.web.notify_route import add_notices
from recorder.web.recording_route import RecordingRoute
from recorder.web.served import Served
from recorder.web.server import REQUEST_BYTES_MAX, Front, serve_tcp
from recorder.web.state_route import StateRoute
from recorder.web.thumbnail_route import ThumbnailRoute
from recorder.web.viewers import Viewers


def create_app(served: Served, viewers: Viewers | None = None) -> web.Application:
    """The application. Without `reload` the configuration cannot be read again."""
    hub, gate, board, clock, config = served.hub, served.gate, served.board, served.clock, served.config
    language = config.device.language
    app = web.Application(
        middlewares=[
            problems_middleware(language),
            guard_middleware(language, config.remote),
            access_middleware(served.access, clock, language),
        ],
        client_max_size=REQUEST_BYTES_MAX,
    )
    app.on_response_prepare.extend((add_security_headers, remember_response))
    state = StateRoute(device=config.device, board=board, gate=gate, licence=served.licence, clock=clock)
    live = LiveRoute(
        hub=hub,
        gate=gate,
        board=board,
        clock=clock,
        config=config,
        feature=Feature.REMOTE_LIVE,
        form_of=_fragment_forms(board, clock),
        viewers=viewers or Viewers(),
    )
    snapshot = SnapshotRoute(hub=hub, gate=gate, board=board, clock=clock, config=config)
    device = DeviceRoute(gate=gate, board=board, clock=clock, config=config)
    explain = ExplainRoute(gate=gate, board=board, clock=clock, config=config)
    recording = RecordingRoute(
        recordings=served.recordings, gate=gate, board=board, config=config, feature=Feature.REMOTE_MAINTENANCE
    )
    page = Page(language)
    app.router.add_get("/", page.index)
    app.router.add_get("/static/{path:.+}", page.static)
    add_openapi(app.router)
    add_access(app.router, served.access, served.licence, lambda: gate.evidence().now, language)
    app.router.add_get("/api/v1/state", state.handle)
    app.router.add_get("/api/v1/explain", explain.handle)
    app.router.add_get("/api/v1/device", device.device)
    app.router.add_get("/api/v1/cameras", device.cameras)
    registration = RegistrationRoute(served.licence)
    app.router.add_get("/api/v1/registration.svg", registration.picture, allow_head=False)
    if served.reload is not None:
        reload_route = ReloadRoute(reload=served.reload, gate=gate, device=config.device)
        app.router.add_post("/api/v1/config/reload", reload_route.handle)
    if served.catalog is not None and served.bus is not None:
        events = EventsRoute(
            bus=served.bus,
            catalog=served.catalog,
            gate=gate,
            board=board,
            clock=clock,
            config=config,
            feature=Feature.REMOTE_EVENTS,
        )
        thumbnail = ThumbnailRoute(served, bus=served.bus, catalog=served.catalog, feature=Feature.REMOTE_EVENTS)
        app.router.add_get("/api/v1/events", events.show, allow_head=False)
        app.router.add_get("/api/v1/events/{event}/thumbnail.jpg", thumbnail.handle, allow_head=False)
    add_notices(app.router, served, Feature.REMOTE_MAINTENANCE)
    app.router.add_get("/api/v1/cameras/{camera}/live", live.handle, allow_head=False)
    app.router.add_get("/api/v1/cameras/{camera}/snapshot.jpg", snapshot.handle, allow_head=False)
    app.router.add_get("/api/v1/cameras/{camera}/recording", recording.show)
    app.router.add_post("/api/v1/cameras/{camera}/recording", recording.change)
    if served.catalog is not None:
        add_playback(app.router, served, served.catalog)
    add_exports(app.router, served)
    add_maintenance(app.router, served)
    if served.controls is not None:
        control = ControlRoute(controls=served.controls, gate=gate, board=board, config=config, remote=True)
        app.router.add_get("/api/v1/cameras/{camera}/presets", control.presets, allow_head=False)
        app.router.add_post("/api/v1/cameras/{camera}/preset", control.goto)
        app.router.add_post("/api/v1/cameras/{camera}/reboot", control.reboot)
    return app


@contextlib.asynccontextmanager
async def serve_remote(served: Served) -> AsyncIterator[Front]:
    """Serves on `remote.listen`, what comes through the licence service, and the cameras on `remote.rtsp.listen`.
    Raises recorder.errors.RecorderError."""
    viewers, config = Viewers(), served.config.remote
    app = create_app(served, viewers)
    tls = await asyncio.to_thread(tls_of, config, served.config.device.data_dir, served.clock.now())
    context = tls.context if tls is not None else None
    async with contextlib.AsyncExitStack() as stack:
        front = await stack.enter_async_context(serve_tcp(app, listen=config.listen, clock=served.clock, tls=context))
        if front.address is not None:
            addresses = [address.split()[0] for address in await asyncio.to_thread(own_addresses)]
            front = replace(front, origins=origins_of(config, front.address[1], addresses))
        if config.rtsp is not None:
            url = await stack.enter_async_context(serve_restream(served, viewers, listen=config.rtsp.listen))
            front = replace(front, rtsp_url=url)
        yield front


def _fragment_forms(board: StateBoard, clock: Clock) -> Callable[[str, str], FragmentForm]:
    forms: dict[tuple[str, str], tuple[StreamState, FragmentForm]] = {}

    def form_of(camera: str, stream: str) -> FragmentForm:
        state = board.cameras[camera].streams[stream]
        known = forms.get((camera, stream))
        if known is None or known[0] is not state:
            known = forms[camera, stream] = state, FragmentForm(clock, state)
        return known[1]

    return form_of
