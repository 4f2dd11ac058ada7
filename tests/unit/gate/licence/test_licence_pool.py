"""Bindings, transfer and automatic assignment, as the manual and its users know them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.assignment import next_expiry, notices_of, plan_assignments
from gate.licence.decision import DenialCode, Denied, decide
from gate.licence.devices import (
    plan_register_camera,
    plan_register_device,
    plan_remove_camera,
    plan_remove_device,
)
from gate.licence.entitlement import Interval, parse_payload, payload_of
from gate.licence.facts import By, CameraKey, LicenceAssignedAutomatically, LicenceBound, LicenceTransferred
from gate.licence.features import Feature
from gate.licence.grants import entitlement_for
from gate.licence.pool import plan_bind, plan_clear_hold, plan_revoke, plan_set_hold, plan_transfer, plan_unbind
from gate.licence.profile import REMO
from gate.licence.refusals import RefusalCode
from gate.licence.rules import AutoAssign, Rules
from gate.licence.stock import plan_add_customer, plan_allocate, plan_register_partner
from gate.licence.term import first_day_without_burn, first_instant, renewal_of, term_of
from tests.fakes.licence_book import DAY, TOKYO, Book, tokyo


def test_stock_starts_no_count_and_one_licence_covers_one_camera() -> None:
    book = Book()
    book.buy(3)
    book.at("2026-04-10T10:00")
    assert not book.state.licences
    licence, camera = book.licensed("cam1")
    other = book.camera("cam2")
    assert book.told(camera) == (Interval(book.now, tokyo("2027-06-01")),)
    assert book.refusal(plan_bind, customer="alice", licence=licence, camera=other) == RefusalCode.ALREADY_BOUND
    assert book.told(other) == ()


def test_an_allocation_of_several_is_all_or_nothing() -> None:
    book = Book()
    book.buy(2)
    wanted = {"partner": "partner", "customer": "alice", "kind": "edge", "months": 12}
    assert book.refusal(plan_allocate, quantity=3, **wanted) == RefusalCode.NO_STOCK
    assert len(book.do(plan_allocate, quantity=2, **wanted)) == 2
    assert book.refusal(plan_allocate, **wanted) == RefusalCode.NO_STOCK


def test_a_renewal_bound_beforehand_follows_without_a_gap_and_without_an_overlap() -> None:
    book = Book()
    _, camera = book.licensed("cam1")
    book.at("2026-05-20").bind(book.allocate(), camera)
    assert book.told(camera) == (Interval(tokyo("2025-04-10T10:00"), tokyo("2027-07-01")),)
    first, second = book.state.cameras[camera].coverage
    assert first.ends == second.starts == tokyo("2026-06-01")


@pytest.mark.parametrize("how", ["unbind", "revoke", "transfer"])
def test_what_follows_a_licence_that_is_taken_away_takes_over_at_once(how: str) -> None:
    book = Book()
    first, camera = book.licensed("cam1")
    other = book.camera("cam2")
    book.at("2026-04-20").bind(book.allocate(), camera)
    book.bind(book.allocate(months=36), camera)
    book.at("2026-05-01")
    if how == "unbind":
        book.do(plan_unbind, customer="alice", licence=first)
    elif how == "revoke":
        book.do(plan_revoke, customer="alice", licence=first, reason="not paid")
    else:
        book.do(plan_transfer, customer="alice", licence=first, camera=other)
    first_end, second_end, third_end = tokyo("2026-05-01"), tokyo("2027-06-01"), tokyo("2029-06-01")
    assert [(one.starts, one.ends) for one in book.state.cameras[camera].coverage] == [
        (tokyo("2025-04-10T10:00"), first_end),
        (first_end, second_end),
        (second_end, third_end),
    ]


def test_a_licence_that_ends_before_the_present_one_is_refused_with_the_date() -> None:
    book = Book()
    _, camera = book.licensed("cam1")
    twin = book.allocate()
    assert book.refusal(plan_bind, customer="alice", licence=twin, camera=camera) == RefusalCode.ADDS_NOTHING


def test_nobody_uses_anothers_licences_devices_or_cameras() -> None:
    book = Book()
    book.do(plan_add_customer, partner="partner", customer="bob")
    licence, camera = book.licensed("cam1")
    bobs = book.allocate("bob")
    as_bob = {"customer": "bob"}
    assert book.refusal(plan_unbind, licence=licence, **as_bob) == RefusalCode.UNKNOWN_LICENCE
    assert book.refusal(plan_revoke, licence=licence, reason="x", **as_bob) == RefusalCode.UNKNOWN_LICENCE
    assert book.refusal(plan_bind, licence=bobs, camera=camera, **as_bob) == RefusalCode.UNKNOWN_CAMERA
    assert book.refusal(plan_set_hold, camera=camera, **as_bob) == RefusalCode.UNKNOWN_CAMERA
    assert book.refusal(plan_clear_hold, camera=camera, **as_bob) == RefusalCode.UNKNOWN_CAMERA
    assert book.refusal(plan_remove_camera, camera=camera, **as_bob) == RefusalCode.UNKNOWN_CAMERA
    assert book.refusal(plan_remove_device, device="rec-1", **as_bob) == RefusalCode.UNKNOWN_DEVICE
    key = CameraKey("rec-1", "cam9")
    assert book.refusal(plan_register_camera, camera=key, **as_bob) == RefusalCode.UNKNOWN_DEVICE


def test_a_held_camera_is_bound_only_after_the_hold_is_cleared() -> None:
    book = Book()
    licence = book.allocate()
    camera = book.camera("cam1")
    assert book.refusal(plan_clear_hold, customer="alice", camera=camera) == RefusalCode.NOT_HELD
    book.do(plan_set_hold, customer="alice", camera=camera)
    assert book.refusal(plan_bind, customer="alice", licence=licence, camera=camera) == RefusalCode.HELD
    assert book.refusal(plan_set_hold, customer="alice", camera=camera) == RefusalCode.HELD
    book.do(plan_clear_hold, customer="alice", camera=camera)
    book.bind(licence, camera)


def _denial(book: Book, camera: CameraKey) -> Denied:
    """What a device is told of that camera, signed, read back and decided."""
    made = entitlement_for(book.state, camera.device, book.now, book.rules, kid="0" * 16, seq=1)
    told = parse_payload(payload_of(made))
    assert told == made
    decision = decide(told, REMO, Feature.RECORDING, camera.camera, book.now + timedelta(hours=1))
    assert isinstance(decision, Denied)
    return decision


def test_a_camera_whose_licence_was_revoked_is_told_so_and_one_that_was_released_is_not() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    book.at("2025-09-01").do(plan_revoke, customer="alice", licence=licence, reason="not paid")
    assert _denial(book, camera) == Denied(
        code=DenialCode.REVOKED, feature=Feature.RECORDING, camera="cam1", since=book.now
    )
    other = Book()
    licence, camera = other.licensed("cam1")
    other.at("2025-09-01").do(plan_unbind, customer="alice", licence=licence)
    other.at("2025-09-02").do(plan_revoke, customer="alice", licence=licence, reason="not paid")
    assert _denial(other, camera).code is DenialCode.NOT_LICENSED


def test_a_revoked_licence_covers_nothing_and_comes_back_nowhere() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    book.at("2025-09-01").do(plan_revoke, customer="alice", licence=licence, reason="not paid")
    assert book.told(camera) == ()
    assert not book.state.stock
    assert book.refusal(plan_bind, customer="alice", licence=licence, camera=camera) == RefusalCode.REVOKED
    assert book.at("2026-06-01").sweep() == ()


def test_a_removed_camera_gives_its_licence_back_to_the_pool() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    assert book.refusal(plan_remove_device, customer="alice", device="rec-1") == RefusalCode.HAS_CAMERAS
    book.do(plan_remove_camera, customer="alice", camera=camera)
    book.do(plan_remove_device, customer="alice", device="rec-1")
    book.bind(licence, book.camera("cam1", device="rec-2"))


@pytest.mark.parametrize(("made_on", "accepted"), [("2024-06-30", False), ("2024-07-01", True), (None, False)])
def test_qr_registration_is_for_recorders_made_from_july_2024_on(made_on: str | None, accepted: bool) -> None:
    book = Book()
    book.allocate()
    device = {"customer": "alice", "device": "rec-1", "kind": "edge", "by_qr": True}
    day = tokyo(made_on).date() if made_on else None
    if accepted:
        book.do(plan_register_device, made_on=day, **device)
    else:
        assert book.refusal(plan_register_device, made_on=day, **device) == RefusalCode.NO_QR
        book.rules = Rules(qr_serials_from=tokyo("2020-01-01").date())
        if day is not None:
            book.do(plan_register_device, made_on=day, **device)


class TestAutomaticAssignment:
    def test_the_device_knows_before_the_end_what_follows_and_nothing_is_cut(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        book.at("2026-05-20").allocate()
        assert book.told(camera) == (Interval(tokyo("2025-04-10T10:00"), tokyo("2027-07-01")),)
        assert len(book.state.cameras[camera].coverage) == 1, "nothing has been assigned yet"
        told = book.told(camera)
        (assigned,) = book.at("2026-06-01").sweep()
        assert isinstance(assigned, LicenceAssignedAutomatically)
        assert (assigned.starts, assigned.at) == (book.now, book.now)
        assert book.told(camera) == told

    def test_what_follows_is_told_within_the_distance_of_the_rules_only(self) -> None:
        book = Book(Rules(auto_assign=AutoAssign(ship_ahead=timedelta(days=7))))
        _, camera = book.licensed("cam1")
        book.at("2026-05-20").allocate()
        assert book.told(camera)[-1].end == tokyo("2026-06-01")
        assert book.at("2026-05-25").told(camera)[-1].end == tokyo("2027-07-01")

    def test_a_late_job_records_when_it_ran_and_when_it_took_effect(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        book.at("2026-05-20").allocate()
        (assigned,) = book.at("2026-06-03T12:00").sweep()
        assert isinstance(assigned, LicenceAssignedAutomatically)
        assert (assigned.starts, assigned.at) == (tokyo("2026-06-01"), tokyo("2026-06-03T12:00"))
        assert book.is_covered(camera, tokyo("2026-06-02"))

    def test_a_device_that_asks_while_the_job_is_late_is_told_the_same_as_before(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        book.at("2026-05-20").allocate()
        told = book.told(camera)
        assert book.at("2026-06-02").told(camera) == told
        book.sweep()
        assert book.told(camera) == told

    def test_a_late_job_takes_no_licence_that_was_not_there_at_the_end(self) -> None:
        book = Book(Rules(auto_assign=AutoAssign(restores_on_allocation=False)))
        _, camera = book.licensed("cam1")
        book.at("2026-06-02").allocate()
        assert book.at("2026-06-03").sweep() == ()
        assert not book.is_covered(camera)

    def test_a_late_job_uses_nothing_that_was_bound_and_catches_nothing_that_was_not_there(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        spare = book.at("2026-05-20").allocate()
        other = book.camera("cam2")
        book.bind(spare, other)
        book.at("2026-06-02").do(plan_unbind, customer="alice", licence=spare)
        book.at("2026-06-03").sweep()
        assert not book.is_covered(camera), "the spare was in use at the end"
        late = Book()
        _, camera = late.licensed("cam1")
        late.at("2026-05-20").allocate()
        late.allocate()
        newcomer = late.at("2026-06-02").camera("cam2")
        late.at("2026-06-03").sweep()
        assert (late.is_covered(camera), late.is_covered(newcomer)) == (True, False)

    def test_the_licence_that_ends_first_is_taken_and_longer_ones_stay(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        longer = book.at("2026-05-20").allocate(months=36)
        shorter = book.allocate(months=12)
        book.at("2026-06-01").sweep()
        assert (book.licence(shorter).camera, book.licence(longer).camera) == (camera, None)

    def test_kinds_and_customers_do_not_mix(self) -> None:
        book = Book()
        book.do(plan_add_customer, partner="partner", customer="bob")
        _, camera = book.licensed("cam1")
        book.at("2026-05-20").allocate("bob")
        book.allocate(kind="direct")
        book.at("2026-06-01").sweep()
        assert not book.is_covered(camera)

    def test_one_customers_end_does_not_catch_anothers_cameras(self) -> None:
        book = Book()
        book.do(plan_add_customer, partner="partner", customer="bob")
        book.licensed("cam1")
        book.at("2026-05-20").allocate("bob")
        idle = book.camera("cam1", device="rec-2", customer="bob")
        book.at("2026-06-01").sweep()
        assert not book.is_covered(idle)

    def test_it_is_never_silent(self) -> None:
        book = Book()
        book.licensed("cam1")
        idle = book.camera("cam2")
        book.at("2026-05-20").allocate()
        book.allocate()
        facts = book.at("2026-06-01").sweep()
        (notice,) = notices_of(facts, book.state)
        assert (notice.customer, notice.partner) == ("alice", "partner")
        assert notice.cameras == (CameraKey("rec-1", "cam1"), idle)

    def test_a_caught_camera_is_put_right_by_a_transfer(self) -> None:
        book = Book()
        book.licensed("cam1")
        idle, wanted = book.camera("cam2"), book.at("2026-05-20").camera("cam3")
        book.allocate()
        spare = book.allocate()
        book.at("2026-06-01").sweep()
        assert book.licence(spare).camera == idle
        (moved,) = book.do(plan_transfer, customer="alice", licence=spare, camera=wanted)
        assert isinstance(moved, LicenceTransferred)
        assert (book.is_covered(idle), book.is_covered(wanted)) == (False, True)

    def test_years_in_one_step_are_years_in_order(self) -> None:
        book = Book()
        _, camera = book.licensed("cam1")
        book.buy(2)
        book.rules = Rules(auto_assign=AutoAssign(source="partner_stock"))
        book.at("2029-01-01").sweep()
        ends = [one.ends for one in book.state.cameras[camera].coverage]
        assert ends == [tokyo("2026-06-01"), tokyo("2027-08-01"), tokyo("2028-10-01")]
        assert not book.state.stock

    def test_stock_of_the_term_that_lapsed_is_taken_else_the_shortest(self) -> None:
        book = Book(Rules(auto_assign=AutoAssign(source="partner_stock")))
        book.licensed("cam1")
        book.licensed("cam2")
        book.buy(1, months=12)
        book.buy(1, months=60)
        book.buy(1, months=36)
        book.at("2026-06-01").sweep()
        assert {key.months for key in book.state.stock} == {60}

    def test_a_pool_licence_goes_before_the_partners_stock(self) -> None:
        book = Book(Rules(auto_assign=AutoAssign(source="partner_stock")))
        _, camera = book.licensed("cam1")
        spare = book.at("2026-05-20").allocate()
        book.buy(1)
        book.at("2026-06-01").sweep()
        assert book.licence(spare).camera == camera
        assert sum(book.state.stock.values()) == 1


@pytest.mark.parametrize("restores", [True, False])
def test_r25_an_allocation_brings_a_lapsed_camera_back(restores: bool) -> None:
    book = Book(Rules(auto_assign=AutoAssign(restores_on_allocation=restores)))
    _, lapsed = book.licensed("cam1")
    never = book.camera("cam2")
    book.at("2026-06-20")
    book.allocate()
    book.allocate()
    assert book.is_covered(lapsed) == restores
    assert not book.is_covered(never), "it has not lapsed"


def test_a_camera_released_by_hand_is_not_brought_back_by_an_allocation() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    book.at("2025-09-01").do(plan_unbind, customer="alice", licence=licence)
    book.allocate()
    assert not book.is_covered(camera)


def test_next_expiry_leaves_out_what_was_cut() -> None:
    book = Book()
    licence, _ = book.licensed("cam1")
    assert next_expiry(book.state, book.now) == tokyo("2026-06-01")
    book.at("2025-09-01").do(plan_unbind, customer="alice", licence=licence)
    assert next_expiry(book.state, tokyo("2025-01-01")) is None


def test_the_document_for_a_device_is_a_valid_one() -> None:
    book = Book()
    _, camera = book.licensed("cam1")
    book.camera("cam2")
    document = entitlement_for(book.state, "rec-1", book.now, book.rules, kid="0" * 16, seq=7)
    assert parse_payload(payload_of(document)) == document
    assert set(document.cameras) == {"cam1", "cam2"}
    assert document.spans(camera.camera) == book.told(camera)


def test_plans_read_no_clock_and_change_nothing() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    state = book.state
    by = By(at=book.now, actor="x", new_id=iter("abcdef").__next__)
    again = By(at=book.now, actor="x", new_id=iter("abcdef").__next__)
    plans = [plan_unbind(state, one, customer="alice", licence=licence) for one in (by, again)]
    assert plans[0] == plans[1] and book.state is state
    assert plan_assignments(state, by, book.rules, since=book.now) == ()
    assert camera in state.cameras


def test_a_secondary_partner_has_no_secondary_partners() -> None:
    book = Book()
    book.do(plan_register_partner, partner="second", primary="partner")
    assert book.refusal(plan_register_partner, partner="third", primary="second") == RefusalCode.UNKNOWN_PARTNER
    assert book.refusal(plan_register_partner, partner="second") == RefusalCode.ALREADY_THERE


@given(months=st.integers(-36, 36), day=st.integers(1, 28))
def test_the_day_that_burns_nothing_is_the_first_such_day(months: int, day: int) -> None:
    """58 to 61 days before the end, never exactly the manual's 60 by rule (decision 5)."""
    index = 2026 * 12 + months
    last_day = (
        first_instant(tokyo(f"{index // 12}-{index % 12 + 1:02}-01").date(), TOKYO).astimezone(TOKYO).date() - DAY
    )
    unburnt = first_day_without_burn(last_day)
    burnt = [
        renewal_of(last_day, term_of(first_instant(one, TOKYO), 12, TOKYO)).burnt_days
        for one in (unburnt - DAY, unburnt, unburnt + timedelta(days=day))
    ]
    assert burnt[0] > 0 and burnt[1:] == [0, 0]
    assert 58 <= (last_day - unburnt).days <= 61


def test_a_pulled_forward_binding_is_a_fact_like_any_other() -> None:
    book = Book()
    first, camera = book.licensed("cam1")
    book.at("2026-04-20").bind(second := book.allocate(), camera)
    facts = book.at("2026-05-01").do(plan_unbind, customer="alice", licence=first)
    rebound = [fact for fact in facts if isinstance(fact, LicenceBound)]
    assert [(fact.licence, fact.starts) for fact in rebound] == [(second, book.now)]
