"""ライセンス管理: a partner's stock (R2), the shop (R13), and the first of the manual's steps (R12)."""

from aiohttp import web

from gate.licence.entitlement import Kind
from gate.licence.stock import QUANTITY_MAX
from gate.service.operations.idempotency import once
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import PurchaseStock, Stock, purchase_stock, stock_of
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go
from gate.service.store.engine import Transaction

SHOP_COOKIE = "portal_shop"
KINDS: dict[str, Kind] = {"edge": "edge", "direct": "direct"}


class StockPages:
    """For partners."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/licences", page=self.show, door=Door.PARTNER),
            Route(method="POST", path="/licences/shop", page=self.close_shop, door=Door.PARTNER),
            Route(method="GET", path="/licences/purchase", page=self.show_purchase, door=Door.PARTNER),
            Route(method="POST", path="/licences/purchase", page=self.purchase, door=Door.PARTNER),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """Stock to choose from; above it, once a session, the popup of the shop."""
        return page(
            visit,
            "licences",
            section="licences",
            stock=await stock_for(visit),
            most=QUANTITY_MAX,
            chosen=chosen_licence(visit.query.get("licence", "")),
            quantity=visit.query.get("quantity", "1"),
            popup=self._may_buy(visit) and SHOP_COOKIE not in visit.request.cookies,
            may_buy=self._may_buy(visit),
        )

    async def close_shop(self, visit: Visit) -> web.Response:
        """[キャンセル] of the popup, or on to the shop."""
        response = go("/licences/purchase" if visit.typed.get("to") == "shop" else "/licences")
        response.set_cookie(SHOP_COOKIE, "closed", httponly=True, samesite="Lax", secure=visit.request.secure)
        return response

    async def show_purchase(self, visit: Visit) -> web.Response:
        """The shop, simulated."""
        return await self._shop(visit)

    async def purchase(self, visit: Visit) -> web.Response:
        """Into stock; no term begins. Sent twice it buys once."""
        form = visit.form()
        kind = form.choice("kind", KINDS)
        months = form.choice("months", [str(months) for months in self._site.rules.terms_months])
        quantity = form.number("quantity", least=1, most=QUANTITY_MAX)
        if kind is None or months is None or quantity is None:
            return await self._shop(visit, form, 422)
        request = PurchaseStock(kind=KINDS[kind], months=int(months), quantity=quantity)
        async with self._site.store.begin() as tx:
            outcome = await once(
                tx,
                visit.actor,
                visit.key,
                f"stock.purchase {kind} {months} {quantity}",
                visit.now,
                lambda: self._purchase(tx, visit, request),
                write=str,
                read=str,
            )
        if isinstance(outcome, Refusal):
            form.failure = visit.said(outcome)
            return await self._shop(visit, form, outcome.status)
        return go("/licences", done="purchased")

    async def _purchase(self, tx: Transaction, visit: Visit, request: PurchaseStock) -> str | Refusal:
        outcome = await purchase_stock(tx, visit.actor, request, visit.now, self._site.rules)
        return outcome if isinstance(outcome, Refusal) else outcome.partner

    async def _shop(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        if not self._may_buy(visit):
            raise web.HTTPNotFound
        return page(
            visit,
            "purchase",
            section="licences",
            status=status,
            form=form,
            stock=await stock_for(visit),
            terms=[(str(months), visit.words("months", months=months)) for months in self._site.rules.terms_months],
            most=QUANTITY_MAX,
        )

    @staticmethod
    def _may_buy(visit: Visit) -> bool:
        """A secondary partner has its licences from its primary one (decision 16)."""
        return visit.viewer is not None and visit.viewer.role_word == "partner"


async def stock_for(visit: Visit) -> Stock:
    """The stock of the viewer's partner."""
    async with visit.site.store.read() as tx:
        stock = await stock_of(tx, visit.actor, visit.site.rules)
    if isinstance(stock, Refusal):
        raise visit.refused(stock)
    return stock


def chosen_licence(text: str) -> tuple[Kind, int] | None:
    """`edge-12`: a kind and its months."""
    kind, _, months = text.partition("-")
    if kind not in KINDS or not months.isdecimal() or len(months) > 4:
        return None
    return KINDS[kind], int(months)
