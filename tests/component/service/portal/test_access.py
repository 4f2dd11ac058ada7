"""Who gets in: sessions, throttling, no account given away, forms of our own pages only, tokens."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import select

from gate.service.access.identity import Identities
from gate.service.access.sign_in import Peer, Throttled, WrongSignIn
from gate.service.operations.resets import mail_new_password, reset_of
from gate.service.operations.sessions import IDLE_MAX, LASTS_MAX
from gate.service.store.schema import sessions
from gate.sign_in import passwords as passwords_module
from gate.sign_in.errors import PasswordsBusyError
from gate.sign_in.passwords import Passwords
from gate.sign_in.throttle import ACCOUNT_FREE, ADDRESS_FREE, WAIT_MAX
from gate.sign_in.tokens import hash_of
from tests.component.service.portal.conftest import CUSTOMER, CUSTOMER_PASSWORD, PARTNER, PASSWORD, World
from tests.fakes.portal_server import CHEAP

HERE = Peer(address="192.0.2.1", agent="test")


async def test_a_session_is_kept_as_its_hash_and_rotated_at_each_sign_in(world: World) -> None:
    visitor = await world.signed_in(PARTNER, PASSWORD)
    first = visitor.cookie("portal_session")
    assert first is not None
    async with world.site.store.read() as tx:
        kept = [row.token_sha256 for row in await tx.rows(select(sessions))]
    assert kept == [hash_of(first)] and first not in kept
    again = world.visitor()
    again.put_cookie("portal_session", first)
    assert (await again.get("/customers")).status == 200
    await world.site.sign_ins.sign_in(email=PARTNER, password=PASSWORD, peer=HERE, former_token=first)
    assert (await visitor.get("/customers")).location.startswith("/sign-in")


async def test_a_fixed_session_cookie_is_never_taken_over(world: World) -> None:
    visitor = world.visitor()
    visitor.put_cookie("portal_session", "chosen-by-the-attacker")
    await visitor.sign_in(PARTNER, PASSWORD)
    assert visitor.cookie("portal_session") != "chosen-by-the-attacker"


async def test_the_session_cookie_is_out_of_scripts_reach(world: World) -> None:
    visitor = world.visitor()
    answer = await visitor.sign_in(PARTNER, PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert PASSWORD not in answer.location and "token" not in answer.location


async def test_a_session_ends_after_idleness_and_in_any_case_after_its_longest_time(world: World) -> None:
    visitor = await world.signed_in(PARTNER, PASSWORD)
    await world.clock.advance(IDLE_MAX.total_seconds() - 1)
    assert (await visitor.get("/customers")).status == 200
    await world.clock.advance(IDLE_MAX.total_seconds())
    assert (await visitor.get("/customers")).location == "/sign-in?next=%2Fcustomers&done=session_over"
    assert "Your session is over" in (await visitor.arrive("/customers")).words
    assert (await world.visitor().get("/customers")).location == "/sign-in?next=%2Fcustomers"
    busy = await world.signed_in(PARTNER, PASSWORD)
    for _ in range(int(LASTS_MAX / timedelta(hours=1))):
        assert (await busy.get("/customers")).status == 200
        await world.clock.advance(3600)
    assert (await busy.get("/customers")).status == 303


async def test_signing_out_ends_the_session_at_the_service(world: World) -> None:
    visitor = await world.signed_in(PARTNER, PASSWORD)
    stolen = visitor.cookie("portal_session")
    await visitor.send("/customers", "/sign-out")
    thief = world.visitor()
    thief.put_cookie("portal_session", stolen or "")
    assert (await thief.get("/customers")).status == 303


async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(world: World) -> None:
    answers = [await world.visitor().sign_in(email, "wrong-password") for email in (PARTNER, "nobody@nowhere.example")]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].words.replace(PARTNER, "") == answers[1].words.replace("nobody@nowhere.example", "")


async def test_an_unknown_account_costs_a_hash_like_a_known_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    real = Passwords._verify

    def verify(self: Passwords, stored: str | None, password: str) -> bool:
        checked.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(Passwords, "_verify", verify)
    for email in (PARTNER, "nobody@nowhere.example"):
        await world.site.sign_ins.sign_in(email=email, password="wrong", peer=HERE)
        checked.append("next")
    known, unknown = checked.index("next"), len(checked) - checked.index("next") - 2
    assert known == unknown == 2 and checked[-3:-1] == [None, None]


async def test_forgetting_a_password_says_the_same_whether_there_is_an_account_or_not(world: World) -> None:
    answers = [
        await world.visitor().send("/forgot-password", "/forgot-password", email=email)
        for email in (CUSTOMER, "nobody@nowhere.example")
    ]
    assert {(answer.status, answer.location) for answer in answers} == {(303, "/sign-in?done=password_mailed")}


async def test_asking_for_a_password_in_somebodys_name_changes_nothing_for_them(world: World) -> None:
    await world.visitor().send("/forgot-password", "/forgot-password", email=PARTNER)
    assert (await world.visitor().sign_in(PARTNER, PASSWORD)).status == 303
    async with world.site.store.read() as tx:
        assert await reset_of(tx, (await world.user(PARTNER)).id) is None, "the own password was remembered"


async def test_a_mailed_password_takes_the_place_of_the_forgotten_one_when_it_is_used(world: World) -> None:
    async def ask(password: str) -> None:
        hashed = await world.site.passwords.hash(password)
        async with world.site.store.begin() as tx:
            await mail_new_password(tx, PARTNER, password, hashed, world.clock.now(), world.site.rules)

    await ask("mailed-one")
    await world.clock.advance(24 * 3600)
    late = await world.visitor().sign_in(PARTNER, "mailed-one")
    assert late.status == 403 and "Ask for a new one" in late.words
    await ask("mailed-two")
    assert (await world.visitor().sign_in(PARTNER, "mailed-one")).status == 403
    visitor = await world.signed_in(PARTNER, "mailed-two")
    assert (await visitor.get("/customers")).location == "/password", "it must be changed first"
    assert (await world.visitor().sign_in(PARTNER, PASSWORD)).status == 403


async def test_guessing_at_one_account_is_slowed_down_and_its_owner_gets_in_after_the_wait(world: World) -> None:
    sign_ins = world.site.sign_ins
    for _ in range(ACCOUNT_FREE):
        outcome = await sign_ins.sign_in(email=PARTNER, password="guess", peer=HERE)
        assert isinstance(outcome, WrongSignIn)
    outcome = await sign_ins.sign_in(email=PARTNER, password=PASSWORD, peer=Peer(address="198.51.100.7", agent=""))
    assert isinstance(outcome, Throttled)
    page = await world.visitor().sign_in(PARTNER, PASSWORD)
    assert page.status == 429 and "Too many attempts" in page.words
    await world.clock.advance(outcome.wait.total_seconds())
    assert (await world.visitor().sign_in(PARTNER, PASSWORD)).status == 303
    assert not isinstance(await sign_ins.begin_attempt(PARTNER, Peer(address="a", agent="")), Throttled)


async def test_guessing_at_many_accounts_from_one_address_is_slowed_down(world: World) -> None:
    for number in range(ADDRESS_FREE):
        assert not isinstance(await world.site.sign_ins.begin_attempt(f"user{number}@x.example", HERE), Throttled)
    assert isinstance(await world.site.sign_ins.begin_attempt("another@x.example", HERE), Throttled)
    other = Peer(address="198.51.100.9", agent="")
    assert not isinstance(await world.site.sign_ins.begin_attempt("another@x.example", other), Throttled)


async def test_attempts_at_the_same_moment_get_no_more_than_one_after_another(world: World) -> None:
    outcomes = await asyncio.gather(
        *(world.site.sign_ins.sign_in(email=PARTNER, password="guess", peer=HERE) for _ in range(20))
    )
    assert sum(isinstance(outcome, WrongSignIn) for outcome in outcomes) == ACCOUNT_FREE


async def test_a_flood_of_passwords_is_refused_beyond_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "WAITING_MAX", 3)
    passwords = Passwords(CHEAP)
    outcomes = await asyncio.gather(*(passwords.hash("x" * 12) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, PasswordsBusyError) for outcome in outcomes) == 5 == passwords.refused
    assert await passwords.verify(await passwords.hash("secret word"), "secret word")


async def test_a_form_of_another_site_changes_nothing(world: World) -> None:
    partner = await world.partner()
    good = await partner.hidden("/licences/purchase", "/licences/purchase")
    fields = {"kind": "edge", "months": "12", "quantity": "1"}
    without = await partner.post("/licences/purchase", fields)
    foreign = await partner.post("/licences/purchase", {**good, **fields}, Origin="https://evil.example")
    other = await (await world.partner()).hidden("/licences/purchase", "/licences/purchase")
    stolen = await partner.post("/licences/purchase", {**other, **fields})
    assert [answer.status for answer in (without, foreign, stolen)] == [403] * 3
    assert all("Nothing has changed" in answer.words for answer in (without, foreign, stolen))
    assert await world.stock() == 3
    assert (await partner.post("/licences/purchase", {**good, **fields})).status == 303
    assert await world.stock() == 4


async def test_nobody_is_signed_in_by_another_sites_form(world: World) -> None:
    visitor = world.visitor()
    assert (await visitor.post("/sign-in", {"email": PARTNER, "password": PASSWORD})).status == 403
    assert visitor.cookie("portal_session") is None


async def test_every_page_forbids_foreign_scripts_frames_and_caches(world: World) -> None:
    partner = await world.partner()
    for path in ("/sign-in", "/customers", "/nowhere"):
        headers = (await partner.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/customers\r\nX: y"])
async def test_signing_in_never_leads_to_another_site(world: World, after: str) -> None:
    answer = await world.visitor().send("/sign-in", "/sign-in", email=PARTNER, password=PASSWORD, next=after)
    assert (answer.status, answer.location) == (303, "/")


async def test_a_programs_token_acts_as_its_user_until_it_is_revoked(world: World) -> None:
    partner = await world.partner()
    made = await partner.send("/account", "/account/tokens", token_name="script")
    token = made.text.partition('id="made">')[2].partition("<")[0]
    assert len(token) > 40 and token not in (await partner.get("/account")).text
    identities = Identities(store=world.site.store, clock=world.clock)

    async def who(value: str) -> str | None:
        return await _asked(identities, value)

    assert await who(token) == (await world.user(PARTNER)).id
    assert await who(token + "x") is None
    hidden = await partner.hidden("/account", "/account/tokens/revoke")
    await partner.post("/account/tokens/revoke", hidden)
    assert await who(token) is None


async def _asked(identities: Identities, token: str) -> str | None:
    request = make_mocked_request("POST", "/api/v1/stock", headers={"Authorization": f"Bearer {token}"})
    identity = await identities.of_api_request(request)
    return identity.actor.id if identity else None


async def test_a_cookie_alone_changes_nothing_through_the_api(world: World) -> None:
    partner = await world.partner()
    cookie = f"portal_session={partner.cookie('portal_session')}"
    identities = Identities(store=world.site.store, clock=world.clock)
    proof = (await partner.hidden("/account", "/account/tokens"))["form_token"]
    for method, headers, known in (
        ("GET", {}, True),
        ("POST", {}, False),
        ("POST", {"X-Form-Token": "guess"}, False),
        ("POST", {"X-Form-Token": proof}, True),
    ):
        request = make_mocked_request(method, "/api/v1/stock", headers={"Cookie": cookie, **headers})
        assert (await identities.of_api_request(request) is not None) is known


async def test_changing_the_password_ends_every_other_session(world: World) -> None:
    other = await world.customer()
    customer = await world.customer()
    changed = await customer.send(
        "/password", "/password", current=CUSTOMER_PASSWORD, password="kaze no tani", again="kaze no tani"
    )
    assert changed.status == 303 and (await customer.get("/cameras")).status == 200
    assert (await other.get("/cameras")).status == 303
    assert isinstance(
        await world.site.sign_ins.sign_in(email=CUSTOMER, password=CUSTOMER_PASSWORD, peer=HERE), WrongSignIn
    )


async def test_guessing_the_password_on_the_page_that_changes_it_is_slowed_down_too(world: World) -> None:
    visitor = await world.signed_in(PARTNER, PASSWORD)
    fields = {"password": "another horse battery", "again": "another horse battery"}
    for _ in range(ACCOUNT_FREE):
        assert (await visitor.send("/password", "/password", current="not this one", **fields)).status == 403
    assert (await visitor.send("/password", "/password", current=PASSWORD, **fields)).status == 429
    await world.clock.advance(WAIT_MAX.total_seconds())
    assert (await visitor.send("/password", "/password", current=PASSWORD, **fields)).status == 303
    assert (await world.visitor().sign_in(PARTNER, fields["password"])).status == 303


async def test_static_files_are_served_by_name_only(world: World) -> None:
    async with ClientSession() as session:
        for path, status in (("style/base.css", 200), ("../catalogue.py", 404), ("..%2fcatalogue.py", 404)):
            async with session.get(f"{world.address}/static/{path}") as response:
                assert response.status == status
