"""Every route of the remote side, noun by noun. What each needs of who asks: recorder.access.route_table; what it takes
and gives: openapi/openapi.yaml. Tests hold the three together."""

from collections.abc import Callable

from aiohttp.web import UrlDispatcher

from gate.clock import Clock
from gate.licence.features import Feature
from recorder.access.routes import add_access
from recorder.remote.device_route import DeviceRoute
from recorder.remote.exports_download import add_exports
from recorder.remote.fragment_form import FragmentForm
from recorder.remote.maintenance_routes import add_maintenance
from recorder.remote.openapi.document import add_openapi
from recorder.remote.page import Page
from recorder.remote.playback.routes import add_playback
from recorder.remote.registration_route import RegistrationRoute
from recorder.remote.reload_route import ReloadRoute
from recorder.remote.snapshot import SnapshotRoute
from recorder.remote.stills_route import StillsRoute
from recorder.state import StateBoard, StreamState
from recorder.web.control_route import ControlRoute
from recorder.web.events_route import EventsRoute
from recorder.web.explain_route import ExplainRoute
from recorder.web.live_route import LiveRoute
from recorder.web.notify_route import add_notices
from recorder.web.recording_route import RecordingRoute
from recorder.web.served import Served
from recorder.web.state_route import StateRoute
from recorder.web.thumbnail_route import ThumbnailRoute
from recorder.web.viewers import Viewers


def add_routes(router: UrlDispatcher, served: Served, viewers: Viewers) -> None:
    """All of them. What `served` has not is not there. `viewers`: how many watch, by whatever way."""
    _add_page(router, served)
    add_openapi(router)
    add_access(
        router,
        served.access,
        served.licence,
        lambda: served.gate.evidence().now,
        served.config.device.language,
    )
    _add_state(router, served)
    _add_live(router, served, viewers)
    _add_events(router, served)
    _add_recording(router, served)
    _add_control(router, served)
    if served.catalog is not None:
        add_playback(router, served, served.catalog)
    add_exports(router, served)
    add_maintenance(router, served)
    add_notices(router, served, Feature.REMOTE_MAINTENANCE)


def _add_page(router: UrlDispatcher, served: Served) -> None:
    page = Page(served.config.device.language)
    router.add_get("/", page.index)
    router.add_get("/static/{path:.+}", page.files.handle)


def _add_state(router: UrlDispatcher, served: Served) -> None:
    gate, board, clock, config = served.gate, served.board, served.clock, served.config
    state = StateRoute(device=config.device, board=board, gate=gate, licence=served.licence, clock=clock)
    device = DeviceRoute(gate=gate, board=board, clock=clock, config=config)
    explain = ExplainRoute(gate=gate, board=board, clock=clock, config=config)
    registration = RegistrationRoute(served.licence)
    router.add_get("/api/v1/state", state.handle)
    router.add_get("/api/v1/explain", explain.handle)
    router.add_get("/api/v1/device", device.device)
    router.add_get("/api/v1/cameras", device.cameras)
    router.add_get("/api/v1/registration.svg", registration.picture, allow_head=False)
    if served.reload is not None:
        reload = ReloadRoute(reload=served.reload, gate=gate, device=config.device)
        router.add_post("/api/v1/config/reload", reload.handle)


def _add_live(router: UrlDispatcher, served: Served, viewers: Viewers) -> None:
    hub, gate, board, clock, config = served.hub, served.gate, served.board, served.clock, served.config
    live = LiveRoute(
        hub=hub,
        gate=gate,
        board=board,
        clock=clock,
        config=config,
        feature=Feature.REMOTE_LIVE,
        form_of=_fragment_forms(board, clock),
        viewers=viewers,
    )
    snapshot = SnapshotRoute(hub=hub, gate=gate, board=board, clock=clock, config=config)
    router.add_get("/api/v1/cameras/{camera}/live", live.handle, allow_head=False)
    stills = StillsRoute(served, viewers)
    router.add_get("/api/v1/cameras/{camera}/live.mjpeg", stills.handle, allow_head=False)
    router.add_get("/api/v1/cameras/{camera}/snapshot.jpg", snapshot.handle, allow_head=False)


def _add_events(router: UrlDispatcher, served: Served) -> None:
    if served.catalog is None or served.bus is None:
        return
    events = EventsRoute(
        bus=served.bus,
        catalog=served.catalog,
        gate=served.gate,
        board=served.board,
        clock=served.clock,
        config=served.config,
        feature=Feature.REMOTE_EVENTS,
    )
    thumbnail = ThumbnailRoute(served, bus=served.bus, catalog=served.catalog, feature=Feature.REMOTE_EVENTS)
    router.add_get("/api/v1/events", events.show, allow_head=False)
    router.add_get("/api/v1/events/{event}/thumbnail.jpg", thumbnail.handle, allow_head=False)


def _add_recording(router: UrlDispatcher, served: Served) -> None:
    recording = RecordingRoute(
        recordings=served.recordings,
        gate=served.gate,
        board=served.board,
        config=served.config,
        feature=Feature.REMOTE_MAINTENANCE,
    )
    router.add_get("/api/v1/cameras/{camera}/recording", recording.show)
    router.add_post("/api/v1/cameras/{camera}/recording", recording.change)


def _add_control(router: UrlDispatcher, served: Served) -> None:
    if served.controls is None:
        return
    control = ControlRoute(
        controls=served.controls, gate=served.gate, board=served.board, config=served.config, remote=True
    )
    router.add_get("/api/v1/cameras/{camera}/presets", control.presets, allow_head=False)
    router.add_post("/api/v1/cameras/{camera}/preset", control.goto)
    router.add_post("/api/v1/cameras/{camera}/reboot", control.reboot)


def _fragment_forms(board: StateBoard, clock: Clock) -> Callable[[str, str], FragmentForm]:
    forms: dict[tuple[str, str], tuple[StreamState, FragmentForm]] = {}

    def form_of(camera: str, stream: str) -> FragmentForm:
        state = board.cameras[camera].streams[stream]
        known = forms.get((camera, stream))
        if known is None or known[0] is not state:
            known = forms[camera, stream] = state, FragmentForm(clock, state)
        return known[1]

    return form_of
