"""The timeline of the local site: footage, entitlement and events beside each other, days of a calendar, and that a
year of many segments is told quickly."""

import sqlite3
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.clock import instant_of, ns_of
from recorder.catalog.event_changes import insert_event
from recorder.events.kept import Event
from recorder.timeline import plan_entitlement
from recorder.web.timeline_form import parse_month
from tests.component.playback.conftest import PastSite, past_site, second
from tests.fakes.marked import marked_run, renumbered
from tests.fakes.video import EPOCH_NS, FPS

RUN = marked_run(4 * FPS)


def keep(past: PastSite, kind: str, start: float, end: float | None, number: int, *, licensed: bool = True) -> None:
    event = Event(
        number=number,
        camera="cam1",
        kind=kind,  # type: ignore[arg-type]
        source="system" if kind == "licence" else "onvif",
        start=instant_of(EPOCH_NS + round(start * 1e9)),
        end=None if end is None else instant_of(EPOCH_NS + round(end * 1e9)),
        detail="",
        licensed=licensed,
    )
    insert_event(past.recorded._db, event)


async def ask(past: PastSite, start: float, end: float, **more: str) -> dict[str, Any]:
    params = {"from": second(start), "to": second(end), "lang": "en"} | more
    async with past.http.get("/v1/cameras/cam1/timeline", params=params) as answer:
        assert answer.status == 200
        told: dict[str, Any] = await answer.json()
        return told


async def test_three_layers_are_told_beside_each_other_while_lapsed(tmp_path: Path) -> None:
    async with past_site(tmp_path, [list(RUN), renumbered(RUN, 20, 2, 1000)]) as past:
        past.recorded.gap(EPOCH_NS + 4 * 10**9, EPOCH_NS + 20 * 10**9, "licence")
        keep(past, "licence", 4, 20, 1)
        keep(past, "person", 2, 3, 2)
        keep(past, "vehicle", 10, 10, 3, licensed=False)
        keep(past, "motion", -5, 1, 4)
        told = await ask(past, 0, 24)
    assert [(span["state"], span["reason"]) for span in told["spans"]] == [
        ("recorded", None), ("gap", "licence"), ("recorded", None),
    ]  # fmt: skip
    assert [(one["start"], one["state"]) for one in told["entitlement"]] == [
        (f"{second(0)[:19]}.000+00:00", "active"),
        (f"{second(4)[:19]}.000+00:00", "lapsed"),
        (f"{second(20)[:19]}.000+00:00", "active"),
    ]
    assert [(event["kind"], event["title"]) for event in told["events"]] == [
        ("motion", "Motion"), ("person", "Person"), ("vehicle", "Vehicle"),
    ]  # fmt: skip
    assert told["to"].startswith(second(24)[:19]) and not told["events_left_out"]


async def test_now_is_lapsed_since_the_licence_ended_and_the_future_until_one_begins(tmp_path: Path) -> None:
    async with past_site(tmp_path, [list(RUN)]) as past:
        now = past.clock.now()
        start = (ns_of(now) - EPOCH_NS) / 1e9 - 7200
        told = await ask(past, start, start + 4 * 3600)
        assert [one["state"] for one in told["entitlement"]] == ["active", "lapsed"]
        past.site.entitle(now + timedelta(hours=1))
        told = await ask(past, start, start + 4 * 3600)
        assert [one["state"] for one in told["entitlement"]] == ["active", "lapsed"]
        assert told["entitlement"][1]["start"] > now.isoformat()


async def test_days_with_footage_follow_the_recorders_time_zone(tmp_path: Path) -> None:
    async with past_site(tmp_path, [list(RUN), renumbered(RUN, 16 * 3600, 2, 1000)]) as past:
        for query, days in (("2026-01", ["2026-01-01", "2026-01-02"]), ("2026-02", [])):
            async with past.http.get(f"/v1/cameras/cam1/days?month={query}") as answer:
                told = await answer.json()
            assert (told["days"], told["time_zone"], told["month"]) == (days, "Asia/Tokyo", query)
        for month in ("", "2026-13", "2026-1", "x"):
            async with past.http.get(f"/v1/cameras/cam1/days?month={month}") as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, "range_malformed")
        async with past.http.get("/v1/cameras/cam1/days?month=2026-01&stream=third") as answer:
            assert (await answer.json())["code"] == "stream_unknown"
        async with past.http.get("/v1/cameras/cam9/days?month=2026-01") as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "camera_unknown")


