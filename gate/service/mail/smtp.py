"""Handing mails over to a mail server (RFC 5321).

What the server says about one recipient or message is that mail's outcome. Whatever is wrong with the server or with
our account there (no answer, TLS, sign-in, our own address) is MailServerError: no mail's fault, tried again later.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from gate.service.errors import ServiceError
from gate.service.mail.settings import SmtpSection

_QUIT_SECONDS = 2.0
REPLY_CHARACTERS_MAX = 300


class MailServerError(ServiceError):
    """Says which server and what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """The server has it now."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """The server does not take it; `for_good`: nor later."""

    reply: str
    for_good: bool


class Conversation(Protocol):
    """An open connection to a mail server."""

    async def send(self, message: EmailMessage, *, sender: str, to: str) -> Handed | Turned:
        """One mail to one recipient. Raises MailServerError."""


class MailServer(Protocol):
    """Where mails are handed over."""

    def conversation(self) -> contextlib.AbstractAsyncContextManager[Conversation]:
        """Connects, and says goodbye after the body. Raises MailServerError."""


class SmtpServer:
    """A server by configuration. The password file is read at each connection: it may be changed while we run."""

    def __init__(self, section: SmtpSection) -> None:
        self._section = section

    @property
    def name(self) -> str:
        """`host:port`."""
        return f"{self._section.host}:{self._section.port}"

    @contextlib.asynccontextmanager
    async def conversation(self) -> AsyncIterator["SmtpConversation"]:
        section = self._section
        client = aiosmtplib.SMTP(
            hostname=section.host,
            port=section.port,
            use_tls=section.security == "tls",
            start_tls=section.security == "starttls",
            timeout=section.timeout_seconds,
        )
        try:
            await client.connect()
            if section.user is not None:
                await client.login(section.user, self._password())
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            raise MailServerError(f"{self.name} refuses the sign-in of {section.user}: {_reply(error)}") from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
            client.close()
            raise MailServerError(f"{self.name} cannot be used: {_reply(error)}") from None
        try:
            yield SmtpConversation(client, self.name)
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_QUIT_SECONDS)
            client.close()

    def _password(self) -> str:
        if self._section.password is not None:
            return self._section.password.get_secret_value()
        assert self._section.password_file is not None
        return _first_line(self._section.password_file)


class SmtpConversation:
    """One connection, for any number of mails one after another."""

    def __init__(self, client: aiosmtplib.SMTP, name: str) -> None:
        self._client = client
        self._name = name

    async def send(self, message: EmailMessage, *, sender: str, to: str) -> Handed | Turned:
        """One mail to one recipient. Raises MailServerError; the conversation is over then."""
        try:
            _, reply = await self._client.sendmail(sender, [to], message.as_bytes())
        except aiosmtplib.SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            return _turned(first.code, first.message)
        except aiosmtplib.SMTPDataError as error:
            return _turned(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailServerError(f"{self._name} broke off: {_reply(error)}") from None
        except ValueError as error:  # an address that cannot be said in a command
            return Turned(reply=_cut(str(error)), for_good=True)
        return Handed(reply=_cut(reply))


def _turned(code: int, text: str) -> Turned:
    """RFC 5321, 4.2.1: 5yz is for good, unless the server is full or closing (4.5.3.1.10, 552)."""
    return Turned(reply=_cut(f"{code} {text}"), for_good=500 <= code < 600 and code not in (521, 552))


def _reply(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _cut(f"{error.code} {error.message}")
    return _cut(str(error) or type(error).__name__)


def _cut(text: str) -> str:
    return " ".join(text.split())[:REPLY_CHARACTERS_MAX]


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: the password cannot be read: {error}") from None
