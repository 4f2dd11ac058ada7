"""The built-in mailbox: an SMTP server on loopback that takes every mail and delivers none, for demos and tests.

Whoever may reach it may read every mail, initial passwords included, so it listens on loopback only. It keeps the last
`mails_max`; what it refuses and drops is counted.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Text, cast, delete, desc, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from gate.clock import Clock
from gate.config_fields import split_address
from gate.service.errors import ListenError
from gate.service.mail.settings import MailboxSection
from gate.service.store.engine import Store, Transaction
from gate.service.store.schema import mailbox

MESSAGE_BYTES_MAX = 2 << 20
CONNECTIONS_MAX = 50
IDLE_SECONDS_MAX = 60
TEXT_CHARACTERS_MAX = 200_000
LIMIT_MAX = 200
_SUBJECT_CHARACTERS_MAX = 300

_log = logging.getLogger(__name__)
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """A line of the mailbox's list."""

    id: int
    received_at: datetime
    recipients: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """One mail. `html` is as it came: show it in a sandbox."""

    id: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str | None
    source: bytes


class Mailbox:
    """Receives. Its mails are read with the functions below, by any process of the service."""

    def __init__(self, section: MailboxSection, store: Store, clock: Clock) -> None:
        self._section = section
        self._store = store
        self._clock = clock
        self._protocols: set[SMTP] = set()
        self.address: tuple[str, int] = split_address(section.address)
        """Where it listens; the true port once it serves."""
        self.received = self.dropped = self.refused = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Until the body ends. Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._protocol, *self.address)
        except OSError as error:
            host, port = self.address
            raise ListenError(f"the mailbox cannot listen on {host}:{port}: {error.strerror}") from None
        self.address = server.sockets[0].getsockname()[:2]
        try:
            yield
        finally:
            server.close()
            for protocol in tuple(self._protocols):
                if protocol.transport is not None:
                    protocol.transport.close()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's: keeps the mail, and only then says so."""
        content = envelope.content
        assert isinstance(content, bytes)
        row = {
            "received_at": self._clock.now(),
            "sender": envelope.mail_from or "",
            "recipients": list(envelope.rcpt_tos),
            "subject": _subject(content),
            "message": content,
        }
        try:
            async with self._store.begin() as tx:
                await tx.execute(insert(mailbox).values(row))
                self.dropped += await _drop_oldest(tx, self._section.mails_max)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("a mail could not be kept: %s", error)
            return "451 the mailbox cannot keep it now"
        self.received += 1
        return "250 kept"

    def _protocol(self) -> SMTP:
        return _Protocol(self)

    def _opened(self, protocol: SMTP) -> bool:
        if len(self._protocols) >= CONNECTIONS_MAX:
            self.refused += 1
            return False
        self._protocols.add(protocol)
        return True


class _Protocol(SMTP):
    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(
            mailbox,
            data_size_limit=MESSAGE_BYTES_MAX,
            hostname="localhost",
            ident="mailbox",
            timeout=IDLE_SECONDS_MAX,
            loop=asyncio.get_running_loop(),
        )
        self._mailbox = mailbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._mailbox._opened(self):
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._mailbox._protocols.discard(self)
        super().connection_lost(error)


async def mails(
    tx: Transaction, *, before: int | None = None, recipient: str | None = None, limit: int = 50
) -> list[MailLine]:
    """The newest first, those before the number `before`. `recipient`: a part of an address."""
    query = select(mailbox.c.id, mailbox.c.received_at, mailbox.c.recipients, mailbox.c.subject)
    if before is not None:
        query = query.where(mailbox.c.id < before)
    if recipient:
        query = query.where(func.lower(cast(mailbox.c.recipients, Text)).contains(recipient.lower(), autoescape=True))
    rows = await tx.rows(query.order_by(desc(mailbox.c.id)).limit(min(limit, LIMIT_MAX)))
    return [
        MailLine(id=row.id, received_at=row.received_at, recipients=tuple(row.recipients), subject=row.subject)
        for row in rows
    ]


async def mail(tx: Transaction, number: int) -> ReceivedMail | None:
    """One mail, None if it is not there any more."""
    row = await tx.row(select(mailbox).where(mailbox.c.id == number))
    if row is None:
        return None
    message = message_from_bytes(row.message, policy=default)
    assert isinstance(message, EmailMessage)
    return ReceivedMail(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        recipients=tuple(row.recipients),
        subject=row.subject,
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=_body(message, "plain") or "",
        html=_body(message, "html"),
        source=row.message,
    )


async def empty(tx: Transaction) -> int:
    """Throws all away; gives how many there were."""
    return (await tx.execute(delete(mailbox))).rowcount


async def _drop_oldest(tx: Transaction, mails_max: int) -> int:
    newest = select(mailbox.c.id).order_by(desc(mailbox.c.id)).offset(mails_max).limit(1).scalar_subquery()
    return (await tx.execute(delete(mailbox).where(mailbox.c.id <= newest))).rowcount


def _subject(content: bytes) -> str:
    headers = BytesHeaderParser(policy=default).parsebytes(content)
    return str(headers.get("Subject", ""))[:_SUBJECT_CHARACTERS_MAX]


def _body(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    try:
        return str(part.get_content())[:TEXT_CHARACTERS_MAX].replace("\r\n", "\n")
    except (LookupError, ValueError):
        return None
