"""Wires one recorder: clock, gate, storage, cameras, and the two sites that show it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

from gate.client.licensing import Licensing, open_licensing
from gate.clock import Clock
from gate.shared_clock.client import open_clock
from gate.shared_clock.server import STATE_NAME
from recorder.config import RecorderConfig
from recorder.hub import Hub
from recorder.ingest.camera import CameraStream
from recorder.ingest.precision import run_precision
from recorder.local.app import serve_local
from recorder.recording_control import RecordingControl
from recorder.remote.app import serve_remote
from recorder.state import CameraState, RecordingState, StateBoard, StreamState
from recorder.storage import Storage, open_storage


async def run_device(config: RecorderConfig, ended: asyncio.Event, on_ready: Callable[[dict[str, str]], None]) -> None:
    """Runs until `ended` is set. `on_ready` is told every address once all of it answers.
    Raises recorder.errors.RecorderError or gate.shared_clock.errors.ClockError, each one sentence for people."""
    async with AsyncExitStack() as stack:
        state_path = config.device.data_dir / STATE_NAME
        name = f"recorder {config.device.id}"
        clock = await stack.enter_async_context(
            open_clock(config.clock.mode, config.clock.socket, name, state=state_path)
        )
        board = _board(config, clock)
        hub = Hub()
        ids = [camera.id for camera in config.cameras]
        licensing = open_licensing(
            clock=clock,
            data_dir=config.device.data_dir,
            device_id=config.device.id,
            cameras=ids,
            path=config.licence.path,
            root_key=config.licence.root_key,
            profile=config.licence.profile,
            language=config.device.language,
        )
        gate, licence = licensing.gate, licensing.licence
        await licence.run_once()  # before anything asks the gate: what is licensed must not begin with a denial
        storage = await stack.enter_async_context(
            open_storage(
                config.storage,
                data_dir=config.device.data_dir,
                camera_ids=ids,
                clock=clock,
                board=board,
                language=config.device.language,
            )
        )
        recordings = RecordingControl(
            folder=config.device.data_dir,
            zone=ZoneInfo(config.device.time_zone),
            pre_event_seconds=config.storage.pre_event_seconds,
            board=board,
        )
        await asyncio.to_thread(recordings.load)
        jobs = _jobs(config, clock, licensing, storage, hub, board, recordings)
        await stack.enter_async_context(
            serve_local(
                hub=hub, gate=gate, licence=licence, board=board, clock=clock, config=config, recordings=recordings
            )
        )
        host, port = await stack.enter_async_context(
            serve_remote(
                hub=hub, gate=gate, licence=licence, board=board, clock=clock, config=config, recordings=recordings
            )
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job(), name=label) for label, job in jobs]
            on_ready({"remote": f"http://{host}:{port}/", "local": str(config.local.socket)})
            await ended.wait()
            for task in tasks:
                task.cancel()


def _board(config: RecorderConfig, clock: Clock) -> StateBoard:
    now = clock.now()
    return StateBoard(
        cameras={
            camera.id: CameraState(
                id=camera.id,
                name=camera.name or camera.id,
                streams={stream: StreamState(since=now) for stream in camera.streams},
                recording=RecordingState(since=now),
            )
            for camera in config.cameras
        }
    )


def _jobs(
    config: RecorderConfig,
    clock: Clock,
    licensing: Licensing,
    storage: Storage,
    hub: Hub,
    board: StateBoard,
    recordings: RecordingControl,
) -> list[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
    """Everything that runs for as long as the recorder does, by name."""
    gate = licensing.gate
    jobs: list[tuple[str, Callable[[], Coroutine[None, None, None]]]] = [
        ("gate", gate.run),
        ("licence file", licensing.licence.run),
        ("time", licensing.timekeeper.run),
        ("storage", storage.run),
    ]
    sources: dict[str, list[CameraStream]] = {}
    for camera in config.cameras:
        for stream in camera.streams:
            source = CameraStream(
                camera=camera,
                stream=stream,
                feed=hub.feed(camera.id, stream),
                state=board.cameras[camera.id].streams[stream],
                board=board,
                clock=clock,
            )
            sources.setdefault(camera.id, []).append(source)
            jobs.append((f"camera {camera.id} {stream}", source.run))
        mode = recordings.mode_of(camera.id, camera.record)
        recorder = storage.recorder(camera.id, hub.feed(camera.id, "main"), gate, mode)
        recordings.add(camera.id, recorder)
        jobs.append((f"recording {camera.id}", recorder.run))
    jobs.append(("precision", lambda: run_precision(gate, sources, clock)))
    return jobs
