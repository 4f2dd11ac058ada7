"""The facts of the licence ledger: what has happened, in the past tense. Facts are appended and never changed.

Every fact says who did it (`actor`), for whom (`on_behalf_of`, a proxy login) and when (`at`). Ids and instants come
from outside. Dates of a term are recorded when it is fixed: rules that change later do not change history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from gate.licence.entitlement import Kind
from gate.licence.term import Term

Origin = Literal["first", "renewal", "automatic"]
Trigger = Literal["expiry", "allocation"]
Source = Literal["customer_pool", "partner_stock"]


class CameraKey(NamedTuple):
    """A camera's name across all devices."""

    device: str
    camera: str

    def __str__(self) -> str:
        return f"{self.device}/{self.camera}"


class StockKey(NamedTuple):
    """Licences in stock that are alike."""

    partner: str
    kind: Kind
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact has. `at` is when it was recorded."""

    id: str
    at: datetime
    actor: str
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRegistered(Fact):
    """`primary`: the partner whose secondary partner this one is."""

    partner: str
    primary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAdded(Fact):
    """R14. The account itself (e-mail, password) is no part of the ledger."""

    customer: str
    partner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPurchased(Fact):
    """R2: no term begins."""

    partner: str
    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMoved(Fact):
    """From a primary partner to a secondary one; no term begins."""

    source: str
    target: str
    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceAllocated(Fact):
    """From stock into a customer's pool, irrevocably (R10). `term` is None where the count starts at the binding.
    `renews` is the licence this one follows."""

    licence: str
    partner: str
    customer: str
    kind: Kind
    months: int
    origin: Origin
    renews: str | None = None
    term: Term | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFixed(Fact):
    """The term of a licence that had none yet."""

    licence: str
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceBound(Fact):
    """The licence covers the camera from `starts` to the end of its term."""

    licence: str
    device: str
    camera: str
    starts: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceAssignedAutomatically(Fact):
    """R7, R25: a binding that nobody made by hand. Recorded late, it still `starts` when the camera needed it."""

    licence: str
    device: str
    camera: str
    starts: datetime
    source: Source
    trigger: Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceUnbound(Fact):
    """Back to the pool, at `at`. The term goes on."""

    licence: str
    device: str
    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceTransferred(Fact):
    """R9: from one camera to another (振替え); it leaves the first at `at` and covers the other from `starts`."""

    licence: str
    device: str
    camera: str
    to_device: str
    to_camera: str
    starts: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRevoked(Fact):
    """Ended before its term, at `at`. It does not come back into stock."""

    licence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRegistered(Fact):
    """`kind` is that of all its cameras."""

    device: str
    customer: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemoved(Fact):
    """It has no cameras any more."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRegistered(Fact):
    """A camera of a device."""

    device: str
    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRemoved(Fact):
    """No licence is bound to it any more."""

    device: str
    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSet(Fact):
    """The customer leaves this camera unlicensed on purpose (R9)."""

    device: str
    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCleared(Fact):
    """It may have a licence again."""

    device: str
    camera: str


FACTS: tuple[type[Fact], ...] = (
    PartnerRegistered,
    CustomerAdded,
    StockPurchased,
    StockMoved,
    LicenceAllocated,
    TermFixed,
    LicenceBound,
    LicenceAssignedAutomatically,
    LicenceUnbound,
    LicenceTransferred,
    LicenceRevoked,
    DeviceRegistered,
    DeviceRemoved,
    CameraRegistered,
    CameraRemoved,
    HoldSet,
    HoldCleared,
)
"""Every kind of fact."""

Facts = tuple[Fact, ...]
_FactT = TypeVar("_FactT", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who does something, for whom, and when; `new_id` gives a fresh id for each fact and licence."""

    at: datetime
    actor: str
    on_behalf_of: str | None = None
    new_id: Callable[[], str]

    def fact(self, kind: Callable[..., _FactT], /, **fields: object) -> _FactT:
        """A fact of that kind, done by these."""
        return kind(id=self.new_id(), at=self.at, actor=self.actor, on_behalf_of=self.on_behalf_of, **fields)
