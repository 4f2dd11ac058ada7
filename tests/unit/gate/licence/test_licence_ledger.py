"""The ledger under any sequence of commands: stock, terms and coverage add up, and folding is folding."""

import inspect
import itertools
from collections import Counter
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gate.licence.assignment import forecast, next_expiry, plan_assignments
from gate.licence.devices import plan_register_camera, plan_register_device, plan_remove_camera, plan_remove_device
from gate.licence.errors import LedgerError
from gate.licence.facts import CameraKey, Fact, LicenceAllocated, LicenceBound, StockMoved, StockPurchased
from gate.licence.fold import apply, fold
from gate.licence.grants import grants_for
from gate.licence.ledger import fact_of, record_of
from gate.licence.pool import (
    plan_bind,
    plan_clear_hold,
    plan_revoke,
    plan_set_hold,
    plan_transfer,
    plan_unbind,
)
from gate.licence.refusals import Refused
from gate.licence.rules import AutoAssign, Rules
from gate.licence.state import EMPTY
from gate.licence.stock import plan_add_customer, plan_allocate, plan_move_stock, plan_purchase, plan_register_partner
from tests.fakes.licence_book import Book

CAMERAS = [
    CameraKey(device, camera) for device in ("rec-1", "rec-2", "direct-1") for camera in ("cam1", "cam2", "cam3")
]
PARTNERS = st.sampled_from(["partner", "second", "nobody"])
CUSTOMERS = st.sampled_from(["alice", "alice", "bob", "nobody"])
KINDS = st.sampled_from(["edge", "edge", "edge", "direct"])
MONTHS = st.sampled_from([1, 12])
RULES = st.builds(
    Rules,
    terms_months=st.just((1, 12)),
    count_starts=st.sampled_from(["allocation", "binding"]),
    renewal=st.sampled_from(["calendar", "strict60", "from_expiry"]),
    free_period=st.sets(st.sampled_from(["first", "renewal", "automatic"])).map(frozenset),
    auto_assign=st.builds(
        AutoAssign,
        source=st.sampled_from(["customer_pool", "partner_stock"]),
        respect_hold=st.booleans(),
        restores_on_allocation=st.booleans(),
    ),
)


