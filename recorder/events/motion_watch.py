"""Motion detection of one camera: pictures under a lease, looked at in a worker thread, events to the bus.

It goes on while the camera is lapsed: the HDMI monitor shows events (M7). Frames come under the lease of whoever may
show events; where nobody may (a profile that stops both), nothing is looked at.
"""

import asyncio
import logging
from concurrent.futures import Executor

import anyio

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.client.lease import Lease
from gate.clock import Clock
from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.events.event import CameraEvent, CameraEvents
from recorder.events.motion import Edge
from recorder.events.motion_decoder import MotionDecoder
from recorder.events.motion_settings import MotionSettings
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit

BATCH_SECONDS = 0.25
"""Pictures are looked at together: one change of thread for some four of them."""
QUEUE_UNITS_MAX = 120
QUEUE_BYTES_MAX = 8 << 20
SILENT_SECONDS = 5.0
"""A camera that sends nothing for so long has no motion."""

_FEATURES = (Feature.HDMI_EVENTS, Feature.REMOTE_EVENTS)

_log = logging.getLogger(__name__)


class _Queue:
    """Pictures that wait to be looked at; beyond the bound the next group of pictures is waited for."""

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self.lost = 0
        self._bytes = 0
        self._skipping = False

    def put(self, unit: AccessUnit) -> None:
        if unit.key:
            self._skipping = False
        if len(self.units) >= QUEUE_UNITS_MAX or self._bytes + len(unit.data) > QUEUE_BYTES_MAX:
            self._skipping = True
        if self._skipping:
            self.lost += 1
            return
        self.units.append(unit)
        self._bytes += len(unit.data)

    def take(self) -> list[AccessUnit]:
        units, self.units, self._bytes = self.units, [], 0
        return units


class MotionWatch:
    """`run` it in a task; cancelling it ends what lasts."""

    def __init__(
        self,
        *,
        camera: str,
        settings: MotionSettings,
        feed: Feed,
        gate: Gate,
        clock: Clock,
        events: CameraEvents,
        worker: Executor,
    ) -> None:
        self._camera = camera
        self._feed = feed
        self._gate = gate
        self._clock = clock
        self._events = events
        self._worker = worker
        self._decoder = MotionDecoder(camera, settings)
        self._lost = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            version = self._gate.version
            for feature in _FEATURES:
                if isinstance(self._gate.decide(feature, self._camera), Granted):
                    try:
                        async with self._gate.lease(feature, self._camera) as lease:
                            await self._watch(lease)
                    except LeaseDeniedError:
                        continue
            await self._gate.wait_changed(version)

    async def _watch(self, lease: Lease) -> None:
        queue = _Queue()
        heard_ns = self._clock.monotonic_ns()
        try:
            with self._feed.attach(lease, queue.put):
                while True:
                    await self._clock.sleep(BATCH_SECONDS)
                    now_ns = self._clock.monotonic_ns()
                    if units := queue.take():
                        heard_ns = now_ns
                        await self._look(units, queue)
                    elif now_ns - heard_ns > SILENT_SECONDS * 1e9:
                        heard_ns = now_ns
                        self._tell(self._decoder.end())
        finally:
            self._tell(self._decoder.end())

    async def _look(self, units: list[AccessUnit], queue: _Queue) -> None:
        looking = asyncio.get_running_loop().run_in_executor(self._worker, self._decoder.look, units)
        try:
            self._tell(await asyncio.shield(looking))
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):  # the decoder is the thread's until it is done
                await looking
            raise
        if queue.lost:
            self._say_lost(queue)

    def _say_lost(self, queue: _Queue) -> None:
        before, self._lost, queue.lost = self._lost, self._lost + queue.lost, 0
        if before.bit_length() != self._lost.bit_length():  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning(
                "camera %s: motion detection is too slow, %d pictures left out so far", self._camera, self._lost
            )

    def _tell(self, edges: list[Edge]) -> None:
        for edge in edges:
            self._events.take(
                CameraEvent(
                    camera=self._camera, kind="motion", phase=edge.phase, at_utc_ns=edge.at_utc_ns, source="motion"
                )
            )
