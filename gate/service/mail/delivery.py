"""From the outbox to the mail server: what is due, one after another, in the order it was written.

1. A mail is sent, then noted as sent. If we die in between, it is sent again, with the same Message-ID.
2. On PostgreSQL the row is locked meanwhile, so of several processes one sends it.
3. A server that fails is left alone for a while; what it says about one mail concerns that mail only.
"""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import TemplateError

from gate.clock import Clock
from gate.service.mail import outbox
from gate.service.mail.message import AddressError, From, message_of
from gate.service.mail.outbox import WaitingMail
from gate.service.mail.rendering import MASK, Words, Written
from gate.service.mail.smtp import Conversation, Handed, MailServer, MailServerError, Turned
from gate.service.store.engine import Store, Transaction

SERVER_PAUSE_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""After the first failure of the server, the second, and so on (monotonic); the last one stays."""

_log = logging.getLogger(__name__)


class Delivery:
    """`deliver` is the work of one alarm: it must not run twice at once."""

    def __init__(
        self, *, store: Store, server: MailServer, words: Words, sender: From, zone: ZoneInfo, clock: Clock
    ) -> None:
        self._store = store
        self._server = server
        self._words = words
        self._sender = sender
        self._zone = zone
        self._clock = clock
        self._failures = 0
        self._paused_until_ns = 0
        self.sent = 0
        self.given_up = 0
        self.trouble: str | None = None
        """What is wrong with the server, until a mail gets through."""

    @property
    def paused_seconds(self) -> float:
        """How long the server is still left alone."""
        return max(0.0, (self._paused_until_ns - self._clock.monotonic_ns()) / 1e9)

    async def deliver(self) -> datetime | None:
        """Sends all that is due. Gives when the next is due by itself."""
        if not self.paused_seconds and await self._anything_due():
            try:
                async with self._server.conversation() as conversation:
                    while await self._send_next(conversation):
                        pass
            except MailServerError as error:
                self._pause(error)
        async with self._store.read() as tx:
            return await outbox.next_due(tx, after=self._clock.now())

    async def _anything_due(self) -> bool:
        async with self._store.read() as tx:
            return await outbox.is_due(tx, self._clock.now())

    async def _send_next(self, conversation: Conversation) -> bool:
        """Tells whether there was one."""
        if self._store.dialect == "postgresql":
            async with self._store.begin() as tx:
                mail = await outbox.next_waiting(tx, self._clock.now())
                return mail is not None and await self._send(conversation, mail, tx)
        async with self._store.read() as tx:  # others write while a server makes us wait
            mail = await outbox.next_waiting(tx, self._clock.now())
        return mail is not None and await self._send(conversation, mail, None)

    async def _send(self, conversation: Conversation, mail: WaitingMail, tx: Transaction | None) -> bool:
        try:
            outcome = await self._hand_over(conversation, mail)
        except MailServerError as error:
            await self._note(mail, Turned(reply=str(error), for_good=False), tx)
            self._pause(error)
            return False
        self._failures, self.trouble = 0, None
        await self._note(mail, outcome, tx)
        return True

    async def _hand_over(self, conversation: Conversation, mail: WaitingMail) -> Handed | Turned:
        try:
            message = message_of(
                self._write(mail, dict(mail.secrets)),
                mail_id=mail.id,
                sender=self._sender,
                to=mail.recipient,
                to_name=mail.name,
                language=mail.language,
                created_at=mail.created_at,
                zone=self._zone,
            )
        except (AddressError, TemplateError, KeyError, TypeError, ValueError) as error:
            return Turned(reply=f"cannot be written: {error}", for_good=True)
        return await conversation.send(message, sender=self._sender.address, to=mail.recipient)

    def _write(self, mail: WaitingMail, secrets: dict[str, str]) -> Written:
        return self._words.write(
            mail.kind, mail.language, name=mail.name, values=mail.values, secrets=secrets, created_at=mail.created_at
        )

    async def _note(self, mail: WaitingMail, outcome: Handed | Turned, tx: Transaction | None) -> None:
        if tx is None:
            async with self._store.begin() as own:
                await self._note(mail, outcome, own)
            return
        now = self._clock.now()
        if isinstance(outcome, Handed):
            kept = self._write(mail, dict.fromkeys(mail.secrets, MASK))
            await outbox.mark_sent(tx, mail, now, subject=kept.subject, body=kept.text)
            self.sent += 1
            return
        over = await outbox.mark_failed(tx, mail, now, error=outcome.reply, for_good=outcome.for_good)
        self.given_up += over
        what = "given up" if over else "put off"
        _log.warning("mail %s (%s) was %s: %s", mail.id, mail.kind, what, outcome.reply)

    def _pause(self, error: MailServerError) -> None:
        seconds = SERVER_PAUSE_SECONDS[min(self._failures, len(SERVER_PAUSE_SECONDS) - 1)]
        self._failures += 1
        self._paused_until_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        if self.trouble is None:
            _log.warning("mails wait: %s", error)
        self.trouble = str(error)
