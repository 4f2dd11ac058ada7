"""Wires the events of one recorder: the bus on the index, and what watches each camera and the recorder itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

import cv2

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.catalog.database import Catalog
from recorder.catalog.event_queries import last_event_number
from recorder.config import CameraConfig
from recorder.events.bus import EventBus
from recorder.events.motion_watch import MotionWatch
from recorder.events.system import SystemWatch
from recorder.hub import Hub
from recorder.ingest.onvif.event_pull import EventPull
from recorder.state import StateBoard
from recorder.watchers import Watcher, Watchers


@asynccontextmanager
async def open_bus(
    *, catalog: Catalog, gate: Gate, board: StateBoard, clock: Clock, trigger: Callable[[str], bool]
) -> AsyncIterator[EventBus]:
    """The bus; leaving ends what still lasts. `trigger`: RecordingControl.trigger."""

    def may_tell_remotely(camera: str | None) -> bool:
        cameras = [camera] if camera is not None else list(board.cameras)
        return any(isinstance(gate.decide(Feature.REMOTE_EVENTS, each), Granted) for each in cameras)

    bus = EventBus(
        store=catalog,
        clock=clock,
        last_number=await catalog.read(last_event_number),
        may_tell_remotely=may_tell_remotely,
        trigger=trigger,
    )
    try:
        yield bus
    finally:
        bus.close()


class EventSources:
    """`apply` the cameras, `run` it in a task."""

    def __init__(self, *, bus: EventBus, hub: Hub, gate: Gate, board: StateBoard, clock: Clock) -> None:
        self._bus = bus
        self._hub = hub
        self._gate = gate
        self._clock = clock
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="motion", initializer=partial(cv2.setNumThreads, 1))
        self._system = SystemWatch(board=board, gate=gate, clock=clock, events=bus)
        self._watchers = Watchers(plan=self._plan, forget=bus.forget, clock=clock)
        self.apply = self._watchers.apply

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._system.run(), name="system events")
                group.create_task(self._watchers.run(), name="camera events")
        finally:
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _plan(self, camera: CameraConfig) -> dict[str, Watcher]:
        watchers: dict[str, Watcher] = {}
        if camera.motion.enabled:
            stream = "sub" if camera.sub else "main"
            watch = MotionWatch(
                camera=camera.id,
                settings=camera.motion,
                feed=self._hub.feed(camera.id, stream),
                gate=self._gate,
                clock=self._clock,
                events=self._bus,
                worker=self._worker,
            )
            watchers["motion"] = Watcher(settings=(camera.motion, stream), job=watch.run)
        if camera.onvif is not None and camera.onvif.events:
            pull = EventPull(
                camera=camera.id,
                address=camera.onvif.address,
                credentials=camera.onvif.credentials(camera.user, camera.password),
                events=self._bus,
                clock=self._clock,
            )
            watchers["onvif"] = Watcher(settings=(camera.onvif, camera.user, camera.password), job=pull.run)
        return watchers
