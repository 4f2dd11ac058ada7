"""Who does something."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["operator", "partner", "customer", "shared", "device", "system"]
"""`operator` runs the service: partners and purchases. `system` is a job, `device` a device by its own key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`id`: a user's id, a device's id, or the job's name. `partner` or `customer` is the organisation of the user.

    A partner that acts as its customer (代理ログイン) keeps its role and partner; `on_behalf_of` is the customer and
    `proxy_since` when that began. Operations then judge by the proxy's limits, and record both."""

    id: str
    role: Role
    partner: str | None = None
    customer: str | None = None
    on_behalf_of: str | None = None
    proxy_since: datetime | None = None
    address: str | None = None

    @property
    def acting_customer(self) -> str | None:
        """The customer this actor is, or acts as."""
        return self.on_behalf_of or self.customer


SYSTEM = Actor(id="system", role="system")
"""The service's own jobs."""
