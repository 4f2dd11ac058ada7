"""Whatever people or attackers send: a clear page, nothing changed, audited where it matters."""

import asyncio
import html
import re
from datetime import date
from urllib.parse import urljoin

import cv2
import numpy as np
import pytest
import segno
from aiohttp import ClientSession, FormData
from yarl import URL

from gate.service.operations.accounts import NewUser
from gate.service.operations.customers import add_customer, customers
from gate.service.operations.devices import devices
from gate.service.operations.history import history
from gate.signing.device_label import DeviceLabel, shown_code, text_of
from tests.component.service.portal.conftest import (
    CUSTOMER,
    CUSTOMER_PASSWORD,
    FOREIGN,
    OTHER,
    PARTNER,
    PASSWORD,
    World,
)
from tests.component.service.portal.visitor import Answer, Visitor
from tests.fakes.portal_server import announce_device, device_label

CHECK = "/licences/allocate/check?licence=edge-12&quantity=1&customer="


async def allocated(world: World) -> int:
    """How many licences the first partner has given out."""
    actor = await world.actor(PARTNER)
    kinds = frozenset({"LicenceAllocated"})
    return len(await world.do(lambda tx: history(tx, actor, world.clock.now(), world.site.rules, kinds=kinds)))


async def customer_count(world: World, email: str = PARTNER) -> int:
    actor = await world.actor(email)
    return len(await world.do(lambda tx: customers(tx, actor, world.clock.now(), world.site.rules)))


async def allocate(partner: Visitor, to: str, **changed: str) -> Answer:
    """Presses 割り当てる on the check page of that customer, with some of its hidden fields changed."""
    fields = await partner.hidden(CHECK + to, "/licences/allocate")
    return await partner.post("/licences/allocate", {**fields, "sure": "yes", **changed})


async def test_an_unknown_email_says_so_beside_the_field(world: World) -> None:
    partner = await world.partner()
    page = await partner.get("/licences/allocate/customer?licence=edge-12&quantity=1&email=nobody@nowhere.example")
    assert page.status == 404 and "There is no customer with the address nobody@nowhere.example" in page.words
    assert 'aria-invalid="true"' in page.text


async def test_another_partners_customer_is_answered_like_one_that_is_not_there(world: World) -> None:
    partner, foreign = await world.partner(), await world.customer_id(FOREIGN)
    for one in (foreign, "no-such-customer"):
        pages = [
            await partner.get(f"/customers/{one}"),
            await partner.get(CHECK + one),
            await partner.get(f"/history?customer={one}"),
            await allocate(partner, await world.customer_id(CUSTOMER), customer=one),
        ]
        assert [page.status for page in pages] == [404] * 4, one
        assert not any("もり商店" in page.text or FOREIGN in page.text for page in pages)
    search = await partner.get("/licences/allocate/customer?licence=edge-12&quantity=1&email=mori")
    assert search.status == 404 and "もり商店" not in search.text
    assert await world.stock() == 3 and await allocated(world) == 0
    refused = [line for line in await world.audit() if line.action == "licence.allocate"]
    assert refused and all(line.refusal == "UNKNOWN_CUSTOMER" for line in refused)


async def test_a_kind_or_term_that_is_not_offered_is_refused(world: World) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    for licence in ("hdmi-12", "edge-13", "edge", "", "edge-99999999", "direct-12"):
        answer = await allocate(partner, customer, licence=licence)
        assert answer.status in (409, 422), licence
    assert await allocated(world) == 0


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "10001", "abc", "", "99999999999999999999", "٣"])
async def test_a_quantity_that_makes_no_sense_is_refused(world: World, quantity: str) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    bought = await partner.send("/licences/purchase", "/licences/purchase", kind="edge", months="12", quantity=quantity)
    given = await allocate(partner, customer, quantity=quantity)
    sensible = quantity.isdecimal() and 1 <= int(quantity) <= 10_000
    if not sensible:
        assert (bought.status, given.status) == (422, 422)
        assert await world.stock() == 3 and await allocated(world) == 0


async def test_without_stock_nothing_is_allocated_and_the_page_says_what_to_do(world: World) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    answer = await allocate(partner, customer, quantity="4")
    assert answer.status == 409 and "3 left, 4 wanted" in answer.words
    assert await world.stock() == 3 and await allocated(world) == 0


