"""The local site (docs/protocols.md): state, and live access units under the HDMI features of the gate."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.features import Feature
from recorder.catalog.database import Catalog
from recorder.config import RecorderConfig
from recorder.hub import Hub
from recorder.local.unit_form import UnitForm
from recorder.state import StateBoard
from recorder.web.explain_route import ExplainRoute
from recorder.web.live_route import LiveRoute
from recorder.web.middleware import problems_middleware
from recorder.web.protect_route import ProtectRoute
from recorder.web.recording_route import RecordingRoute, Recordings
from recorder.web.server import REQUEST_BYTES_MAX, serve_unix
from recorder.web.state_route import LicenceStatus, StateRoute


def create_app(
    *,
    hub: Hub,
    gate: Gate,
    licence: LicenceStatus,
    board: StateBoard,
    clock: Clock,
    config: RecorderConfig,
    recordings: Recordings,
    catalog: Catalog | None = None,
) -> web.Application:
    """The application, to be served on a socket that only this recorder's user can open."""
    form = UnitForm()
    state = StateRoute(device=config.device, board=board, gate=gate, licence=licence, clock=clock)
    live = LiveRoute(
        hub=hub,
        gate=gate,
        board=board,
        clock=clock,
        config=config,
        feature=Feature.HDMI_LIVE,
        form_of=lambda camera, stream: form,
    )
    recording = RecordingRoute(recordings=recordings, gate=gate, board=board, config=config, feature=None)
    app = web.Application(middlewares=[problems_middleware(config.device.language)], client_max_size=REQUEST_BYTES_MAX)
    app.router.add_get("/v1/state", state.handle)
    app.router.add_get("/v1/explain", ExplainRoute(gate=gate, board=board, clock=clock, config=config).handle)
    if catalog is not None:
        protect = ProtectRoute(catalog=catalog, device=config.device)
        app.router.add_get("/v1/protected", protect.show)
        app.router.add_post("/v1/protected", protect.change)
    app.router.add_get("/v1/cameras/{camera}/live", live.handle, allow_head=False)
    app.router.add_get("/v1/cameras/{camera}/recording", recording.show)
    app.router.add_post("/v1/cameras/{camera}/recording", recording.change)
    app.router.add_post("/v1/cameras/{camera}/events", recording.trigger)
    return app


@contextlib.asynccontextmanager
async def serve_local(
    *,
    hub: Hub,
    gate: Gate,
    licence: LicenceStatus,
    board: StateBoard,
    clock: Clock,
    config: RecorderConfig,
    recordings: Recordings,
    catalog: Catalog | None = None,
) -> AsyncIterator[Path]:
    """Serves on `local.socket`. Raises recorder.errors.RecorderError."""
    app = create_app(
        hub=hub,
        gate=gate,
        licence=licence,
        board=board,
        clock=clock,
        config=config,
        recordings=recordings,
        catalog=catalog,
    )
    async with serve_unix(app, path=config.local.socket, clock=clock) as path:
        yield path
