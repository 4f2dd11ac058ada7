"""Carries a scenario out, step by step, and keeps what it shows. What time does is gate.verify.course's."""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

from gate.clock import instant_of
from gate.shared_clock.grammar import parse_duration
from gate.verify.acts import Acts
from gate.verify.browser import Browser, running_browser
from gate.verify.column import probe_column
from gate.verify.course import Coming, Course
from gate.verify.crossing import check_silence
from gate.verify.errors import UNFORESEEN, ProbeError, SiteError, VerifyError, unforeseen_text
from gate.verify.known import known_footage
from gate.verify.matrix import Cell, Check, Expected, Row
from gate.verify.outcome import Outcome, Screen, StepDone, Witness
from gate.verify.own_site import running_site
from gate.verify.probes.bench import Bench
from gate.verify.scenario import Scenario
from gate.verify.site import Site
from gate.verify.steps import Assertion, Fault, Step
from gate.verify.together import together

RUN_APART_NS = 5 * 10**9
"""A run at a site that somebody else may just have looked at begins with another kind of event."""
RECORDER = "recorder"
"""Whose clock is set wrong, as the site's clock knows it."""


async def run_scenario(
    scenario: Scenario, file: Path, pictures: Path, witness: Witness, *, with_browser: bool = False
) -> Outcome:
    """The outcome, its trouble included. `with_browser`: pictures of the web app, too, where there is a Chromium.
    Raises SiteError if the site cannot even be started."""
    with tempfile.TemporaryDirectory(prefix="edge-verify-") as folder:
        root = Path(folder)
        outcome = Outcome(
            scenario=scenario.name,
            file=str(file),
            source=await asyncio.to_thread(file.read_text, encoding="utf-8"),
            pictures=pictures.name,
            given=scenario.given.model_dump(),
            limits=scenario.limits.model_dump(),
        )
        async with contextlib.AsyncExitStack() as stack:
            site = await stack.enter_async_context(running_site(root, scenario.given, root / "site.log", witness.step))
            browser = await stack.enter_async_context(running_browser(site.clock)) if with_browser else None
            acts = Acts(site, scenario.given, site.people)
            await Run(scenario, site, acts, pictures, witness, outcome, browser).all()
        return outcome


