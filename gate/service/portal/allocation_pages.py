"""割り当て in the manual's steps (R12): the kind → the customer by e-mail → the check, with dates for today or a day to
come → 割り当てる, which cannot be changed afterwards (R10)."""

from dataclasses import dataclass
from datetime import date

from aiohttp import web

from gate.licence.entitlement import Kind
from gate.licence.stock import QUANTITY_MAX
from gate.service.operations.allocation import Allocate, AllocationPreview, allocate, preview_allocation
from gate.service.operations.customers import Customer, customer, customer_by_email, customers
from gate.service.operations.idempotency import once
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.site import PageRefusedError, Site, Visit, go
from gate.service.portal.stock_pages import chosen_licence
from gate.service.store.engine import Transaction

FOUND_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the first step chose."""

    kind: Kind
    months: int
    quantity: int

    @property
    def licence(self) -> str:
        """As the form's field names it."""
        return f"{self.kind}-{self.months}"


class AllocationPages:
    """For partners."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/licences/allocate/customer", page=self.choose_customer, door=Door.PARTNER),
            Route(method="GET", path="/licences/allocate/check", page=self.check, door=Door.PARTNER),
            Route(method="POST", path="/licences/allocate", page=self.allocate, door=Door.PARTNER),
        ]

    async def choose_customer(self, visit: Visit) -> web.Response:
        """Step 2: an e-mail address, or a part of it; one of those found is chosen."""
        choice = self._choice(visit, visit.query)
        form = Form(visit.words, visit.query)
        email = visit.query.get("email", "").strip().lower()[:200]
        found = await self._found(visit, form, email) if email else []
        return page(
            visit,
            "allocate_customer",
            section="licences",
            status=404 if email and not found else 200,
            form=form if email else None,
            choice=choice,
            found=found[:FOUND_MAX],
            more=len(found) > FOUND_MAX,
        )

    async def _found(self, visit: Visit, form: Form, email: str) -> list[Customer]:
        async with self._site.store.read() as tx:
            found = await customers(tx, visit.actor, visit.now, self._site.rules, search=email, limit=FOUND_MAX + 1)
            if isinstance(found, Refusal):
                raise visit.refused(found)
            if not found:
                nobody = await customer_by_email(tx, visit.actor, email, visit.now)
                if isinstance(nobody, Refusal):
                    form.reject("email", visit.said(nobody))
        return found

    async def check(self, visit: Visit) -> web.Response:
        """Step 3: what it would give, today or on another day. Nothing changes."""
        choice = self._choice(visit, visit.query)
        return await self._check(visit, choice, visit.query.get("customer", ""))

    async def allocate(self, visit: Visit) -> web.Response:
        """Step 4: irrevocable. Sent twice it allocates once."""
        choice = self._choice(visit, visit.typed)
        chosen = visit.typed.get("customer", "")
        form = visit.form()
        if not form.flag("sure"):
            form.reject("sure", visit.words("allocate.sure.needed"))
            return await self._check(visit, choice, chosen, form, 422)
        request = Allocate(customer=chosen, kind=choice.kind, months=choice.months, quantity=choice.quantity)
        async with self._site.store.begin() as tx:
            outcome = await once(
                tx,
                visit.actor,
                visit.key,
                f"allocation {chosen} {choice.licence} {choice.quantity}",
                visit.now,
                lambda: self._allocate(tx, visit, request),
                write=str,
                read=str,
            )
        if isinstance(outcome, Refusal):
            form.failure = visit.said(outcome)
            return await self._check(visit, choice, chosen, form, outcome.status)
        return go("/history", customer=chosen, done="allocated")

    async def _allocate(self, tx: Transaction, visit: Visit, request: Allocate) -> str | Refusal:
        outcome = await allocate(tx, visit.actor, request, visit.now, self._site.rules)
        return outcome if isinstance(outcome, Refusal) else str(outcome.stock_left)

    async def _check(
        self, visit: Visit, choice: Choice, chosen: str, form: Form | None = None, status: int = 200
    ) -> web.Response:
        rules, now, actor = self._site.rules, visit.now, visit.actor
        request = Allocate(customer=chosen, kind=choice.kind, months=choice.months, quantity=choice.quantity)
        on, asked = None, form or Form(visit.words, visit.query)
        if visit.query.get("on"):
            on = asked.day("on")
        async with self._site.store.read() as tx:
            found = await customer(tx, actor, chosen, now, rules)
            if not isinstance(found, Customer):
                raise visit.refused(found)
            today = await self._preview(tx, visit, request, None)
            later = await preview_allocation(tx, actor, request, on, now, rules) if on else None
        if isinstance(later, Refusal):
            asked.reject("on", visit.said(later))
            later = None
        advised = _advised_day(today)
        return page(
            visit,
            "allocate_check",
            section="licences",
            status=422 if asked.error("on") and status == 200 else status,
            form=asked,
            choice=choice,
            customer=found,
            today=today,
            later=later,
            on=on,
            advised=advised,
            suggested=on or advised or today.preview.term.allocated_on,
            short=today.stock_left < choice.quantity,
        )

    async def _preview(self, tx: Transaction, visit: Visit, request: Allocate, on: date | None) -> AllocationPreview:
        outcome = await preview_allocation(tx, visit.actor, request, on, visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return outcome

    def _choice(self, visit: Visit, fields: object) -> Choice:
        """Step 1's choice, carried along; whatever is not offered goes back to step 1."""
        form = Form(visit.words, fields)  # type: ignore[arg-type]
        licence = chosen_licence(form.value("licence"))
        quantity = form.number("quantity", least=1, most=QUANTITY_MAX)
        if licence is None or licence[1] not in self._site.rules.terms_months:
            raise PageRefusedError(status=422, text=visit.words("allocate.no_licence"))
        if quantity is None:
            raise PageRefusedError(status=422, text=form.error("quantity"))
        return Choice(kind=licence[0], months=licence[1], quantity=quantity)


def _advised_day(today: AllocationPreview) -> date | None:
    """A day on which nothing would burn, if today some would (R8). From the overlap, never from a number of days."""
    shown = today.preview
    if shown.renewal is None or shown.unburnt_from is None or shown.renewal.burnt_days == 0:
        return None
    return shown.unburnt_from
