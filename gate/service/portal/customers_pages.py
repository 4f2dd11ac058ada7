"""A partner's customers (お客さま): adding with a temporary or mailed password (R14, R15), searching, one customer."""

from aiohttp import web

from gate.licence.text import Language
from gate.service.operations.accounts import NewUser
from gate.service.operations.customers import (
    Customer,
    CustomerAdded,
    add_customer,
    customer,
    customers,
    rename_customer,
)
from gate.service.operations.devices import devices
from gate.service.operations.history import history
from gate.service.operations.idempotency import once
from gate.service.operations.licences import licensing
from gate.service.operations.mails import mail_log
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.listing import LINES, Slice
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go
from gate.service.store.engine import Transaction
from gate.sign_in.passwords import LENGTH_MAX, LENGTH_MIN, random_password

LATEST = 5


class CustomersPages:
    """For partners."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/customers", page=self.show_all, door=Door.PARTNER),
            Route(method="GET", path="/customers/new", page=self.show_new, door=Door.PARTNER),
            Route(method="POST", path="/customers/new", page=self.add, door=Door.PARTNER),
            Route(method="GET", path="/customers/{customer}", page=self.show, door=Door.PARTNER),
            Route(method="POST", path="/customers/{customer}/name", page=self.rename, door=Door.PARTNER),
        ]

    async def show_all(self, visit: Visit) -> web.Response:
        """The list, and what a search left of it."""
        search = visit.query.get("search", "").strip()[:200]
        after = visit.query.get("after", "")[:64]
        async with self._site.store.read() as tx:
            found = await customers(
                tx, visit.actor, visit.now, self._site.rules, search=search, after=after, limit=LINES + 1
            )
        if isinstance(found, Refusal):
            raise visit.refused(found)
        lines = Slice.of(found, visit, next_of=lambda last: {"after": last.id}, first=not after)
        return page(visit, "customers", section="customers", lines=lines, search=search)

    async def show_new(self, visit: Visit) -> web.Response:
        """The form of 「お客さまの追加」."""
        return page(visit, "customer_new", section="customers", least=LENGTH_MIN)

    async def add(self, visit: Visit) -> web.Response:
        """Sent twice it adds once; an address that is in use says so beside the field."""
        form = visit.form()
        name, email = form.text("name"), form.email("email")
        language = form.choice("language", ("ja", "en"))
        temporary: str | None = None
        if form.flag("temporary"):
            temporary = form.password("password", length_min=LENGTH_MIN, length_max=LENGTH_MAX)
        if form.failed or name is None or email is None:
            return page(visit, "customer_new", section="customers", status=422, form=form, least=LENGTH_MIN)
        password = temporary or random_password()
        request = NewUser(
            email=email,
            name=name,
            language=_language(language),
            password_hash=await self._site.passwords.hash(password),
            password_origin="temporary" if temporary else "mailed",
            password=None if temporary else password,
        )
        async with self._site.store.begin() as tx:
            added = await once(
                tx,
                visit.actor,
                visit.key,
                f"customer.add {email} {request.password_origin} {name}",
                visit.now,
                lambda: self._add(tx, visit, request),
                write=str,
                read=str,
            )
        if isinstance(added, Refusal):
            form.reject("email", visit.said(added))
            return page(visit, "customer_new", section="customers", status=added.status, form=form, least=LENGTH_MIN)
        return go(f"/customers/{added}", added="temporary" if temporary else "mailed")

    async def _add(self, tx: Transaction, visit: Visit, request: NewUser) -> str | Refusal:
        added = await add_customer(tx, visit.actor, request, visit.now, self._site.rules)
        return added.customer.id if isinstance(added, CustomerAdded) else added

    async def show(self, visit: Visit) -> web.Response:
        """One customer with everything its partner may see."""
        return await self._show(visit)

    async def rename(self, visit: Visit) -> web.Response:
        """Another name for it."""
        form = visit.form()
        name = form.text("name")
        if name is None:
            return await self._show(visit, form, 422)
        one = visit.request.match_info["customer"]
        async with self._site.store.begin() as tx:
            outcome = await rename_customer(tx, visit.actor, one, name, visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go(f"/customers/{one}", done="renamed")

    async def _show(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        rules, now, actor = self._site.rules, visit.now, visit.actor
        async with self._site.store.read() as tx:
            found = await customer(tx, actor, visit.request.match_info["customer"], now, rules)
            if not isinstance(found, Customer):
                raise visit.refused(found)
            holdings = await licensing(tx, actor, found.id, now, rules)
            owned = await devices(tx, actor, found.id, now, rules)
            latest = await history(tx, actor, now, rules, customer=found.id, limit=LATEST)
            mails = await mail_log(tx, actor, customer=found.id, limit=LATEST)
        for outcome in (holdings, owned, latest, mails):
            if isinstance(outcome, Refusal):
                raise visit.refused(outcome)
        return page(
            visit,
            "customer",
            section="customers",
            status=status,
            form=form,
            customer=found,
            holdings=holdings,
            devices=owned,
            latest=latest,
            mails=mails,
            added=visit.query.get("added", "") if visit.query.get("added") in ("temporary", "mailed") else "",
        )


def _language(name: str | None) -> Language:
    return "en" if name == "en" else "ja"
