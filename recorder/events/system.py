"""What happens to the recorder itself, as events: cameras lost, disks in trouble, a doubted clock, licences lapsed.

`conditions` is pure: what is the case now. `SystemWatch` tells the bus what begins and what ends.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import anyio

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision, DenialCode, Denied
from recorder.events.kept import SystemKind
from recorder.licence_now import licence_now
from recorder.state import CameraState, StateBoard, StorageState, StreamState

LOST_SECONDS = 5.0
"""A camera is lost when its main stream has brought no picture for so long: a reconnect is no event."""
NEVER_SEEN_SECONDS = 30.0
"""The same for one that has not come yet since the start: it may still be starting, too."""
LOOK_SECONDS = 1.0

Condition = tuple[str | None, SystemKind]


class SystemEvents(Protocol):
    """Whoever takes them."""

    def begin_system(self, camera: str | None, kind: SystemKind, detail: str) -> None: ...

    def end_system(self, camera: str | None, kind: SystemKind, detail: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that conditions are read from. `licences`: what each camera's licence itself says."""

    now: datetime
    cameras: Mapping[str, CameraState]
    storage: StorageState
    licences: Mapping[str, Decision]
    clock: ClockEvidence


def conditions(situation: Situation) -> dict[Condition, str]:
    """What is the case, each with its detail: words for people, or a code (recorder.events.words.detail_in)."""
    found: dict[Condition, str] = {}
    for id, camera in situation.cameras.items():
        stream = camera.streams.get("main")
        if stream is not None and _is_lost(stream, situation.now):
            found[id, "camera_lost"] = stream.phase
        decision = situation.licences.get(id)
        if isinstance(decision, Denied) and decision.code is not DenialCode.UNREGISTERED:  # who has none loses none
            found[id, "licence"] = decision.code.value
    if situation.storage.message:
        found[None, "disk"] = situation.storage.message
    if situation.clock.doubt is not None:
        found[None, "clock"] = situation.clock.doubt.value
    return found


def _is_lost(stream: StreamState, now: datetime) -> bool:
    seconds = LOST_SECONDS if stream.units else NEVER_SEEN_SECONDS
    return stream.phase not in ("streaming", "off") and now - stream.since >= timedelta(seconds=seconds)


class SystemWatch:
    """Looks at the board and the gate, at once when the gate changes its mind and else once a second."""

    def __init__(self, *, board: StateBoard, gate: Gate, clock: Clock, events: SystemEvents) -> None:
        self._board = board
        self._gate = gate
        self._clock = clock
        self._events = events
        self._lasting: dict[Condition, str] = {}

    def run_once(self) -> None:
        """Tells what has begun or ended since the last time; words that change are not told anew."""
        found = conditions(
            Situation(
                now=self._clock.now(),
                cameras=self._board.cameras,
                storage=self._board.storage,
                licences={id: licence_now(self._gate, id) for id in self._board.cameras},
                clock=self._gate.evidence(),
            )
        )
        for key in [key for key in self._lasting if key not in found]:
            self._events.end_system(*key, self._lasting.pop(key))
        for key, detail in found.items():
            if key not in self._lasting:
                self._lasting[key] = detail
                self._events.begin_system(*key, detail)

    async def run(self) -> None:
        """Until cancelled."""
        changed = asyncio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._set_on_change, changed)
            while True:
                self.run_once()
                changed.clear()
                try:
                    async with self._clock.timeout(LOOK_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    pass

    async def _set_on_change(self, changed: asyncio.Event) -> None:
        seen = self._gate.version
        while True:
            seen = await self._gate.wait_changed(seen)
            changed.set()
