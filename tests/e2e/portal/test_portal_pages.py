"""What the manual's story leaves out: mailed passwords, QR codes, renewals, shared users, secondary partners, proxies,
and a browser without scripts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from playwright.sync_api import Browser

from gate.service.operations.accounts import NewUser, accept_terms, actor_of, user_by_email
from gate.service.operations.actor import Actor
from gate.service.operations.allocation import Allocate, allocate
from gate.service.operations.bindings import MoveBinding, bind
from gate.service.operations.customers import CustomerAdded, add_customer
from gate.service.operations.devices import RegisterDevice, register_device
from gate.service.operations.licences import licensing
from gate.service.operations.stock import PurchaseStock, purchase_stock
from gate.service.portal.terms import TERMS_VERSION
from gate.service.store.engine import Transaction
from gate.signing.device_label import text_of
from tests.e2e.portal.conftest import PARTNER, Readers
from tests.e2e.portal.reader import Reader
from tests.fakes.portal_server import CHEAP, PARTNER_PASSWORD, PortalServer, announce_device, device_label

CUSTOMER, PASSWORD, OWN = "yamada@shop.example", "handover-2026", "kaze-no-tani-7 desu"


def partner_actor(portal: PortalServer) -> Actor:
    async def find(tx: Transaction) -> Actor:
        user = await user_by_email(tx, PARTNER)
        assert user is not None
        return actor_of(user)

    return portal.do(find)


def licensed_customer(portal: PortalServer, *, licences: int = 1) -> CustomerAdded:
    """A customer whose licences were allocated now, with stock left to renew them."""
    actor, site, now = partner_actor(portal), portal.site, portal.clock.now()
    person = NewUser(
        email=CUSTOMER,
        name="やまだ商店",
        language="ja",
        password_hash=CHEAP.hash(PASSWORD),
        password_origin="temporary",
    )
    bought = PurchaseStock(kind="edge", months=12, quantity=licences + 5)
    portal.do(lambda tx: purchase_stock(tx, actor, bought, now, site.rules))
    added = portal.do(lambda tx: add_customer(tx, actor, person, now, site.rules))
    request = Allocate(customer=added.customer.id, kind="edge", months=12, quantity=licences)
    portal.do(lambda tx: allocate(tx, actor, request, now, site.rules))
    return added


def use_it(portal: PortalServer, added: CustomerAdded) -> None:
    """The customer's licence covers a camera."""
    actor, site, now, label = actor_of(added.user), portal.site, portal.clock.now(), device_label()
    portal.call(lambda: announce_device(site.store, label, now, ("cam1", "玄関")))
    portal.do(lambda tx: accept_terms(tx, actor, TERMS_VERSION, now))
    portal.do(lambda tx: register_device(tx, actor, RegisterDevice(code=label.code), now, site.rules))
    holdings = portal.do(lambda tx: licensing(tx, actor, None, now, site.rules))
    move = MoveBinding(licence=holdings.licences[0].licence.id, camera=holdings.cameras[0].key)
    portal.do(lambda tx: bind(tx, actor, move, now, site.rules))


def arrive(customer: Reader) -> None:
    """Signs in, accepts the terms, says No."""
    customer.sign_in(CUSTOMER, PASSWORD)
    customer.tick("terms.agree")
    customer.press("terms.do")
    customer.press("question.no")


def photograph(text: str, path: Path) -> Path:
    """A picture of a QR code on a label, held by hand."""
    rows = np.array([[255 - 255 * bit for bit in row] for row in segno.make(text, error="m").matrix], dtype=np.uint8)
    code = np.kron(np.pad(rows, 4, constant_values=255), np.ones((8, 8), dtype=np.uint8))
    scene = np.full((900, 1200), 90, dtype=np.uint8)
    scene[150 : 150 + code.shape[0], 300 : 300 + code.shape[1]] = code
    turned = cv2.warpAffine(scene, cv2.getRotationMatrix2D((600, 450), 9, 1.0), (1200, 900), borderValue=(90, 90, 90))
    cv2.imwrite(str(path), cv2.GaussianBlur(turned, (3, 3), 0))
    return path


