"""Webhooks: notices posted as JSON to one address, signed as Standard Webhooks says (recorder.notify.signature).

A receiver answers 2xx, and soon; whatever else it says is a failure. Redirects are not followed (what stands in the
configuration is where events go), answers are not read.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from gate.clock import Clock
from recorder.notify.channel import Failed, Told
from recorder.notify.notice import Notice
from recorder.notify.settings import WebhookSection, secret_of, webhook_key
from recorder.notify.signature import signed_headers

ANSWER_SECONDS_MAX = 15.0
_PASSING = (408, 425, 429)
"""No's that mean "not now"."""


class Webhook:
    """One receiver (recorder.notify.channel.Channel). Its secret is read at the first sending."""

    batch_max = 1
    waiting_max = 10_000
    gather_seconds = every_seconds = 0.0

    def __init__(self, section: WebhookSection, clock: Clock) -> None:
        self.name = section.channel
        self.shown = section.shown
        self._section = section
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def send(self, notices: Sequence[Notice]) -> Told | Failed:
        """Posts the one notice."""
        (notice,) = notices
        return await self.post(notice.id, notice.body)

    async def post(self, id: str, text: str) -> Told | Failed:
        """Posts a body."""
        try:
            session = self._session = self._session or await self._open()
            key = await asyncio.to_thread(self._key)
        except (ValueError, OSError) as error:  # a file that is not there (yet)
            return Failed(reason=str(error))
        body = text.encode()
        headers = signed_headers(key, id, self._clock.now_ns() // 10**9, body)
        try:
            async with (
                self._clock.timeout(ANSWER_SECONDS_MAX),
                session.post(self._section.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return _judged(answer.status, answer.headers.get("Retry-After", ""))
        except TimeoutError:
            return Failed(reason=f"no answer within {ANSWER_SECONDS_MAX:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Failed(reason=_reason(error))

    async def close(self) -> None:
        """Ends its connection; the next sending opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _open(self) -> aiohttp.ClientSession:
        context = await asyncio.to_thread(tls_context, self._section.ca_file)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "User-Agent": "edge-recorder"},
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )

    def _key(self) -> bytes:
        text = secret_of(self._section.secret, self._section.secret_file)
        try:
            return webhook_key(text or "")
        except ValueError as error:
            raise ValueError(f"{self._section.secret_file}: {error}") from None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The machine's certificate authorities, and one's own. Blocks on the disk. Raises OSError, naming the file."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise OSError(f"{ca_file}: no certificates can be read from it: {error}") from None
    return context


def _judged(status: int, retry_after: str) -> Told | Failed:
    if 200 <= status < 300:
        return Told()
    if 300 <= status < 400:
        return Failed(reason=f"it redirects (HTTP {status}), which is not followed", refused=True)
    wait_seconds = 0.0
    if retry_after.isascii() and retry_after.isdecimal():
        with contextlib.suppress(ValueError):
            wait_seconds = float(retry_after[:9])
    refused = 400 <= status < 500 and status not in _PASSING
    return Failed(reason=f"it answers HTTP {status}", refused=refused, wait_seconds=wait_seconds)


def _reason(error: Exception) -> str:
    """What went wrong, in words that hold neither path nor query of the address."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted (ca_file names an authority of one's own)"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorError():
            return f"it cannot be reached: {error.os_error.strerror or 'no connection'}"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "it broke off"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return "its answer is no HTTP"
        case _:
            return f"it cannot be used ({type(error).__name__})"
