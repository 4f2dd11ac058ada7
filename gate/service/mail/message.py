"""Letters as RFC 5322 messages: plain text and HTML, any server can carry them (7 bit, encoded words).

`Message-ID` is the outbox row's, so whoever gets a mail a second time, because a server's answer was lost, can tell.
"""

from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from gate.licence.text import Language
from gate.service.mail.rendering import Written, one_line

_POLICY = SMTP.clone(cte_type="7bit")
_SUBJECT_CHARACTERS_MAX = 200


class AddressError(ValueError):
    """An address that no mail can be sent to; its text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """Who writes."""

    address: str
    name: str


def message_of(
    written: Written,
    *,
    mail_id: str,
    sender: From,
    to: str,
    to_name: str,
    language: Language,
    created_at: datetime,
    zone: ZoneInfo,
) -> EmailMessage:
    """The message as it is sent, each time the same. Raises AddressError."""
    sending = address_of(sender.address, sender.name)
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(created_at.astimezone(zone))
    message["From"] = sending
    message["To"] = address_of(to, to_name)
    message["Subject"] = one_line(written.subject)[:_SUBJECT_CHARACTERS_MAX]
    message["Message-ID"] = f"<{mail_id}@{sending.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"<notices.{sending.domain}>"
    message["Content-Language"] = language
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    message.set_boundary(f"=_{mail_id}")
    return message


def address_of(address: str, name: str) -> Address:
    """A mailbox. Only ASCII addresses: servers that carry others are rare. Raises AddressError."""
    if not address.isascii() or any(mark.isspace() or not mark.isprintable() for mark in address):
        raise AddressError(f"{address!r:.100} is no e-mail address")
    try:
        mailbox = Address(display_name=one_line(name), addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise AddressError(f"{address!r:.100} is no e-mail address") from None
    if not mailbox.username or not mailbox.domain:
        raise AddressError(f"{address!r:.100} is no e-mail address")
    return mailbox
