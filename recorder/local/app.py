"""The local site (docs/protocols.md): state, and live access units under the HDMI features of the gate."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from gate.licence.features import Feature
from recorder.device_information import DeviceInformation
from recorder.local.playback_route import PlaybackRoute
from recorder.local.unit_form import UnitForm
from recorder.web.answers import json_answer
from recorder.web.control_route import ControlRoute
from recorder.web.events_route import EventsRoute
from recorder.web.explain_route import ExplainRoute
from recorder.web.live_route import LiveRoute
from recorder.web.middleware import problems_middleware
from recorder.web.notify_route import add_notices
from recorder.web.protect_route import ProtectRoute
from recorder.web.recording_route import RecordingRoute
from recorder.web.served import Served
from recorder.web.server import REQUEST_BYTES_MAX, serve_unix
from recorder.web.state_route import StateRoute
from recorder.web.thumbnail_route import ThumbnailRoute
from recorder.web.viewers import Viewers


def create_app(served: Served) -> web.Application:
    """The application, to be served on a socket that only this recorder's user can open."""
    hub, gate, board, clock, config = served.hub, served.gate, served.board, served.clock, served.config
    form = UnitForm()
    state = StateRoute(device=config.device, board=board, gate=gate, licence=served.licence, clock=clock)
    live = LiveRoute(
        hub=hub,
        gate=gate,
        board=board,
        clock=clock,
        config=config,
        feature=Feature.HDMI_LIVE,
        form_of=lambda camera, stream: form,
        viewers=Viewers(),
    )
    recording = RecordingRoute(recordings=served.recordings, gate=gate, board=board, config=config, feature=None)
    app = web.Application(middlewares=[problems_middleware(config.device.language)], client_max_size=REQUEST_BYTES_MAX)
    app.router.add_get("/v1/state", state.handle)
    information = DeviceInformation(board=board, clock=clock, config=config)

    async def show_device(_: web.Request) -> web.Response:
        return json_answer(information.object())

    app.router.add_get("/v1/device", show_device)
    app.router.add_get("/v1/explain", ExplainRoute(gate=gate, board=board, clock=clock, config=config).handle)
    if served.catalog is not None:
        protect = ProtectRoute(catalog=served.catalog, device=config.device)
        app.router.add_get("/v1/protected", protect.show)
        app.router.add_post("/v1/protected", protect.change)
    if config.device.kind == "edge":  # a direct camera has no monitor
        app.router.add_get("/v1/cameras/{camera}/live", live.handle, allow_head=False)
    add_notices(app.router, served, None)
    app.router.add_get("/v1/cameras/{camera}/recording", recording.show)
    app.router.add_post("/v1/cameras/{camera}/recording", recording.change)
    if served.controls is not None:
        control = ControlRoute(controls=served.controls, gate=gate, board=board, config=config, remote=False)
        app.router.add_get("/v1/cameras/{camera}/presets", control.presets, allow_head=False)
        app.router.add_post("/v1/cameras/{camera}/preset", control.goto)
        app.router.add_post("/v1/cameras/{camera}/reboot", control.reboot)
    if served.catalog is not None and config.device.kind == "edge":
        playback = PlaybackRoute(served, served.catalog)
        app.router.add_get("/v1/cameras/{camera}/timeline", playback.timeline, allow_head=False)
        app.router.add_get("/v1/cameras/{camera}/days", playback.days, allow_head=False)
        app.router.add_get("/v1/cameras/{camera}/playback", playback.playback, allow_head=False)
    if served.catalog is not None and served.bus is not None:
        events = EventsRoute(
            bus=served.bus,
            catalog=served.catalog,
            gate=gate,
            board=board,
            clock=clock,
            config=config,
            feature=Feature.HDMI_EVENTS,
        )
        thumbnail = ThumbnailRoute(served, bus=served.bus, catalog=served.catalog, feature=Feature.HDMI_EVENTS)
        app.router.add_get("/v1/events", events.show, allow_head=False)
        app.router.add_get("/v1/events/{event}/thumbnail.jpg", thumbnail.handle, allow_head=False)
        app.router.add_post("/v1/cameras/{camera}/events", events.tell)
    return app


@contextlib.asynccontextmanager
async def serve_local(served: Served) -> AsyncIterator[Path]:
    """Serves on `local.socket`. Raises recorder.errors.RecorderError."""
    app = create_app(served)
    async with serve_unix(app, path=served.config.local.socket, clock=served.clock) as path:
        yield path