class Run:
    """One scenario on one site. `acts`: None where the site's licences are not the verifier's to give. `browser`: shows
    the web app after each column but one before X, when there is no time for it."""

    def __init__(
        self,
        scenario: Scenario,
        site: Site,
        acts: Acts | None,
        pictures: Path,
        witness: Witness,
        outcome: Outcome,
        browser: Browser | None = None,
    ) -> None:
        self._scenario = scenario
        self._site = site
        self._acts = acts
        self._pictures = pictures
        self._witness = witness
        self._outcome = outcome
        self._browser = browser
        self._bench: Bench | None = None
        self._course = Course(site, scenario.limits, acts, self._check, witness.step)
        self._number = 0
        self._unlicensed_tokens: list[str] = []
        self._away = contextlib.AsyncExitStack()
        self._service_on = True
        self._clock_right = True

    async def all(self) -> None:
        """Every step, in order; the outcome says what came of it, trouble included."""
        clock, outcome = self._site.clock, self._outcome
        outcome.began, began_ns = clock.now().isoformat(timespec="milliseconds"), clock.monotonic_ns()
        try:
            await self._begin()
            for number, step in enumerate(self._scenario.steps, 1):
                await self._carry_out(step, number)
            if self._unlicensed_tokens and not self._course.lapsed:
                self._check(await check_silence(self._site, self._unlicensed_tokens))
        except VerifyError as error:
            self._leave_out(str(error))
        except UNFORESEEN as error:
            self._leave_out(unforeseen_text(error))
        finally:
            await self._course.close()
            await self._away.aclose()
            if not self._clock_right:
                with contextlib.suppress(SiteError):
                    await self._set_clock("restore")
            if self._bench is not None:
                await self._bench.clear()
        outcome.ended = clock.now().isoformat(timespec="milliseconds")
        outcome.seconds = round((clock.monotonic_ns() - began_ns) / 1e9, 3)

    async def _begin(self) -> None:
        site = self._site
        self._witness.step("waiting for footage to compare with")
        wanted = {step.check.camera or site.cameras[0] for step in self._scenario.steps if step.check is not None}
        found = await together(*(known_footage(site, camera) for camera in sorted(wanted)))
        knowns = [known for known in found if known is not None]
        if self._acts is not None:
            await self._course.act(self._acts.make_given)
        self._course.known = knowns[0] if knowns else None
        first = 0 if self._acts is not None else site.clock.now_ns() // RUN_APART_NS
        self._bench = Bench(
            site=site, limits=self._scenario.limits, knowns={known.camera: known for known in knowns},
            pictures=self._pictures, cameras=site.cameras, number=first,
        )  # fmt: skip

    async def _carry_out(self, step: Step, number: int) -> None:
        """A step, and its entry in the outcome, however it ends."""
        site = self._site
        self._number = number
        self._witness.begin(number, len(self._scenario.steps))
        began, began_ns = site.now(), site.clock.monotonic_ns()
        try:
            await self._do(step)
        finally:
            kind, argument = next(iter(step.model_dump(mode="json", by_alias=True, exclude_none=True).items()))
            done = StepDone(
                number=number,
                kind=kind,
                argument=argument,
                began=began.isoformat(timespec="milliseconds"),
                ended=site.now().isoformat(timespec="milliseconds"),
                seconds=round((site.clock.monotonic_ns() - began_ns) / 1e9, 3),
            )
            self._outcome.steps.append(done)

    async def _do(self, step: Step) -> None:
        course, settles = self._course, self._service_on
        if step.check is not None:
            await self._assert(step.check)
        elif step.needs_service:
            await self._act(step)
        elif step.cross is not None:
            crossed = await course.cross(parse_duration(step.cross).total_seconds(), self._coming())
            self._outcome.crossings.append(crossed.isoformat(timespec="milliseconds"))
        elif step.to_expiry is not None or step.to_end is not None:
            crosses = self._scenario.crosses(self._number)
            if step.to_end is not None:
                await course.to_end(step.to_end, crosses=crosses, settles=settles)
            else:
                await course.approach(str(step.to_expiry), crosses=crosses, settles=settles)
            if course.expiry_ns is not None:
                self._outcome.expiry = instant_of(course.expiry_ns).isoformat(timespec="milliseconds")
        elif step.service is not None:
            await self._set_service(step.service == "online")
        elif step.clock is not None:
            await self._set_clock(step.clock)
        elif step.fault is not None:
            await self._begin_fault(step.fault)
        else:
            text = f"advance {step.advance}" if step.advance is not None else f"to {step.to}"
            await course.move(text, settles=settles)

    async def _act(self, step: Step) -> None:
        acts = self._acts
        if acts is None:
            await self._renew(step)
            return
        self._witness.step(acts.told(step))
        await self._course.act(lambda: acts.carry_out(step))

    async def _renew(self, step: Step) -> None:
        """Where no account is kept of licences, nothing else can be done with them."""
        if (renewal := step.renew) is None:
            raise SiteError(f"{step.name} needs a site of the verifier's own: licences are not its to give here")
        self._witness.step(f"allocating {len(self._site.cameras)} licences of {renewal.months} months")
        await self._course.act(lambda: self._site.renew(renewal.months))

    async def _set_service(self, is_on: bool) -> None:
        self._witness.step(f"the licence service goes {'online' if is_on else 'offline'}")
        self._service_on = is_on
        if is_on:
            await self._away.aclose()
            await self._course.settle()
        else:
            await self._away.enter_async_context(self._site.service_stopped())

    async def _set_clock(self, setting: str) -> None:
        words = setting.split()
        self._clock_right = len(words) == 1
        self._witness.step(f"the recorder's clock is {'right again' if len(words) == 1 else ' '.join(words)}")
        await self._site.step(f"right {RECORDER}" if len(words) == 1 else f"wrong {words[1]} {words[2]} {RECORDER}")

    async def _begin_fault(self, fault: Fault) -> None:
        self._witness.step(f"fault of {fault.camera}: {fault.kind} for {fault.lasts}")
        await self._site.begin_fault(fault.camera, fault.kind, parse_duration(fault.lasts).total_seconds())

    async def _assert(self, assertion: Assertion) -> None:
        assert self._bench is not None
        expected = self._scenario.expected(assertion)
        self._witness.step(f"looking: {assertion.column}")
        self._witness.column(assertion.column, expected)
        before = instant_of(self._course.expiry_ns) if self._course.expiry_ns is not None else None
        cameras = (assertion.camera,) if assertion.camera is not None else self._site.cameras
        await probe_column(self._bench, assertion.column, cameras, expected, before, self._tell)
        await self._course.check_disk()
        if self._browser is not None and before is None:
            await self._photograph(self._bench, self._browser)
        if expected.get("M8") == "stops" and any((self._site.webhook, self._site.mqtt, self._site.mail)):
            self._unlicensed_tokens.append(self._bench.happening.token)

    async def _photograph(self, bench: Bench, browser: Browser) -> None:
        """Evidence beside the probes': a page that cannot be shown is left out, and proves nothing."""
        at, address = self._site.now(), urljoin(self._site.remote(""), "/?lang=en")
        with contextlib.suppress(ProbeError):
            jpeg = await browser.shoot(address, dict(self._site.session.headers))
            screen = Screen(
                column=bench.column, at=at.isoformat(timespec="milliseconds"), picture=bench.keep("browser", jpeg)
            )
            self._outcome.screens.append(screen)

    def _coming(self) -> Coming:
        """For each camera the first column that looks at it, of those that follow each other next."""
        found: dict[str, Mapping[Row, Expected]] = {}
        for step in self._scenario.steps[self._number :]:
            if step.check is None:
                if found:
                    break
                continue
            for camera in (step.check.camera,) if step.check.camera is not None else self._site.cameras:
                found.setdefault(camera, self._scenario.expected(step.check))
        return found

    def _tell(self, cell: Cell) -> None:
        self._outcome.cells.append(cell)
        self._witness.cell(cell)

    def _check(self, check: Check) -> None:
        found = replace(check, step=self._number)
        self._outcome.checks.append(found)
        self._witness.check(found)

    def _leave_out(self, reason: str) -> None:
        """The trouble: whatever has not been seen becomes a cell that says why."""
        self._outcome.trouble = reason
        known = {(cell.column, cell.row) for cell in self._outcome.cells}
        now = self._site.now().isoformat(timespec="milliseconds")
        for check in (step.check for step in self._scenario.steps if step.check is not None):
            for row, expected in self._scenario.expected(check).items():
                if (check.column, row) not in known:
                    self._tell(Cell(row=row, column=check.column, expected=expected, seen=None, began=now, ended=now,
                                    reason=reason))  # fmt: skip
