"""Faults of events: a camera tells them wrongly, or somebody meddles with the camera itself."""

import functools
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from camera_sim.events.event import TAMPERS, CameraEvent
from camera_sim.events.plan import SECONDS_MAX
from camera_sim.events.programme import Programme
from camera_sim.faults.fault import Fault
from gate.clock import Clock

_TAMPER = "tamper_"


class Telling:
    """How one camera tells its events. While nothing is wrong they go their plain way."""

    def __init__(
        self, programme: Programme, clock: Clock, spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
    ) -> None:
        self.programme = programme
        self._clock = clock
        self._spawn = spawn
        self._wrong: dict[int, tuple[Fault, random.Random, Counter[str]]] = {}
        self._meddled: dict[int, int] = {}
        self._stuck: list[CameraEvent] = []

    def begin(self, number: int, fault: Fault, counts: Counter[str]) -> None:
        """It is wrong from now on. `counts`: what it does."""
        for kind in TAMPERS:
            if fault.kind == f"{_TAMPER}{kind}":
                self._meddled[number] = self.programme.begin(kind, SECONDS_MAX)
                counts["events"] += 1
                return
        self._wrong[number] = (fault, random.Random(fault.seed), counts)
        self.programme.teller.way = self._tell

    def end(self, number: int) -> None:
        """It is right again; an end that was kept back is told now."""
        if number in self._meddled:
            self.programme.end(self._meddled.pop(number))
            return
        fault, _, _ = self._wrong.pop(number)
        if not self._wrong:
            self.programme.teller.way = self.programme.teller.deliver
        if fault.kind == "event_stuck" and not any(f.kind == "event_stuck" for f, _, _ in self._wrong.values()):
            for event in self._stuck:
                self.programme.teller.tell(event)
            self._stuck.clear()

    def _tell(self, event: CameraEvent) -> None:
        times, late_seconds = 1, 0.0
        for fault, rng, counts in tuple(self._wrong.values()):
            if fault.kind == "event_late":
                late_seconds += fault.params["seconds"]
                counts["events_late"] += 1
            elif fault.kind == "event_stuck" and event.phase == "ended":
                self._stuck.append(event)
                counts["events_stuck"] += 1
                return
            elif fault.kind in ("event_lost", "event_dup") and rng.random() < fault.params["share"]:
                times = 0 if fault.kind == "event_lost" else times * 2
                counts["events_lost" if fault.kind == "event_lost" else "events_twice"] += 1
        for _ in range(times):
            if late_seconds:
                self._spawn(functools.partial(self._tell_late, event, late_seconds))
            else:
                self.programme.teller.deliver(event)

    async def _tell_late(self, event: CameraEvent, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self.programme.teller.deliver(event)
