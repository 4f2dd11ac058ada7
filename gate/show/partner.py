"""The partner at the licence service: signs in to its portal as a person does, and allocates over its API."""

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from gate.show.errors import RefusedError, SiteAwayError

_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_REQUEST_SECONDS = 10.0


class _SessionOverError(Exception):
    """The service does not know this session, or no longer."""


class Partner:
    """`sign_in` is an e-mail address and a password; `customer_email` whom it serves. A session that is over,
    because the service is another one by now, is opened anew."""

    def __init__(self, portal: str, sign_in: tuple[str, str], customer_email: str) -> None:
        self._portal = portal
        self._sign_in = sign_in
        self._customer_email = customer_email
        self._session: aiohttp.ClientSession | None = None
        self._one_at_a_time = asyncio.Lock()
        self._form_token = ""
        self._customer = ""

    async def close(self) -> None:
        """Forgets the session."""
        async with self._one_at_a_time:
            await self._forget()

    async def _forget(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def licensing(self) -> dict[str, Any]:
        """The customer's licences and cameras, as the service's API tells them. Raises ShowError."""
        return await self._signed_in(lambda: self._ask("GET", f"licences?customer={self._customer}"))

    async def allocate(self, *, months: int, quantity: int) -> dict[str, Any]:
        """割り当てる: the service's answer. Raises ShowError."""
        order = {"kind": "edge", "months": months, "quantity": quantity}
        return await self._signed_in(lambda: self._ask("POST", "allocations", {**order, "customer": self._customer}))

    async def _signed_in(self, work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        async with self._one_at_a_time:
            for _ in range(2):  # a session may have ended with months that were stepped over
                try:
                    if self._session is None:
                        await self._open()
                    return await work()
                except _SessionOverError:
                    await self._forget()
        raise SiteAwayError("the licence service does not keep its sessions")

    async def _find_customer(self) -> str:
        for one in (await self._ask("GET", "customers"))["customers"]:
            if one["email"] == self._customer_email:
                return str(one["id"])
        raise RefusedError(f"the licence service knows no customer {self._customer_email}")

    async def _open(self) -> None:
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
        )
        try:
            async with session.get(f"{self._portal}sign-in") as response:
                proof = _form_token_of(await response.text())
            email, password = self._sign_in
            form = {"email": email, "password": password, "form_token": proof}
            async with session.post(f"{self._portal}sign-in", data=form) as response:
                page = await response.text()
                if response.url.path == "/sign-in":
                    raise RefusedError(f"the licence service does not let {email} in")
                self._form_token = _form_token_of(page)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await session.close()
            raise SiteAwayError(f"the licence service does not answer: {error}") from None
        except BaseException:
            await session.close()
            raise
        self._session = session
        try:
            self._customer = await self._find_customer()
        except BaseException:  # a session that serves nobody is none
            await self._forget()
            raise

    async def _ask(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        assert self._session is not None
        headers = {"X-Form-Token": self._form_token, "Accept-Language": "en"}
        if content is not None:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        try:
            async with self._session.request(
                method, f"{self._portal}api/v1/{path}", json=content, headers=headers
            ) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise SiteAwayError(f"the licence service does not answer: {error}") from None
        if response.status == 401:
            raise _SessionOverError
        if response.status >= 400:
            code = "no_stock" if answer.get("code") == "NO_STOCK" else "refused"
            raise RefusedError(f"the licence service refuses: {answer.get('title')}", code)
        return answer


def _form_token_of(page: str) -> str:
    found = _FORM_TOKEN.search(page)
    if found is None:
        raise SiteAwayError("the portal's page has no form")
    return found[1]
