"""Receivers of mail (SMTP) and MQTT, on this machine alone: what came, and when."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP

from gate.clock import Clock
from gate.verify.mqtt_sink import serve_client

_TEXTS_MAX = 10_000
_MAIL_BYTES_MAX = 8 << 20


@dataclass(slots=True, kw_only=True)
class Inbox:
    """`texts`: in the order they came, with when by the machine's clock."""

    port: int = 0
    texts: list[tuple[int, str]] = field(default_factory=list)

    def take(self, received_ns: int, text: str) -> None:
        """One more."""
        if len(self.texts) < _TEXTS_MAX:
            self.texts.append((received_ns, text))

    def about(self, token: str) -> int | None:
        """When the first text came that says this; None if none did."""
        return next((at for at, text in self.texts if token in text.split() or f'"{token}"' in text), None)

    def states(self, place: str, since_ns: int = 0) -> dict[str, str]:
        """What topics below a place (`/cameras/cam1/`) were told last, by the rest of their names; of what came since
        then (the machine's clock)."""
        told = (text.partition(" ") for at, text in self.texts if at >= since_ns)
        return {topic.partition(place)[2]: words for topic, _, words in told if place in topic}


@asynccontextmanager
async def receiving_mail(clock: Clock) -> AsyncIterator[Inbox]:
    """A mail server for everybody, on a free port until the body ends."""
    inbox = Inbox()

    class Handler:
        """aiosmtpd calls it."""

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            inbox.take(clock.now_ns(), _words(envelope.content))
            return "250 OK"

    def session() -> asyncio.BaseProtocol:
        return SMTP(Handler(), hostname="localhost", data_size_limit=_MAIL_BYTES_MAX)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    async with _serving(server, inbox):
        yield inbox


@asynccontextmanager
async def receiving_mqtt(clock: Clock) -> AsyncIterator[Inbox]:
    """A broker that takes all that is published and holds nothing, on a free port until the body ends."""
    inbox = Inbox()
    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            await serve_client(reader, writer, lambda topic, text: inbox.take(clock.now_ns(), f"{topic} {text}"))
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            pass  # it is gone, or talks otherwise
        finally:
            clients.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with _serving(server, inbox):
        try:
            yield inbox
        finally:
            for task in clients:
                task.cancel()
            await asyncio.gather(*clients, return_exceptions=True)


@asynccontextmanager
async def _serving(server: asyncio.Server, inbox: Inbox) -> AsyncIterator[None]:
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()


def _words(content: bytes) -> str:
    """A mail's text, decoded."""
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    with contextlib.suppress(LookupError, ValueError):
        return str(body.get_content()) if body is not None else ""
    return ""
