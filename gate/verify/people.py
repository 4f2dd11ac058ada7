"""The customer's people at the licence service, signed in as in a browser: itself, or its partner acting as it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from gate.verify.errors import SiteError
from gate.verify.licences import LicenceService
from gate.verify.partner import by_password

_ANSWER_SECONDS = 20.0
_MADE = re.compile(r'id="made">([^<]+)<')


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

    async def new_token(self, name: str) -> str:
        """A token for programs, made by the partner on its own page: months of site time do not end it, as they do a
        sign-in. Raises SiteError."""
        async with self._signed_in(self.partner) as (session, proof):
            fields = {"token_name": name, "form_token": proof["X-Form-Token"]}
            found = _MADE.search(await _submit(session, f"{self.portal}account/tokens", fields, status=200))
        if found is None:
            raise SiteError("the licence portal made no token")
        return found[1]

    @asynccontextmanager
    async def _signed_in(self, who: SignIn) -> AsyncIterator[tuple[aiohttp.ClientSession, dict[str, str]]]:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS), cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as session:
            yield session, dict(await by_password(session, self.portal, who.email, who.password))


async def _submit(session: aiohttp.ClientSession, url: str, fields: dict[str, str], *, status: int = 303) -> str:
    """The page that answers."""
    try:
        async with session.post(url, data=fields, allow_redirects=False) as answer:
            if answer.status != status:
                raise SiteError(f"the licence portal answers {url} with {answer.status}")
            return await answer.text()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SiteError(f"the licence portal does not answer {url}: {type(error).__name__}") from None
