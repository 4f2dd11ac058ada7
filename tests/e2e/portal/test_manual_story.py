"""The manual's whole story in a real browser: from the partner's sign-in to the handover, in both languages, on a desk
and in a hand."""

from datetime import timedelta

import pytest

from gate.signing.device_label import shown_code
from tests.e2e.portal.conftest import PARTNER, Readers
from tests.fakes.portal_server import PARTNER_PASSWORD, PortalServer, announce_device, device_label

CUSTOMER, TEMPORARY, OWN = "yamada@shop.example", "handover-2026", "kaze-no-tani-7 desu"


@pytest.mark.parametrize(("language", "phone"), [("ja", False), ("en", True)], ids=["ja-desktop", "en-phone"])
def test_the_manuals_story(portal: PortalServer, readers: Readers, language: str, phone: bool) -> None:
    partner = readers(language=language, phone=phone)
    words = partner.words
    partner.open("/")
    partner.look("sign-in")
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.look("customers-none")

    # 2 to 5: 【お客さまの追加】, with a temporary password; the popup; is the address right?
    partner.follow("customers.add")
    partner.fill("customers.name", "やまだ商店")
    partner.fill("field.email", CUSTOMER)
    partner.tick("customers.temporary")
    partner.fill("customers.temporary_password", TEMPORARY)
    partner.look("customer-new")
    partner.press("customers.add.do")
    assert words("customers.added") in partner.text and CUSTOMER in partner.page.locator("dialog").inner_text()
    partner.look("customer-added", whole=False)
    partner.close_popup("form.ok")
    partner.look("customer-fresh")

    # 6 to 8: ライセンス管理; the shop's popup is cancelled; stock is bought, and a kind chosen
    partner.menu("licences")
    partner.look("shop-popup", whole=False)
    partner.press("form.cancel")
    assert partner.page.locator("dialog[open]").count() == 0
    partner.follow("shop.open")
    partner.page.get_by_label(words("licences.quantity")).fill("5")
    partner.look("purchase")
    partner.press("shop.buy")
    assert words("notice.purchased") in partner.text
    partner.page.get_by_role("radio", name=words("months", months=12)).first.check()
    partner.page.get_by_label(words("licences.quantity")).fill("2")
    partner.look("licences")
    partner.press("licences.next")

    # 9: the customer by e-mail
    partner.page.get_by_label(words("allocate.email")).press_sequentially("yamada")
    partner.page.get_by_role("radio", name=CUSTOMER).wait_for()
    partner.look("choose-customer")
    partner.press("allocate.choose")

    # 10: the check, with the dates; irrevocable
    assert words("term.free_days", days=61) in partner.text
    partner.look("check")
    partner.tick("allocate.sure")
    partner.press("allocate.do")

    # 11: 割り当て履歴
    assert partner.title == words("history.title") and words("notice.allocated") in partner.text
    assert partner.page.get_by_text(words("fact.LicenceAllocated")).count() >= 2
    partner.look("history")

    # the customer: terms of use, the question about the password (No before the handover), device, cameras
    customer = readers(language=language, phone=phone)
    customer.sign_in(CUSTOMER, TEMPORARY)
    customer.look("terms")
    customer.tick("terms.agree")
    customer.press("terms.do")
    assert customer.title == words("question.title")
    customer.look("password-question")
    customer.press("question.no")
    customer.look("cameras-none")
    label = device_label()
    now = portal.clock.now()
    portal.call(lambda: announce_device(portal.site.store, label, now, ("cam1", "玄関"), ("cam2", "売場入口")))
    customer.menu("devices")
    customer.follow("devices.add")
    customer.look("device-new")
    customer.fill("devices.code", shown_code(label.code).lower())
    customer.press("devices.register")
    assert words("notice.device_registered") in customer.text
    customer.look("device")
    customer.menu("cameras")
    assert customer.page.get_by_text(words("matrix.stopped")).count() == 10
    customer.look("cameras-unlicensed")
    for _ in range(2):
        customer.press("camera.bind.do")
        assert words("notice.bound") in customer.text
    assert customer.page.get_by_text(words("matrix.stopped")).count() == 0
    customer.look("cameras")
    customer.menu("pool")
    customer.look("pool")

    # 代理ログイン by the partner, with its banner on every page
    partner.menu("customers")
    partner.look("customers")
    with partner.page.expect_navigation():
        partner.page.get_by_role("link", name="やまだ商店").click()
    partner.look("customer")
    partner.press("proxy.begin")
    for path in ("/cameras", "/pool", "/devices"):
        partner.open(path)
        assert words("proxy.banner", customer="やまだ商店") in partner.text
    partner.look("proxy-devices")
    partner.open("/shared-users")
    assert partner.page.locator(".message.is-bad").count() == 1
    partner.press("proxy.end")
    assert words("notice.proxy_ended") in partner.text

    # years pass: reminders go out, the licence lapses, and a new one restores it
    portal.live_until(portal.clock.now() + timedelta(days=400))
    partner.sign_in(PARTNER, PARTNER_PASSWORD)
    partner.look("customers-renewal")
    partner.menu("mails")
    partner.page.locator("details.panel").first.click()
    partner.look("mails")
    partner.menu("audit")
    partner.look("audit")

    # handover: Yes; the customer's own password
    customer.sign_in(CUSTOMER, TEMPORARY)
    customer.press("question.yes")
    customer.fill("password.current", TEMPORARY)
    customer.fill("password.new", OWN)
    customer.fill("password.again", OWN)
    customer.look("password")
    customer.press("password.do")
    assert words("notice.password_changed") in customer.text
    customer.look("account")
    customer.menu("cameras")
    customer.look("cameras-end")
    customer.sign_out()
    customer.sign_in(CUSTOMER, OWN)
    assert customer.title == words("cameras.title")
