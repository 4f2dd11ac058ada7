"""The course of a site's time in a scenario: steps, the approach to an expiry X, its crossing in real time, and what
comes back after it. X is never jumped over: ten seconds before it time flows as it does."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from gate.clock import instant_of, ns_of
from gate.shared_clock.grammar import parse_duration
from gate.verify.acts import ZONE, Acts
from gate.verify.crossing import CLOSED_MS_MAX, Return, check_cuts, check_disk_ends
from gate.verify.errors import SiteError
from gate.verify.matrix import Check, Expected, Row
from gate.verify.monitor_watch import MonitorWatch
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import KnownFootage
from gate.verify.scenario import Limits
from gate.verify.site import Site
from gate.verify.watch import Watch

SETTLE_SECONDS = 20.0
STALE = "STALE"
APPROACH_SECONDS = 3600
"""An expiry is approached in two steps: first to so long before the place, so that the site is settled there."""
_LOOK_SECONDS = 0.2

Coming = Mapping[str, Mapping[Row, Expected]]
"""What the next columns expect, by cameras."""


class Course:
    """`acts`: None where licences are nobody's business but the site's. `check` takes what has been found out, `say`
    what is being done. `lapsed`: cameras that should do nothing now, and since when (site time); `expiry_ns`: an X that
    has been approached and not crossed yet; `known`: what may be downloaded."""

    def __init__(
        self, site: Site, limits: Limits, acts: Acts | None, check: Callable[[Check], None], say: Callable[[str], None]
    ) -> None:
        self.lapsed: dict[str, int] = {}
        self.known: KnownFootage | None = None
        self.expiry_ns: int | None = None
        self._site = site
        self._limits = limits
        self._acts = acts
        self._check = check
        self._say = say
        self._watch: Watch | None = None
        self._ends: dict[str, int] = {}
        self._unlicensed: set[str] = set()

    async def close(self) -> None:
        """Nothing is watched any more."""
        if self._watch is not None:
            await self._watch.close()
        self._watch, self.expiry_ns = None, None

    async def move(self, text: str, *, settles: bool = True) -> None:
        """A command of the clock's grammar."""
        self._say(text)
        await self.close()
        await self._site.step(text)
        if settles:
            await self.settle()

    async def settle(self) -> None:
        """After months at one step a recorder has not heard from its service for too long, until it has asked again."""
        site = self._site
        end_ns = site.clock.monotonic_ns() + round(SETTLE_SECONDS * 1e9)
        while (await ask(site, site.remote("device"))).denial == STALE and site.clock.monotonic_ns() < end_ns:
            await site.clock.sleep(_LOOK_SECONDS)

    async def approach(self, before: str, *, crosses: bool, settles: bool = True) -> None:
        """To so long before the nearest end of an entitlement. If it will be crossed, streams are opened there and
        watched."""
        ahead = parse_duration(before).total_seconds() + APPROACH_SECONDS
        await self._site.step("show")
        if crosses and (self._site.expiry - self._site.now()).total_seconds() > ahead:
            await self.move(f"to-expiry --before {ahead:g}s", settles=settles)
        await self.move(f"to-expiry --before {before}", settles=settles)
        if crosses:
            if self._acts is not None:
                self._check(self._acts.check_expiries(self._site.expiries))
            await self._open(self._site.expiry, before)

    async def to_end(self, before: str, *, crosses: bool, settles: bool = True) -> None:
        """The same before the nearest end of a licence that covers a camera, whether another follows it or not."""
        if self._acts is None:
            raise SiteError("to-end needs a site of the verifier's own: it knows every licence there")
        end = self._acts.book.next_end(self._site.now())
        if end is None:
            raise SiteError("no camera has a licence that could end")
        place = end - parse_duration(before)
        for early in (place - timedelta(seconds=APPROACH_SECONDS), place) if crosses else (place,):
            if early > self._site.now():
                await self.move(f"to {early.isoformat()}", settles=settles)
        if crosses:
            await self._open(end, before)

    async def _open(self, expiry: datetime, before: str) -> None:
        self.expiry_ns = ns_of(expiry)
        self._unlicensed = {camera for camera in self._site.cameras if not self._is_covered(camera)}
        self._watch = Watch(self._site, self.known)
        await self._watch.open()
        if self._site.now() >= expiry:
            raise SiteError(f"the expiry came before streams were open: begin earlier than {before} before it")

    async def cross(self, seconds: float, coming: Coming) -> datetime:
        """Waits until so long after X; gives X."""
        assert self._watch is not None and self.expiry_ns is not None
        site, expiry_ns, watch = self._site, self.expiry_ns, self._watch
        until_ns = expiry_ns + round(seconds * 1e9)
        self._say(f"crossing X, {instant_of(expiry_ns).astimezone(ZONE):%Y-%m-%d %H:%M %Z}")
        wall = MonitorWatch(site)
        if any(rows.get("M1") == "works" for rows in coming.values()):
            await wall.open()
        try:
            while (left_ns := until_ns - site.now_ns()) > 0:
                await site.clock.sleep(left_ns / 1e9)
        finally:
            await wall.close()
        await self._let_downloads_end(watch, coming)
        await self.close()
        if wall.is_open:
            self._check(await wall.check(expiry_ns, until_ns, self._limits.monitor_pause_ms))
        streams = [one for one in watch.streams if one.camera not in self._unlicensed]  # the others were never open
        for check in check_cuts(streams, expiry_ns, until_ns, site.offset_ns, coming, self._limits):
            self._check(check)
        for camera, rows in coming.items():
            if rows.get("M3") == "stops" and camera not in self.lapsed:
                self.lapsed[camera] = self._ends[camera] = expiry_ns
            elif rows.get("M3") == "works":
                self.lapsed.pop(camera, None)
        return instant_of(expiry_ns)

    async def _let_downloads_end(self, watch: Watch, coming: Coming) -> None:
        """What kernels hold of an answer is read to its end: its cut shows a moment later."""
        clock = self._site.clock
        ending = [
            one for one in watch.streams if one.row == "M5" and coming.get(one.camera or "", {}).get("M5") == "stops"
        ]
        end_ns = clock.monotonic_ns() + CLOSED_MS_MAX * 10**6
        while not all(one.closed_ns for one in ending) and clock.monotonic_ns() < end_ns:
            await clock.sleep(_LOOK_SECONDS)

    async def act(self, carry_out: Callable[[], Awaitable[list[Check]]]) -> None:
        """Somebody gives or takes licences: what is known to have lapsed and is covered by it comes back at once; other
        cameras that one was given to, or taken from, have a moment to hear of it."""
        site = self._site
        late_ns = self._limits.late_ms * 10**6
        back = Return(site, {camera: since_ns + late_ns for camera, since_ns in self.lapsed.items()})
        covered = self._covered()
        try:
            asked_ns = site.clock.now_ns()
            done = await carry_out()
            answered_ns = site.clock.now_ns()
            for check in done:
                self._check(check)
            returned = [camera for camera in self.lapsed if self._is_covered(camera)]
            for check in await back.checks(returned, asked_ns, answered_ns, self._limits):
                self._check(check)
            for camera in returned:
                del self.lapsed[camera]
            if (covered ^ self._covered()) - set(returned):
                await site.clock.sleep(self._limits.restored_ms / 1000)
            for camera in set(site.cameras) - self._covered():
                self.lapsed.setdefault(camera, site.now_ns())
        finally:
            await back.close()

    def _covered(self) -> set[str]:
        return set(filter(self._is_covered, self._site.cameras))

    def _is_covered(self, camera: str) -> bool:
        return self._acts is None or self._acts.book.covered_until(camera, self._site.now()) is not None

    async def check_disk(self) -> None:
        """What X has ended on the disk: by now all that was taken before it has been written."""
        ends, self._ends = self._ends, {}
        for check in await check_disk_ends(self._site, ends, self._limits):
            self._check(check)
