"""Decisions 1 to 18: each has its default, and its key really decides."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from gate.licence.access import may_by_proxy, overview, password_deadline
from gate.licence.counting import count, preview
from gate.licence.decision import DenialCode, Denied, Granted, decide
from gate.licence.devices import plan_register_camera, plan_register_device
from gate.licence.entitlement import Interval
from gate.licence.facts import CameraKey, LicenceAllocated, LicenceAssignedAutomatically
from gate.licence.features import HDMI, Feature
from gate.licence.grants import entitlement_for
from gate.licence.pool import plan_set_hold, plan_transfer, plan_unbind
from gate.licence.profile import P4_SUMMARY, REMO
from gate.licence.refusals import RefusalCode
from gate.licence.reminders import due, mails_of, moment_of
from gate.licence.rules import AutoAssign, ProxyLogin, Reminder, Rules
from gate.licence.stock import plan_add_customer, plan_allocate, plan_move_stock, plan_purchase, plan_register_partner
from gate.licence.term import term_of
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.licence_book import DAY, TOKYO, Book, tokyo


def days_of(book: Book, licence: str) -> tuple[date, date]:
    term = book.licence(licence).term
    assert term is not None
    return term.term_start, term.last_day


def test_decision_01_an_allocation_fixes_the_term_and_a_binding_never_changes_it() -> None:
    book = Book(now="2025-04-10T10:00")
    licence = book.allocate()
    fixed = book.licence(licence).term
    assert days_of(book, licence) == (date(2025, 6, 1), date(2026, 5, 31))
    camera, other = book.at("2025-09-01").camera("cam1"), book.camera("cam2")
    book.bind(licence, camera)
    assert book.told(camera) == (Interval(tokyo("2025-09-01"), tokyo("2026-06-01")),)
    book.at("2025-10-01").do(plan_transfer, customer="alice", licence=licence, camera=other)
    assert book.told(other) == (Interval(tokyo("2025-10-01"), tokyo("2026-06-01")),)
    assert book.told(camera) == ()
    assert book.licence(licence).term == fixed


def test_decision_01_an_unbound_licence_burns_in_the_pool() -> None:
    book = Book()
    licence = book.allocate()
    camera = book.camera("cam1")
    book.at("2026-06-01")
    assert book.refusal(plan_transfer, customer="alice", licence=licence, camera=camera) == RefusalCode.OVER


def test_decision_01_counting_from_the_binding_leaves_the_pool_untouched() -> None:
    book = Book(Rules(count_starts="binding"))
    licence = book.allocate()
    assert book.licence(licence).term is None
    camera = book.at("2027-01-20").camera("cam1")
    book.bind(licence, camera)
    assert days_of(book, licence) == (date(2027, 3, 1), date(2028, 2, 29))


def test_decision_02_automatic_assignment_draws_from_the_customers_pool() -> None:
    book = Book()
    _, camera = book.licensed("cam1")
    book.buy(5)
    book.at("2026-06-01").sweep()
    assert not book.is_covered(camera), "the partner's stock is not touched"


def test_decision_02_from_partner_stock_the_allocation_is_the_instant_of_expiry() -> None:
    book = Book(Rules(auto_assign=AutoAssign(source="partner_stock")))
    _, camera = book.licensed("cam1")
    book.buy(2)
    facts = book.at("2026-06-01").sweep()
    allocated = next(fact for fact in facts if isinstance(fact, LicenceAllocated))
    assert allocated.term is not None and allocated.term.allocated_on == date(2026, 6, 1), "the day after E"
    assert (allocated.term.free_until, allocated.term.last_day) == (date(2026, 7, 31), date(2027, 7, 31))
    assert book.is_covered(camera)
    assert sum(book.state.stock.values()) == 1


@pytest.mark.parametrize(("respect_hold", "caught"), [(False, True), (True, False)])
def test_decision_03_held_cameras_are_caught_unless_holds_are_respected(respect_hold: bool, caught: bool) -> None:
    book = Book(Rules(auto_assign=AutoAssign(respect_hold=respect_hold)))
    book.licensed("cam1")
    idle = book.camera("cam2")
    book.do(plan_set_hold, customer="alice", camera=idle)
    book.at("2026-05-20").allocate()
    book.allocate()
    facts = book.at("2026-06-01").sweep()
    assert book.is_covered(idle) == caught
    assert len([fact for fact in facts if isinstance(fact, LicenceAssignedAutomatically)]) == 1 + caught


def test_decision_03_just_lapsed_cameras_come_first_then_the_oldest_registration() -> None:
    book = Book()
    oldest, next_oldest = (book.camera(name) for name in ("idle-1", "idle-2")) if book.allocate() else ()
    spare = next(iter(book.state.licences))
    lapsing = book.at("2025-04-11T10:00").camera("cam1")
    book.bind(spare, lapsing)
    book.at("2026-05-20").allocate()
    book.allocate()
    book.at("2026-06-01").sweep()
    assert [book.is_covered(key) for key in (lapsing, oldest, next_oldest)] == [True, True, False]


@pytest.mark.parametrize(
    ("applies_to", "term_start"),
    [({"first", "renewal", "automatic"}, date(2026, 7, 1)), ({"first"}, date(2026, 5, 20))],
)
def test_decision_04_the_free_period_applies_to_the_allocations_named(applies_to: set[str], term_start: date) -> None:
    rules = Rules(free_period=frozenset(applies_to))  # type: ignore[arg-type]
    term = count(rules, at=tokyo("2026-05-20"), months=12, origin="renewal", previous=None)
    assert term.term_start == term_start
    first = count(rules, at=tokyo("2026-05-20"), months=12, origin="first", previous=None)
    assert first.term_start == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("origin", "day"),
    [("first", date(2026, 5, 20)), ("renewal", date(2026, 5, 20)), ("automatic", date(2026, 5, 20))],
)
def test_decision_04_without_free_period_a_term_counts_from_its_own_day(origin: str, day: date) -> None:
    rules = Rules(free_period=frozenset())
    term = count(rules, at=tokyo("2026-05-20T15:00"), months=12, origin=origin, previous=None)  # type: ignore[arg-type]
    assert (term.term_start, term.last_day, term.free_days) == (day, date(2027, 5, 19), 0)


@pytest.mark.parametrize(
    ("renewal", "allocated", "term_start"),
    [
        # The old term's last day is 2027-03-31. 59 days before, the calendar burns a month all the same.
        ("calendar", "2027-01-31", date(2027, 3, 1)),
        ("strict60", "2027-01-31", date(2027, 4, 1)),
        ("from_expiry", "2027-01-31", date(2027, 4, 1)),
        # 60 days before is not more than 60 days before; 61 are
        ("strict60", "2027-01-30", date(2027, 4, 1)),
        ("calendar", "2027-01-29", date(2027, 3, 1)),
        ("strict60", "2027-01-29", date(2027, 3, 1)),
        ("from_expiry", "2027-01-29", date(2027, 4, 1)),
        # on the last day: the latest renewal has the longest free period (R6), except from_expiry
        ("calendar", "2027-03-31", date(2027, 5, 1)),
        ("strict60", "2027-03-31", date(2027, 5, 1)),
        ("from_expiry", "2027-03-31", date(2027, 4, 1)),
        # after it: nothing to follow on
        ("strict60", "2027-04-02", date(2027, 6, 1)),
        ("from_expiry", "2027-04-02", date(2027, 6, 1)),
    ],
)
def test_decision_05_renewals_count_as_the_rule_says(renewal: str, allocated: str, term_start: date) -> None:
    book = Book(Rules(renewal=renewal), now="2026-02-05")  # type: ignore[arg-type]
    old, _ = book.licensed("cam1")
    assert days_of(book, old)[1] == date(2027, 3, 31)
    new = book.at(allocated).allocate()
    assert book.licence(new).renews == old
    assert days_of(book, new)[0] == term_start


def test_decision_05_the_portal_warns_from_the_overlap_and_names_the_day_that_burns_nothing() -> None:
    book = Book(now="2025-04-10")
    old, _ = book.licensed("cam1")
    early = preview(book.state, "alice", "edge", 12, tokyo("2026-03-31"), book.rules)
    assert early.renews == book.licence(old)
    assert early.renewal is not None and early.renewal.burnt_days == 31
    assert early.unburnt_from == date(2026, 4, 1)
    on_that_day = preview(book.state, "alice", "edge", 12, tokyo("2026-04-01"), book.rules)
    assert on_that_day.renewal is not None and on_that_day.renewal.burnt_days == 0


def test_decision_05_an_allocation_renews_one_licence_that_ends_soon_and_each_is_renewed_once() -> None:
    book = Book()
    old, _ = book.licensed("cam1")
    too_early = book.at("2026-02-28").allocate()
    renewal, further = book.at("2026-03-05").allocate(), book.allocate()
    assert [book.licence(one).renews for one in (too_early, renewal, further)] == [None, old, None]
    assert [book.licence(one).origin for one in (too_early, renewal, further)] == ["first", "renewal", "first"]
    wider = Book(Rules(renewal_window=timedelta(days=400)))
    old, _ = wider.licensed("cam1")
    assert wider.licence(wider.at("2025-06-01").allocate()).renews == old


@pytest.mark.parametrize(("time_zone", "last_day"), [("Asia/Tokyo", date(2026, 6, 30)), ("UTC", date(2026, 5, 31))])
def test_decision_06_the_last_valid_day_is_local(time_zone: str, last_day: date) -> None:
    rules = Rules(time_zone=time_zone)
    term = count(rules, at=tokyo("2025-05-01T00:00"), months=12, origin="first", previous=None)
    assert term.last_day == last_day
    local_end = term.ends.astimezone(rules.zone)
    assert (local_end.date(), local_end.time()) == (last_day + DAY, time(0)), "midnight after E"


def test_decision_07_days_count_from_the_last_day_at_nine_and_hours_from_the_end() -> None:
    term = term_of(tokyo("2025-04-10"), 12, TOKYO)
    assert moment_of(Reminder(audience="partner", days=90), term, Rules()) == tokyo("2026-03-02T09:00")
    assert moment_of(Reminder(audience="partner", hours=24), term, Rules()) == tokyo("2026-05-31T00:00")
    later = Rules(reminders_at=time(18, 30))
    assert moment_of(Reminder(audience="customer", days=1), term, later) == tokyo("2026-05-30T18:30")


@pytest.mark.parametrize("renewed", [False, True])
def test_decision_08_four_go_out_whether_renewed_or_not_and_24_h_only_if_not(renewed: bool) -> None:
    book = Book()
    old, _ = book.licensed("cam1")
    if renewed:
        book.at("2026-02-01").allocate()
    found = [one for one in due(book.state, set(), tokyo("2026-05-31T12:00"), book.rules) if one.key.licence == old]
    sent = [mail.reminder for mail in mails_of(found)]
    always = ["partner_90d", "partner_60d", "partner_30d", "customer_14d", "partner_14d", "customer_1d"]
    assert sorted(sent) == sorted(always + ([] if renewed else ["partner_24h"]))
    assert len(found) == 7, "what is not needed is settled, too"


def test_decision_08_any_reminder_can_be_dropped_when_renewed() -> None:
    rules = Rules(reminders=(Reminder(audience="customer", days=14, unless_renewed=True),))
    book = Book(rules)
    book.licensed("cam1")
    book.at("2026-05-01").allocate()
    assert [one.needed for one in due(book.state, set(), tokyo("2026-05-20"), rules)] == [False]


@pytest.mark.parametrize(("profile", "goes_on"), [("remo", True), ("p4_summary", False)])
def test_decision_09_the_matrix_wins_over_page_4(profile: str, goes_on: bool) -> None:
    chosen = Rules(profile=profile).effective_profile()
    lapsed = entitlement({"cam1": (span(0, 10),)}, profile_sha256=chosen.sha256)
    for feature in (Feature.HDMI_PLAYBACK, Feature.HDMI_EVENTS):
        assert isinstance(decide(lapsed, chosen, feature, "cam1", at(20)), Granted) == goes_on
    assert decide(lapsed, chosen, Feature.HDMI_LIVE, "cam1", at(20)) == Granted(until=None)
    assert P4_SUMMARY.continues < REMO.continues


@pytest.mark.parametrize(("action", "records"), [("stop", False), ("continue", True), (None, False)])
def test_decision_10_a_direct_cameras_card_stops_or_goes_on(action: str | None, records: bool) -> None:
    chosen = Rules(sd_recording_on_expiry=action).effective_profile()  # type: ignore[arg-type]
    direct, edge = chosen.for_kind("direct"), chosen.for_kind("edge")
    for profile, expected in ((direct, records), (edge, False)):
        lapsed = entitlement({"cam1": (span(0, 10),)}, profile_sha256=profile.sha256)
        assert isinstance(decide(lapsed, profile, Feature.RECORDING, "cam1", at(20)), Granted) == expected
        assert isinstance(decide(lapsed, profile, Feature.REMOTE_LIVE, "cam1", at(20)), Denied)
    assert {feature.matrix_id for feature in HDMI} == {"M1", "M4", "M7"}, "rows that do not apply to it"


@pytest.mark.parametrize(("quorum", "until"), [("any", 20), ("all", 10), (None, 20)])
def test_decision_11_device_operations_need_any_or_all_cameras(quorum: str | None, until: int) -> None:
    profile = Rules(device_ops_quorum=quorum).effective_profile()  # type: ignore[arg-type]
    mixed = entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)}, profile_sha256=profile.sha256)
    feature = Feature.REMOTE_MAINTENANCE
    assert decide(mixed, profile, feature, None, at(5)) == Granted(since=at(0), until=at(until))
    ended = decide(mixed, profile, feature, None, at(until))
    assert ended == Denied(code=DenialCode.EXPIRED, feature=feature, camera=None, since=at(until))
    assert isinstance(decide(mixed, profile, Feature.RECORDING, "cam2", at(15)), Granted), "each camera for itself"


def test_decision_11_a_camera_without_any_licence_counts_for_all() -> None:
    rules = Rules(device_ops_quorum="all")
    book = Book(rules)
    _, licensed = book.licensed("cam1")
    book.camera("cam2")
    document = entitlement_for(book.state, "rec-1", book.now, rules, kid="0" * 16, seq=1)
    profile = rules.effective_profile()
    assert isinstance(decide(document, profile, Feature.REMOTE_MAINTENANCE, None, book.now), Denied)
    assert isinstance(decide(document, profile, Feature.RECORDING, licensed.camera, book.now), Granted)


@pytest.mark.parametrize(("scope", "third"), [("customer", False), ("device", True), ("none", True)])
def test_decision_12_two_direct_cameras_within_the_scope(scope: str, third: bool) -> None:
    book = Book(Rules(direct_cap_scope=scope))  # type: ignore[arg-type]
    book.allocate(kind="direct")
    for name in ("edge-1", "edge-2", "edge-3"):
        book.camera(name)  # not counted
    book.camera("cam1", device="direct-1", kind="direct")
    book.camera("cam2", device="direct-2", kind="direct")
    book.do(plan_register_device, customer="alice", device="direct-3", kind="direct")
    key = CameraKey("direct-3", "cam3")
    if third:
        book.do(plan_register_camera, customer="alice", camera=key)
    else:
        assert book.refusal(plan_register_camera, customer="alice", camera=key) == RefusalCode.DIRECT_CAP
    assert Rules().direct_cap == 2


def test_decision_12_the_cap_is_a_number_of_the_rules() -> None:
    book = Book(Rules(direct_cap=0))
    book.allocate(kind="direct")
    book.do(plan_register_device, customer="alice", device="direct-1", kind="direct")
    refusal = book.refusal(plan_register_camera, customer="alice", camera=CameraKey("direct-1", "cam1"))
    assert refusal == RefusalCode.DIRECT_CAP


def test_decision_13_before_registration_and_with_no_licence_ever_is_as_lapsed_with_its_own_code() -> None:
    book = Book()
    book.allocate()
    key = book.camera("cam1")
    document = entitlement_for(book.state, "rec-1", book.now, book.rules, kid="0" * 16, seq=1)
    for feature in Feature:
        codes = []
        for known in (None, document):
            decision = decide(known, REMO, feature, key.camera, book.now)
            codes.append(decision.code if isinstance(decision, Denied) else None)
        gated = feature not in REMO.continues
        assert codes == ([DenialCode.UNREGISTERED, DenialCode.NOT_LICENSED] if gated else [None, None])


@pytest.mark.parametrize("needed", [True, False])
def test_decision_13_devices_are_registered_after_the_first_allocation(needed: bool) -> None:
    book = Book(Rules(registration_needs_allocation=needed))
    device = {"customer": "alice", "device": "rec-1", "kind": "edge"}
    if needed:
        assert book.refusal(plan_register_device, **device) == RefusalCode.NEEDS_ALLOCATION
        book.allocate()
    book.do(plan_register_device, **device)


def test_decision_14_the_24_hours_are_for_mailed_passwords_only() -> None:
    given = tokyo("2026-01-31T10:00")
    assert password_deadline("mailed", given, Rules()) == given + timedelta(hours=24)
    assert password_deadline("temporary", given, Rules()) is None
    strict = Rules(mailed_password_lasts=None, temporary_password_lasts=timedelta(hours=1))
    assert password_deadline("mailed", given, strict) is None
    assert password_deadline("temporary", given, strict) == given + timedelta(hours=1)


def test_decision_15_a_proxy_login_views_and_moves_for_a_while_and_nothing_else() -> None:
    since, rules = tokyo("2026-01-31T10:00"), Rules()
    for action in ("view_devices", "view_licences", "move_binding"):
        assert may_by_proxy(action, since, since + timedelta(minutes=59), rules)
        assert not may_by_proxy(action, since, since + timedelta(minutes=60), rules)
    for action in ("view_video", "change_password", "change_email", "accept_terms", "delete"):
        assert not may_by_proxy(action, since, since, rules)
    open_rules = Rules(proxy_login=ProxyLogin(may=frozenset({"view_video"}), lasts=timedelta(minutes=5)))
    assert may_by_proxy("view_video", since, since, open_rules)
    assert not may_by_proxy("view_devices", since, since, open_rules)
    assert not may_by_proxy("view_video", since, since + timedelta(minutes=5), open_rules)


def test_decision_15_bindings_move_within_one_kind_and_say_for_whom() -> None:
    book = Book()
    licence, _ = book.licensed("cam1")
    direct = book.camera("cam2", device="direct-1", kind="direct")
    assert book.refusal(plan_transfer, customer="alice", licence=licence, camera=direct) == RefusalCode.WRONG_KIND
    other = book.camera("cam3")
    proxy = replace(book.by, actor="partner", on_behalf_of="alice")
    facts = plan_transfer(book.state, proxy, book.rules, customer="alice", licence=licence, camera=other)
    assert isinstance(facts, tuple)
    assert [(fact.actor, fact.on_behalf_of) for fact in facts] == [("partner", "alice")]


def test_decision_16_stock_moves_to_ones_own_secondary_partners_without_a_count() -> None:
    book = Book()
    book.do(plan_register_partner, partner="second", primary="partner")
    book.do(plan_register_partner, partner="stranger")
    book.buy(3)
    move = {"source": "partner", "kind": "edge", "months": 12}
    book.do(plan_move_stock, target="second", quantity=2, **move)
    assert {key.partner: left for key, left in book.state.stock.items()} == {"partner": 1, "second": 2}
    assert not book.state.licences
    assert book.refusal(plan_move_stock, target="second", quantity=2, **move) == RefusalCode.NO_STOCK
    assert book.refusal(plan_move_stock, target="stranger", quantity=1, **move) == RefusalCode.NOT_SECONDARY


@pytest.mark.parametrize("sees", ["totals", "customers"])
def test_decision_16_the_primary_sees_totals_and_each_its_own_customers(sees: str) -> None:
    book = Book(Rules(primary_sees=sees))  # type: ignore[arg-type]
    book.do(plan_register_partner, partner="second", primary="partner")
    book.do(plan_add_customer, partner="second", customer="bob")
    book.buy(2, partner="second")
    book.do(plan_allocate, partner="second", customer="bob", kind="edge", months=12)
    primary = overview(book.state, "partner", book.rules)
    assert primary.customers == (("alice", "bob") if sees == "customers" else ("alice",))
    assert (primary.secondary_customers, primary.secondary_licences) == ({"second": 1}, {"second": 1})
    assert primary.secondary_stock == {"second": 1}
    assert overview(book.state, "second", book.rules).customers == ("bob",)
    allocation = {"partner": "partner", "customer": "bob", "kind": "edge", "months": 12}
    assert book.refusal(plan_allocate, **allocation) == RefusalCode.UNKNOWN_CUSTOMER


def test_decision_17_expiry_deletes_nothing() -> None:
    book = Book()
    licence, camera = book.licensed("cam1")
    before = book.state
    assert book.at("2027-01-01").sweep() == ()
    assert book.state == before
    assert book.licence(licence).camera == camera
    assert book.told(camera) == (Interval(tokyo("2025-04-10T10:00"), tokyo("2026-06-01")),), "since when it is lapsed"


def test_decision_18_terms_are_catalogue_data() -> None:
    purchase = {"partner": "partner", "kind": "edge", "quantity": 1}
    for months in (12, 36, 60):
        Book().do(plan_purchase, months=months, **purchase)
    assert Book().refusal(plan_purchase, months=24, **purchase) == RefusalCode.NOT_OFFERED
    shop = Book(Rules(terms_months=(24,)))
    shop.do(plan_purchase, months=24, **purchase)
    assert shop.refusal(plan_purchase, months=12, **purchase) == RefusalCode.NOT_OFFERED


@pytest.mark.parametrize(("grace", "until"), [(None, 10), (timedelta(seconds=30), 40)])
def test_no_grace_unless_the_rules_or_the_profile_give_one(grace: timedelta | None, until: int) -> None:
    profile = Rules(grace=grace).effective_profile()
    document = entitlement({"cam1": (span(0, 10),)}, profile_sha256=profile.sha256)
    assert decide(document, profile, Feature.RECORDING, "cam1", at(9)) == Granted(since=at(0), until=at(until))
    ended = decide(document, profile, Feature.RECORDING, "cam1", at(until))
    assert ended == Denied(code=DenialCode.EXPIRED, feature=Feature.RECORDING, camera="cam1", since=at(until))


def test_no_grace_begins_where_a_licence_was_released_by_hand() -> None:
    rules = Rules(grace=timedelta(days=30))
    book = Book(rules)
    licence, camera = book.licensed("cam1")
    book.at("2025-09-01").do(plan_unbind, customer="alice", licence=licence)
    document = entitlement_for(book.state, "rec-1", book.now, rules, kid="0" * 16, seq=1)
    decision = decide(document, rules.effective_profile(), Feature.RECORDING, camera.camera, book.now)
    assert isinstance(decision, Denied) and decision.code == DenialCode.NOT_LICENSED