def test_a_mailed_password_must_be_changed_and_runs_out_after_24_hours(portal: PortalServer, readers: Readers) -> None:
    partner = readers()
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.follow("customers.add")
    partner.fill("customers.name", "やまだ商店")
    partner.fill("field.email", CUSTOMER)
    partner.press("customers.add.do")
    assert partner.words("customers.added.mailed") in partner.text
    portal.deliver()
    reader = readers(phone=True)
    reader.open("/mailbox")
    reader.look("mailbox")
    with reader.page.expect_navigation():
        reader.page.locator("tbody a").first.click()
    reader.look("mailbox-mail")
    first = mailed_password(portal)
    assert first in reader.page.locator("#mail-text").inner_text()
    portal.live_until(portal.clock.now() + timedelta(hours=24))
    reader.sign_in(CUSTOMER, first)
    assert reader.words("sign_in.expired") in reader.text
    reader.look("sign-in-expired")
    reader.follow("sign_in.forgot")
    reader.fill("field.email", CUSTOMER)
    reader.look("forgot-password")
    reader.press("forgot.do")
    assert reader.words("notice.password_mailed") in reader.text
    portal.deliver()
    reader.sign_in(CUSTOMER, mailed_password(portal))
    reader.tick("terms.agree")
    reader.press("terms.do")
    reader.look("password-question-mailed")
    reader.press("question.yes")
    reader.fill("password.current", mailed_password(portal))
    reader.fill("password.new", "short")
    reader.page.evaluate("document.querySelector('form.panel').noValidate = true")
    reader.press("password.do")
    reader.look("password-wrong")
    reader.fill("password.current", mailed_password(portal))
    reader.fill("password.new", OWN)
    reader.fill("password.again", OWN)
    reader.press("password.do")
    assert reader.words("notice.password_changed") in reader.text


def mailed_password(portal: PortalServer) -> str:
    """The 14 characters on a line of their own, or at a line's end."""
    lines = portal.last_mail(CUSTOMER).text.splitlines()
    found = [word for line in lines for word in line.split() if len(word) == 14 and word.isascii() and word.isalnum()]
    assert found, lines
    return found[0]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_renewal_shows_what_it_burns_and_the_day_from_which_it_does_not(
    portal: PortalServer, readers: Readers, language: str
) -> None:
    added = licensed_customer(portal)  # allocated on 2026-04-01: valid to 2027-05-31
    use_it(portal, added)
    portal.live_until(datetime(2027, 3, 30, 16, tzinfo=UTC))  # 31 March in Tokyo: 31 days would burn
    partner = readers(language=language)
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    check = f"/licences/allocate/check?licence=edge-12&quantity=1&customer={added.customer.id}"
    partner.open(check)
    assert partner.words("advice.burns.title") in partner.text
    assert partner.page.get_by_text(partner.words("days", days=31), exact=True).count() == 1
    assert partner.page.locator("#on").input_value() == "2027-04-01"
    partner.press("allocate.compare")
    assert partner.page.locator(".is-bad-text").count() == 1
    partner.look("renewal-burns")
    partner.open(f"{check}&on=2027-05-31")
    assert partner.page.get_by_text(partner.words("days", days=30), exact=True).count() == 1
    partner.look("renewal-gains")
    portal.live_until(datetime(2027, 6, 19, 16, tzinfo=UTC))
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.open(check)
    assert partner.words("advice.dark", days=19) in partner.text
    partner.look("renewal-dark")


def test_a_phones_photograph_of_the_qr_code_registers_a_recorder(
    portal: PortalServer, readers: Readers, tmp_path: Path
) -> None:
    licensed_customer(portal, licences=2)
    customer = readers(phone=True)
    arrive(customer)
    label, now = device_label(), portal.clock.now()
    portal.call(lambda: announce_device(portal.site.store, label, now, ("cam1", "玄関")))
    customer.open("/devices/new")
    customer.page.locator("#picture").set_input_files(photograph("https://example.com/", tmp_path / "other.jpg"))
    customer.press("devices.read")
    customer.look("device-qr-refused")
    customer.page.locator("#picture").set_input_files(photograph(text_of(label), tmp_path / "label.jpg"))
    customer.press("devices.read")
    assert customer.words("notice.device_registered") in customer.text
    customer.look("device")
    customer.page.get_by_text(customer.words("customers.rename")).click()
    customer.page.locator("#name").fill("本店レコーダー")
    customer.press("form.save")
    assert customer.title == "本店レコーダー"
    customer.page.locator("details summary", has_text="玄関").click()
    customer.fill("devices.camera.name", "正面玄関")
    with customer.page.expect_navigation():
        customer.page.locator("details[open]").get_by_role("button").click()
    assert customer.words("notice.renamed") in customer.text and "正面玄関" in customer.text
    customer.look("device-renamed")
    customer.tick("devices.remove.sure")
    with customer.page.expect_navigation():
        customer.page.locator(".button.is-grave").click()
    assert customer.words("notice.device_removed") in customer.text


def test_the_pages_own_camera_takes_the_picture(portal: PortalServer, readers: Readers) -> None:
    licensed_customer(portal)
    customer = readers()
    arrive(customer)
    customer.open("/devices/new")
    customer.page.get_by_role("button", name=customer.words("devices.camera.open")).click()
    customer.page.wait_for_function("() => document.querySelector('video.scan')?.videoWidth > 0")
    customer.look("device-camera")
    customer.press("devices.read")  # the browser's test picture holds no code
    assert customer.words("devices.picture.unreadable") in customer.text


