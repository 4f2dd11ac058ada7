"""The licence service as a partner's program uses it: over its HTTP API (/api/openapi.json)."""

import uuid
from datetime import datetime
from typing import Any

import aiohttp

from gate.verify.errors import SiteError


class LicenceService:
    """A partner with a token."""

    def __init__(self, session: aiohttp.ClientSession, portal: str, token: str, customer_email: str) -> None:
        self._session = session
        self._base = f"{portal}api/v1/"
        self._token = token
        self._customer_email = customer_email

    async def ends(self) -> list[datetime]:
        """When the licences that cameras have now end. Raises SiteError."""
        answer = await self._ask("GET", f"licences?customer={await self._customer()}")
        return [datetime.fromisoformat(one["coverage"][-1]["ends"]) for one in answer["cameras"] if one["coverage"]]

    async def allocate(self, *, months: int, quantity: int) -> dict[str, Any]:
        """割り当てる: the answer of the service. Raises SiteError."""
        order = {"customer": await self._customer(), "kind": "edge", "months": months, "quantity": quantity}
        return await self._ask("POST", "allocations", order)

    async def _customer(self) -> str:
        for one in (await self._ask("GET", "customers"))["customers"]:
            if one["email"] == self._customer_email:
                return str(one["id"])
        raise SiteError(f"the licence service knows no customer {self._customer_email}")

    async def _ask(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if content is not None:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        try:
            async with self._session.request(method, self._base + path, json=content, headers=headers) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SiteError(f"the licence service does not answer {method} {path}: {error}") from None
        if response.status >= 400:
            raise SiteError(f"the licence service refuses {method} {path}: {answer.get('title')} ({response.status})")
        return answer
