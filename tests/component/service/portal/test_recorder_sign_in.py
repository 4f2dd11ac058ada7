"""Signing in at a recorder with an account of the service: one's own recorder, at an address it has announced."""

import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from gate.service.operations.devices import RegisterDevice, register_device
from gate.signing.keys import kid_of
from gate.signing.visitor import open_visitor
from tests.component.service.portal.conftest import CUSTOMER, FOREIGN, PARTNER, PASSWORD, World
from tests.fakes.portal_server import ISSUER_KEY, announce_device, device_label

NONCE = "ab" * 32
PLACE = "https://192.0.2.7:8600"


def path_of(device: str, place: str = PLACE, nonce: str = NONCE) -> str:
    return f"/devices/{device}/sign-in/{nonce}/{hashlib.sha256(place.encode()).hexdigest()[:16]}"


async def a_recorder(world: World) -> str:
    label = device_label()
    now = world.clock.now()
    places = (PLACE, "javascript:alert(1)", "https://evil.example/path", "ftp://192.0.2.7")
    await announce_device(world.site.store, label, now, ("cam1", "玄関"), places=places)
    await world.allocate()
    actor = await world.actor(CUSTOMER)
    request = RegisterDevice(code=label.code)
    await world.do(lambda tx: register_device(tx, actor, request, now, world.site.rules))
    return label.device


async def test_a_customer_says_yes_and_goes_back_with_a_word_for_that_recorder(world: World) -> None:
    device = await a_recorder(world)
    visitor = await world.customer()
    page = await visitor.get(path_of(device))
    assert page.status == 200 and "店舗レコーダー" in page.words and PLACE in page.words
    back = await visitor.get(path_of(device) + "/go")
    assert back.status == 303 and back.location.startswith(PLACE + "/#/sign-in?visitor=")
    word = parse_qs(urlsplit(back.location).fragment.partition("?")[2])["visitor"][0]
    keys = {kid_of(ISSUER_KEY.public_key()): ISSUER_KEY.public_key()}
    told = open_visitor(word, device, "sign_in", keys, world.clock.now())
    assert (told.name, told.role, told.nonce) == (CUSTOMER, "customer", NONCE)
    assert (told.until - told.issued_at).total_seconds() == 12 * 3600


async def test_nobody_is_sent_to_an_address_that_the_recorder_has_not_announced(world: World) -> None:
    device = await a_recorder(world)
    visitor = await world.customer()
    for place in ("https://evil.example", "https://evil.example/path", "javascript:alert(1)", "ftp://192.0.2.7"):
        for path in (path_of(device, place), path_of(device, place) + "/go"):
            assert (await visitor.get(path)).status == 409, place
    assert (await visitor.get(path_of(device, nonce="xyz") + "/go")).status == 404


@pytest.mark.parametrize("email", [FOREIGN, PARTNER, None])
async def test_it_is_nobody_elses_recorder(world: World, email: str | None) -> None:
    device = await a_recorder(world)
    if email is None:
        answer = await world.visitor().get(path_of(device) + "/go")
        assert answer.status == 303 and answer.location.startswith("/sign-in?")
        return
    visitor = await world.signed_in(email, PASSWORD if email == PARTNER else "handover-2026")
    answer = await visitor.arrive(path_of(device) + "/go")
    assert "visitor=" not in answer.location and answer.status in (200, 403, 404)