class LedgerMachine(RuleBasedStateMachine):
    """Commands of all kinds, sensible or not, by a clock that only goes on, with a job that runs when it likes."""

    @initialize(rules=RULES)
    def begin(self, rules: Rules) -> None:
        self.book = Book(rules)
        self.book.do(plan_register_partner, partner="second", primary="partner")
        self.book.do(plan_add_customer, partner="second", customer="bob")
        self.bought: Counter[str] = Counter()
        for device, customer, kind in (
            ("rec-1", "alice", "edge"),
            ("rec-2", "bob", "edge"),
            ("direct-1", "alice", "direct"),
        ):
            self.attempt(plan_purchase, partner=self.owner(customer), kind=kind, months=12, quantity=2)
            self.attempt(plan_allocate, partner=self.owner(customer), customer=customer, kind=kind, months=12)
            self.attempt(plan_register_device, customer=customer, device=device, kind=kind)
            for camera in ("cam1", "cam2"):
                self.attempt(plan_register_camera, customer=customer, camera=CameraKey(device, camera))

    def owner(self, customer: str) -> str:
        return "second" if customer == "bob" else "partner"

    def attempt(self, plan: Any, **arguments: Any) -> None:
        before = self.book.state
        facts = self.book.ask(plan, **arguments)
        if isinstance(facts, Refused):
            assert facts.text.ja and facts.text.en and "{" not in facts.text.ja + facts.text.en
            assert self.book.state is before
            return
        assert facts
        self.book.append(facts)

    def any_licence(self, index: int) -> str:
        licences = [*self.book.state.licences, "unknown"]
        return licences[index % len(licences)]

    @rule(partner=PARTNERS, kind=KINDS, months=MONTHS, quantity=st.integers(0, 4))
    def purchase(self, **arguments: Any) -> None:
        self.attempt(plan_purchase, **arguments)

    @rule(source=PARTNERS, to=PARTNERS, kind=KINDS, months=MONTHS, quantity=st.integers(1, 3))
    def move_stock(self, to: str, **arguments: Any) -> None:
        self.attempt(plan_move_stock, target=to, **arguments)

    @rule(partner=PARTNERS, customer=CUSTOMERS, kind=KINDS, months=MONTHS, quantity=st.integers(1, 3))
    def allocate(self, **arguments: Any) -> None:
        self.attempt(plan_allocate, **arguments)

    @rule(customer=CUSTOMERS, camera=st.sampled_from(CAMERAS))
    def register_camera(self, **arguments: Any) -> None:
        self.attempt(plan_register_camera, **arguments)

    @rule(customer=CUSTOMERS, camera=st.sampled_from(CAMERAS))
    def remove_camera(self, **arguments: Any) -> None:
        self.attempt(plan_remove_camera, **arguments)

    @rule(customer=CUSTOMERS, device=st.sampled_from(["rec-1", "rec-3"]), kind=KINDS, away=st.booleans())
    def register_or_remove_device(self, customer: str, device: str, kind: str, away: bool) -> None:
        if away:
            self.attempt(plan_remove_device, customer=customer, device=device)
        else:
            self.attempt(plan_register_device, customer=customer, device=device, kind=kind)

    @rule(
        customer=CUSTOMERS,
        index=st.integers(0, 30),
        camera=st.sampled_from(CAMERAS),
        plan=st.sampled_from([plan_bind, plan_transfer, plan_unbind, plan_revoke, plan_set_hold, plan_clear_hold]),
    )
    def anything(self, customer: str, index: int, camera: CameraKey, plan: Any) -> None:
        """Sensible or not."""
        every = {"licence": self.any_licence(index), "camera": camera, "reason": "test"}
        wanted = inspect.signature(plan).parameters
        self.attempt(plan, customer=customer, **{name: value for name, value in every.items() if name in wanted})

    @rule(customer=st.sampled_from(["alice", "bob"]), kind=KINDS, months=MONTHS, quantity=st.integers(1, 2))
    def buy_and_allocate(self, customer: str, **arguments: Any) -> None:
        self.attempt(plan_purchase, partner=self.owner(customer), **arguments)
        self.attempt(plan_allocate, partner=self.owner(customer), customer=customer, **arguments)

    def fitting(self, data: st.DataObject, bound: bool) -> tuple[str, str, CameraKey] | None:
        """A licence that is bound or not, its customer, and one of the customer's cameras of its kind."""
        running = [
            licence
            for licence in self.book.state.licences.values()
            if (licence.camera is not None) == bound
            and licence.revoked_at is None
            and (not licence.term or licence.term.ends > self.book.now)
        ]
        if not running:
            return None
        licence = data.draw(st.sampled_from(running))
        cameras = [
            one.key
            for one in self.book.state.cameras.values()
            if (one.customer, one.kind) == (licence.customer, licence.kind) and one.key != licence.camera
        ]
        return (licence.customer, licence.id, data.draw(st.sampled_from(cameras))) if cameras else None

    @rule(data=st.data())
    def bind_what_fits(self, data: st.DataObject) -> None:
        if (found := self.fitting(data, bound=False)) is not None:
            self.attempt(plan_bind, customer=found[0], licence=found[1], camera=found[2])

    @rule(data=st.data())
    def transfer_what_fits(self, data: st.DataObject) -> None:
        if (found := self.fitting(data, bound=True)) is not None:
            self.attempt(plan_transfer, customer=found[0], licence=found[1], camera=found[2])

    @rule(data=st.data(), plan=st.sampled_from([plan_unbind, plan_revoke]))
    def take_away_what_is_bound(self, data: st.DataObject, plan: Any) -> None:
        if (found := self.fitting(data, bound=True)) is not None:
            reason = {"reason": "test"} if plan is plan_revoke else {}
            self.attempt(plan, customer=found[0], licence=found[1], **reason)

    @rule(hours=st.integers(1, 24 * 60))
    def time_passes(self, hours: int) -> None:
        self.book.now += timedelta(hours=hours)

    @rule()
    def time_passes_to_the_next_expiry(self) -> None:
        self.book.now = next_expiry(self.book.state, self.book.now) or self.book.now

    @rule()
    def the_job_runs(self) -> None:
        self.book.sweep()
        assert self.book.sweep() == (), "what is done is not done again"

    @rule()
    def devices_ask(self) -> None:
        for device, row in self.book.state.devices.items():
            for camera, grant in grants_for(self.book.state, device, self.book.now, self.book.rules).items():
                assert grant.kind == row.kind
                known = self.book.state.cameras[CameraKey(device, camera)].covered_at(self.book.now)
                told = [one for one in grant.intervals if one.start <= self.book.now < one.end]
                assert len(told) == (known is not None)

    @invariant()
    def stock_is_what_was_bought_less_what_was_allocated(self) -> None:
        left: Counter[Any] = Counter()
        for fact in self.book.facts:
            match fact:
                case StockPurchased():
                    left[fact.partner, fact.kind, fact.months] += fact.quantity
                case StockMoved():
                    left[fact.source, fact.kind, fact.months] -= fact.quantity
                    left[fact.target, fact.kind, fact.months] += fact.quantity
                case LicenceAllocated():
                    left[fact.partner, fact.kind, fact.months] -= 1
            assert min(left.values(), default=0) >= 0, "never negative, at no time"
        assert {key: count for key, count in left.items() if count} == dict(self.book.state.stock)

    @invariant()
    def no_instant_is_covered_twice(self) -> None:
        of_licence: dict[str, list[Any]] = {}
        for camera in self.book.state.cameras.values():
            _assert_disjoint(camera.coverage)
            for one in camera.coverage:
                of_licence.setdefault(one.licence, []).append(one)
        for licence, coverage in of_licence.items():
            _assert_disjoint(sorted(coverage, key=lambda one: one.starts))
            term = self.book.licence(licence).term
            assert term is not None
            assert all(term.starts <= one.starts and one.ends <= term.ends for one in coverage)

    @invariant()
    def a_bound_licence_lies_with_its_owner_and_kind(self) -> None:
        for licence in self.book.state.licences.values():
            if licence.camera is not None:
                camera = self.book.state.cameras[licence.camera]
                assert (camera.customer, camera.kind) == (licence.customer, licence.kind)

    def teardown(self) -> None:
        if hasattr(self, "book"):
            state = EMPTY
            for fact in self.book.facts:
                state = apply(state, fact_of(record_of(fact)))
            assert state == self.book.state == fold(self.book.facts)


