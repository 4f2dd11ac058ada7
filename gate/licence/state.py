"""What the ledger adds up to: partners, stock, customers, devices, cameras, licences, and who covers what.

A state is a value; `gate.licence.fold` makes it from facts. It holds whatever the facts given to it concern: a service
may fold one customer's, with its partner's, or everybody's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey, Origin, StockKey
from gate.licence.term import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """`[starts, ends)` of a camera, by one licence. `cut`: it ended before its licence's term did."""

    licence: str
    starts: datetime
    ends: datetime
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """`primary` is set for a secondary partner."""

    id: str
    primary: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A contract user: licences in the order of allocation, devices in that of registration."""

    id: str
    partner: str
    licences: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A recorder, or a direct camera's own device."""

    id: str
    customer: str
    kind: Kind
    cameras: tuple[CameraKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """`coverage` in order, disjoint; the last ones may lie ahead."""

    key: CameraKey
    customer: str
    kind: Kind
    registered_at: datetime
    held: bool = False
    coverage: tuple[Coverage, ...] = ()

    @property
    def covered_until(self) -> datetime | None:
        """The end of the last coverage."""
        return self.coverage[-1].ends if self.coverage else None

    def covered_at(self, instant: datetime) -> Coverage | None:
        """What covers it then."""
        return next((one for one in self.coverage if one.starts <= instant < one.ends), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One seat. `camera`: what it is bound to, also when its term is over; None: in the pool since `free_since`."""

    id: str
    partner: str
    customer: str
    kind: Kind
    months: int
    origin: Origin
    renews: str | None
    renewed_by: str | None = None
    term: Term | None
    camera: CameraKey | None = None
    free_since: datetime
    revoked_at: datetime | None = None

    def free_at(self, instant: datetime) -> bool:
        """Whether it lay in the pool then, to be bound to any camera of its kind."""
        if self.revoked_at is not None or self.camera is not None or instant < self.free_since:
            return False
        return self.term is None or self.term.starts <= instant < self.term.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything, by id. Treat the mappings as values: they are shared between states."""

    partners: Mapping[str, Partner] = field(default_factory=dict)
    stock: Mapping[StockKey, int] = field(default_factory=dict)
    """Quantities above zero."""
    customers: Mapping[str, Customer] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    cameras: Mapping[CameraKey, Camera] = field(default_factory=dict)
    licences: Mapping[str, Licence] = field(default_factory=dict)

    def pool(self, customer: str) -> tuple[Licence, ...]:
        """A customer's licences, in the order of allocation."""
        return tuple(self.licences[licence] for licence in self.customers[customer].licences)


EMPTY = State()
