"""The bus: one event a condition, kept in the index, told to listeners, bounded."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from gate.clock import SimulatedClock
from recorder.catalog.database import Catalog
from recorder.catalog.event_changes import end_all_events
from recorder.catalog.event_queries import EventFilter, last_event_number, newest_events
from recorder.events.bus import EVENTS_PER_MINUTE_MAX, QUEUE_MAX, EventBus, Missed
from recorder.events.event import CameraEvent, EventPhase
from recorder.events.kept import Event
from tests.fakes.entitlements import NEW_YEAR

ALL = EventFilter(start_utc_ns=0, end_utc_ns=2**62)


class Bench:
    """A bus on a real index; `lapsed` cameras may not be told of remotely."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(NEW_YEAR)
        self.catalog = Catalog(folder / "index.db")
        self.lapsed: set[str | None] = set()
        self.triggered: list[str] = []
        self.bus = self.new_bus(0)

    def new_bus(self, last_number: int) -> EventBus:
        def trigger(camera: str) -> bool:
            self.triggered.append(camera)
            return True

        return EventBus(
            store=self.catalog,
            clock=self.clock,
            last_number=last_number,
            may_tell_remotely=lambda camera: camera not in self.lapsed,
            trigger=trigger,
        )

    def tell(self, phase: EventPhase, camera: str = "cam1", rule: str = "", seconds_ago: float = 0) -> bool:
        at_utc_ns = self.clock.now_ns() - round(seconds_ago * 1e9)
        return self.bus.tell(
            CameraEvent(camera=camera, kind="motion", phase=phase, at_utc_ns=at_utc_ns, source="onvif", rule=rule)
        )

    async def kept(self, wanted: EventFilter = ALL, count_max: int = 1000) -> list[Event]:
        await self.catalog.do(lambda db: None)  # after all that was posted
        return await self.catalog.read(partial(newest_events, wanted=wanted, count_max=count_max))


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.catalog.close()


async def test_a_condition_told_twice_is_one_event_from_its_start_to_its_end(bench: Bench) -> None:
    assert bench.tell("start")
    await bench.clock.advance(2)
    assert not bench.tell("start")
    await bench.clock.advance(3)
    bench.tell("end")
    bench.tell("end")
    [event] = await bench.kept()
    assert (event.number, event.camera, event.kind, event.source) == (1, "cam1", "motion", "onvif")
    assert event.start == NEW_YEAR and event.end == NEW_YEAR + timedelta(seconds=5)
    assert bench.triggered == ["cam1"]


async def test_two_rules_of_one_kind_are_two_events(bench: Bench) -> None:
    bench.tell("start", rule="door")
    bench.tell("start", rule="window")
    bench.tell("end", rule="door")
    assert [(event.detail, event.end is None) for event in await bench.kept()] == [("window", True), ("door", False)]


async def test_a_pulse_is_an_event_without_length_each_time(bench: Bench) -> None:
    bench.tell("pulse")
    bench.tell("pulse")
    assert [event.end == event.start for event in await bench.kept()] == [True, True]


async def test_no_event_ends_before_it_began(bench: Bench) -> None:
    bench.tell("start")
    bench.tell("end", seconds_ago=60)
    [event] = await bench.kept()
    assert event.end == event.start


async def test_whether_it_may_be_told_remotely_is_decided_when_it_begins(bench: Bench) -> None:
    bench.lapsed = {"cam1"}
    bench.tell("start")
    bench.tell("start", camera="cam2")
    bench.lapsed = {"cam2"}
    bench.tell("end")
    licensed = EventFilter(start_utc_ns=0, end_utc_ns=2**62, licensed_only=True)
    assert [event.camera for event in await bench.kept(licensed)] == ["cam2"]
    assert len(await bench.kept()) == 2


async def test_a_camera_that_runs_wild_is_cut_off_and_the_others_are_not(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(EVENTS_PER_MINUTE_MAX + 50):
        bench.tell("pulse")
    assert bench.tell("pulse", camera="cam2")
    assert bench.bus.refused == 50 and "camera cam1: too many events" in caplog.text
    assert len(await bench.kept()) == EVENTS_PER_MINUTE_MAX + 1
    await bench.clock.advance(61)
    assert bench.tell("pulse")


async def test_a_listener_hears_beginnings_and_ends_and_is_told_what_it_missed(bench: Bench) -> None:
    with bench.bus.listen() as listener:
        heard = listener.__aiter__()
        bench.tell("start")
        bench.tell("end")
        first, second = await anext(heard), await anext(heard)
        assert isinstance(first, Event) and isinstance(second, Event)
        assert (first.end, second.end) == (None, NEW_YEAR) and first.number == second.number
        for number in range(QUEUE_MAX // 2 + 5):
            bench.tell("start", camera=f"cam{number}")
            bench.tell("end", camera=f"cam{number}")
        missed = await anext(heard)
        assert missed == Missed(10)
        assert isinstance(await anext(heard), Event)


async def test_a_lost_camera_ends_what_it_told_and_a_stopping_recorder_everything(bench: Bench) -> None:
    bench.tell("start")
    bench.tell("start", camera="cam2")
    bench.bus.begin_system(None, "disk", "full")
    bench.bus.end_camera("cam1", "onvif")
    assert [event.camera for event in bench.bus.lasting] == ["cam2", None]
    bench.bus.close()
    assert [event.end for event in await bench.kept()] == [NEW_YEAR] * 3


async def test_numbers_go_on_after_a_restart_and_what_lasted_at_a_crash_ends(bench: Bench) -> None:
    bench.tell("start")
    bench.tell("pulse", camera="cam2")
    await bench.kept()
    last = await bench.catalog.read(last_event_number)
    assert last == 2
    alive = bench.clock.now_ns() + 7 * 10**9
    assert await bench.catalog.do(partial(end_all_events, end_utc_ns=alive)) == 1
    bench.bus = bench.new_bus(last)
    bench.tell("pulse")
    events = await bench.kept()
    assert [event.number for event in events] == [3, 2, 1]
    assert events[-1].end == NEW_YEAR + timedelta(seconds=7)


async def test_events_are_found_by_time_camera_and_kind_a_page_at_a_time(bench: Bench) -> None:
    for second in range(10):
        bench.tell("pulse", camera=f"cam{second % 2}")
        await bench.clock.advance(1)
    bench.bus.begin_system(None, "clock", "set back")
    one = EventFilter(start_utc_ns=0, end_utc_ns=2**62, cameras=("cam1",))
    assert {event.camera for event in await bench.kept(one)} == {"cam1"}
    start = bench.clock.now_ns() - 3 * 10**9
    recent = EventFilter(start_utc_ns=start, end_utc_ns=2**62, kinds=("motion",))
    assert [event.number for event in await bench.kept(recent)] == [10, 9, 8]
    page = await bench.kept(count_max=4)
    rest = EventFilter(start_utc_ns=0, end_utc_ns=2**62, number_below=page[-1].number)
    assert [event.number for event in page] + [event.number for event in await bench.kept(rest)] == list(
        range(11, 0, -1)
    )


async def test_the_oldest_events_go_when_there_are_too_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.catalog.event_changes.EVENTS_MAX", 50)
    monkeypatch.setattr("recorder.catalog.event_changes.EVENTS_SWEPT", 10)
    for number in range(100):
        bench.tell("pulse", camera=f"cam{number}")
    assert [event.number for event in await bench.kept()] == list(range(100, 50, -1))
