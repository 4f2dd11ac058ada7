"""割り当て履歴 (R11): what has happened to licences, with a filter, and as CSV."""

import csv
import io

from aiohttp import web

from gate.licence.facts import (
    CameraRegistered,
    CameraRemoved,
    CustomerAdded,
    DeviceRegistered,
    DeviceRemoved,
    Fact,
    HoldCleared,
    HoldSet,
    LicenceAllocated,
    LicenceAssignedAutomatically,
    LicenceBound,
    LicenceRevoked,
    LicenceTransferred,
    LicenceUnbound,
    PartnerRegistered,
    StockMoved,
    StockPurchased,
    TermFixed,
)
from gate.service.operations.customers import Customer, customer
from gate.service.operations.history import HistoryLine, history
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.listing import LINES, Slice, number_in
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit
from gate.service.store.engine import Transaction

GROUPS: dict[str, tuple[type[Fact], ...]] = {
    "allocated": (LicenceAllocated, LicenceAssignedAutomatically),
    "stock": (StockPurchased, StockMoved),
    "bindings": (LicenceBound, LicenceUnbound, LicenceTransferred, TermFixed, HoldSet, HoldCleared),
    "revoked": (LicenceRevoked,),
    "devices": (DeviceRegistered, DeviceRemoved, CameraRegistered, CameraRemoved),
    "people": (PartnerRegistered, CustomerAdded),
}
CSV_LINES_MAX = 10_000
CSV_BATCH = 200
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""


class HistoryPages:
    """For partners and customers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/history", page=self.show, door=Door.READERS),
            Route(method="GET", path="/history.csv", page=self.as_csv, door=Door.READERS),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """The newest first."""
        before = number_in(visit, "before")
        async with self._site.store.read() as tx:
            found = await self._lines(tx, visit, before, LINES + 1)
            whom = await self._customer(tx, visit)
        lines = Slice.of(found, visit, next_of=lambda last: {"before": last.seq}, first=before is None)
        return page(
            visit,
            "history",
            section="history",
            lines=lines,
            groups=tuple(GROUPS),
            group=_group(visit),
            customer=whom,
        )

    async def as_csv(self, visit: Visit) -> web.Response:
        """The same lines for a spreadsheet: UTF-8 with a mark, at most CSV_LINES_MAX; what could be taken for a formula
        is quoted."""
        out = io.StringIO()
        writer = csv.writer(out)
        columns = ("seq", "at", "what", "customer", "email", "licence", "kind", "months", "quantity", "last_day", "by")
        writer.writerow([visit.words(f"history.csv.{column}") for column in columns])
        before: int | None = None
        async with self._site.store.read() as tx:
            for _ in range(CSV_LINES_MAX // CSV_BATCH):
                found = await self._lines(tx, visit, before, CSV_BATCH)
                writer.writerows([_safe(cell) for cell in self._cells(visit, line)] for line in found)
                if len(found) < CSV_BATCH:
                    break
                before = found[-1].seq
        return web.Response(
            body=out.getvalue().encode("utf-8-sig"),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": 'attachment; filename="history.csv"'},
        )

    async def _lines(self, tx: Transaction, visit: Visit, before: int | None, limit: int) -> list[HistoryLine]:
        group = _group(visit)
        kinds = frozenset(fact.__name__ for fact in GROUPS[group]) if group else None
        found = await history(
            tx,
            visit.actor,
            visit.now,
            self._site.rules,
            customer=visit.query.get("customer") or None,
            kinds=kinds,
            before=before,
            limit=limit,
        )
        if isinstance(found, Refusal):
            raise visit.refused(found)
        return found

    async def _customer(self, tx: Transaction, visit: Visit) -> Customer | None:
        asked = visit.query.get("customer")
        if not asked:
            return None
        found = await customer(tx, visit.actor, asked, visit.now, self._site.rules)
        return found if isinstance(found, Customer) else None

    def _cells(self, visit: Visit, line: HistoryLine) -> list[object]:
        fact, term = line.fact, getattr(line.fact, "term", None)
        return [
            line.seq,
            fact.at.astimezone(self._site.rules.zone).isoformat(timespec="seconds"),
            visit.words(f"fact.{type(fact).__name__}"),
            line.customer_name or "",
            line.customer_email or "",
            getattr(fact, "licence", ""),
            getattr(fact, "kind", ""),
            getattr(fact, "months", ""),
            getattr(fact, "quantity", ""),
            term.last_day.isoformat() if term else "",
            line.actor_name,
        ]


def _group(visit: Visit) -> str:
    group = visit.query.get("group", "")
    return group if group in GROUPS else ""


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_DANGEROUS) else cell
