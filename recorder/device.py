"""Wires one recorder: clock, gate, storage, cameras, and the two sites that show it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gate.client.attestation import Attestor
from gate.clock import Clock
from gate.shared_clock.client import open_clock
from gate.shared_clock.server import STATE_NAME
from gate.yaml_file import ConfigError
from recorder.access.opening import open_access
from recorder.backfill.sources import backfills
from recorder.cameras import CameraChanges, Cameras
from recorder.config import CameraConfig, RecorderConfig
from recorder.events.sources import EventSources, open_bus
from recorder.exports.opening import open_exporter
from recorder.hub import Hub
from recorder.ingest.onvif.controls import OnvifControls
from recorder.ingest.precision import run_precision
from recorder.licence_source import camera_names, open_licence_source
from recorder.local.app import serve_local
from recorder.maintenance.opening import open_upkeep
from recorder.maintenance.upkeep import Host
from recorder.metrics.families import Sources
from recorder.metrics.loop_lag import LoopLag
from recorder.metrics.server import serve_metrics
from recorder.notify.wiring import open_notices
from recorder.recording_control import RecordingControl
from recorder.reload import ConfigReload
from recorder.remote.app import serve_remote
from recorder.state import StateBoard
from recorder.storage import Storage, open_storage
from recorder.web.served import Served

if TYPE_CHECKING:
    from gate.client.uplink import Uplink

Job = Callable[[], Coroutine[None, None, None]]


async def run_device(
    load: Callable[[], RecorderConfig],
    ended: asyncio.Event,
    reload_wanted: asyncio.Event,
    on_ready: Callable[[dict[str, str]], None],
    host: Host,
) -> None:
    """Runs until `ended` is set. `load` reads the configuration, again whenever `reload_wanted` is set (the event is
    cleared). `on_ready` is told every address once all of it answers. Raises gate.yaml_file.ConfigError,
    recorder.errors.RecorderError or gate.shared_clock.errors.ClockError, each one sentence for people."""
    config = load()
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(_clock(config))
        board, hub = StateBoard(cameras={}), Hub()
        licensing = open_licence_source(config, clock)
        gate, licence = licensing.gate, licensing.licence
        await licence.run_once()  # before anything asks the gate: what is licensed must not begin with a denial
        storage = await stack.enter_async_context(_storage(config, clock, board))
        recordings = await _recordings(config, board)
        controls = OnvifControls(clock)
        controls.apply(config.cameras)
        wish = controls.request_key
        cameras = Cameras(
            hub=hub, gate=gate, storage=storage, board=board, recordings=recordings, clock=clock, key_wish=wish
        )
        await cameras.apply(config.cameras)
        bus = await stack.enter_async_context(
            open_bus(catalog=storage.catalog, gate=gate, board=board, clock=clock, trigger=recordings.trigger)
        )
        notices = await open_notices(config, storage.catalog, gate=gate, board=board, bus=bus, hub=hub, clock=clock)
        events = EventSources(bus=bus, hub=hub, gate=gate, board=board, clock=clock)
        backfill = backfills(config, storage, gate, board, clock)
        for beside in (events, backfill):
            await beside.apply(config.cameras)
        apply = partial(_apply, cameras, controls, (events.apply, backfill.apply), licensing.uplink)
        access = await stack.enter_async_context(open_access(config, licensing, clock))
        attestor = Attestor(licensing.identity)
        exports = await stack.enter_async_context(open_exporter(config, gate, clock, attestor))
        upkeep = open_upkeep(config, gate, clock, host, licensing.uplink)
        reload = ConfigReload(load=load, running=config, apply=apply)
        served = Served(
            hub=hub,
            gate=gate,
            licence=licence,
            board=board,
            clock=clock,
            config=config,
            recordings=recordings,
            access=access,
            catalog=storage.catalog,
            bus=bus,
            reload=reload,
            controls=controls,
            exports=exports,
            upkeep=upkeep,
            notices=notices,
        )
        addresses = await _serve(stack, served, storage, licensing.uplink)
        jobs: dict[str, Job] = {"gate": gate.run, "licence": licence.run, "time": licensing.timekeeper.run}
        jobs |= {"storage": storage.run, "cameras": cameras.run, "controls": controls.run, "exports": exports.run}
        jobs |= {"events": events.run, "backfill": backfill.run, "access": access.run, "check": upkeep.check.run}
        jobs |= {"notices": notices.run}
        jobs |= {"precision": partial(run_precision, gate, cameras.sources, clock)}
        jobs |= {"reload": partial(_reload_on, reload_wanted, reload)}
        jobs |= {"systemd": partial(host.sd_notify.run, clock, storage.is_alive)}
        await _run_until(ended, jobs, partial(on_ready, addresses))


async def _serve(stack: AsyncExitStack, served: Served, storage: Storage, uplink: "Uplink | None") -> dict[str, str]:
    """Opens the local site, the remote side and the metrics until the stack ends; gives their addresses by name."""
    config, board = served.config, served.board
    await stack.enter_async_context(serve_local(served))
    front = await stack.enter_async_context(serve_remote(served))
    shelves = storage.volumes.disks.shelves
    sources = Sources(served=served, shelves=shelves, lag=LoopLag(served.clock))
    metrics = await stack.enter_async_context(serve_metrics(sources))
    if uplink is not None:
        uplink.serve(front.accept, board.changed, front.origins)
    return {"local": str(config.local.socket), **front.addresses, **metrics}


async def _apply(
    cameras: Cameras,
    controls: OnvifControls,
    beside: Iterable[Callable[[Sequence[CameraConfig]], Awaitable[None]]],
    uplink: "Uplink | None",
    wanted: Sequence[CameraConfig],
) -> CameraChanges:
    controls.apply(wanted)
    changes = await cameras.apply(wanted)
    for apply in beside:
        await apply(wanted)
    if uplink is not None:
        uplink.tell_cameras(camera_names(wanted))
    return changes


def _clock(config: RecorderConfig) -> AbstractAsyncContextManager[Clock]:
    state = config.device.data_dir / STATE_NAME
    return open_clock(config.clock.mode, config.clock.socket, f"recorder {config.device.id}", state=state)


def _storage(config: RecorderConfig, clock: Clock, board: StateBoard) -> AbstractAsyncContextManager[Storage]:
    return open_storage(
        config.storage,
        data_dir=config.device.data_dir,
        camera_ids=[camera.id for camera in config.cameras],
        clock=clock,
        board=board,
        language=config.device.language,
    )


async def _recordings(config: RecorderConfig, board: StateBoard) -> RecordingControl:
    recordings = RecordingControl(
        folder=config.device.data_dir,
        zone=ZoneInfo(config.device.time_zone),
        pre_event_seconds=config.storage.pre_event_seconds,
        board=board,
    )
    await asyncio.to_thread(recordings.load)
    return recordings


async def _run_until(ended: asyncio.Event, jobs: Mapping[str, Job], on_started: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job(), name=label) for label, job in jobs.items()]
        on_started()
        await ended.wait()
        for task in tasks:
            task.cancel()


async def _reload_on(wanted: asyncio.Event, reload: ConfigReload) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        with contextlib.suppress(ConfigError):  # logged, with what to do; the running configuration stays
            await reload.reload("SIGHUP")