def test_a_month_in_which_clocks_change_has_a_short_or_a_long_day() -> None:
    for text, hours in (("2026-03", 23), ("2026-10", 25)):
        month = parse_month(text, ZoneInfo("Europe/Berlin"))
        assert month is not None and len(month.days) == 31
        lengths = {(after - day) // (3600 * 10**9) for day, after in pairwise(month.midnights_utc_ns)}
        assert lengths == {24, hours}
    december = parse_month("2026-12", ZoneInfo("Asia/Tokyo"))
    assert december is not None and december.days[-1].isoformat() == "2026-12-31"


async def test_a_year_of_a_hundred_thousand_segments_is_told_in_bounded_answers(tmp_path: Path) -> None:
    async with past_site(tmp_path, [list(RUN)]) as past:
        _multiply(past.recorded._db, 100_000, every_ns=300 * 10**9)
        told = await ask(past, -1, 365 * 86_400)
        assert len(told["spans"]) == 20_000 and told["to"] < second(365 * 86_400)
        after = await ask(past, _seconds(told["to"]), 365 * 86_400)
        assert after["spans"][0]["start"] >= told["spans"][-1]["start"]
        day = await ask(past, 100 * 86_400, 101 * 86_400)
        assert len([span for span in day["spans"] if span["state"] == "recorded"]) == 288
        async with past.viewer() as viewer:
            await viewer.ws.send_str('{"seek": {"at": "2026-06-01T00:00:00Z"}}')
            await viewer.until(lambda text: "at" in text)


def _multiply(db: sqlite3.Connection, count: int, every_ns: int) -> None:
    """Rows like the first segment's, each of a run of its own, one every so often."""
    columns = [row[1] for row in db.execute("PRAGMA table_info(segment)")]
    row = list(db.execute("SELECT * FROM segment ORDER BY run, seq LIMIT 1").fetchone())
    run, start, end = (columns.index(name) for name in ("run", "start_utc_ns", "end_utc_ns"))
    camera, stream = row[columns.index("camera_id")], row[columns.index("stream")]
    rows = []
    for number in range(1, count):
        copy = list(row)
        copy[run], copy[start], copy[end] = 10 + number, row[start] + number * every_ns, row[end] + number * every_ns
        rows.append(copy)
    db.execute("BEGIN")
    db.executemany("INSERT INTO run VALUES (?, ?, ?, ?)", [(camera, stream, copy[run], copy[start]) for copy in rows])
    db.executemany(f"INSERT INTO segment VALUES ({', '.join('?' * len(columns))})", rows)
    db.execute("COMMIT")


def _seconds(instant: str) -> float:
    return (ns_of(datetime.fromisoformat(instant)) - EPOCH_NS) / 1e9


spans = st.lists(st.tuples(st.integers(-50, 150), st.integers(1, 60)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


@given(lapses=spans, covered=spans, now=st.integers(-20, 120))
def test_entitlement_covers_the_whole_range_once_and_says_the_truth(
    lapses: list[tuple[int, int]], covered: list[tuple[int, int]], now: int
) -> None:
    found = plan_entitlement(lapses, covered, start_utc_ns=0, end_utc_ns=100, now_utc_ns=now)
    assert found[0].start_utc_ns == 0 and found[-1].end_utc_ns == 100
    for one, following in pairwise(found):
        assert one.end_utc_ns == following.start_utc_ns and one.state != following.state
    for at in range(100):
        lapsed = any(a <= at < b for a, b in lapses) if at < now else not any(a <= at < b for a, b in covered)
        state = next(one.state for one in found if one.start_utc_ns <= at < one.end_utc_ns)
        assert state == ("lapsed" if lapsed else "active")


@pytest.mark.parametrize("query", ["", "from=now&to=then", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"])
async def test_no_range_is_a_problem(tmp_path: Path, query: str) -> None:
    async with (
        past_site(tmp_path, [list(RUN)]) as past,
        past.http.get(f"/v1/cameras/cam1/timeline?{query}") as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (400, "range_malformed")