def test_a_shared_user_only_looks_and_is_out_at_once_when_removed(portal: PortalServer, readers: Readers) -> None:
    licensed_customer(portal)
    label, now = device_label(), portal.clock.now()
    portal.call(lambda: announce_device(portal.site.store, label, now, ("cam1", "玄関")))
    customer = readers(language="en")
    arrive(customer)
    customer.open("/devices/new")
    customer.fill("devices.code", label.code)
    customer.press("devices.register")
    customer.menu("shared-users")
    customer.fill("field.name", "Sato")
    customer.fill("field.email", "sato@shop.example")
    customer.tick("customers.temporary")
    customer.fill("customers.temporary_password", "only-looking-1")
    customer.press("shared.add.do")
    customer.look("shared-users")
    shared = readers(language="en", phone=True)
    shared.sign_in("sato@shop.example", "only-looking-1")
    shared.tick("terms.agree")
    shared.press("terms.do")
    assert shared.title == shared.words("cameras.title") and shared.page.locator("main form").count() == 0
    shared.look("cameras-shared")
    shared.open("/pool")
    assert shared.page.locator(".message.is-bad").count() == 1
    customer.press("shared.remove")
    shared.open("/cameras")
    assert shared.title == shared.words("sign_in.title")


def test_a_secondary_partner_gets_stock_and_its_primary_sees_totals(portal: PortalServer, readers: Readers) -> None:
    licensed_customer(portal)
    partner = readers()
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.menu("secondary-partners")
    partner.page.get_by_label(partner.words("secondary.name"), exact=True).fill("うみかぜ商会")
    partner.fill("secondary.person", "海野")
    partner.fill("field.email", "unno@second.example")
    partner.press("secondary.add.do")
    partner.page.get_by_label(partner.words("licences.quantity")).fill("99")
    partner.press("secondary.move.do")
    assert partner.page.locator(".message.is-bad").count() == 1
    partner.page.get_by_label(partner.words("licences.quantity")).fill("2")
    partner.press("secondary.move.do")
    assert partner.words("notice.stock_moved") in partner.text
    assert "うみかぜ商会" in partner.page.locator("tbody").inner_text()
    partner.look("secondary-partners")


def test_a_proxy_moves_bindings_within_its_time_and_nothing_else(portal: PortalServer, readers: Readers) -> None:
    added = licensed_customer(portal, licences=2)
    label, now = device_label(), portal.clock.now()
    portal.call(lambda: announce_device(portal.site.store, label, now, ("cam1", "玄関"), ("cam2", "裏口")))
    customer = readers(language="en")
    arrive(customer)
    customer.open("/devices/new")
    customer.fill("devices.code", label.code)
    customer.press("devices.register")
    partner = readers(language="en", phone=True)
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.open(f"/customers/{added.customer.id}")
    partner.press("proxy.begin")
    partner.press("camera.bind.do")
    assert partner.words("notice.bound") in partner.text
    partner.menu("pool")
    partner.press("pool.transfer")
    assert partner.words("notice.transferred") in partner.text
    partner.look("proxy-pool")
    for path in ("/password", "/terms", "/shared-users", "/devices/new", "/account", "/customers", "/licences"):
        partner.open(path)
        assert partner.page.locator(".message.is-bad").count() == 1, path
        assert partner.words("proxy.banner", customer="やまだ商店") in partner.text
    customer.menu("audit")
    assert customer.page.get_by_text(customer.words("role.proxy")).count() >= 3
    customer.look("audit-with-proxy")
    portal.live_until(portal.clock.now() + timedelta(hours=1))
    partner.open("/pool")
    assert partner.words("notice.proxy_over") in partner.text and partner.title == partner.words("customers.title")


def test_a_partner_allocates_without_any_script(portal: PortalServer, browser: Browser) -> None:
    licensed_customer(portal)
    page = browser.new_context(java_script_enabled=False, base_url=portal.address, locale="ja-JP").new_page()
    page.goto("/sign-in")
    page.get_by_label("メールアドレス").fill(PARTNER)
    page.get_by_label("パスワード").fill(PARTNER_PASSWORD)
    page.get_by_role("button", name="ログイン").click()
    page.get_by_role("link", name="ライセンス管理").click()
    page.get_by_role("button", name="キャンセル").click()
    page.get_by_label("12 か月").first.check()
    page.get_by_role("button", name="ユーザー選択へ").click()
    page.get_by_label("お客さまのメールアドレス").fill("yamada")
    page.get_by_role("button", name="検索").click()
    page.get_by_role("button", name="選択").click()
    page.get_by_label("内容を確認しました").check()
    page.get_by_role("button", name="割り当てる").click()
    told = page.get_by_text("ライセンスを割り当てました。")
    told.wait_for()
    assert told.count() == 1, "once, and done once"
    page.context.close()
