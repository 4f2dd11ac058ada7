"""The audit (監査ログ): who did what, for whom, and what was refused."""

from aiohttp import web

from gate.service.operations.audit import audit_log
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.listing import LINES, Slice, number_in
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit


class AuditPages:
    """For operators, partners and customers: each what concerns it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [Route(method="GET", path="/audit", page=self.show, door=Door.READERS)]

    async def show(self, visit: Visit) -> web.Response:
        """The newest first."""
        number, whom = number_in(visit, "before"), visit.query.get("customer") or None
        async with self._site.store.read() as tx:
            found = await audit_log(tx, visit.actor, customer=whom, before=number, limit=LINES + 1)
        if isinstance(found, Refusal):
            raise visit.refused(found)
        lines = Slice.of(found, visit, next_of=lambda last: {"before": last.id}, first=number is None)
        return page(visit, "audit", section="audit", lines=lines)
