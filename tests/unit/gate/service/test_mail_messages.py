"""Letters as RFC 5322 messages."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.service.mail.message import AddressError, From, address_of, message_of
from gate.service.mail.rendering import Written

WRITTEN = Written(
    subject="初期パスワードの\r\nBcc: evil@example.com 期限", text="本文です。\n" * 40, html="<p>本文</p>"
)


def sent(name: str = "山田", mail_id: str = "0123abcd") -> bytes:
    message = message_of(
        WRITTEN,
        mail_id=mail_id,
        sender=From(address="no-reply@recording.example", name="録画サービス"),
        to="taro@example.jp",
        to_name=name,
        language="ja",
        created_at=datetime(2027, 1, 1, 15, tzinfo=UTC),
        zone=ZoneInfo("Asia/Tokyo"),
    )
    return message.as_bytes()


def test_it_is_seven_bit_with_short_lines_and_reads_back_whole() -> None:
    raw = sent()
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=default)
    assert message["Date"] == "Sat, 02 Jan 2027 00:00:00 +0900"
    assert message["Message-ID"] == "<0123abcd@recording.example>"
    assert message["List-Id"] == "<notices.recording.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_body(("plain",))
    assert text is not None and text.get_content().replace("\r\n", "\n") == WRITTEN.text
    assert message.get_body(("html",)) is not None


def test_the_same_mail_is_the_same_bytes_each_time() -> None:
    assert sent() == sent()
    assert sent() != sent(mail_id="0123abce")


@given(st.text(max_size=60))
def test_no_name_adds_a_header_or_a_recipient(name: str) -> None:
    message = message_from_bytes(sent(name + "\r\nBcc: evil@example.com"), policy=default)
    assert "Bcc" not in message
    assert [address.addr_spec for address in message["To"].addresses] == ["taro@example.jp"]


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "@example.com", "a@", "a b@example.com", "a@example.com\r\nRCPT TO:<b@c>", "日@example.jp"],
)
def test_what_is_no_address_is_said_so(address: str) -> None:
    with pytest.raises(AddressError, match="is no e-mail address"):
        address_of(address, "name")
