"""What a device shows on its page is what the portal reads from a photograph of it."""

from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from playwright.sync_api import Browser

from gate.client.uplink_status import UplinkStatus
from gate.licence.text import NO_TEXT, Text
from gate.service.portal.qr_reading import read_qr
from gate.signing.device_label import label_of, shown_code, text_of
from recorder.remote.registration_route import RegistrationRoute
from tests.fakes.portal_server import device_label


class _Status:
    """What brings the licence, as far as the route asks."""

    text: Text = NO_TEXT

    def __init__(self, status: UplinkStatus | None) -> None:
        self.status = status


def picture(status: UplinkStatus | None) -> web.StreamResponse:
    """The answer of the route; it awaits nothing."""
    running = RegistrationRoute(_Status(status)).picture(make_mocked_request("GET", "/api/v1/registration.svg"))
    try:
        running.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("the route waited")


@pytest.mark.parametrize("kind", ["edge", "direct"])
def test_the_portal_reads_the_code_off_the_devices_page(browser: Browser, kind: str) -> None:
    label = device_label(kind="edge" if kind == "edge" else "direct")
    now = datetime(2026, 4, 1, tzinfo=UTC)
    status = UplinkStatus(
        url="http://127.0.0.1:8700",
        device=label.device,
        serial=label.serial,
        phase="connected",
        since=now,
        registered=False,
        code=shown_code(label.code),
        label=text_of(label),
    )
    answer = picture(status)
    assert isinstance(answer, web.Response) and answer.content_type == "image/svg+xml"
    assert isinstance(answer.body, bytes)
    page = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2).new_page()
    page.set_content(f'<body style="background:#0b1016"><div style="width:13rem">{answer.body.decode()}</div></body>')
    seen = read_qr(page.screenshot())
    page.context.close()
    assert seen is not None and label_of(seen) == label


def test_a_device_that_has_its_owner_shows_no_code() -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    owned = UplinkStatus(url="http://x", device="d", serial="s", phase="connected", since=now, registered=True)
    for status in (None, owned):
        with pytest.raises(web.HTTPNotFound):
            picture(status)
