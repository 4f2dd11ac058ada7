"""What people do at the licence service in a scenario: carried out there, and in the verifier's own book; compared."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gate.verify.book import POOL_AT_FIRST, POOL_MONTHS, Book
from gate.verify.errors import SiteError
from gate.verify.given import Given
from gate.verify.licences import ServiceRefusedError
from gate.verify.matrix import Check
from gate.verify.people import People
from gate.verify.site import Site
from gate.verify.steps import Refusable, Step
from gate.verify.terms import term_of

ZONE = ZoneInfo("Asia/Tokyo")
"""Of the sites that the verifier makes."""


class Acts:
    """On a site of the verifier's own, whose customer has had its first licences this very moment."""

    def __init__(self, site: Site, given: Given, people: People) -> None:
        self._site = site
        self._given = given
        self._people = people
        self._service = site.licences
        self.book = book = Book(given.names, ZONE, respect_hold=given.auto_assign.respect_hold)
        at = site.now()
        book.allocate(at, given.months, given.cameras)
        for camera in given.names:
            book.assign(at, camera, given.months)
        if given.kind == "edge":
            book.allocate(at, POOL_MONTHS, POOL_AT_FIRST)

    async def make_given(self) -> list[Check]:
        """Brings licences and stock to what the scenario says is given."""
        given = self._given
        for camera, months in given.licences.items():
            if months == "none":
                await self._release(camera)
            elif months != given.months:
                await self._allocate(months, 1)
                await self._assign(camera, months)
        for stock in given.stock:
            await self._service.set_stock(given.kind, stock.months, stock.count)
        return [await self.check_coverage("the first licences")]

    def told(self, step: Step) -> str:
        """What is done, in words."""
        if step.renew is not None:
            return f"allocating {self._given.cameras} licences of {step.renew.months} months"
        if step.allocate is not None:
            return f"allocating {step.allocate.count} licences of {step.allocate.months} months"
        return self._by_hand(step)[1]

    async def carry_out(self, step: Step) -> list[Check]:
        """One step of those that need the service. Raises VerifyError if it cannot be carried out."""
        if step.renew is not None:
            return await self._allocated(step.renew.months, self._given.cameras)
        if step.allocate is not None:
            wanted, order = step.allocate, f"allocation of {step.allocate.count} × {step.allocate.months} months"
            if wanted.refused:
                refusal = await _refused(order, lambda: self._order(wanted.months, wanted.count))
                return [refusal, await self.check_coverage(f"{order}, refused")]
            return await self._allocated(wanted.months, wanted.count)
        act, what, by_the_rules = self._by_hand(step)
        wish: Refusable = getattr(step, step.name)
        if wish.refused:
            return [await _refused(what, act), await self.check_coverage(f"{what}, refused")]
        by_the_rules(self._site.now())
        await act()
        return [await self.check_coverage(what)]

    def _by_hand(self, step: Step) -> tuple[Callable[[], Awaitable[None]], str, Callable[[datetime], None]]:
        """What is done, its name, and what the book makes of it."""
        book = self.book
        if (one := step.assign) is not None:
            given = f"a licence of {one.months} months for {one.camera}"
            return (
                lambda: self._bind(one.camera, one.months), given, lambda at: book.assign(at, one.camera, one.months)
            )  # fmt: skip
        if (move := step.move) is not None:
            by = "the partner as its customer" if move.by == "proxy" else "the customer"
            return (
                lambda: self._transfer(move.source, move.target, by_proxy=move.by == "proxy"),
                f"licence of {move.source} moved to {move.target} by {by}",
                lambda at: book.move(at, move.source, move.target),
            )
        if (freed := step.release) is not None:
            return (
                lambda: self._unbind(freed.camera), f"licence of {freed.camera} released",
                lambda at: book.release(at, freed.camera),
            )  # fmt: skip
        held = step.hold
        assert held is not None
        return (
            lambda: self._set_hold(held.camera, held.held),
            f"{held.camera} {'held' if held.held else 'not held any more'}",
            lambda at: book.hold(held.camera, held.held),
        )

    async def check_coverage(self, after: str) -> Check:
        """That every camera is covered, to its end, as the verifier's own book has it."""
        now = self._site.now()
        found = {one["key"]["camera"]: one["covered_until"] for one in (await self._service.licensing())["cameras"]}
        told = {camera: _instant(found.get(camera)) for camera in self._given.names}
        rules = {camera: self.book.covered_until(camera, now) for camera in self._given.names}
        evidence = {"found": _texts(told), "by_the_rules": _texts(rules)}
        ends = ", ".join(f"{camera} {_day(end)}" for camera, end in rules.items())
        text = f"each camera is covered as the rules say: {ends}"
        return Check(name=f"licences after: {after}", row=None, holds=told == rules, text=text, evidence=evidence)

    def check_expiries(self, expiries: Mapping[str, datetime]) -> Check:
        """That the recorder expects each camera's end where the verifier's own book has it, automatic assignment
        included."""
        rules = self.book.foreseen(self._site.now())
        evidence = {"found": _texts(dict(expiries)), "by_the_rules": _texts(dict(rules))}
        text = "the recorder has been told the ends that the rules give"
        return Check(name="expiry", row=None, holds=dict(expiries) == rules, text=text, evidence=evidence)

    async def _allocated(self, months: int, count: int) -> list[Check]:
        """With the term, and what it burns or gains, by the verifier's own arithmetic."""
        preview = await self._service.preview(self._given.kind, months)
        old = preview["renews"]
        before, at = self._site.now(), self._site.now
        answer = await self._order(months, count)
        self.book.allocate(at(), months, count)
        terms = [term_of(moment, months, ZONE) for moment in (before, at())]
        ends = [datetime.fromisoformat(one["term"]["ends"]) for one in answer["licences"]]
        formula = [term.expiry for term in terms]
        checks = [check_term(f"term of the licences for {months} months", ends, formula)]
        ended = datetime.fromisoformat(old["term"]["ends"]) if old is not None else before
        if ended > before and preview["renewal"] is not None:
            burnt = [max(0, (ended - term.free_until).days) for term in terms]
            found = preview["renewal"]["burnt_days"]
            checks.append(
                Check(
                    name="days burnt by the renewal", row=None, holds=found in burnt,
                    text=f"{found} days of the licence that lasts {_day(ended)} are burnt, as by the formula",
                    evidence={"found_days": found, "formula_days": burnt},
                )
            )  # fmt: skip
        return [*checks, await self.check_coverage(f"{count} × {months} months allocated")]

    async def _order(self, months: int, count: int) -> dict[str, Any]:
        return await self._service.allocate(kind=self._given.kind, months=months, quantity=count)

    async def _allocate(self, months: int, count: int) -> None:
        await self._order(months, count)
        self.book.allocate(self._site.now(), months, count)

    async def _assign(self, camera: str, months: int) -> None:
        await self._bind(camera, months)
        self.book.assign(self._site.now(), camera, months)

    async def _release(self, camera: str) -> None:
        await self._unbind(camera)
        self.book.release(self._site.now(), camera)

    async def _bind(self, camera: str, months: int) -> None:
        known = await self._service.licensing()
        lines = [line["licence"] for line in known["licences"] if line["state"] == "spare"]
        fitting = sorted((one for one in lines if one["months"] == months), key=lambda one: str(one["term"]["ends"]))
        if not fitting:
            raise SiteError(f"there is no licence of {months} months in the customer's pool for {camera}")
        device = _key(known, camera)["device"]
        async with self._people.as_customer() as customer:
            await customer.act(f"licences/{fitting[0]['id']}/bind", {"device": device, "camera": camera})

    async def _transfer(self, source: str, target: str, *, by_proxy: bool) -> None:
        known = await self._service.licensing()
        content = {"device": _key(known, target)["device"], "camera": target}
        path = f"licences/{_licence_of(known, source)}/transfer"
        async with (
            self._people.as_proxy(await self._service.customer()) if by_proxy else self._people.as_customer()
        ) as customer:
            await customer.act(path, content)

    async def _unbind(self, camera: str) -> None:
        licence = _licence_of(await self._service.licensing(), camera)
        async with self._people.as_customer() as customer:
            await customer.act(f"licences/{licence}/unbind", {})

    async def _set_hold(self, camera: str, held: bool) -> None:
        device = _key(await self._service.licensing(), camera)["device"]
        async with self._people.as_customer() as customer:
            await customer.act(f"devices/{device}/cameras/{camera}/hold", {"held": held}, method="PUT")


