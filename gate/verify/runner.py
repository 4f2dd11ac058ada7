"""Carries a scenario out on a clean site. X is never jumped over: ten seconds before it time flows as it does."""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gate.clock import instant_of, ns_of
from gate.shared_clock.grammar import parse_duration
from gate.verify.column import probe_column
from gate.verify.crossing import Return, check_cuts, check_disk_ends, check_silence, check_term
from gate.verify.errors import SiteError, VerifyError
from gate.verify.matrix import Cell, Check, Expected, Row
from gate.verify.outcome import Outcome, StepDone, Witness
from gate.verify.own_site import running_site
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import Bench, KnownFootage
from gate.verify.probes.recorded import newest_marks
from gate.verify.scenario import Assertion, Renewal, Scenario, Step
from gate.verify.site import Site
from gate.verify.terms import term_of
from gate.verify.watch import Watch

KNOWN_SECONDS = 5
KNOWN_WITHIN_SECONDS = 90.0
SETTLE_SECONDS = 20.0
STALE = "STALE"
APPROACH_SECONDS = 3600
"""An expiry is approached in two steps: first to so long before the place, so that the site is settled there."""
_ZONE = ZoneInfo("Asia/Tokyo")
_LOOK_SECONDS = 0.2


async def run_scenario(scenario: Scenario, file: Path, pictures: Path, witness: Witness) -> Outcome:
    """The outcome, its trouble included. Raises SiteError if the site cannot even be started."""
    with tempfile.TemporaryDirectory(prefix="edge-verify-") as folder:
        root = Path(folder)
        outcome = Outcome(
            scenario=scenario.name,
            file=str(file),
            source=await asyncio.to_thread(file.read_text, encoding="utf-8"),
            given=scenario.given.model_dump(),
            limits=scenario.limits.model_dump(),
        )
        async with contextlib.AsyncExitStack() as stack:
            site = await stack.enter_async_context(running_site(root, scenario.given, root / "site.log", witness.step))
            outcome.began, began_ns = site.clock.now().isoformat(timespec="milliseconds"), site.clock.monotonic_ns()
            run = _Run(scenario, site, pictures, witness, outcome)
            try:
                await run.all()
            except VerifyError as error:
                outcome.trouble = str(error)
                run.leave_out(str(error))
            outcome.ended = site.clock.now().isoformat(timespec="milliseconds")
            outcome.seconds = round((site.clock.monotonic_ns() - began_ns) / 1e9, 3)
        return outcome


