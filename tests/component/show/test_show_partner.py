"""The board's partner at the licence service: a session that serves nobody is not kept."""

from typing import Any

import pytest
from aiohttp import web

from gate.show.errors import RefusedError
from gate.show.partner import Partner

CUSTOMER = "customer@shop.example"


async def test_a_customer_that_was_not_found_is_looked_for_again() -> None:
    customers: list[dict[str, Any]] = []
    asked: list[str] = []

    async def page(_: web.Request) -> web.Response:
        return web.Response(text='<input name="form_token" value="proof">', content_type="text/html")

    async def entered(_: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/")

    async def told(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.json_response({"customers": customers} if request.path.endswith("customers") else {"licences": []})

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/sign-in", page)
    app.router.add_post("/sign-in", entered)
    app.router.add_get("/api/v1/{name}", told)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    partner = Partner(f"http://127.0.0.1:{runner.addresses[0][1]}/", ("dealer@shop.example", "hush"), CUSTOMER)
    try:
        with pytest.raises(RefusedError, match="knows no customer"):
            await partner.licensing()
        customers.append({"email": CUSTOMER, "id": 7})
        assert await partner.licensing() == {"licences": []}
        assert asked[-1].endswith("licences?customer=7")
    finally:
        await partner.close()
        await runner.cleanup()
