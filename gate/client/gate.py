"""The gate: the one place in a device that knows what may run now, and that ends what may not.

It keeps one timer for the nearest change and looks again when the timer fires, when an entitlement is installed and
when wall time jumps. Terms are judged by the time that counts (`ClockEvidence.now`); labels, leases and the timer are
in wall time, which is `_ahead` of it where a signed time says so. Features fall into a few rules (continue always;
gated; gated but surviving staleness); there is one `Standing` per rule and camera, and one for the device itself
(camera None: any camera will do).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import anyio

from gate.client.errors import LeaseDeniedError
from gate.client.lease import FOREVER_NS, Lease, Standing
from gate.clock import Clock, instant_of, ns_of
from gate.licence.clock_evidence import ClockEvidence, ClockSource
from gate.licence.decision import Decision, Denied, Granted, decide, licensed_until, next_change
from gate.licence.entitlement import Entitlement, Kind
from gate.licence.features import Feature
from gate.licence.profile import REMO, Profile

LEAVE_SECONDS_MAX = 1.0
"""How long the timer waits for revoked holders to leave before it sleeps again (and a stepped clock moves on)."""

AHEAD_STEP = timedelta(milliseconds=500)
"""Wall time that moved by less against a signed time has not moved: reading two clocks takes a moment."""

_log = logging.getLogger(__name__)


class TimeJudge(Protocol):
    """Who knows what the clock is worth (gate.client.timekeeper)."""

    def evidence(self) -> ClockEvidence:
        """As of this moment."""


class Gate:
    """Decisions and leases of one device of that kind. `run` must be running for leases to be revoked in time. Without
    `time` the clock is believed as it is."""

    def __init__(
        self,
        *,
        clock: Clock,
        device_id: str,
        cameras: Sequence[str],
        profile: Profile = REMO,
        time: TimeJudge | None = None,
        kind: Kind = "edge",
    ) -> None:
        self._clock = clock
        self._time = time
        self._doubted = False
        self._ahead = timedelta(0)
        self._device_id = device_id
        self.kind, self._rule = kind, partial(decide, kind=kind)
        self._profile = profile = profile.for_kind(kind)
        self._entitlement: Entitlement | None = None
        self._known_since_ns = self._evaluated_ns = clock.now_ns()
        self._discontinuities = clock.discontinuities
        self._standings: dict[tuple[bool, str | None], Standing] = {}
        self._rules: dict[bool, Feature] = {}
        for feature in Feature:
            if feature not in profile.continues:
                self._rules.setdefault(feature in profile.survives_stale, feature)
        for camera in (*cameras, None):
            self._add_standings(camera)
        self._cameras = frozenset(cameras)
        self._next_ns = FOREVER_NS
        self._expiries: dict[str, datetime] = {}
        self._version = 0
        self._changed = asyncio.Event()
        self._sleep_scope: anyio.CancelScope | None = None
        self._rearmed = asyncio.Event()
        self._leaving: set[Lease] = set()
        self._left = asyncio.Event()

    @property
    def entitlement(self) -> Entitlement | None:
        """What is in force."""
        return self._entitlement

    @property
    def device_id(self) -> str:
        """Whose entitlements are accepted."""
        return self._device_id

    @property
    def profile(self) -> Profile:
        """What a lapse stops."""
        return self._profile

    def install(self, entitlement: Entitlement | None) -> None:
        """Puts an entitlement in force, at once; None: unregistered. Its signature and seq are the caller's to check.

        Raises ValueError for another device's entitlement.
        """
        if entitlement is not None and entitlement.device_id != self._device_id:
            raise ValueError(f"an entitlement of {entitlement.device_id}, this device is {self._device_id}")
        now_ns = self._clock.now_ns()
        self._evaluate(now_ns)  # what the old one ended before now stays ended, also if the new one reaches back
        self._entitlement = entitlement
        self._known_since_ns = now_ns
        self._reckon(now_ns)
        self._tell()

    def add_camera(self, camera: str) -> None:
        """A camera that has come since; one that is known stays as it is."""
        if camera in self._cameras:
            return
        now_ns = self._clock.now_ns()
        self._evaluate(now_ns)
        self._add_standings(camera)
        self._cameras |= {camera}
        self._reckon(now_ns)
        self._tell()

    def decide(self, feature: Feature, camera: str | None) -> Decision:
        """Whether the feature may run now. `camera` None: the device itself."""
        now_ns = self._clock.now_ns()
        self._evaluate(now_ns)
        return self._decide(feature, camera, now_ns)

    def look_again(self) -> None:
        """Something was learned of the time that the clock itself does not show."""
        if self._reckon(self._clock.now_ns()):
            self._tell()
        self._rearm()

    def evidence(self) -> ClockEvidence:
        """What the clock is worth now."""
        if self._time is None:
            return ClockEvidence(source=ClockSource.WALL, now=self._clock.now())
        return self._time.evidence()

    @contextlib.asynccontextmanager
    async def lease(self, feature: Feature, camera: str | None) -> AsyncIterator[Lease]:
        """Permission to run a feature: `async with gate.lease(...) as lease`. Raises LeaseDeniedError on entry.

        At revocation the body is cancelled and left quietly; `lease.denial` then says why. Only what the body itself
        awaits is cancelled: put its tasks into a task group, not into `asyncio.create_task`. Raises ValueError for a
        camera that the gate was not told of.
        """
        lease = Lease(feature, camera)
        if feature in self._profile.continues:
            yield lease
            return
        standing = self._standings.get((feature in self._profile.survives_stale, camera))
        if standing is None:
            raise ValueError(f"no such camera: {camera}")
        self._evaluate(self._clock.now_ns())
        if isinstance(standing.decision, Denied):
            raise LeaseDeniedError(replace(standing.decision, feature=feature))
        standing.follow(lease)
        standing.leases.add(lease)
        try:
            with lease.scope:
                yield lease
        finally:
            standing.leases.discard(lease)
            self._leaving.discard(lease)
            if not self._leaving:
                self._left.set()

    async def wait_granted(self, feature: Feature, camera: str | None) -> Granted:
        """Returns as soon as the feature may run."""
        while True:
            decision, seen = self.decide(feature, camera), self._version
            if isinstance(decision, Granted):
                return decision
            await self.wait_changed(seen)

    @property
    def version(self) -> int:
        """Grows whenever a decision or an entitlement changes."""
        return self._version

    async def wait_changed(self, seen: int) -> int:
        """The version, as soon as it differs from `seen`."""
        while self._version == seen:
            await self._changed.wait()
        return self._version

    def expiries(self) -> dict[str, datetime]:
        """When each camera that is entitled now expires, in wall time, renewals known so far included."""
        self._evaluate(self._clock.now_ns())
        return dict(self._expiries)

    async def run(self) -> None:
        """Revokes and restores in time, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow_discontinuities)
            while True:
                self._rearmed.clear()
                async with anyio.create_task_group() as timer:
                    timer.start_soon(self._follow_timer, name="gate timer")
                await self._rearmed.wait()

    async def _follow_timer(self) -> None:
        # A stepped clock waits until this very task sleeps again or ends: by then all that was due has been revoked and
        # has left. That is why the task ends when nothing lies ahead, instead of waiting for something to come.
        while True:
            self._evaluate(self._clock.now_ns())
            await self._let_revoked_leave()
            if self._next_ns == FOREVER_NS:
                return
            with anyio.CancelScope() as self._sleep_scope:
                await self._clock.sleep_until(instant_of(self._next_ns))
            self._sleep_scope = None

    async def _follow_discontinuities(self) -> None:
        seen = self._discontinuities
        while True:
            seen = await self._clock.wait_discontinuity(seen)
            self._evaluate(self._clock.now_ns())

    async def _let_revoked_leave(self) -> None:
        if not self._leaving:
            return
        until_next_seconds = (self._next_ns - self._clock.now_ns()) / 1e9
        try:
            async with self._clock.timeout(min(LEAVE_SECONDS_MAX, until_next_seconds)):
                while self._leaving:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            names = sorted({f"{lease.feature.value}/{lease.camera or '-'}" for lease in self._leaving})
            _log.warning("%d revoked leases have not been left yet: %s", len(self._leaving), ", ".join(names))

    def _add_standings(self, camera: str | None) -> None:
        for rule, feature in self._rules.items():
            denied = decide(None, self._profile, feature, camera, self._clock.now())
            assert isinstance(denied, Denied)
            self._standings[rule, camera] = Standing(denied)

    def _rearm(self) -> None:
        self._rearmed.set()
        if self._sleep_scope is not None:
            self._sleep_scope.cancel()

    def _evaluate(self, now_ns: int) -> None:
        """Brings every standing up to `now_ns`; cheap while nothing can have changed."""
        jumped = self._clock.discontinuities != self._discontinuities
        clock = self.evidence()
        as_before = (clock.doubt is not None) == self._doubted and abs(clock.wall_ahead - self._ahead) < AHEAD_STEP
        if not jumped and as_before and self._evaluated_ns <= now_ns < self._next_ns:
            return
        if jumped:
            self._discontinuities = self._clock.discontinuities
            self._known_since_ns = now_ns
        if self._reckon(now_ns):
            self._tell()
        self._rearm()

    def _reckon(self, now_ns: int) -> bool:
        clock = self.evidence()
        if abs(clock.wall_ahead - self._ahead) >= AHEAD_STEP:
            self._ahead = clock.wall_ahead
        now = instant_of(now_ns) - self._ahead
        if self._doubted and clock.doubt is None:
            self._known_since_ns = now_ns  # what was captured while the clock was doubted was captured while denied
        self._doubted = clock.doubt is not None
        changed = False
        for (rule, camera), standing in self._standings.items():
            changed |= self._reckon_one(standing, self._rules[rule], camera, now_ns)
        changes = (next_change(self._entitlement, now, self._profile.grace), clock.trusted_from)
        upcoming = min((change for change in changes if change is not None and change > now), default=None)
        self._evaluated_ns, self._next_ns = now_ns, FOREVER_NS if upcoming is None else ns_of(upcoming + self._ahead)
        self._announce(now)
        return changed

    def _decide(self, feature: Feature, camera: str | None, now_ns: int) -> Decision:
        now, trusted = instant_of(now_ns) - self._ahead, not self._doubted
        return self._rule(self._entitlement, self._profile, feature, camera, now, clock_trusted=trusted)

    def _reckon_one(self, standing: Standing, feature: Feature, camera: str | None, now_ns: int) -> bool:
        ended = standing.ended(now_ns)
        if ended is not None:
            # A lapse that began and ended between two looks (a jump) is a lapse all the same.
            lapse = self._rule(self._entitlement, self._profile, feature, camera, ended)
            assert isinstance(lapse, Denied)
            standing.deny(lapse)
            self._revoke(standing, lapse, now_ns)
        decision = self._decide(feature, camera, now_ns)
        if isinstance(decision, Granted):
            begun = standing.grant(decision, self._ahead, now_ns, self._known_since_ns, self._clock.monotonic_ns())
            return begun or ended is not None
        self._revoke(standing, decision, now_ns)
        return standing.deny(decision) or ended is not None

    def _revoke(self, standing: Standing, denied: Denied, now_ns: int) -> None:
        for lease in standing.leases:
            lease.revoke(replace(denied, feature=lease.feature), now_ns)
            self._leaving.add(lease)
        if standing.leases:
            _log.info("camera %s: %s, %d leases revoked", denied.camera or "-", denied.code.value, len(standing.leases))
        standing.leases.clear()

    def _announce(self, now: datetime) -> None:
        until = partial(licensed_until, self._entitlement, self._profile, now=now, kind=self.kind)
        ends = {camera: until(camera) for camera in self._cameras}
        expiries = {camera: end + self._ahead for camera, end in ends.items() if end is not None}
        if expiries != self._expiries:
            self._expiries = expiries
            self._clock.announce_expiries(expiries)

    def _tell(self) -> None:
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()
        self._rearm()
