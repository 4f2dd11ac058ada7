"""Reminders: the right ones, on the right dates, each exactly once whatever the clock and the service do."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gate.licence.pool import plan_revoke
from gate.licence.reminders import DueReminder, ReminderKey, due, due_of, mails_of, moment_of, next_moment
from gate.licence.rules import Reminder, Rules
from gate.licence.stock import plan_add_customer
from gate.licence.term import term_of
from tests.fakes.licence_book import TOKYO, Book, tokyo


def names(found: tuple[DueReminder, ...]) -> list[str]:
    return [one.key.reminder for one in found]


class Post:
    """Who settles reminders, and remembers."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.settled: set[ReminderKey] = set()
        self.history: list[DueReminder] = []

    def run(self, now: datetime) -> tuple[DueReminder, ...]:
        found = due(self.book.state, self.settled, now, self.book.rules)
        self.settled.update(one.key for one in found)
        self.history += found
        return found


def test_the_manuals_mails_go_out_on_their_days() -> None:
    book = Book()
    book.licensed("cam1")
    post = Post(book)
    dates = {}
    now = tokyo("2026-01-01")
    while (moment := next_moment(book.state, now, book.rules)) is not None:
        assert post.run(moment - timedelta(microseconds=1)) == ()
        for one in post.run(moment):
            dates[one.key.reminder] = one.due_at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")
        now = moment
    assert dates == {
        "partner_90d": "2026-03-02 09:00",
        "partner_60d": "2026-04-01 09:00",
        "partner_30d": "2026-05-01 09:00",
        "partner_14d": "2026-05-17 09:00",
        "customer_14d": "2026-05-17 09:00",
        "customer_1d": "2026-05-30 09:00",
        "partner_24h": "2026-05-31 00:00",
    }


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(st.integers(-200, 900), min_size=1, max_size=25),
    allocations=st.lists(st.integers(0, 400), min_size=1, max_size=4),
    lost=st.integers(0, 5),
)
def test_each_is_settled_exactly_once_under_any_jumps_and_outages(
    moments: list[int], allocations: list[int], lost: int
) -> None:
    book = Book(Rules(terms_months=(1, 12)))
    begin = book.now
    post = Post(book)
    for index, days in enumerate(sorted(allocations)):
        book.now = begin + timedelta(days=days)
        book.allocate(months=(1, 12)[index % 2])
    latest = begin + timedelta(days=3000)
    for days in moments:  # the clock jumps to and fro
        now = begin + timedelta(days=days, hours=lost)
        assert all(one.due_at <= now for one in post.run(now))
    post.run(latest)
    assert post.run(latest) == ()
    keys = [one.key for one in post.history]
    assert len(keys) == len(set(keys))
    wanted = {
        ReminderKey(licence.id, licence.term.last_day, reminder.name)
        for licence in book.state.licences.values()
        if licence.term is not None
        for reminder in book.rules.reminders
        if moment_of(reminder, licence.term, book.rules) >= licence.term.starts
    }
    assert set(keys) == wanted


def test_after_an_outage_all_that_was_missed_comes_in_order_with_its_own_date() -> None:
    book = Book()
    book.licensed("cam1")
    found = Post(book).run(tokyo("2026-05-20"))
    assert names(found) == ["partner_90d", "partner_60d", "partner_30d", "customer_14d", "partner_14d"]
    assert [one.due_at for one in found] == sorted(one.due_at for one in found)


def test_what_would_have_been_due_before_the_allocation_is_not() -> None:
    book = Book(Rules(terms_months=(1,)))
    book.allocate(months=1)  # valid from 10 April to 30 June: 81 days before the end
    assert names(Post(book).run(tokyo("2025-06-01"))) == ["partner_60d", "partner_30d"]


def test_a_revoked_licence_reminds_nobody() -> None:
    book = Book()
    licence, _ = book.licensed("cam1")
    book.do(plan_revoke, customer="alice", licence=licence, reason="not paid")
    assert Post(book).run(tokyo("2027-01-01")) == ()
    assert next_moment(book.state, book.now, book.rules) is None


def test_a_24_hour_mail_that_was_not_needed_is_not_sent_later_either() -> None:
    book = Book()
    old, _ = book.licensed("cam1")
    new = book.at("2026-05-20").allocate()
    post = Post(book)
    post.run(tokyo("2026-05-31T12:00"))
    book.at("2026-05-31T18:00").do(plan_revoke, customer="alice", licence=new, reason="mistake")
    assert [one for one in post.run(tokyo("2026-06-02")) if one.key.licence == old] == []
    assert [one.needed for one in post.history if one.key == (old, date(2026, 5, 31), "partner_24h")] == [False]


def test_two_licences_that_end_together_are_renewed_by_two() -> None:
    book = Book()
    book.licensed("cam1")
    book.licensed("cam2")
    book.at("2026-05-20").allocate()
    found = Post(book).run(tokyo("2026-05-31T12:00"))
    assert [one.needed for one in found if one.key.reminder == "partner_24h"] == [False, True]


def test_a_renewal_bound_to_the_camera_renews_that_licence() -> None:
    book = Book()
    first, _ = book.licensed("cam1")
    second, camera = book.licensed("cam2")
    book.at("2026-05-20").bind(book.allocate(), camera)
    found = Post(book).run(tokyo("2026-05-31T12:00"))
    needed = {one.key.licence: one.needed for one in found if one.key.reminder == "partner_24h"}
    assert needed == {first: True, second: False}


def test_one_mail_gathers_all_licences_of_a_customer_and_a_day() -> None:
    book = Book()
    book.do(plan_add_customer, partner="partner", customer="bob")
    licences = sorted(book.allocate() for _ in range(3))
    bobs = book.allocate("bob")
    book.at("2025-05-05").allocate()
    found = Post(book).run(tokyo("2026-05-18"))
    mails = [mail for mail in mails_of(found) if mail.last_day == date(2026, 5, 31)]
    assert len(mails) == 2 * 5
    by_name = {(mail.customer, mail.reminder): mail for mail in mails}
    assert list(by_name["alice", "partner_14d"].licences) == licences
    assert by_name["bob", "partner_14d"].licences == (bobs,)
    assert {mail.audience for mail in mails} == {"partner", "customer"}
    assert {mail.partner for mail in mails} == {"partner"}


def test_in_summer_time_nine_is_nine() -> None:
    rules = Rules(time_zone="Europe/Berlin")
    term = term_of(tokyo("2025-04-10"), 12, rules.zone)
    hours = [
        moment_of(reminder, term, rules).astimezone(rules.zone).hour for reminder in rules.reminders if reminder.days
    ]
    assert set(hours) == {9}
    utc_hours = {moment_of(reminder, term, rules).hour for reminder in rules.reminders if reminder.days}
    assert utc_hours == {7, 8}


def test_one_licence_can_be_asked_alone() -> None:
    book = Book()
    licence, _ = book.licensed("cam1")
    book.licensed("cam2")
    now = tokyo("2026-05-20")
    alone = due_of(book.state, book.licence(licence), set(), now, book.rules)
    assert {one.key.licence for one in alone} == {licence}
    assert set(alone) < set(due(book.state, set(), now, book.rules))


def test_a_licence_without_a_term_yet_reminds_nobody() -> None:
    book = Book(Rules(count_starts="binding", reminders=(Reminder(audience="partner", days=1),)))
    book.allocate()
    assert due(book.state, set(), tokyo("2040-01-01"), book.rules) == ()
