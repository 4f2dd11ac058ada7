"""The customer's people at the licence service, signed in as in a browser: itself, or its partner acting as it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from gate.verify.errors import SiteError
from gate.verify.licences import LicenceService
from gate.verify.partner import by_password

_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who may sign in."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Of the service whose portal is at that address. Each visit signs in anew: months may lie between them."""

    portal: str
    partner: SignIn
    customer: SignIn

    @asynccontextmanager
    async def as_customer(self) -> AsyncIterator[LicenceService]:
        """The customer itself; it accepts the terms of use if it has not. Raises SiteError."""
        async with self._signed_in(self.customer) as (session, proof):
            await _submit(session, f"{self.portal}terms", {"agree": "yes", "form_token": proof["X-Form-Token"]})
            yield LicenceService(session, self.portal, proof, self.customer.email)

    @asynccontextmanager
    async def as_proxy(self, customer: str) -> AsyncIterator[LicenceService]:
        """代理ログイン: the partner acting as the customer of that id. Raises SiteError."""
        async with self._signed_in(self.partner) as (session, proof):
            begin = f"{self.portal}customers/{customer}/proxy"
            await _submit(session, begin, {"form_token": proof["X-Form-Token"]})
            yield LicenceService(session, self.portal, proof, self.customer.email)

    @asynccontextmanager
    async def _signed_in(self, who: SignIn) -> AsyncIterator[tuple[aiohttp.ClientSession, dict[str, str]]]:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS), cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as session:
            yield session, dict(await by_password(session, self.portal, who.email, who.password))


async def _submit(session: aiohttp.ClientSession, url: str, fields: dict[str, str]) -> None:
    try:
        async with session.post(url, data=fields, allow_redirects=False) as answer:
            if answer.status != 303:
                raise SiteError(f"the licence portal answers {url} with {answer.status}")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SiteError(f"the licence portal does not answer {url}: {type(error).__name__}") from None