def _assert_disjoint(coverage: Any) -> None:
    assert all(one.starts < one.ends for one in coverage)
    assert all(one.ends <= two.starts for one, two in itertools.pairwise(coverage))


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnySequenceOfCommands = LedgerMachine.TestCase


def _busy_ledger() -> list[Fact]:
    book = Book()
    first, camera = book.licensed("cam1")
    second = book.camera("cam2")
    book.at("2026-03-01").bind(book.allocate(), camera)
    book.at("2026-04-01").do(plan_transfer, customer="alice", licence=first, camera=second)
    book.at("2026-05-01").allocate()
    book.at("2028-01-01").sweep()
    book.do(plan_remove_camera, customer="alice", camera=second)
    return book.facts


@given(cuts=st.lists(st.integers(0, 40), max_size=8))
def test_folding_in_any_batches_gives_the_same_state(cuts: list[int]) -> None:
    facts = _busy_ledger()
    state, begin = EMPTY, 0
    for end in [*sorted(cuts), len(facts)]:
        state = fold(facts[begin:end], state)
        begin = max(begin, end)
    assert state == fold(facts)


def test_folding_leaves_the_state_before_as_it_was() -> None:
    facts = _busy_ledger()
    half = fold(facts[:8])
    kept = fold(facts[:8])
    fold(facts[8:], half)
    assert half == kept


