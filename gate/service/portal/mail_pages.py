"""The mail log of partners and customers, and the built-in mailbox's page."""

import ipaddress

from aiohttp import web

from gate.config_fields import host_is_loopback
from gate.service.mail import mailbox
from gate.service.operations.customers import Customer, customer
from gate.service.operations.mails import mail_log, send_again
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.listing import LINES, Slice, number_in
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go


class MailPages:
    """`with_mailbox`: whether the built-in mailbox is there. Its page needs no session: it shows initial passwords to
    whoever sits at this very machine, as the mailbox itself does, and to nobody else."""

    def __init__(self, site: Site, *, with_mailbox: bool) -> None:
        self._site = site
        self._with_mailbox = with_mailbox

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        routes = [
            Route(method="GET", path="/mails", page=self.show_log, door=Door.READERS),
            Route(method="POST", path="/mails/again", page=self.again, door=Door.READERS),
        ]
        if self._with_mailbox:
            routes += [
                Route(method="GET", path="/mailbox", page=self.show_mailbox, door=Door.OPEN),
                Route(method="GET", path=r"/mailbox/{mail:\d{1,18}}", page=self.show_mail, door=Door.OPEN),
            ]
        return routes

    async def show_log(self, visit: Visit) -> web.Response:
        """What was sent and what waits, the newest first; secrets are not in it."""
        before, whom = visit.query.get("before") or None, visit.query.get("customer") or None
        named: Customer | None = None
        async with self._site.store.read() as tx:
            found = await mail_log(tx, visit.actor, customer=whom, before=before, limit=LINES + 1)
            if whom is not None:
                one = await customer(tx, visit.actor, whom, visit.now, self._site.rules)
                named = one if isinstance(one, Customer) else None
        if isinstance(found, Refusal):
            raise visit.refused(found)
        lines = Slice.of(found, visit, next_of=lambda last: {"before": last.id}, first=before is None)
        return page(visit, "mails", section="mails", lines=lines, mailbox=self._with_mailbox, customer=named)

    async def again(self, visit: Visit) -> web.Response:
        """Another round of attempts for a mail that was given up."""
        async with self._site.store.begin() as tx:
            outcome = await send_again(tx, visit.actor, visit.typed.get("mail", "")[:64], visit.now)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go("/mails", done="mail_again")

    async def show_mailbox(self, visit: Visit) -> web.Response:
        """What has come in, the newest first."""
        _only_here(visit)
        number, recipient = number_in(visit, "before"), visit.query.get("to", "").strip()[:254]
        async with self._site.store.read() as tx:
            found = await mailbox.mails(tx, before=number, recipient=recipient or None, limit=LINES + 1)
        lines = Slice.of(found, visit, next_of=lambda last: {"before": last.id}, first=number is None)
        return page(visit, "mailbox", lines=lines, to=recipient)

    async def show_mail(self, visit: Visit) -> web.Response:
        """One mail as text."""
        _only_here(visit)
        async with self._site.store.read() as tx:
            found = await mailbox.mail(tx, int(visit.request.match_info["mail"]))
        if found is None:
            raise web.HTTPNotFound
        return page(visit, "mailbox_mail", mail=found)


def _only_here(visit: Visit) -> None:
    """From this machine, and under its own name: a service that others reach hides the mailbox from them, also behind
    a proxy on this machine."""
    request = visit.request
    if not (_is_loopback(request.remote) and host_is_loopback(request.headers.get("Host"))):
        raise web.HTTPNotFound


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
