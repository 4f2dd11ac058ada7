"""What an endpoint is: its path, what goes in and comes out, and the operation behind it. Routes and the OpenAPI
document are both made from these."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction
from gate.sign_in.passwords import Passwords
from gate.signing.issuer import Issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, checked. `body` and `query` are of the endpoint's models; `prepared` is what `prepare` gave."""

    tx: Transaction
    actor: Actor
    now: datetime
    rules: Rules
    issuer: Issuer
    path: dict[str, str]
    query: Any
    body: Any
    prepared: Any


Handle = Callable[[Call], Awaitable[BaseModel | Refusal | None]]
Prepare = Callable[[Any, Passwords], Awaitable[Any]]
"""From the body; outside of any transaction, for what takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`answer` None: 204. `once`: it changes stock, and so needs an Idempotency-Key. `signed_in` false: for devices,
    which prove themselves. `often`: how often in a minute an address may call it, None: ever so often. `refusals`: the
    statuses of what it may refuse, beside what every endpoint may."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    handle: Handle
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    once: bool = False
    signed_in: bool = True
    often: int | None = None
    prepare: Prepare | None = None

    @property
    def changes(self) -> bool:
        """Whether it needs a transaction that writes."""
        return self.method != "GET"
