"""A weekly schedule means local time, on the days when clocks are changed, too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.clock import ns_of
from recorder.segments.schedule import DAYS, WeeklySchedule, WeekSpan, parse_span

ZONES = ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def schedule(*spans: str, zone: str = "Asia/Tokyo") -> WeeklySchedule:
    return WeeklySchedule(spans=tuple(map(parse_span, spans)), zone=ZoneInfo(zone))


def is_open(under_test: WeeklySchedule, instant: datetime) -> bool:
    return under_test.window_at(ns_of(instant)).open


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


minutes = st.integers(0, 1439)
spans = st.builds(
    lambda days, start, length: WeekSpan(days=days, start_minute=start, end_minute=start + length),
    st.frozensets(st.integers(0, 6), min_size=1),
    minutes,
    st.integers(1, 1440),
)
schedules = st.builds(
    lambda spans, zone: WeeklySchedule(spans=tuple(spans), zone=ZoneInfo(zone)),
    st.lists(spans, min_size=1, max_size=3),
    st.sampled_from(ZONES),
)
instants = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(
    lambda when: when.replace(tzinfo=UTC)
)


def shown_in(span: WeekSpan, when: datetime) -> bool:
    """Whether a wall clock shows a time of the span."""
    minute = when.hour * 60 + when.minute
    today, yesterday = when.weekday() in span.days, (when.weekday() - 1) % 7 in span.days
    return (today and span.start_minute <= minute < span.end_minute) or (yesterday and minute + 1440 < span.end_minute)


def calm(when: datetime, zone: ZoneInfo) -> bool:
    """Whether no clock is changed for two days on either side."""
    return len({(when + timedelta(hours=h)).astimezone(zone).utcoffset() for h in range(-50, 51)}) == 1


@settings(max_examples=200, deadline=None)
@given(schedules, instants)
def test_on_ordinary_days_it_is_open_when_the_wall_clock_shows_a_time_of_a_span(
    under_test: WeeklySchedule, when: datetime
) -> None:
    if calm(when, under_test.zone):
        shown = when.astimezone(under_test.zone)
        assert is_open(under_test, when) == any(shown_in(span, shown) for span in under_test.spans)


@settings(max_examples=150, deadline=None)
@given(schedules, instants)
def test_windows_follow_each_other_without_a_hole_and_say_the_same_from_everywhere_in_them(
    under_test: WeeklySchedule, when: datetime
) -> None:
    window = under_test.window_at(ns_of(when))
    for _ in range(4):
        assert window.covers(window.start_utc_ns) and not window.covers(window.end_utc_ns)
        following = under_test.window_at(window.end_utc_ns)
        assert following.start_utc_ns == window.end_utc_ns or following.open == window.open
        for share in (0.0, 0.3, 0.7):
            inside = window.start_utc_ns + int((window.end_utc_ns - window.start_utc_ns) * share)
            assert under_test.window_at(inside).open == window.open
        window = following


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES), minutes, st.integers(0, 729))
def test_a_daily_span_opens_and_closes_once_a_day_whatever_the_clocks_do(zone: str, start: int, day: int) -> None:
    under_test = WeeklySchedule(
        spans=(WeekSpan(days=frozenset(range(7)), start_minute=start, end_minute=start + 4 * 60),), zone=ZoneInfo(zone)
    )
    when, opened = ns_of(FIRST + timedelta(days=day)), []
    while len(opened) < 5:
        window = under_test.window_at(when)
        if window.open:
            opened.append(window)
        when = window.end_utc_ns
    for window in opened[1:]:
        assert 3 <= (window.end_utc_ns - window.start_utc_ns) / 3.6e12 <= 5, "four hours, but for a change of clocks"
    for before, after in pairwise(opened[1:]):
        assert 23 <= (after.start_utc_ns - before.start_utc_ns) / 3.6e12 <= 25


def test_days_and_hours_are_local() -> None:
    office = schedule("mon-fri 08:00-18:00")
    assert is_open(office, local("2026-11-20 08:00", "Asia/Tokyo"))
    assert not is_open(office, local("2026-11-20 07:59:59.999999", "Asia/Tokyo"))
    assert not is_open(office, local("2026-11-20 18:00", "Asia/Tokyo"))
    assert not is_open(office, local("2026-11-21 09:00", "Asia/Tokyo")), "a Saturday"


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = schedule("fri 22:00-06:00")
    assert is_open(night, local("2026-11-21 05:59", "Asia/Tokyo"))
    assert not is_open(night, local("2026-11-20 05:59", "Asia/Tokyo"))


def test_spans_that_touch_are_one() -> None:
    window = schedule("sat 00:00-24:00", "sun 00:00-12:00").window_at(ns_of(local("2026-11-21 12:00", "Asia/Tokyo")))
    assert window.open and window.end_utc_ns == ns_of(local("2026-11-22 12:00", "Asia/Tokyo"))
    assert window.start_utc_ns == ns_of(local("2026-11-21 00:00", "Asia/Tokyo"))


def test_where_clocks_are_set_back_a_span_is_not_torn() -> None:
    window = schedule("daily 01:30-02:30", zone="Europe/Berlin").window_at(ns_of(local("2026-10-25 02:00")))
    assert window.open
    assert window.start_utc_ns == ns_of(local("2026-10-25 01:30"))
    assert window.end_utc_ns == ns_of(local("2026-10-25 02:30", fold=1))


def test_a_time_that_clocks_skip_is_the_moment_of_the_change() -> None:
    change = ns_of(local("2026-03-29 03:00"))
    opening = schedule("daily 02:30-04:00", zone="Europe/Berlin").window_at(change)
    assert opening.open and opening.start_utc_ns == change
    closing = schedule("daily 01:00-02:30", zone="Europe/Berlin").window_at(change - 1)
    assert closing.open and closing.end_utc_ns == change
    assert not schedule("daily 02:10-02:50", zone="Europe/Berlin").window_at(change).open


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("mon-fri 08:00-18:00", range(5), 480, 1080),
        ("Sat,Sun 0:00-24:00", (5, 6), 0, 1440),
        ("fri-mon 22:00 - 6:00", (4, 5, 6, 0), 1320, 1800),
        ("daily 12:00-00:00", range(7), 720, 1440),
        ("mon,wed-thu 09:30-10:00", (0, 2, 3), 570, 600),
    ],
)
def test_texts_are_understood(text: str, days: object, start: int, end: int) -> None:
    assert parse_span(text) == WeekSpan(days=frozenset(days), start_minute=start, end_minute=end)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("08:00-18:00", "are wanted"),
        ("mon-fri 8-18", "are wanted"),
        ("monday 08:00-18:00", "'monday' is no day"),
        ("mon- 08:00-18:00", "are wanted"),
        ("mon 08:60-18:00", "08:60 is no time of day"),
        ("mon 08:00-25:00", "25:00 is no time of day"),
        ("mon 08:00-08:00", "has no length"),
        ("mon 24:00-08:00", "has no length"),
        ("daily-fri 08:00-09:00", "'daily' is no day"),
    ],
)
def test_other_texts_are_refused_with_what_is_wanted(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        parse_span(text)


@given(st.text(max_size=40) | st.from_regex(r"[a-z]{3}(-[a-z]{3})? \d\d:\d\d-\d\d:\d\d", fullmatch=True))
def test_any_text_is_a_span_or_a_value_error(text: str) -> None:
    try:
        span = parse_span(text)
    except ValueError:
        return
    assert span.days <= set(range(len(DAYS))) and 0 < span.end_minute - span.start_minute <= 1440