def test_every_kind_of_fact_comes_back_from_its_record_or_is_named() -> None:
    for fact in _busy_ledger():
        record = record_of(fact)
        assert fact_of(record) == fact
        assert set(record) == {"fact", *(field.name for field in fields(fact))}


BOUND = {
    "fact": "LicenceBound", "id": "f1", "at": "2026-01-01T00:00:00Z", "actor": "alice", "on_behalf_of": None,
    "licence": "l1", "device": "rec-1", "camera": "cam1", "starts": "2026-01-01T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"fact": "LicenceLost"}, "fact"),
        ({"fact": ["LicenceBound"]}, "fact"),
        ({"licence": 5}, "licence"),
        ({"licence": ""}, "licence"),
        ({"camera": "c" * 200}, "camera"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"starts": None}, "starts"),
        ({"extra": 1}, "LicenceBound"),
    ],
)
def test_a_record_that_is_no_fact_is_refused_by_its_field(change: dict[str, Any], where: str) -> None:
    assert isinstance(fact_of(BOUND), LicenceBound)
    with pytest.raises(LedgerError) as caught:
        fact_of(BOUND | change)
    assert caught.value.where == where


def test_a_record_without_a_field_is_refused() -> None:
    with pytest.raises(LedgerError, match="on_behalf_of is missing"):
        fact_of({name: value for name, value in BOUND.items() if name != "on_behalf_of"})


@pytest.mark.parametrize("quantity", [0, -1, True, 1.0, "1", 10**9])
def test_quantities_are_whole_and_positive(quantity: object) -> None:
    record = {
        "fact": "StockPurchased", "id": "f1", "at": "2026-01-01T00:00:00Z", "actor": "p", "on_behalf_of": None,
        "partner": "p", "kind": "edge", "months": 12, "quantity": quantity,
    }  # fmt: skip
    with pytest.raises(LedgerError, match="quantity"):
        fact_of(record)


def test_a_ledger_that_contradicts_itself_is_refused_by_the_id_of_the_fact() -> None:
    book = Book()
    overdrawn = book.by.fact(StockMoved, source="partner", target="partner", kind="edge", months=12, quantity=1)
    unknown = book.by.fact(LicenceBound, licence="none", device="rec-1", camera="cam1", starts=book.now)
    for fact in (overdrawn, unknown):
        with pytest.raises(LedgerError) as caught:
            apply(book.state, fact)
        assert caught.value.where == fact.id


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_was_shipped_ahead_is_what_happens(data: st.DataObject) -> None:
    """Automatic assignment: the forecast and the job agree, also when the job runs late."""
    source = data.draw(st.sampled_from(["customer_pool", "partner_stock"]))
    rules = Rules(terms_months=(1, 12), auto_assign=AutoAssign(source=source, ship_ahead=timedelta(days=900)))
    book = Book(rules)
    for number in range(data.draw(st.integers(1, 4))):
        book.now += timedelta(days=data.draw(st.integers(0, 40)))
        licence = book.allocate(months=data.draw(st.sampled_from([1, 12])))
        camera = book.camera(f"cam{number}")
        if data.draw(st.booleans()) and book.licence(licence).camera is None:
            book.bind(licence, camera)
    if stock := data.draw(st.integers(0, 3)):
        book.buy(stock)
    book.swept_until = book.now
    shipped = forecast(book.state, book.now, rules)
    end = book.now + rules.auto_assign.ship_ahead
    while book.now < end:
        book.now = min(book.now + timedelta(days=data.draw(st.integers(1, 500))), end)
        book.sweep()
    coverage = {key: [(one.starts, one.ends) for one in camera.coverage] for key, camera in book.state.cameras.items()}
    assert coverage == {
        key: [(one.starts, one.ends) for one in camera.coverage] for key, camera in shipped.cameras.items()
    }
    assert plan_assignments(book.state, book.by, rules, since=end) == ()
