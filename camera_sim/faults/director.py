"""Faults at work: begins and ends them, as planned or as asked, and writes each into the ground-truth log."""

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc

from camera_sim.errors import CameraSimError, FaultError
from camera_sim.events.programme import Programme
from camera_sim.faults.afflicted import Afflicted, Ailment
from camera_sim.faults.fault import EVERYTHING, Fault
from camera_sim.faults.journal import Journal
from camera_sim.faults.telling import Telling
from camera_sim.rtsp.server import RtspServer
from camera_sim.rtsp.stream import LiveStream
from camera_sim.sd_card.slot import CardSlot
from gate.clock import Clock

_log = logging.getLogger(__name__)

ACTIVE_MAX = 256
"""Faults at the same time; more are refused."""
_RESETS_FIRST = ("reset", "refused", "reboot")
_REFUSES = ("refused", "reboot")


@dataclass(slots=True, kw_only=True)
class Active:
    """A fault under way. `ailments`: what it does to each stream; `told`: what it has done to events."""

    number: int
    fault: Fault
    began_ns: int
    ailments: list[tuple[Afflicted, Ailment]]
    told: Counter[str] = field(default_factory=Counter)
    cleared: anyio.Event = field(default_factory=anyio.Event)

    def counts(self) -> dict[str, int]:
        """What it has done so far, all streams together."""
        total: dict[str, int] = dict(self.told)
        for _, ailment in self.ailments:
            for name, count in ailment.counts.items():
                total[name] = total.get(name, 0) + count
        return total


class Director:
    """`streams` by path, `programmes` and `cards` by camera. `run` plays the plan and whatever is begun meanwhile."""

    def __init__(
        self,
        streams: Mapping[str, LiveStream],
        server: RtspServer,
        journal: Journal,
        plan: Sequence[Fault],
        programmes: Mapping[str, Programme],
        cards: Mapping[str, CardSlot],
        clock: Clock,
    ) -> None:
        self._tellings = {name: Telling(one, clock, self._spawn) for name, one in programmes.items()}
        self._cards = cards
        self._server = server
        self._journal = journal
        self._plan = plan
        self._clock = clock
        self._numbers = itertools.count(1)
        self._tasks: anyio.abc.TaskGroup | None = None
        self.active: dict[int, Active] = {}
        self.on_reboot: Callable[[Fault, bool], None] = lambda _fault, _begins: None
        """Told when a camera goes away to restart (True), and when it is back."""
        self._patients: dict[str, Afflicted] = {}
        for path, stream in streams.items():
            other = next((o for o in streams.values() if o.camera == stream.camera and o is not stream), None)
            self._patients[path] = Afflicted(stream, other, clock, self._spawn)

    async def run(self) -> None:
        """For ever."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for fault in self._plan:
                tasks.start_soon(self._play, fault)
            await anyio.sleep_forever()

    def begin(self, fault: Fault) -> Active:
        """Makes something wrong now, until its duration is over or it is cleared. Raises FaultError; then nothing has
        changed."""
        if self._tasks is None:
            raise FaultError("the cameras are not up yet")
        if len(self.active) >= ACTIVE_MAX:
            raise FaultError(f"{ACTIVE_MAX} faults are active already; clear some")
        patients = [p for p in self._patients.values() if fault.covers(p.stream.camera, p.stream.name)]
        if not patients:
            raise FaultError(f"no stream is {fault.scope!r}; there are: {', '.join(self._known())}")
        for patient in patients:
            patient.check(fault)
        told, cards = self._concerned(fault), self._cards_of(fault)
        active = Active(number=next(self._numbers), fault=fault, began_ns=self._clock.monotonic_ns(), ailments=[])
        self.active[active.number] = active
        self._journal.began(active.number, fault, [patient.stream for patient in patients])
        for telling in told:
            telling.begin(active.number, fault, active.told)
        for card in cards:
            card.begin(active.number, fault.kind.removeprefix("sd_"))
        active.ailments += [(patient, patient.begin(fault)) for patient in patients]
        self._at_connections(fault, {id(patient.stream) for patient in patients}, begins=True)
        if fault.kind == "reboot":
            self.on_reboot(fault, True)
        self._spawn(lambda: self._finish(active))
        return active

    def clear(self, number: int) -> bool:
        """Ends one soon; False if there is none of that number."""
        active = self.active.get(number)
        if active is not None:
            active.cleared.set()
        return active is not None

    async def _play(self, fault: Fault) -> None:
        await self._clock.sleep(fault.at)
        try:
            self.begin(fault)
        except FaultError as error:
            _log.error("planned fault %s of %s: %s", fault.kind, fault.scope, error)

    async def _finish(self, active: Active) -> None:
        try:
            if active.fault.duration is None:
                await active.cleared.wait()
            else:
                async with self._clock.timeout(active.fault.duration):
                    await active.cleared.wait()
        except TimeoutError:
            pass
        fault = active.fault
        for patient, ailment in active.ailments:
            patient.end(ailment)
        for telling in self._concerned(fault):
            telling.end(active.number)
        for card in self._cards_of(fault):
            card.end(active.number)
        streams = {id(patient.stream) for patient, _ in active.ailments}
        self._at_connections(fault, streams, begins=False)
        if fault.kind in _REFUSES and fault.scope == EVERYTHING and not self._refuses():
            try:
                await self._server.accept()
            except CameraSimError as error:
                _log.error("after %s: %s", fault.kind, error)
        self._journal.ended(active.number, fault, [p.stream for p, _ in active.ailments], active.counts())
        del self.active[active.number]
        if fault.kind == "reboot":
            self.on_reboot(fault, False)

    def _refuses(self) -> bool:
        """Whether another fault keeps the door shut."""
        shut = [a for a in self.active.values() if a.fault.kind in _REFUSES and a.fault.scope == EVERYTHING]
        return len(shut) > 1

    def _at_connections(self, fault: Fault, streams: set[int], *, begins: bool) -> None:
        concerned = [c for c in self._server.connections if c.stream is not None and id(c.stream) in streams]
        if begins and fault.kind in _RESETS_FIRST:
            _each(c.reset for c in concerned)
            if fault.kind in _REFUSES and fault.scope == EVERYTHING:
                self._server.refuse()
        elif fault.kind == "half_open":
            _each((c.deafen if begins else c.reset) for c in concerned)
        elif begins and fault.kind == "stale_session":
            _each(c.forget_session for c in concerned)

    def _concerned(self, fault: Fault) -> list[Telling]:
        """Whose events a fault concerns. Raises FaultError if there are none."""
        if fault.seam != "events":
            return []
        found = [one for name, one in self._tellings.items() if fault.scope in (EVERYTHING, name)]
        if not found:
            raise FaultError(f"{fault.kind} concerns a camera that shows a scene, or *, not {fault.scope!r}")
        return found

    def _cards_of(self, fault: Fault) -> list[CardSlot]:
        """Whose card a fault concerns. Raises FaultError if there is none."""
        if fault.seam != "card":
            return []
        found = [one for name, one in self._cards.items() if fault.scope in (EVERYTHING, name)]
        if not found:
            raise FaultError(f"{fault.kind} concerns a camera that has an SD card, or *, not {fault.scope!r}")
        return found

    def _known(self) -> list[str]:
        return [path.strip("/") for path in self._patients]

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        assert self._tasks is not None  # begin has looked
        self._tasks.start_soon(work)


def _each(actions: Iterable[Callable[[], None]]) -> None:
    for action in list(actions):
        action()
