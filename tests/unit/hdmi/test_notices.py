"""Which events are news, and which of those pop up."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.errors import MediaError
from hdmi_out.notices.book import EVENTS_MAX, EventBook
from hdmi_out.notices.event import Ended, Event, Hole, parse_message, parse_page
from hdmi_out.notices.queue import (
    HUSH_SECONDS,
    QUIET_SECONDS,
    SHOWN_MAX,
    SHOWN_SECONDS,
    STAY_SECONDS_MAX,
    WAITING_MAX,
    NoticeQueue,
)

START = datetime(2026, 11, 22, 3, tzinfo=UTC)
SECOND = 10**9


def event(number: int, camera: str | None = "cam1", kind: str = "person", **more: object) -> Event:
    start = START + timedelta(seconds=number)
    return Event(id=number, camera=camera, kind=kind, start=start, end=start, **more)  # type: ignore[arg-type]


class TestParsing:
    def test_a_newer_recorders_kinds_and_fields_are_taken_as_they_are(self) -> None:
        told = {"id": 7, "kind": "drone", "title": "Drone", "start": START.isoformat(), "zone": {"x": 1}}
        found = parse_message(json.dumps({"event": told, "weather": "fine"}))
        assert isinstance(found, Event) and (found.name, found.camera, found.trouble) == ("Drone", None, False)
        untitled = parse_message(json.dumps({"event": told | {"title": ""}}))
        assert isinstance(untitled, Event) and untitled.name == "drone"

    def test_what_is_missing_and_what_ends_is_told_apart(self) -> None:
        assert parse_message('{"dropped": {"events": 3}}') == Hole()
        assert parse_message('{"end": {"problem": {"title": "期限切れ"}}}') == Ended("期限切れ")
        assert parse_message('{"hello": 1}') is None

    @pytest.mark.parametrize("text", ["", "[]", "null", '{"event": {"id": "x"}}', '{"event": 3}', "{" * 99])
    def test_what_is_no_message_is_an_error_of_its_own(self, text: str) -> None:
        with pytest.raises(MediaError):
            parse_message(text)

    def test_one_event_that_makes_no_sense_does_not_cost_the_list(self) -> None:
        good = {"id": 7, "kind": "person", "start": START.isoformat()}
        page = parse_page(json.dumps({"events": [{"id": None}, good, {}], "before": 7}))
        assert [found.id for found in page.events] == [7] and page.before == 7


class TestBook:
    def test_what_was_there_at_the_start_is_no_news(self) -> None:
        book = EventBook()
        assert not book.take(event(5)), "a lasting one, told before the list was read"
        assert book.catch_up([event(5), event(4)]) == []
        assert book.take(event(6)) and not book.take(event(6)), "its end is no news"

    def test_after_a_pause_what_came_meanwhile_is_news_once(self) -> None:
        book = EventBook()
        book.catch_up([event(2), event(1)])
        assert book.take(event(3))
        assert [found.id for found in book.catch_up([event(5), event(4), event(3)])] == [4, 5]
        assert book.catch_up([event(5), event(4)]) == [] and not book.take(event(5))

    def test_the_list_is_read_on_until_it_reaches_back_and_what_lies_behind_is_counted(self) -> None:
        book = EventBook()
        book.catch_up([event(2)])
        assert book.wants_more([event(9), event(8)])
        assert not book.wants_more([event(4), event(3)])
        assert len(book.catch_up([event(9), event(8)])) == 2 and book.missed == 5

    def test_a_recorder_that_was_wiped_is_begun_with_anew(self) -> None:
        book = EventBook()
        book.catch_up([event(50), event(49)])
        later = [Event(id=n, camera="cam1", kind="person", start=START + timedelta(days=1)) for n in (50, 49)]
        assert book.catch_up(later) == []
        assert book.catch_up([]) == [] and book.last == 0 and book.take(event(1))

    def test_it_stays_bounded(self) -> None:
        book = EventBook()
        book.catch_up([])
        for number in range(1, 3 * EVENTS_MAX):
            book.take(event(number))
        assert len(book.events) == EVENTS_MAX and next(iter(book.events)) == 2 * EVENTS_MAX

    @given(st.lists(st.sampled_from(["told", "lost", "pause"]), max_size=60))
    def test_whatever_is_lost_on_the_way_each_event_is_news_exactly_once(self, steps: list[str]) -> None:
        book, happened, news = EventBook(), [event(1)], []
        book.catch_up(happened)
        for step in [*steps, "pause"]:
            if step == "pause":
                news += [found.id for found in book.catch_up(happened[::-1])]
                continue
            happened.append(event(len(happened) + 1))
            if step == "told":
                lost = book.last != happened[-1].id - 1  # a connection that lost something is caught up with first
                news += [found.id for found in book.catch_up(happened[-2::-1])] if lost else []
                news += [happened[-1].id] if book.take(happened[-1]) else []
        assert news == [found.id for found in happened[1:]]


def shown(queue: NoticeQueue) -> list[tuple[str, int]]:
    return [(notice.newest.kind, notice.count) for notice in queue.shown.values()]


class TestQueue:
    def test_a_pop_up_comes_at_once_and_goes_after_its_time(self) -> None:
        queue = NoticeQueue()
        queue.offer(event(1), 0)
        queue.step(0)
        assert shown(queue) == [("person", 1)]
        queue.step(round(SHOWN_SECONDS * SECOND) - 1)
        assert shown(queue) == [("person", 1)]
        queue.step(round(SHOWN_SECONDS * SECOND))
        assert shown(queue) == []

    def test_troubles_of_several_cameras_are_one_pop_up_that_names_none_of_them(self) -> None:
        queue = NoticeQueue()
        for number, camera in enumerate(("cam1", "cam1", "cam2", "cam1"), 1):
            queue.offer(event(number, camera, "camera_lost"), 0)
            queue.step(0)
            (notice,) = queue.shown.values()
            assert notice.several == (number > 2)

    def test_a_storm_is_one_pop_up_with_a_count_and_then_quiet(self) -> None:
        queue = NoticeQueue()
        for number in range(10_000):
            queue.offer(event(number + 1), number * SECOND // 1000)
            queue.step(number * SECOND // 1000)
        assert shown(queue) == [("person", 10_000)] and queue.waiting == 0
        end_ns = round(STAY_SECONDS_MAX * SECOND)
        for second in range(10, 60):
            queue.offer(event(20_000 + second), second * SECOND)
            queue.step(second * SECOND)
        assert shown(queue) == [], "it does not stay for ever"
        again_ns = end_ns + round(QUIET_SECONDS * SECOND) + SECOND
        queue.offer(event(30_000), again_ns)
        queue.step(again_ns)
        assert len(shown(queue)) == 1 and shown(queue)[0][1] > 25, "what happened in the quiet is counted"

    def test_different_cameras_and_kinds_have_their_own_and_keep_their_places(self) -> None:
        queue = NoticeQueue()
        for number, (camera, kind) in enumerate((("a", "person"), ("a", "motion"), ("b", "person"), ("c", "person"))):
            queue.offer(event(number + 1, camera, kind), number * SECOND)
            queue.step(number * SECOND)
        assert len(queue.shown) == SHOWN_MAX and queue.waiting == 1
        queue.step(round(SHOWN_SECONDS * SECOND))
        assert {place: notice.newest.camera for place, notice in queue.shown.items()} == {0: "c", 1: "a", 2: "b"}

    def test_a_lapse_of_all_cameras_is_one_pop_up(self) -> None:
        queue = NoticeQueue()
        for number in range(16):
            queue.offer(event(number + 1, f"cam{number}", "licence"), 0)
        queue.step(0)
        assert shown(queue) == [("licence", 16)] and queue.waiting == 0

    def test_what_finds_no_room_is_left_out_counted_and_said(self) -> None:
        queue = NoticeQueue()
        for number in range(WAITING_MAX + SHOWN_MAX + 5):
            queue.offer(event(number + 1, f"cam{number}"), 0)
            queue.step(0)
        assert (queue.left_out, queue.left_out_total, queue.waiting) == (5, 5, WAITING_MAX)
        queue.step(60 * SECOND)
        assert (queue.left_out, queue.left_out_total) == (0, 5)

    def test_dismissing_takes_all_away_and_nothing_comes_up_for_a_while(self) -> None:
        queue = NoticeQueue()
        for number in range(6):
            queue.offer(event(number + 1, f"cam{number}"), 0)
        queue.step(0)
        queue.dismiss(SECOND)
        queue.offer(event(9, "cam9"), 2 * SECOND)
        queue.step(2 * SECOND)
        assert shown(queue) == []
        queue.step(SECOND + round(HUSH_SECONDS * SECOND))
        assert [notice.newest.camera for notice in queue.shown.values()] == ["cam9"]

    @given(
        st.lists(
            st.tuples(st.sampled_from("abcdef"), st.sampled_from(["person", "motion"]), st.integers(0, 5000)),
            max_size=120,
        )
    )
    def test_it_is_bounded_and_never_shows_the_same_twice_at_a_time(self, steps: list[tuple[str, str, int]]) -> None:
        queue, now_ns = NoticeQueue(), 0
        for number, (camera, kind, milliseconds) in enumerate(steps):
            now_ns += milliseconds * 1_000_000
            queue.offer(event(number + 1, camera, kind), now_ns)
            queue.step(now_ns)
            keys = [notice.newest.key for notice in queue.shown.values()]
            assert len(keys) == len(set(keys)) <= SHOWN_MAX and queue.waiting <= WAITING_MAX
        queue.step(now_ns + 3600 * SECOND)
        for _ in range(WAITING_MAX):
            now_ns += 3600 * SECOND
            queue.step(now_ns)
        assert not queue.shown and not queue.waiting
