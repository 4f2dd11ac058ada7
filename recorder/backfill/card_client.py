"""A camera's card over HTTP (docs/protocols.md, "SD card of a camera"): its list, and its files one at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated

import aiohttp
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from yarl import URL

from gate.clock import Clock, ns_of
from recorder.backfill.errors import BackfillError
from recorder.backfill.plan import CardFile
from recorder.ingest.rtsp.auth import Credentials

LIST_BYTES_MAX = 16 << 20
FILES_MAX = 100_000
FILE_BYTES_MAX = 512 << 20
ANSWER_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = 10.0
_BLOCK_BYTES = 256 << 10


class _Entry(BaseModel):
    path: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,4}$")]
    start: AwareDatetime
    end: AwareDatetime | None
    bytes: int = Field(ge=0)


class _Listing(BaseModel):
    now: AwareDatetime
    files: list[_Entry] = Field(max_length=FILES_MAX)


class CardClient:
    """One camera's card. `url`: of its list; each file is below it. Use it as a context."""

    def __init__(self, url: str, credentials: Credentials | None, clock: Clock) -> None:
        self._url = URL(url)
        self._clock = clock
        login = (aiohttp.DigestAuthMiddleware(credentials.user, credentials.password),) if credentials else ()
        self._session = aiohttp.ClientSession(
            middlewares=login,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS_MAX, sock_read=SILENCE_SECONDS_MAX),
        )

    async def __aenter__(self) -> "CardClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def files(self) -> Sequence[CardFile]:
        """What is on the card, by our clock: the camera says what time it is there. Raises BackfillError."""
        try:
            async with self._session.get(self._url, allow_redirects=False) as response:
                self._check(response)
                text = await response.content.read(LIST_BYTES_MAX + 1)
                while len(text) <= LIST_BYTES_MAX and (more := await response.content.read(LIST_BYTES_MAX)):
                    text += more
            now_ns = self._clock.now_ns()
            listing = await asyncio.to_thread(_Listing.model_validate_json, text[:LIST_BYTES_MAX])
        except ValidationError:
            raise BackfillError(f"{self._url} is no list of a card") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BackfillError(f"{self._url} does not answer ({type(error).__name__})") from None
        skew_ns = ns_of(listing.now.astimezone(UTC)) - now_ns
        return [
            CardFile(
                path=entry.path,
                start_utc_ns=_ns(entry.start) - skew_ns,
                end_utc_ns=now_ns if entry.end is None else _ns(entry.end) - skew_ns,
                bytes=entry.bytes,
            )
            for entry in listing.files
        ]

    async def fetch(self, file: CardFile, target: Path) -> None:
        """Downloads a file. Raises BackfillError; what is there then is torn."""
        try:
            async with self._session.get(self._url / file.path, allow_redirects=False) as response:
                self._check(response)
                with await asyncio.to_thread(target.open, "wb") as out:
                    await self._copy(response, out)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BackfillError(f"{file.path} could not be fetched ({type(error).__name__})") from None

    async def _copy(self, response: aiohttp.ClientResponse, out: IO[bytes]) -> None:
        size = 0
        async for block in response.content.iter_chunked(_BLOCK_BYTES):
            size += len(block)
            if size > FILE_BYTES_MAX:
                raise BackfillError(f"{response.url.path} is larger than {FILE_BYTES_MAX >> 20} MiB")
            await asyncio.to_thread(out.write, block)

    def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status == 401:
            raise BackfillError(f"{self._url} does not accept user and password")
        if response.status != 200:
            raise BackfillError(f"{self._url} answers with {response.status}")


def _ns(instant: datetime) -> int:
    return ns_of(instant.astimezone(UTC))
