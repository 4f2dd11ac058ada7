"""The strip, the calendar and the keys of playback: pure rules, on days of every length and in both languages."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.errors import MediaError
from hdmi_out.osd.words import words_of
from hdmi_out.playback_messages import Entitled, Happening, Span, Timeline, instant_of, label_of, parse_said
from hdmi_out.views.keys import Key
from hdmi_out.views.playback_calendar import chosen_of, weeks_of
from hdmi_out.views.playback_keys import HELD_SECONDS, STEPS_HELD, HeldKey
from hdmi_out.views.playback_strip import ZOOMS, StripPlan, day_of, plan_strip, window_of
from hdmi_out.views.playback_words import PlaybackWords, day_time_text, playback_words, range_text

ZONES = tuple(map(ZoneInfo, ("Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")))
JA, EN = (playback_words(words_of(code)) for code in ("ja", "en"))
WIDTH = 1000
instants = st.integers(label_of(datetime(2020, 1, 1, tzinfo=UTC)), label_of(datetime(2035, 1, 1, tzinfo=UTC))).map(
    instant_of
)


def strip(timeline: Timeline, at: datetime, now: datetime, words: PlaybackWords = EN, zoom: str = "day") -> StripPlan:
    zone = ZONES[0]
    return plan_strip(timeline, window_of(at, zone, zoom), WIDTH, zone, words, now=now, zoom=zoom)


@given(at=instants, zone=st.sampled_from(ZONES), zoom=st.sampled_from(ZOOMS))
def test_a_window_holds_its_time_and_is_a_whole_local_day_hour_or_ten_minutes(
    at: datetime, zone: ZoneInfo, zoom: str
) -> None:
    start, end = window_of(at, zone, zoom)
    assert start <= at < end and start.utcoffset() == timedelta(0)
    lengths = {"day": {23, 23.5, 24, 24.5, 25}, "hour": {1}, "minutes": {1 / 6}}
    assert (end - start) / timedelta(hours=1) in lengths[zoom]
    if zoom == "day":
        assert start.astimezone(zone).date() == at.astimezone(zone).date() != end.astimezone(zone).date()


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_days_on_which_clocks_change_have_their_hours_and_ticks(day: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    window = day_of(noon, berlin)
    assert window[1] - window[0] == timedelta(hours=hours)
    plan = plan_strip(None, window, WIDTH, berlin, EN, now=noon, zoom="day")
    assert len(plan.ticks) == hours
    assert [text for _, text in plan.ticks if text][:2] == ["00:00", "03:00"]


def test_layers_lie_beside_each_other_and_are_never_merged() -> None:
    start, _ = day_of(datetime(2027, 1, 5, 6, tzinfo=UTC), ZONES[0])
    at = [start + timedelta(hours=hour) for hour in range(25)]
    timeline = Timeline(
        now=at[18],
        spans=(
            Span(start=at[0], end=at[6], state="recorded"),
            Span(start=at[6], end=at[7], state="gap", reason="camera_offline"),
            Span(start=at[7], end=at[12], state="recorded"),
            Span(start=at[12], end=at[18], state="gap", reason="licence"),
        ),
        entitlement=(
            Entitled(start=at[0], end=at[12], state="active"),
            Entitled(start=at[12], end=at[24], state="lapsed"),
        ),
        events=(Happening(start=at[3]), Happening(start=at[13])),
    )
    for words, offline, lapsed in ((JA, "カメラ未接続", "ライセンス切れ"), (EN, "Camera offline", "Licence lapsed")):
        plan = strip(timeline, at[6], at[18], words)
        assert [(s.left, s.right) for s in plan.recorded] == [(0, 250), (292, 500)]
        assert [(s.text, s.licence) for s in plan.gaps] == [(offline, False), (lapsed, True)]
        assert [(s.left, s.right) for s in plan.lapsed] == [(500, 750)], "nothing is said of the future"
        assert plan.events == (125, 542) and plan.now == 750


def test_thousands_of_short_spans_are_drawn_as_few() -> None:
    start, _ = day_of(datetime(2027, 1, 5, 6, tzinfo=UTC), ZONES[0])
    spans = tuple(
        Span(start=start + timedelta(seconds=10 * n), end=start + timedelta(seconds=10 * n + 5), state="recorded")
        for n in range(8000)
    )
    plan = strip(Timeline(now=start, spans=spans), start, start)
    assert len(plan.recorded) <= WIDTH


@given(at=instants, zone=st.sampled_from(ZONES))
def test_a_chosen_time_leads_back_to_its_instant(at: datetime, zone: ZoneInfo) -> None:
    at = at.replace(microsecond=0)
    found = chosen_of(at, zone).instant(zone)
    assert found == at or found == at - timedelta(hours=1) or found == at - timedelta(minutes=30), "the first of two"


@given(day=st.dates(date(2000, 2, 1), date(2099, 11, 30)))
def test_a_calendar_has_every_day_of_its_month_once_in_weeks_from_monday(day: date) -> None:
    weeks = weeks_of(day)
    days = [one for week in weeks for one in week]
    assert len(weeks) <= 6 and all(week[0].weekday() == 0 for week in weeks)
    month = [one for one in days if (one.year, one.month) == (day.year, day.month)]
    assert month[0].day == 1 and (month[-1] + timedelta(days=1)).day == 1 and len(set(days)) == len(days)


def test_a_held_arrow_goes_further_and_a_standing_picture_is_stepped_first() -> None:
    held, standing = HeldKey(), HeldKey()
    went = [held.press(Key.RIGHT, n * 10**8, standing=False) for n in range(30)]
    assert went[0] == 10 and went == sorted(went, key=lambda seconds: seconds or 0) and went[-1] == 600
    assert held.press(Key.LEFT, 31 * 10**8, standing=False) == 10, "another key begins anew"
    steps = [standing.press(Key.LEFT, n * 10**8, standing=True) for n in range(STEPS_HELD + 1)]
    assert steps == [None] * STEPS_HELD + [10]
    later = 10**8 * STEPS_HELD + round((HELD_SECONDS + 0.1) * 1e9)
    assert standing.press(Key.LEFT, later, standing=True) is None


def test_both_languages_have_every_word() -> None:
    for field in dataclasses.fields(PlaybackWords):
        ja, en = getattr(JA, field.name), getattr(EN, field.name)
        assert type(ja) is type(en) and ja and en
        if isinstance(ja, dict):
            assert ja.keys() == en.keys()
        if isinstance(ja, str):
            assert ja.count("{}") == en.count("{}")


def test_times_are_written_in_the_site_s_zone_with_days_only_where_they_differ() -> None:
    at, zone = datetime(2027, 1, 4, 15, 30, tzinfo=UTC), ZONES[0]
    assert day_time_text(at, zone, words_of("ja")) == "2027/01/05 (火) 00:30:00"
    assert day_time_text(at, zone, words_of("en")) == "Tue 5 Jan 2027 00:30:00"
    assert range_text(at, at + timedelta(hours=1), zone, words_of("en")) == ("00:30:00", "01:30:00")
    assert range_text(at - timedelta(hours=1), at, zone, words_of("ja"))[0] == "2027/01/04 (月) 23:30:00"


@pytest.mark.parametrize("text", ["", "[]", '{"at": 5}', '{"gap": {"start": "noon"}}', '{"hello": {"codec": 1}}'])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(MediaError):
        parse_said(text)