class _Run:
    def __init__(self, scenario: Scenario, site: Site, pictures: Path, witness: Witness, outcome: Outcome) -> None:
        self._scenario = scenario
        self._site = site
        self._pictures = pictures
        self._witness = witness
        self._outcome = outcome
        self._bench: Bench | None = None
        self._watch: Watch | None = None
        self._number = 0
        self._expiry_ns: int | None = None
        self._lapsed_ns: int | None = None
        self._disk_checked = False
        self._lapsed_tokens: list[str] = []

    async def all(self) -> None:
        """Every step, in order. Raises VerifyError."""
        self._witness.step("waiting for footage to compare with")
        site, given = self._site, self._scenario.given
        formula = [term_of(site.now(), given.months, _ZONE).expiry]
        self._check(check_term("term of the first licences", await site.licences.ends(), formula))
        known = await self._known_footage()
        self._bench = Bench(site=site, limits=self._scenario.limits, known=known, pictures=self._pictures)
        try:
            for at, step in enumerate(self._scenario.steps):
                await self._carry_out(step, at + 1)
        finally:
            if self._watch is not None:
                await self._watch.close()
        if self._lapsed_tokens and self._lapsed_ns is None:
            self._check(check_silence(site, self._lapsed_tokens))

    async def _carry_out(self, step: Step, number: int) -> None:
        """A step, and its entry in the outcome, however it ends."""
        site = self._site
        self._number = number
        self._witness.begin(number, len(self._scenario.steps))
        began, began_ns = site.now(), site.clock.monotonic_ns()
        try:
            await self._do(step, self._next_expected(number - 1))
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

    def leave_out(self, reason: str) -> None:
        """Whatever has not been seen becomes a cell that says why."""
        known = {(cell.column, cell.row) for cell in self._outcome.cells}
        for step in self._scenario.steps:
            for row, expected in step.check.expected.items() if step.check is not None else ():
                if step.check is not None and (step.check.column, row) not in known:
                    now = self._site.now().isoformat(timespec="milliseconds")
                    cell = Cell(row=row, column=step.check.column, expected=expected, seen=None, began=now, ended=now,
                                reason=reason)  # fmt: skip
                    self._outcome.cells.append(cell)
                    self._witness.cell(cell)

    def _next_expected(self, at: int) -> Mapping[Row, Expected]:
        later = (step.check for step in self._scenario.steps[at + 1 :] if step.check is not None)
        return next((check.expected for check in later), {})

    async def _do(self, step: Step, coming: Mapping[Row, Expected]) -> None:
        if step.check is not None:
            await self._assert(step.check)
        elif step.renew is not None:
            await self._renew(step.renew)
        elif step.cross is not None:
            await self._cross(parse_duration(step.cross).total_seconds(), coming)
        elif step.to_expiry is not None:
            await self._approach(step.to_expiry)
        else:
            await self._move(f"advance {step.advance}" if step.advance is not None else f"to {step.to}")

    async def _move(self, text: str) -> None:
        self._witness.step(text)
        if self._watch is not None:
            await self._watch.close()
        self._watch, self._expiry_ns = None, None
        await self._site.step(text)
        await self._settle()

    async def _settle(self) -> None:
        """After months at one step a recorder has not heard from its service for too long, until it has asked again."""
        site = self._site
        end_ns = site.clock.monotonic_ns() + round(SETTLE_SECONDS * 1e9)
        while (await ask(site, site.remote("device"))).denial == STALE and site.clock.monotonic_ns() < end_ns:
            await site.clock.sleep(_LOOK_SECONDS)

    async def _approach(self, before: str) -> None:
        ahead = parse_duration(before).total_seconds() + APPROACH_SECONDS
        await self._site.step("show")
        if (self._site.expiry - self._site.now()).total_seconds() > ahead:
            await self._move(f"to-expiry --before {ahead:g}s")
        await self._move(f"to-expiry --before {before}")
        expiry = self._site.expiry
        self._expiry_ns = ns_of(expiry)
        self._outcome.expiry = expiry.isoformat(timespec="milliseconds")
        self._watch = Watch(self._site)
        await self._watch.open()
        if self._site.now() >= expiry:
            raise SiteError(f"the expiry came before streams were open: begin earlier than {before} before it")

    async def _cross(self, seconds: float, coming: Mapping[Row, Expected]) -> None:
        assert self._watch is not None and self._expiry_ns is not None
        site, expiry_ns = self._site, self._expiry_ns
        self._witness.step(f"crossing X, {instant_of(expiry_ns).astimezone(_ZONE):%Y-%m-%d %H:%M %Z}")
        while (left_ns := expiry_ns + round(seconds * 1e9) - site.now_ns()) > 0:
            await site.clock.sleep(left_ns / 1e9)
        await self._watch.close()
        self._outcome.crossings.append(instant_of(expiry_ns).isoformat(timespec="milliseconds"))
        limits = self._scenario.limits
        for check in check_cuts(self._watch.streams, expiry_ns, site.offset_ns, coming, limits):
            self._check(check)
        self._watch, self._expiry_ns = None, None
        if coming.get("M3") == "stops":
            self._lapsed_ns, self._disk_checked = expiry_ns, False

    async def _renew(self, renewal: Renewal) -> None:
        self._witness.step("allocating licences")
        site, lapsed_ns = self._site, self._lapsed_ns
        back = Return(site, lapsed_ns or 0)
        watching = asyncio.create_task(back.live()) if lapsed_ns is not None else None
        try:
            formula = [term_of(site.now(), renewal.months, _ZONE).expiry]
            asked_ns = site.clock.now_ns()
            answer = await site.licences.allocate(months=renewal.months, quantity=len(site.cameras))
            answered_ns = site.clock.now_ns()
            ends = [datetime.fromisoformat(one["term"]["ends"]) for one in answer["licences"]]
            self._check(check_term(f"term of the licences for {renewal.months} months", ends, formula))
            if watching is not None:
                await watching
                for check in await back.checks(asked_ns, answered_ns, self._scenario.limits):
                    self._check(check)
            self._lapsed_ns = None
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _assert(self, assertion: Assertion) -> None:
        assert self._bench is not None
        self._witness.step(f"looking: {assertion.column}")
        self._witness.column(assertion.column, assertion.expected)
        before = instant_of(self._expiry_ns) if self._expiry_ns is not None else None

        def tell(cell: Cell) -> None:
            self._outcome.cells.append(cell)
            self._witness.cell(cell)

        await probe_column(self._bench, assertion.column, assertion.expected, before, tell)
        if self._lapsed_ns is not None and not self._disk_checked:  # by now all that was taken before has been written
            self._disk_checked = True
            for check in await check_disk_ends(self._site, self._lapsed_ns):
                self._check(check)
        if assertion.expected.get("M8") == "stops":
            self._lapsed_tokens.append(self._bench.happening.token)

    def _check(self, check: Check) -> None:
        found = replace(check, step=self._number)
        self._outcome.checks.append(found)
        self._witness.check(found)

    async def _known_footage(self) -> KnownFootage:
        """The first camera's newest KNOWN_SECONDS without a hole, drawn as they should be. Raises SiteError."""
        site = self._site
        wanted = KNOWN_SECONDS * site.fps
        try:
            async with site.clock.timeout(KNOWN_WITHIN_SECONDS):
                while True:
                    marks = (await asyncio.to_thread(newest_marks, site.footage, site.cameras[0]))[-wanted:]
                    whole = len(marks) == wanted and marks[-1].number - marks[0].number == wanted - 1
                    if whole and all(mark.state != "filler" for mark in marks):
                        return KnownFootage(
                            camera=site.cameras[0], marks=marks, fps=site.fps, loop_pictures=site.loop_pictures
                        )
                    await site.clock.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise SiteError(
                f"{site.cameras[0]} has not recorded {KNOWN_SECONDS} whole seconds within {KNOWN_WITHIN_SECONDS:.0f} s"
            ) from None
