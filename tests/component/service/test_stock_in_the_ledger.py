"""Stock: bought, moved, never another's, and on its way begins no term (R2, decision 16)."""

from gate.service.operations.actor import Actor
from gate.service.operations.partners import secondary_totals
from gate.service.operations.stock import MoveStock, PurchaseStock, Stock, move_stock, purchase_stock, stock_of
from tests.component.service.site import OPERATOR, Site


def _edge_12(stock: Stock) -> int:
    return next(line.quantity for line in stock.lines if (line.kind, line.months) == ("edge", 12))


async def test_what_is_bought_lies_in_stock_with_every_offered_term_beside_it(site: Site) -> None:
    partner = await site.partner()
    await site.stock(partner, 5)
    await site.stock(partner, 2)
    stock = await site.do(lambda tx: stock_of(tx, partner, site.rules))
    assert {(line.kind, line.months): line.quantity for line in stock.lines} == {
        ("edge", 12): 7, ("edge", 36): 0, ("edge", 60): 0, ("direct", 12): 0, ("direct", 36): 0, ("direct", 60): 0,
    }  # fmt: skip


async def test_stock_moves_to_an_own_secondary_partner_and_the_primary_sees_totals(site: Site) -> None:
    primary = await site.partner()
    secondary = await site.partner(of=primary, name="Second")
    await site.stock(primary, 5)
    assert secondary.partner is not None
    request = MoveStock(target=secondary.partner, kind="edge", months=12, quantity=3)
    assert _edge_12(await site.do(lambda tx: move_stock(tx, primary, request, site.now, site.rules))) == 2
    assert _edge_12(await site.do(lambda tx: stock_of(tx, secondary, site.rules))) == 3
    (totals,) = await site.do(lambda tx: secondary_totals(tx, primary))
    assert (totals.partner.name, totals.customers, totals.stock, totals.licences) == ("Second", 0, 3, 0)


async def test_more_than_there_is_cannot_be_moved_nor_to_somebody_elses_partner(site: Site) -> None:
    primary, stranger = await site.partner(), await site.partner()
    secondary = await site.partner(of=primary)
    await site.stock(primary, 2)
    assert secondary.partner and stranger.partner
    much = MoveStock(target=secondary.partner, kind="edge", months=12, quantity=3)
    away = MoveStock(target=stranger.partner, kind="edge", months=12, quantity=1)
    assert await site.refused(lambda tx: move_stock(tx, primary, much, site.now, site.rules)) == "NO_STOCK"
    assert await site.refused(lambda tx: move_stock(tx, primary, away, site.now, site.rules)) == "NOT_SECONDARY"
    assert _edge_12(await site.do(lambda tx: stock_of(tx, primary, site.rules))) == 2


async def test_only_the_operator_and_primary_partners_buy_and_only_what_is_sold(site: Site) -> None:
    primary = await site.partner()
    secondary = await site.partner(of=primary)
    shared = Actor(id="u", role="shared", customer="c")
    good = PurchaseStock(kind="edge", months=12, quantity=1)

    async def code(actor: Actor, request: PurchaseStock = good) -> str:
        return await site.refused(lambda tx: purchase_stock(tx, actor, request, site.now, site.rules))

    assert await code(secondary) == "NOT_ALLOWED"
    assert await code(shared) == "NOT_ALLOWED"
    assert await code(primary, PurchaseStock(kind="edge", months=7, quantity=1)) == "NOT_OFFERED"
    assert await code(primary, PurchaseStock(kind="edge", months=12, quantity=0)) == "QUANTITY"
    assert (
        await code(OPERATOR, PurchaseStock(partner="nobody", kind="edge", months=12, quantity=1)) == "UNKNOWN_PARTNER"
    )


async def test_nobody_reads_or_fills_another_partners_stock(site: Site) -> None:
    one, other = await site.partner(), await site.partner()
    await site.stock(other, 5)
    assert await site.refused(lambda tx: stock_of(tx, one, site.rules, other.partner)) == "UNKNOWN_PARTNER"
    theirs = PurchaseStock(partner=other.partner, kind="edge", months=12, quantity=1)
    assert await site.refused(lambda tx: purchase_stock(tx, one, theirs, site.now, site.rules)) == "UNKNOWN_PARTNER"
