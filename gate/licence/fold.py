"""From facts to a state: the only way there is.

Folding facts one by one, all at once or in any batches gives the same state. Facts that contradict what was before them
raise LedgerError: they were written by something else than the plans of this package.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from gate.licence.errors import LedgerError
from gate.licence.facts import (
    CameraKey,
    CameraRegistered,
    CameraRemoved,
    CustomerAdded,
    DeviceRegistered,
    DeviceRemoved,
    Fact,
    HoldCleared,
    HoldSet,
    LicenceAllocated,
    LicenceAssignedAutomatically,
    LicenceBound,
    LicenceRevoked,
    LicenceTransferred,
    LicenceUnbound,
    PartnerRegistered,
    StockKey,
    StockMoved,
    StockPurchased,
    TermFixed,
)
from gate.licence.state import EMPTY, Camera, Coverage, Customer, Device, Licence, Partner, State

_K = TypeVar("_K")
_V = TypeVar("_V")


def fold(facts: Iterable[Fact], state: State = EMPTY) -> State:
    """The state after these facts. Raises LedgerError with the id of the fact that does not fit."""
    draft = _Draft(state)
    for fact in facts:
        try:
            _STEPS[type(fact)](draft, fact)
        except KeyError as error:
            raise LedgerError(fact.id, f"{type(fact).__name__} names {error}, which is not there") from None
    return draft.state()


def apply(state: State, fact: Fact) -> State:
    """The state after one more fact."""
    return fold((fact,), state)


class _Table(Generic[_K, _V]):
    """A mapping that is copied when it is first written to."""

    def __init__(self, rows: Mapping[_K, _V]) -> None:
        self.rows = rows
        self._own: dict[_K, _V] | None = None

    def __getitem__(self, key: _K) -> _V:
        return self.rows[key]

    def __contains__(self, key: _K) -> bool:
        return key in self.rows

    def __setitem__(self, key: _K, row: _V) -> None:
        self._writable()[key] = row

    def __delitem__(self, key: _K) -> None:
        del self._writable()[key]

    def _writable(self) -> dict[_K, _V]:
        if self._own is None:
            self.rows = self._own = dict(self.rows)
        return self._own


class _Draft:
    def __init__(self, state: State) -> None:
        self.partners = _Table(state.partners)
        self.stock = _Table(state.stock)
        self.customers = _Table(state.customers)
        self.devices = _Table(state.devices)
        self.cameras = _Table(state.cameras)
        self.licences = _Table(state.licences)

    def state(self) -> State:
        return State(
            partners=self.partners.rows,
            stock=self.stock.rows,
            customers=self.customers.rows,
            devices=self.devices.rows,
            cameras=self.cameras.rows,
            licences=self.licences.rows,
        )

    def add_stock(self, fact: Fact, key: StockKey, quantity: int) -> None:
        _require(key.partner in self.partners, fact, f"there is no partner {key.partner}")
        left = self.stock.rows.get(key, 0) + quantity
        _require(left >= 0, fact, f"the stock of {key.partner} would be {left}")
        if left:
            self.stock[key] = left
        elif key in self.stock:
            del self.stock[key]

    def cover(self, fact: Fact, licence: Licence, key: CameraKey, starts: datetime) -> None:
        camera, term = self.cameras[key], licence.term
        _require(licence.camera is None and licence.revoked_at is None, fact, f"licence {licence.id} is not free")
        _require(
            (licence.customer, licence.kind) == (camera.customer, camera.kind), fact, f"{key} is not its customer's"
        )
        if term is None or not term.starts <= starts < term.ends:
            raise LedgerError(fact.id, f"the term of {licence.id} does not contain {starts}")
        clear = all(one.ends <= starts or term.ends <= one.starts for one in camera.coverage)
        _require(clear, fact, f"{key} is covered already")
        coverage = Coverage(licence=licence.id, starts=starts, ends=term.ends)
        in_order = sorted((*camera.coverage, coverage), key=lambda one: one.starts)
        self.cameras[key] = replace(camera, coverage=tuple(in_order))
        self.licences[licence.id] = replace(licence, camera=key)

    def uncover(self, fact: Fact, licence: Licence) -> Licence:
        _require(licence.camera is not None, fact, f"licence {licence.id} is not bound")
        assert licence.camera is not None
        camera = self.cameras[licence.camera]
        left = tuple(_cut(one, fact.at) if one.licence == licence.id else one for one in camera.coverage)
        self.cameras[camera.key] = replace(camera, coverage=tuple(one for one in left if one.starts < one.ends))
        freed = replace(licence, camera=None, free_since=fact.at)
        self.licences[licence.id] = freed
        return freed


def _cut(coverage: Coverage, at: datetime) -> Coverage:
    if coverage.ends <= at:
        return coverage
    return replace(coverage, ends=max(at, coverage.starts), cut=True)


def _require(fits: bool, fact: Fact, problem: str) -> None:
    if not fits:
        raise LedgerError(fact.id, problem)


def _partner_registered(draft: _Draft, fact: PartnerRegistered) -> None:
    _require(fact.partner not in draft.partners, fact, f"partner {fact.partner} is there already")
    _require(fact.primary is None or fact.primary in draft.partners, fact, f"there is no partner {fact.primary}")
    draft.partners[fact.partner] = Partner(id=fact.partner, primary=fact.primary)


def _customer_added(draft: _Draft, fact: CustomerAdded) -> None:
    _require(fact.customer not in draft.customers, fact, f"customer {fact.customer} is there already")
    _require(fact.partner in draft.partners, fact, f"there is no partner {fact.partner}")
    draft.customers[fact.customer] = Customer(id=fact.customer, partner=fact.partner)


def _stock_purchased(draft: _Draft, fact: StockPurchased) -> None:
    draft.add_stock(fact, StockKey(fact.partner, fact.kind, fact.months), fact.quantity)


def _stock_moved(draft: _Draft, fact: StockMoved) -> None:
    draft.add_stock(fact, StockKey(fact.source, fact.kind, fact.months), -fact.quantity)
    draft.add_stock(fact, StockKey(fact.target, fact.kind, fact.months), fact.quantity)


def _licence_allocated(draft: _Draft, fact: LicenceAllocated) -> None:
    customer = draft.customers[fact.customer]
    _require(fact.licence not in draft.licences, fact, f"licence {fact.licence} is there already")
    draft.add_stock(fact, StockKey(fact.partner, fact.kind, fact.months), -1)
    draft.customers[customer.id] = replace(customer, licences=(*customer.licences, fact.licence))
    draft.licences[fact.licence] = Licence(
        id=fact.licence,
        partner=fact.partner,
        customer=fact.customer,
        kind=fact.kind,
        months=fact.months,
        origin=fact.origin,
        renews=fact.renews,
        term=fact.term,
        free_since=fact.term.starts if fact.term else fact.at,
    )
    if fact.renews is not None:
        draft.licences[fact.renews] = replace(draft.licences[fact.renews], renewed_by=fact.licence)


def _term_fixed(draft: _Draft, fact: TermFixed) -> None:
    licence = draft.licences[fact.licence]
    _require(licence.term is None, fact, f"licence {fact.licence} has its term already")
    draft.licences[fact.licence] = replace(licence, term=fact.term)


def _licence_bound(draft: _Draft, fact: LicenceBound | LicenceAssignedAutomatically) -> None:
    draft.cover(fact, draft.licences[fact.licence], CameraKey(fact.device, fact.camera), fact.starts)


def _licence_unbound(draft: _Draft, fact: LicenceUnbound) -> None:
    draft.uncover(fact, draft.licences[fact.licence])


def _licence_transferred(draft: _Draft, fact: LicenceTransferred) -> None:
    freed = draft.uncover(fact, draft.licences[fact.licence])
    draft.cover(fact, freed, CameraKey(fact.to_device, fact.to_camera), fact.starts)


def _licence_revoked(draft: _Draft, fact: LicenceRevoked) -> None:
    licence = draft.licences[fact.licence]
    _require(licence.revoked_at is None, fact, f"licence {fact.licence} is revoked already")
    freed = licence if licence.camera is None else draft.uncover(fact, licence)
    draft.licences[fact.licence] = replace(freed, revoked_at=fact.at)


def _device_registered(draft: _Draft, fact: DeviceRegistered) -> None:
    customer = draft.customers[fact.customer]
    _require(fact.device not in draft.devices, fact, f"device {fact.device} is there already")
    draft.devices[fact.device] = Device(id=fact.device, customer=fact.customer, kind=fact.kind)
    draft.customers[customer.id] = replace(customer, devices=(*customer.devices, fact.device))


def _device_removed(draft: _Draft, fact: DeviceRemoved) -> None:
    device = draft.devices[fact.device]
    _require(not device.cameras, fact, f"device {fact.device} has cameras")
    customer = draft.customers[device.customer]
    kept = tuple(one for one in customer.devices if one != fact.device)
    draft.customers[customer.id] = replace(customer, devices=kept)
    del draft.devices[fact.device]


def _camera_registered(draft: _Draft, fact: CameraRegistered) -> None:
    device, key = draft.devices[fact.device], CameraKey(fact.device, fact.camera)
    _require(key not in draft.cameras, fact, f"camera {key} is there already")
    draft.devices[device.id] = replace(device, cameras=(*device.cameras, key))
    draft.cameras[key] = Camera(key=key, customer=device.customer, kind=device.kind, registered_at=fact.at)


def _camera_removed(draft: _Draft, fact: CameraRemoved) -> None:
    device, key = draft.devices[fact.device], CameraKey(fact.device, fact.camera)
    draft.devices[device.id] = replace(device, cameras=tuple(one for one in device.cameras if one != key))
    bound = [one.licence for one in draft.cameras[key].coverage if draft.licences[one.licence].camera == key]
    _require(not bound, fact, f"licence {bound[0] if bound else ''} is bound to {key}")
    del draft.cameras[key]


def _hold_changed(draft: _Draft, fact: HoldSet | HoldCleared) -> None:
    key = CameraKey(fact.device, fact.camera)
    draft.cameras[key] = replace(draft.cameras[key], held=isinstance(fact, HoldSet))


_STEPS: dict[type[Fact], Callable[[_Draft, Any], None]] = {
    PartnerRegistered: _partner_registered,
    CustomerAdded: _customer_added,
    StockPurchased: _stock_purchased,
    StockMoved: _stock_moved,
    LicenceAllocated: _licence_allocated,
    TermFixed: _term_fixed,
    LicenceBound: _licence_bound,
    LicenceAssignedAutomatically: _licence_bound,
    LicenceUnbound: _licence_unbound,
    LicenceTransferred: _licence_transferred,
    LicenceRevoked: _licence_revoked,
    DeviceRegistered: _device_registered,
    DeviceRemoved: _device_removed,
    CameraRegistered: _camera_registered,
    CameraRemoved: _camera_removed,
    HoldSet: _hold_changed,
    HoldCleared: _hold_changed,
}