def check_term(name: str, found: list[datetime], formula: list[datetime]) -> Check:
    """That licences end where the manual's formula says (either instant: the day may have changed meanwhile). Pure."""
    holds = bool(found) and all(end in formula for end in found)
    evidence = {"found": [end.isoformat() for end in found], "formula": [end.isoformat() for end in formula]}
    return Check(name=name, row=None, holds=holds, text="they end where the manual's formula says", evidence=evidence)


async def _refused(what: str, act: Callable[[], Awaitable[Any]]) -> Check:
    name = f"refused: {what}"
    try:
        await act()
    except ServiceRefusedError as error:
        return Check(name=name, row=None, holds=True, text=str(error), evidence={"code": error.code})
    return Check(name=name, row=None, holds=False, text="it was not refused")


def _key(known: Mapping[str, Any], camera: str) -> Mapping[str, Any]:
    return _camera(known, camera)["key"]  # type: ignore[no-any-return]


def _licence_of(known: Mapping[str, Any], camera: str) -> str:
    licence = _camera(known, camera)["licence"]
    if licence is None:
        raise SiteError(f"{camera} has no licence now")
    return str(licence)


def _camera(known: Mapping[str, Any], camera: str) -> Mapping[str, Any]:
    for one in known["cameras"]:
        if one["key"]["camera"] == camera:
            return one  # type: ignore[no-any-return]
    raise SiteError(f"the licence service knows no camera {camera}")


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _texts(instants: Mapping[str, datetime | None]) -> dict[str, str | None]:
    return {name: at.astimezone(ZONE).isoformat() if at is not None else None for name, at in instants.items()}


def _day(end: datetime | None) -> str:
    return "not covered" if end is None else f"to {end.astimezone(ZONE):%Y-%m-%d %H:%M}"