async def test_an_allocation_needs_its_box_ticked(world: World) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    answer = await allocate(partner, customer, sure="")
    assert answer.status == 422 and "tick the box" in answer.words
    assert await allocated(world) == 0


async def test_a_form_sent_twice_works_once(world: World) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    fields = {**await partner.hidden(CHECK + customer, "/licences/allocate"), "sure": "yes"}
    answers = await asyncio.gather(*(partner.post("/licences/allocate", fields) for _ in range(4)))
    assert {(answer.status, answer.location) for answer in answers} == {
        (303, f"/history?customer={customer}&done=allocated")
    }
    assert await world.stock() == 2 and await allocated(world) == 1


async def test_a_replayed_form_with_other_contents_is_refused(world: World) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    fields = {**await partner.hidden(CHECK + customer, "/licences/allocate"), "sure": "yes"}
    await partner.post("/licences/allocate", fields)
    answer = await partner.post("/licences/allocate", {**fields, "quantity": "2"})
    assert answer.status == 409 and await allocated(world) == 1


async def test_two_users_of_a_partner_cannot_allocate_the_same_last_licences(world: World) -> None:
    first, second = await world.partner(), await world.partner()
    customer = await world.customer_id(CUSTOMER)
    answers = await asyncio.gather(*(allocate(one, customer, quantity="2") for one in (first, second)))
    assert sorted(answer.status for answer in answers) == [303, 409]
    assert await world.stock() == 1 and await allocated(world) == 2


async def test_an_address_that_is_in_use_says_so_beside_the_field_and_adds_nobody(world: World) -> None:
    partner = await world.partner()
    for email in (CUSTOMER, FOREIGN, CUSTOMER.upper(), PARTNER):
        answer = await partner.send(
            "/customers/new",
            "/customers/new",
            name="だれか",
            email=email,
            language="ja",
            temporary="yes",
            password="x" * 12,
        )
        assert answer.status == 409 and "This e-mail address cannot be used" in answer.words
    assert await customer_count(world) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "no-address"},
        {"email": "a@b"},
        {"email": "two@at@signs.example"},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "turned\u202eround"},
        {"password": "short"},
        {"password": "x" * 129},
    ],
    ids=lambda fields: f"{next(iter(fields))}-{len(next(iter(fields.values())))}",
)
async def test_a_wrong_field_has_its_own_sentence_and_keeps_what_was_typed(
    world: World, fields: dict[str, str]
) -> None:
    partner = await world.partner()
    typed = {
        "name": "あさひ",
        "email": "asahi@shop.example",
        "language": "ja",
        "temporary": "yes",
        "password": "x" * 12,
    }
    answer = await partner.send("/customers/new", "/customers/new", **{**typed, **fields})
    assert answer.status == 422 and answer.text.count('class="field-error"') == 1
    kept = "asahi@shop.example" if "email" not in fields else "あさひ"
    assert f'value="{kept}"' in answer.text
    assert await customer_count(world) == 1


async def test_markup_in_a_name_is_shown_as_text(world: World) -> None:
    partner = await world.partner()
    name = "<script>alert(1)</script>\"'&"
    added = await partner.send(
        "/customers/new", "/customers/new", name=name, email="x@shop.example", language="ja",
        temporary="yes", password="x" * 12,
    )  # fmt: skip
    page = await partner.get(added.location)
    assert "<script>alert" not in page.text and name in page.words


async def test_an_expired_initial_password_is_told_only_to_who_knows_it(world: World) -> None:
    await world.allocate()
    password_hash = await world.site.passwords.hash("the mailed one")
    actor = await world.actor(PARTNER)
    request = NewUser(
        email="asahi@shop.example", name="あさひ", language="ja", password_hash=password_hash,
        password_origin="mailed", password="the mailed one",
    )  # fmt: skip
    await world.do(lambda tx: add_customer(tx, actor, request, world.clock.now(), world.site.rules))
    await world.clock.advance(24 * 3600 + 1)
    right = await world.visitor().sign_in("asahi@shop.example", "the mailed one")
    wrong = await world.visitor().sign_in("asahi@shop.example", "another one")
    assert right.status == wrong.status == 403
    assert "Ask for a new one" in right.words and "Ask for a new one" not in wrong.words
    assert any(line.action == "session.open" and line.refusal for line in await world.audit())


