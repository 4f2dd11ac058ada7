"""Stock: bought, moved, never negative, and the same as its facts add up to."""

from sqlalchemy import select

from gate.service.operations.stock import stock_of
from gate.service.store import schema
from tests.component.service.site import Site


async def test_what_is_bought_lies_in_stock(site: Site) -> None:
    partner = await site.partner()
    await site.stock(partner, 5)
    stock = await site.do(lambda tx: stock_of(tx, partner, site.rules))
    assert {(line.kind, line.months): line.quantity for line in stock.lines} == {
        ("edge", 12): 5, ("edge", 36): 0, ("edge", 60): 0, ("direct", 12): 0, ("direct", 36): 0, ("direct", 60): 0,
    }  # fmt: skip
    async with site.store.read() as tx:
        assert await tx.rows(select(schema.audit.c.action, schema.audit.c.refusal))
