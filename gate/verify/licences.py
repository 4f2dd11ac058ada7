"""The licence service as a partner's program uses it: over its HTTP API (/api/openapi.json)."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import aiohttp

from gate.verify.errors import SiteError

_NO_RULE = frozenset({401, 408, 429})
"""Of the statuses below 500, those that are no answer to what was asked."""


class ServiceRefusedError(SiteError):
    """The service understands what is asked, and says no."""

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class LicenceService:
    """A partner, or the customer's people. `proof`: headers that say who asks (gate.verify.partner)."""

    def __init__(
        self, session: aiohttp.ClientSession, portal: str, proof: Mapping[str, str], customer_email: str
    ) -> None:
        self._session = session
        self._base = f"{portal}api/v1/"
        self._proof = proof
        self._customer_email = customer_email

    async def knows_us(self) -> bool:
        """Whether the service lets us in. Raises SiteError if nobody answers."""
        try:
            async with self._session.get(f"{self._base}customers", headers=dict(self._proof)) as answer:
                return answer.status not in (401, 403)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SiteError(f"no licence service answers there: {type(error).__name__}") from None

    async def licensing(self) -> dict[str, Any]:
        """The customer's licences and cameras, as `GET /licences` tells them. Raises SiteError."""
        return await self._ask("GET", f"licences?customer={await self.customer()}")

    async def preview(self, kind: str, months: int) -> dict[str, Any]:
        """What an allocation now would give. Raises SiteError."""
        return await self._ask(
            "GET", f"allocations/preview?customer={await self.customer()}&kind={kind}&months={months}"
        )

    async def allocate(self, *, months: int, quantity: int, kind: str = "edge") -> dict[str, Any]:
        """割り当てる: the answer of the service. Raises SiteError."""
        order = {"customer": await self.customer(), "kind": kind, "months": months, "quantity": quantity}
        return await self._ask("POST", "allocations", order)

    async def set_stock(self, kind: str, months: int, count: int) -> None:
        """Buys what is missing, or moves what is too much to a secondary partner. Raises SiteError."""
        held = (await self._ask("GET", "stock"))["lines"]
        has = sum(one["quantity"] for one in held if (one["kind"], one["months"]) == (kind, months))
        order = {"kind": kind, "months": months, "quantity": abs(count - has)}
        if has < count:
            await self._ask("POST", "stock/purchases", order)
        elif has > count:
            others = (await self._ask("GET", "partners/secondary"))["secondary"]
            if not others:
                raise SiteError("there is no secondary partner to move stock to")
            await self._ask("POST", "stock/moves", {**order, "target": others[0]["partner"]["id"]})

    async def act(self, path: str, content: object, method: str = "POST") -> None:
        """Something that only the customer's people may do. Raises SiteError."""
        await self._ask(method, path, content)

    async def customer(self) -> str:
        """The id of the customer. Raises SiteError."""
        for one in (await self._ask("GET", "customers"))["customers"]:
            if one["email"] == self._customer_email:
                return str(one["id"])
        raise SiteError(f"the licence service knows no customer {self._customer_email}")

    async def _ask(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        headers = dict(self._proof)
        if content is not None:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        try:
            async with self._session.request(method, self._base + path, json=content, headers=headers) as response:
                answer: dict[str, Any] = json.loads(await response.read() or b"{}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SiteError(f"the licence service does not answer {method} {path}: {error}") from None
        if response.status >= 400:
            said = f"the licence service refuses {method} {path}: {answer.get('title')} ({response.status})"
            if response.status >= 500 or response.status in _NO_RULE:
                raise SiteError(said)
            raise ServiceRefusedError(said, code=str(answer.get("code", response.status)))
        return answer
