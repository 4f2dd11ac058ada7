"""A recorder that is not ours, over HTTP: an answer, a refusal as its driver's file describes it, or neither."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from gate.clock import SystemClock
from gate.verify.errors import ProbeError
from gate.verify.foreign.driver_file import Credentials, Driver, Expect, Request
from gate.verify.secret import Secret, SecretError, read_secret
from gate.yaml_file import placed

ANSWER_SECONDS = 10.0
BODY_BYTES_MAX = 64 << 20
_STEP = re.compile(r"[^.\[\]]+")


class RefusedError(Exception):
    """A no. `evidence`: what it looked like."""

    def __init__(self, evidence: Mapping[str, Any]) -> None:
        super().__init__(str(evidence))
        self.evidence = dict(evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What probes are given. The user's name and password go into RTSP addresses by `with_user` alone: such an address
    is never told to anybody."""

    driver: Driver
    clock: SystemClock
    session: aiohttp.ClientSession
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> bytes:
        """What is answered. Raises RefusedError, or ProbeError for what is neither."""
        _, body = await self._ask("GET", url, None, headers or {})
        return body

    async def ask(self, request: Request) -> dict[str, Any]:
        """The evidence of an answer that is as the driver's file expects it. As `get`."""
        status, body = await self._ask(request.method, request.url, request.body, request.headers)
        if (missing := _missing(request.expect, status, body)) is not None:
            raise ProbeError(f"{request.url} answers {status}, {missing}, which is neither yes nor no")
        return {"status": status, "bytes": len(body)}

    async def _ask(self, method: str, url: str, body: object, headers: Mapping[str, str]) -> tuple[int, bytes]:
        silence = self.driver.refusal.silence_seconds
        follow = min(self.driver.refusal.http, default=400) >= 400
        content: dict[str, Any] = {"data": body} if isinstance(body, str) else {"json": body}
        try:
            async with (
                self.clock.timeout(silence or ANSWER_SECONDS),
                self.session.request(
                    method, url, headers={**self.headers, **headers}, allow_redirects=follow, **content
                ) as answer,
            ):
                found = await answer.content.read(BODY_BYTES_MAX)
                while not answer.content.at_eof() and len(found) < BODY_BYTES_MAX:
                    found += await answer.content.read(BODY_BYTES_MAX)
        except TimeoutError:
            self.silent(url, silence or ANSWER_SECONDS)
        except (aiohttp.ClientError, OSError) as error:
            raise ProbeError(f"{url} does not answer: {type(error).__name__}") from None
        if answer.status in self.driver.refusal.http:
            raise RefusedError({"status": answer.status})
        if answer.status >= 300:
            raise ProbeError(f"{url} answers {answer.status}, which is neither yes nor no (refusal.http names what is)")
        return answer.status, found

    def silent(self, url: str, seconds: float) -> None:
        """Nothing came for so long. Raises RefusedError where that is a refusal, else ProbeError."""
        if self.driver.refusal.silence_seconds is not None:
            raise RefusedError({"silence_seconds": round(seconds, 1)})
        raise ProbeError(f"{url} gives nothing within {seconds:.0f} s, which is neither yes nor no")

    def with_user(self, url: str) -> str:
        """The address with name and password in it."""
        if self.user is None:
            return url
        parts = urlsplit(url)
        name, password = (quote(one, safe="") for one in self.user)
        return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc}"))


def _missing(expect: Expect, status: int, body: bytes) -> str | None:
    if status not in expect.status:
        return f"not {' or '.join(map(str, sorted(expect.status)))}"
    if expect.text is not None and expect.text.encode() not in body:
        return f"without {expect.text!r} in it"
    if not expect.values:
        return None
    try:
        content = json.loads(body)
    except ValueError:
        return "which is no JSON"
    for place, value in expect.values.items():
        found = content
        for name in _STEP.findall(place):
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (LookupError, TypeError, ValueError):
                return f"without {place}"
        if found != value:
            return f"with another {place} than {value!r}"
    return None


@asynccontextmanager
async def reached(path: Path, driver: Driver) -> AsyncIterator[Product]:
    """With its credentials, until the body ends. Raises gate.yaml_file.ConfigError where these are not there."""
    clock = SystemClock()
    credentials = driver.credentials or Credentials.model_construct()

    def secret(name: str) -> str | None:
        given: Secret | None = getattr(credentials, name)
        try:
            return None if given is None else read_secret(given, path)
        except SecretError as error:
            raise placed(path, ("credentials", name), str(error)) from None

    user, password, bearer = secret("user"), secret("password"), secret("bearer")
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    middlewares: tuple[aiohttp.DigestAuthMiddleware, ...] = ()
    if user is not None and password is not None and credentials.way == "digest":
        middlewares = (aiohttp.DigestAuthMiddleware(user, password),)
    elif user is not None and password is not None:
        if ":" in user:
            raise placed(path, ("credentials", "user"), "basic authentication knows no names with a colon")
        headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    try:
        async with aiohttp.ClientSession(middlewares=middlewares) as session:
            both = (user, password) if user is not None and password is not None else None
            yield Product(driver=driver, clock=clock, session=session, headers=headers, user=both)
    finally:
        clock.close()
