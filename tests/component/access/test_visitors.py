"""People of the licence service: by the relay with a signed word for each request, on the LAN by coming back."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.clock import SystemClock
from gate.service.relay.connector import DeviceConnector
from gate.uplink.pipe import socket_pair
from recorder.access.audit import Wanted, find
from tests.fakes.guarded_site import GuardedSite, guarded_site

HEADER = "Edge-Visitor"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[GuardedSite]:
    clock = SystemClock()
    async with guarded_site(tmp_path, clock, mode="service") as made:
        yield made
    clock.close()


class Tunnel:
    """Stands for the relay's end: each connection is one that the recorder is handed."""

    def __init__(self, site: GuardedSite) -> None:
        self._site = site

    async def open(self) -> socket.socket:
        near, far = socket_pair()
        await self._site.front.accept(far)
        return near


@asynccontextmanager
async def relay(site: GuardedSite) -> AsyncIterator[ClientSession]:
    tunnel: Any = Tunnel(site)
    async with ClientSession("http://localhost", connector=DeviceConnector(tunnel)) as session:
        yield session


async def status_of(site: GuardedSite, word: str, path: str = "/api/v1/state", method: str = "GET") -> int:
    async with relay(site) as session, session.request(method, path, headers={HEADER: word}) as answer:
        return answer.status


async def test_by_the_relay_each_request_says_who_it_is(site: GuardedSite) -> None:
    assert await status_of(site, site.word(nonce="01" * 16)) == 200
    assert await status_of(site, site.word(nonce="02" * 16), "/api/v1/users") == 200
    assert await status_of(site, site.word(nonce="03" * 16, role="shared"), "/api/v1/users") == 403
    assert await status_of(site, site.word(nonce="04" * 16, role="shared"), "/api/v1/sign-out", "POST") == 200
    async with relay(site) as session, session.get("/api/v1/state") as answer:
        assert answer.status == 401


async def test_a_word_counts_for_this_device_this_way_now_and_once(site: GuardedSite) -> None:
    now = site.clock.now()
    word = site.word(nonce="11" * 16)
    assert await status_of(site, word) == 200
    wrong = {
        "replayed": word,
        "of another device": site.word(nonce="12" * 16, device="f" * 16),
        "signed by another key": site.word(nonce="13" * 16, key=Ed25519PrivateKey.generate()),
        "over": site.word(nonce="14" * 16, issued_at=now - timedelta(seconds=31)),
        "of the future": site.word(nonce="15" * 16, issued_at=now + timedelta(minutes=5)),
        "meant for signing in": site.word(nonce="16" * 16, way="sign_in"),
        "changed": word[:-8] + ("A" if word[-8] != "A" else "B") + word[-7:],
        "cut short": word[: len(word) // 2],
        "no word at all": "hello",
        "endless": "A" * 8000,
    }
    assert {why: await status_of(site, text) for why, text in wrong.items()} == dict.fromkeys(wrong, 401)


async def test_a_word_counts_nothing_while_the_recorder_belongs_to_nobody(site: GuardedSite) -> None:
    site.owned = False
    assert await status_of(site, site.word()) == 401


async def test_a_word_is_worth_nothing_over_the_network(site: GuardedSite) -> None:
    async with site.client() as stranger:
        answer = await stranger.get("/api/v1/state", headers={HEADER: site.word(nonce="21" * 16)})
        assert answer.status == 401


async def test_coming_back_from_the_service_signs_in_and_only_the_browser_that_left(site: GuardedSite) -> None:
    nonce = site.visitors.ask()
    word = site.word(way="sign_in", nonce=nonce, role="shared", name="vera@shop.example")
    async with site.client() as thief:
        answer = await thief.post("/api/v1/sign-in/visitor", json={"token": word})
        assert (answer.status, (await answer.json())["code"]) == (401, "visitor_refused")
    async with site.client() as browser:
        cookies = {"edge_asked": nonce}
        answer = await browser.post("/api/v1/sign-in/visitor", json={"token": word}, cookies=cookies)
        assert answer.status == 200
        user = (await answer.json())["user"]
        assert (user["name"], user["role"], user["origin"]) == ("vera@shop.example", "viewer", "service")
        assert (await browser.get("/api/v1/state")).status == 200
        assert (await browser.get("/api/v1/users")).status == 403
        again = await browser.post("/api/v1/sign-in/visitor", json={"token": word}, cookies=cookies)
        assert again.status == 401
        site.owned = False
        await site.access.run_once()
        assert (await browser.get("/api/v1/state")).status == 401


async def test_a_word_that_answers_no_question_of_this_recorder_opens_nothing(site: GuardedSite) -> None:
    site.visitors.ask()
    word = site.word(way="sign_in", nonce="ee" * 32)
    async with site.client() as browser:
        answer = await browser.post("/api/v1/sign-in/visitor", json={"token": word}, cookies={"edge_asked": "ee" * 32})
        assert answer.status == 401


async def test_the_audit_log_names_the_person_behind_the_relay(site: GuardedSite) -> None:
    word = site.word(nonce="31" * 16, role="shared", name="taro@shop.example")
    assert await status_of(site, word, "/api/v1/users") == 403
    await site.access.run_once()
    found = await site.database.do(lambda db: find(db, wanted=Wanted(actor="taro@shop.example"), count_max=10))
    assert [(entry.action, entry.origin, entry.role) for entry in found.entries] == [("refused", "service", "viewer")]


@pytest.mark.parametrize("way", ["relay", "sign_in"])
async def test_words_that_come_in_a_flood_keep_the_memory(site: GuardedSite, way: str) -> None:
    from gate.client import visitors

    if way == "sign_in":
        for _ in range(visitors.ASKED_MAX + 10):
            site.visitors.ask()
        assert len(site.visitors._asked) == visitors.ASKED_MAX
    else:
        site.visitors._spent = {f"{n:032x}": site.clock.now() + timedelta(minutes=1) for n in range(visitors.SPENT_MAX)}
        assert site.visitors.judge(site.word(), way="relay") == "TOO_MANY"
        site.visitors._spent = dict.fromkeys(site.visitors._spent, site.clock.now())
        assert not isinstance(site.visitors.judge(site.word(), way="relay"), str)
        assert len(site.visitors._spent) == 1
