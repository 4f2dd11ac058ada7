"""Secondary partners (二次店; decision 16): adding one, moving stock to it; of its business the totals only."""

from aiohttp import web

from gate.licence.stock import QUANTITY_MAX
from gate.service.operations.accounts import NewUser
from gate.service.operations.idempotency import once
from gate.service.operations.partners import NewPartner, add_partner, partners, secondary_totals
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import MoveStock, StockLine, move_stock
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go
from gate.service.portal.stock_pages import chosen_licence, stock_for
from gate.service.store.engine import Transaction
from gate.sign_in.passwords import random_password


class SecondaryPages:
    """For primary partners; adding a primary one is the operator's, with the same form."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/secondary-partners", page=self.show, door=Door.PARTNER),
            Route(method="POST", path="/secondary-partners", page=self.add, door=Door.PARTNER),
            Route(method="POST", path="/secondary-partners/stock", page=self.move, door=Door.PARTNER),
            Route(method="GET", path="/partners", page=self.show_primary, door=Door.OPERATOR),
            Route(method="POST", path="/partners", page=self.add_primary, door=Door.OPERATOR),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """Totals by secondary partner, and the two forms."""
        return await self._show(visit)

    async def add(self, visit: Visit) -> web.Response:
        """A secondary partner with its first user, whose password is mailed."""
        form = visit.form()
        outcome = await self._add(visit, form)
        return outcome or await self._show(visit, adding=form, status=form_status(form))

    async def move(self, visit: Visit) -> web.Response:
        """Stock to a secondary partner; no term begins. Sent twice it moves once."""
        form = visit.form()
        target = form.text("target")
        licence = chosen_licence(visit.typed.get("licence", ""))
        quantity = form.number("quantity", least=1, most=QUANTITY_MAX)
        if licence is None:
            form.reject("licence", visit.words("form.not_chosen"))
        if form.failed or licence is None or target is None or quantity is None:
            return await self._show(visit, moving=form, status=422)
        request = MoveStock(target=target, kind=licence[0], months=licence[1], quantity=quantity)
        async with self._site.store.begin() as tx:
            outcome = await once(
                tx,
                visit.actor,
                visit.key,
                f"stock.move {target} {licence} {quantity}",
                visit.now,
                lambda: self._move(tx, visit, request),
                write=str,
                read=str,
            )
        if isinstance(outcome, Refusal):
            form.failure = visit.said(outcome)
            return await self._show(visit, moving=form, status=outcome.status)
        return go("/secondary-partners", done="stock_moved")

    async def show_primary(self, visit: Visit) -> web.Response:
        """All partners, for the operator."""
        return await self._show_primary(visit)

    async def add_primary(self, visit: Visit) -> web.Response:
        """A primary partner with its first user."""
        form = visit.form()
        outcome = await self._add(visit, form)
        return outcome or await self._show_primary(visit, form, form_status(form))

    async def _add(self, visit: Visit, form: Form) -> web.Response | None:
        name, person, email = form.text("name"), form.text("person"), form.email("email")
        if name is None or person is None or email is None:
            return None
        password = random_password()
        user = NewUser(
            email=email,
            name=person,
            language=visit.language,
            password_hash=await self._site.passwords.hash(password),
            password_origin="mailed",
            password=password,
        )
        async with self._site.store.begin() as tx:
            outcome = await once(
                tx,
                visit.actor,
                visit.key,
                f"partner.add {email} {name} {person}",
                visit.now,
                lambda: self._add_partner(tx, visit, NewPartner(name=name, user=user)),
                write=str,
                read=str,
            )
        if isinstance(outcome, Refusal):
            form.reject("email", visit.said(outcome))
            return None
        return go(visit.request.path, done="partner_added")

    async def _add_partner(self, tx: Transaction, visit: Visit, request: NewPartner) -> str | Refusal:
        outcome = await add_partner(tx, visit.actor, request, visit.now, self._site.rules)
        return outcome if isinstance(outcome, Refusal) else outcome.id

    async def _move(self, tx: Transaction, visit: Visit, request: MoveStock) -> str | Refusal:
        outcome = await move_stock(tx, visit.actor, request, visit.now, self._site.rules)
        return outcome if isinstance(outcome, Refusal) else outcome.partner

    async def _show(
        self, visit: Visit, *, adding: Form | None = None, moving: Form | None = None, status: int = 200
    ) -> web.Response:
        if visit.viewer is None or visit.viewer.role_word != "partner":
            raise web.HTTPNotFound
        async with self._site.store.read() as tx:
            totals = await secondary_totals(tx, visit.actor)
        if isinstance(totals, Refusal):
            raise visit.refused(totals)
        return page(
            visit,
            "secondary_partners",
            section="secondary-partners",
            status=status,
            totals=totals,
            targets=[(one.partner.id, one.partner.name) for one in totals],
            stocked=[
                (f"{line.kind}-{line.months}", self._line(visit, line))
                for line in (await stock_for(visit)).lines
                if line.quantity
            ],
            adding=adding,
            moving=moving,
            most=QUANTITY_MAX,
        )

    @staticmethod
    def _line(visit: Visit, line: StockLine) -> str:
        words = visit.words
        name = words("licence.name", kind=words(f"kind.{line.kind}"), months=line.months)
        return f"{name} ({words('licences.in_stock', count=line.quantity)})"

    async def _show_primary(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        async with self._site.store.read() as tx:
            found = await partners(tx, visit.actor)
        if isinstance(found, Refusal):
            raise visit.refused(found)
        return page(
            visit,
            "partners",
            section="partners",
            status=status,
            form=form,
            partners=found,
            names={one.id: one.name for one in found},
        )


def form_status(form: Form) -> int:
    """422 for a form that is wrong."""
    return 422 if form.failed else 200
