"""Notices by mail: whatever came together in one mail, with pictures of the first events. Beginnings only; no ends."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from email.message import EmailMessage

import aiosmtplib

from gate.cancelled import cancellable
from gate.clock import Clock
from recorder.notify.channel import Failed, Told
from recorder.notify.letter import Letterhead, Picture, letter, picture_name
from recorder.notify.notice import Notice
from recorder.notify.settings import MailSection, secret_of
from recorder.notify.webhook import tls_context

SERVER_SECONDS_MAX = 20.0
QUIT_SECONDS = 2.0
PICTURES_MAX = 5
REPLY_CHARACTERS_MAX = 200

PictureOf = Callable[[Notice], Awaitable[bytes | None]]


class Mail:
    """One mail server (recorder.notify.channel.Channel)."""

    name = "mail"
    batch_max = waiting_max = 2_000
    """All that waits goes out in one mail."""

    def __init__(self, section: MailSection, head: Letterhead, picture_of: PictureOf | None, clock: Clock) -> None:
        """`picture_of`: a JPEG of the event that a notice tells, if there is one; None: mails have no pictures."""
        self.shown = section.shown
        self.gather_seconds = section.gather_seconds
        self.every_seconds = section.every_seconds
        self._section = section
        self._head = head
        self._picture_of = picture_of
        self._clock = clock

    async def send(self, notices: Sequence[Notice]) -> Told | Failed:
        """One mail for all of them, to each address."""
        pictures = await self._pictures(notices)
        return await self.post(await asyncio.to_thread(letter, self._head, notices, pictures, self._clock.now()))

    async def post(self, message: EmailMessage) -> Told | Failed:
        """Hands a mail over."""
        section = self._section
        try:
            context = None if section.security == "none" else await asyncio.to_thread(tls_context, section.ca_file)
            password = await asyncio.to_thread(secret_of, section.password, section.password_file)
        except (ValueError, OSError) as error:
            return Failed(reason=str(error))
        client = aiosmtplib.SMTP(
            hostname=section.host,
            port=section.port,
            use_tls=section.security == "tls",
            start_tls=section.security == "starttls",
            tls_context=context,
            timeout=SERVER_SECONDS_MAX,
        )
        try:
            return await cancellable(self._hand_over(client, message, password))
        except asyncio.CancelledError:
            if isinstance(client.transport, asyncio.WriteTransport):
                client.transport.abort()  # without its last line the server throws the mail away
            raise
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing stays open between mails."""

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage, password: str | None) -> Told | Failed:
        try:
            await client.connect()
            if self._section.user is not None:
                await client.login(self._section.user, password or "")
            refused, _ = await client.sendmail(self._head.sender, list(self._head.to), message.as_bytes())
        except aiosmtplib.SMTPAuthenticationError as error:
            return Failed(reason=f"it refuses the sign-in of {self._section.user} ({error.code})")
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _answered(error.recipients[0].code, "it takes none of the addresses")
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
            return Failed(reason=f"it cannot be used: {_cut(str(error) or type(error).__name__)}")
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=QUIT_SECONDS)
        return Told() if not refused else _partly(refused)

    async def _pictures(self, notices: Sequence[Notice]) -> list[Picture]:
        """Of the first event of each camera, then of the next ones."""
        if self._picture_of is None:
            return []
        first = {notice.camera: notice for notice in reversed(notices) if notice.camera is not None}
        rest = [notice for notice in notices if notice.camera is not None and notice not in first.values()]
        found: list[Picture] = []
        for notice in [*first.values(), *rest][: 2 * PICTURES_MAX]:
            jpeg = await self._picture_of(notice)
            if jpeg is not None:
                found.append(Picture(name=picture_name(notice, self._head.zone), jpeg=jpeg))
            if len(found) == PICTURES_MAX:
                break
        return found


def _partly(refused: Collection[str]) -> Told:
    """Some have it: to send it again would tell them twice."""
    return Told(remark=f"it does not take {', '.join(sorted(refused))}")


def _answered(code: int, text: str) -> Failed:
    """RFC 5321, 4.2.1: 5yz is for good, unless the server is full or closing (552, 521)."""
    return Failed(reason=f"it answers {code} {_cut(text)}", refused=500 <= code < 600 and code not in (521, 552))


def _cut(text: str) -> str:
    return " ".join(text.split())[:REPLY_CHARACTERS_MAX]