@pytest.mark.parametrize("path", ["/sign-in", "/forgot-password"])
async def test_ten_megabytes_get_a_clear_page(world: World, ten_megabytes: bytes, path: str) -> None:
    visitor = world.visitor()
    await visitor.get("/sign-in")
    answer = await visitor.post(path, {"email": ten_megabytes.decode()})
    assert answer.status == 413 and "too large" in answer.words and "Nothing has changed" in answer.words


async def test_ten_megabytes_in_a_partners_form_change_nothing(world: World, ten_megabytes: bytes) -> None:
    partner = await world.partner()
    fields = await partner.hidden("/customers/new", "/customers/new")
    answer = await partner.post("/customers/new", {**fields, "name": ten_megabytes.decode()})
    assert answer.status == 413 and await customer_count(world) == 1


async def test_what_is_not_there_is_a_page_that_leads_home(world: World) -> None:
    for visitor in (world.visitor(), await world.partner()):
        for path in ("/nowhere", "/customers/a/b/c", "/../etc/passwd", "/mailbox/999999", "/%00"):
            page = await visitor.get(path)
            assert page.status in (400, 404) and "<h1>" in page.text


@pytest.mark.parametrize("path", ["/%2fevil.example/", "/%5cevil.example", "//evil.example/x"])
async def test_no_page_links_to_a_site_that_its_address_names(world: World, path: str) -> None:
    async with ClientSession() as session, session.get(URL(world.address + path, encoded=True)) as answer:
        text = await answer.text()
    links = [urljoin(world.address, html.unescape(link)) for link in re.findall(r'href="([^"]*)"', text)]
    assert links and {URL(link).host for link in links} == {URL(world.address).host}


async def test_numbers_that_are_none_in_an_address_are_passed_over(world: World) -> None:
    partner = await world.partner()
    for query in ("before=abc", "before=-1", "before=99999999999999999999999", "group=nothing", "done=nothing"):
        for path in ("/history", "/audit", "/mails", "/mailbox"):
            assert (await partner.get(f"{path}?{query}")).status == 200, (path, query)


@pytest.mark.parametrize("day", ["2020-01-01", "yesterday", "2026-02-30", "9999-12-31", "0001-01-01"])
async def test_a_day_that_cannot_be_is_refused_beside_the_field(world: World, day: str) -> None:
    partner, customer = await world.partner(), await world.customer_id(CUSTOMER)
    page = await partner.get(f"{CHECK}{customer}&on={day}")
    assert page.status == 422 and 'id="on-error"' in page.text


async def test_a_customer_sees_no_partners_page_and_a_partner_no_customers(world: World) -> None:
    customer, partner = await world.customer(), await world.partner()
    for path in ("/customers", "/licences", "/secondary-partners", "/partners", "/licences/purchase"):
        assert (await customer.get(path)).status == 403, path
    for path in ("/cameras", "/pool", "/devices", "/shared-users", "/partners"):
        assert (await partner.get(path)).status == 403, path


def picture_of(text: str) -> bytes:
    """A photograph of a QR code: grey around it, not quite straight."""
    modules = np.array([[255 - 255 * bit for bit in row] for row in segno.make(text, error="m").matrix], dtype=np.uint8)
    code = np.kron(np.pad(modules, 4, constant_values=255), np.ones((6, 6), dtype=np.uint8))
    side = code.shape[0]
    turned = cv2.warpAffine(
        code, cv2.getRotationMatrix2D((side / 2, side / 2), 7, 0.8), (side, side), borderValue=(180, 180, 180)
    )
    done, encoded = cv2.imencode(".jpg", cv2.GaussianBlur(turned, (3, 3), 0))
    assert done
    return encoded.tobytes()


async def upload(customer: Visitor, picture: bytes) -> Answer:
    """Sends a photograph with the form on the page."""
    form = FormData()
    form.add_field("form_token", (await customer.hidden("/devices/new", "/devices/picture"))["form_token"])
    form.add_field("picture", picture, filename="photo.jpg", content_type="image/jpeg")
    return await customer.post("/devices/picture", form)


async def devices_of(world: World) -> int:
    actor = await world.actor(CUSTOMER)
    return len(await world.do(lambda tx: devices(tx, actor, None, world.clock.now(), world.site.rules)))


async def announced(world: World, label: DeviceLabel) -> DeviceLabel:
    await announce_device(world.site.store, label, world.clock.now(), ("cam1", "玄関"))
    return label


async def test_a_photograph_of_the_qr_code_registers_the_device(world: World) -> None:
    await world.allocate()
    label, customer = await announced(world, device_label()), await world.customer()
    answer = await upload(customer, picture_of(text_of(label)))
    assert (answer.status, answer.location) == (303, f"/devices/{label.device}?done=device_registered")
    again = await upload(customer, picture_of(text_of(label)))
    assert again.status in (303, 409) and await devices_of(world) == 1


async def test_a_recorder_made_before_july_2024_registers_by_code_but_not_by_qr(world: World) -> None:
    await world.allocate()
    label, customer = await announced(world, device_label(made_on=date(2024, 6, 30))), await world.customer()
    answer = await upload(customer, picture_of(text_of(label)))
    assert answer.status == 409 and "cannot be registered by QR code" in answer.words
    typed = await customer.send("/devices/new", "/devices/new", code=shown_code(label.code).lower())
    assert typed.status == 303 and await devices_of(world) == 1


@pytest.mark.parametrize("what", ["nothing", "text", "no-code", "another-code", "bomb", "half"])
async def test_a_picture_without_a_devices_code_says_so(world: World, what: str) -> None:
    await world.allocate()
    customer = await world.customer()
    pictures = {
        "nothing": b"",
        "text": b"not a picture at all",
        "no-code": cv2.imencode(".png", np.full((120, 120), 128, dtype=np.uint8))[1].tobytes(),
        "another-code": picture_of("https://example.com/"),
        "bomb": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x00\x00\x00\x00",
        "half": (picture_of("EDGE1:x"))[:200],
    }
    answer = await upload(customer, pictures[what])
    assert answer.status == 422 and 'id="picture-error"' in answer.text and await devices_of(world) == 0


async def test_a_code_that_is_none_is_refused_beside_the_field(world: World) -> None:
    await world.allocate()
    customer = await world.customer()
    for code in ("", "AAAA-BBBB-CCCC", "x" * 5000, "💥"):
        answer = await customer.send("/devices/new", "/devices/new", code=code)
        assert answer.status in (404, 422) and 'id="code-error"' in answer.text
    assert await devices_of(world) == 0


async def test_devices_are_registered_after_the_allocation(world: World) -> None:
    label, customer = await announced(world, device_label()), await world.customer()
    answer = await customer.send("/devices/new", "/devices/new", code=label.code)
    assert answer.status == 409 and "allocate one before registering devices" in answer.words


async def test_the_csv_is_no_spreadsheet_program(world: World) -> None:
    partner = await world.partner()
    await partner.send(
        "/customers/new", "/customers/new", name="=1+1", email="x@shop.example", language="ja",
        temporary="yes", password="x" * 12,
    )  # fmt: skip
    answer = await partner.get("/history.csv?group=people")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert ",'=1+1," in answer.text and "もり商店" not in answer.text


async def test_a_secondary_partners_customers_stay_its_own(world: World) -> None:
    other = await world.signed_in(OTHER, PASSWORD)
    assert "やまだ商店" not in (await other.get("/customers")).text
    customer = await world.customer_id(CUSTOMER)
    hidden = await other.hidden("/customers/new", "/customers/new")
    answer = await other.post(f"/customers/{customer}/proxy", {"form_token": hidden["form_token"]})
    assert answer.status == 404
    assert (await world.signed_in(CUSTOMER, CUSTOMER_PASSWORD)) is not None


async def test_the_demos_mailbox_is_shown_at_this_machine_only(world: World) -> None:
    visitor = world.visitor()
    assert (await visitor.get("/mailbox")).status == 200
    for host in ("licences.example.jp", "192.0.2.1:8700", "evil.example"):
        assert (await visitor.get("/mailbox", Host=host)).status == 404
