"""Events on the monitor over a recorder that behaves, storms, goes away and comes back."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from hdmi_out.layout.rect import Rect, even
from hdmi_out.layout.screen import plan_screen
from hdmi_out.osd.notice import picture_area
from hdmi_out.views.events import EventsView
from hdmi_out.views.keys import Key, Pointer
from hdmi_out.views.notices import area_of, thumbnail_box
from hdmi_out.views.view import Place
from tests.component.hdmi.conftest import RunningWall
from tests.fakes.site_events import SiteEvents, picture

WHITE = 250
BODY = plan_screen(640, 360).body


def events_of(running: RunningWall) -> SiteEvents:
    return running.recorder.events


def notices(running: RunningWall) -> dict[str, Any]:
    found: dict[str, Any] = running.output.status()["notices"]  # type: ignore[assignment]
    return found


def shown(running: RunningWall) -> list[int]:
    return [notice["event"] for notice in notices(running)["shown"]]


async def listening(running: RunningWall) -> SiteEvents:
    """Waits until the monitor follows events in the language that is on the screen, and knows what there was."""
    events = events_of(running)
    await running.until(lambda: events.listeners and events.languages[-1] == running.output.status()["language"])
    await running.until(lambda: running.output.status()["language"] in events.listed)
    await running.until(lambda: running.output.status()["cameras"])
    return events


def grey_at(running: RunningWall, area: Rect) -> float:
    """The brightness of the middle of a rectangle on the screen."""
    y, x = area.y + area.height // 2, area.x + area.width // 2
    return float(running.canvas.planes[0][y - 4 : y + 4, x - 4 : x + 4].mean())


def thumbnail_area(place: int = 0) -> Rect:
    area, box = area_of(BODY, place), thumbnail_box(BODY)
    return Rect(area.x + box.x, area.y + box.y, box.width, box.height)


def listed_area(index: int) -> Rect:
    """The small picture of an event in the list."""
    columns, rows, gap = 2, 5, max(even(BODY.height * 0.018), 2)
    width = even((BODY.width - (columns + 1) * gap) / columns)
    top = BODY.y + even(BODY.height * 0.085) + 2 * gap
    height = even((BODY.bottom - top - rows * gap) / rows)
    card = Rect(BODY.x + gap + index % 2 * (width + gap), top + index // 2 * (height + gap), width, height)
    box = picture_area(card)
    return Rect(card.x + box.x, card.y + box.y, box.width, box.height)


async def test_an_event_pops_up_with_its_picture_and_the_bar_stays_free(running: RunningWall) -> None:
    events = await listening(running)
    number = events.happen(thumbnail=picture(WHITE))
    await running.until(lambda: shown(running) == [number])
    await running.until(lambda: grey_at(running, thumbnail_area()) > 200)
    bar = plan_screen(640, 360).bar
    assert all(not area_of(BODY, place).overlaps(bar) for place in range(3))


async def test_it_pops_up_above_every_view_and_back_takes_it_away_before_it_leaves_the_view(
    running: RunningWall, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await listening(running)
    monkeypatch.setattr("hdmi_out.notices.queue.HUSH_SECONDS", 0.0)
    for view in ("camera", "licence", "device", "events"):
        running.output.show(Place(view=view, camera="cam1"))
        number = events.happen("cam1", f"kind of {view}")
        await running.until(lambda number=number: number in shown(running))
        running.output.act(Key.BACK)
        assert shown(running) == [] and running.output.status()["view"] == view
        running.output.act(Key.BACK)
        assert running.output.status()["view"] != view


async def test_a_press_on_it_plays_what_it_tells_of(running: RunningWall, monkeypatch: pytest.MonkeyPatch) -> None:
    events = await listening(running)
    places: list[Place] = []
    monkeypatch.setattr(running.screen, "show", places.append)
    at = running.clock.now().replace(microsecond=0)
    number = events.happen("cam2", at=at)
    await running.until(lambda: shown(running) == [number])
    area = area_of(BODY, 0)
    running.output.act(Pointer(area.x + 5, area.y + 5, pressed=True))
    assert places == [Place(view="playback", camera="cam2", at=at)]


async def test_a_restart_of_the_recorder_loses_nothing_and_repeats_nothing(running: RunningWall) -> None:
    events = await listening(running)
    known = events.happen("cam1", "person", lasts=True)
    await running.until(lambda: shown(running) == [known])
    await running.stop_recorder()
    missed = events.happen("cam2", "person")
    old = events.happen("cam2", "motion", at=running.clock.now() - timedelta(hours=1))
    await running.start_recorder()
    await running.until(lambda: missed in shown(running))
    later = events.happen("cam1", "vehicle")
    await running.until(lambda: later in shown(running))
    assert all(notice["count"] == 1 for notice in notices(running)["shown"])
    assert notices(running)["waiting"] == 0, "what was told before is not told again"
    assert old not in shown(running), "what is long past is in the list only"


@pytest.mark.parametrize("away", [timedelta(days=-40), timedelta(days=40)], ids=["behind", "ahead"])
async def test_what_happens_now_pops_up_though_the_recorders_clock_is_wrong(
    running: RunningWall, away: timedelta
) -> None:
    events = await listening(running)
    happened = events.happen("cam1", "person", at=running.clock.now() + away)
    await running.until(lambda: shown(running))
    assert shown(running) == [happened]


async def test_a_recorder_that_was_wiped_begins_anew_and_only_new_events_pop_up(
    running: RunningWall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdmi_out.notices.queue.HUSH_SECONDS", 0.0)
    events = await listening(running)
    events.happen("cam1", thumbnail=picture(20))
    events.happen("cam2", told=False)
    await running.until(lambda: shown(running) and events.asked)
    running.output.act(Key.BACK)
    await running.stop_recorder()
    events.wipe()
    events.thumbnails[1] = picture(WHITE)
    events.happen(None, "licence", lasts=True)
    events.listed.clear()
    await running.start_recorder()
    await running.until(lambda: events.listeners and events.listed)
    new = events.happen("cam2")
    await running.until(lambda: shown(running))
    assert shown(running) == [new], "what began before is in the list only"
    running.output.act(Key.BACK)
    running.output.show(Place(view="events"))
    await running.until(lambda: grey_at(running, listed_area(1)) > 200)
    assert events.asked.count("1") == 2, "its own picture, not that of what had its number before"


async def test_what_a_slow_listener_lost_is_read_from_the_list(running: RunningWall) -> None:
    events = await listening(running)
    lost = [events.happen(camera, told=False) for camera in ("cam1", "cam2")]
    events.say(json.dumps({"dropped": {"events": 2}}))
    await running.until(lambda: len(shown(running)) == len(lost))
    assert sorted(shown(running)) == lost
    assert {notice["count"] for notice in notices(running)["shown"]} == {1}


async def test_a_storm_of_10_000_events_is_one_pop_up_with_a_count_and_pictures_go_on(running: RunningWall) -> None:
    events = await listening(running)
    await running.pictures("cam1", 3)
    for _ in range(10_000):
        events.happen("cam1", "motion")
    await running.until(lambda: sum(notice["count"] for notice in notices(running)["shown"]) == 10_000, 20)
    assert len(shown(running)) == 1 and notices(running)["left_out"] == 0
    await running.pictures("cam1", 3)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe0 no JPEG", picture(WHITE)[:200], b"x" * (2 << 20)])
async def test_a_damaged_picture_costs_nothing_but_itself(running: RunningWall, data: bytes) -> None:
    events = await listening(running)
    number = events.happen("cam1", thumbnail=data)
    await running.until(lambda: shown(running) == [number] and events.asked)
    second = events.happen("cam2", thumbnail=picture(WHITE))
    await running.until(lambda: second in shown(running) and grey_at(running, thumbnail_area(1)) > 200)
    assert shown(running) == [number, second], "both are told"
    assert grey_at(running, thumbnail_area()) < 200, "in place of the damaged one stands no picture"


async def test_unknown_kinds_and_messages_of_a_newer_recorder_are_shown_or_passed_over(running: RunningWall) -> None:
    events = await listening(running)
    for text in ('{"forecast": "rain"}', '{"event": {"id": "seven"}}', "not even JSON", "[]"):
        events.say(text)
        number = events.happen(None, "drone", title="ドローン", told=True)
        await running.until(lambda number=number: shown(running) == [number])
        (notice,) = notices(running)["shown"]
        assert (notice["kind"], notice["count"]) == ("drone", number)


async def test_the_list_shows_filters_and_opens_the_time_of_an_event(
    running: RunningWall, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await listening(running)
    start = running.clock.now().replace(microsecond=0) - timedelta(hours=1)
    for index in range(150):
        kind = "person" if index % 3 else "motion"
        events.happen(f"cam{index % 2 + 1}", kind, at=start + timedelta(seconds=index), told=False)
    running.output.show(Place(view="events"))
    view = running.screen._visits[-1].view
    assert isinstance(view, EventsView)
    listed = view._list
    await running.until(lambda: [event.id for event in listed.events[:3]] == [150, 149, 148])
    for _ in range(8):
        running.output.act(Key.NEXT)
    await running.until(lambda: len(listed.events) == 150)
    for _ in range(50):
        running.output.act(Key.UP)
    running.output.act(Key.RIGHT)
    await running.until(lambda: listed.loaded and {event.camera for event in listed.events} == {"cam1"})
    running.output.act(Key.DOWN)
    running.output.act(Key.RIGHT)
    await running.until(lambda: listed.loaded and {event.kind for event in listed.events} == {"motion"})
    running.output.act(Key.DOWN)
    places: list[Place] = []
    monkeypatch.setattr(running.screen, "show", places.append)
    running.output.act(Key.OK)
    assert places == [Place(view="playback", camera="cam1", at=listed.events[0].start)]


async def test_the_list_follows_what_happens_and_says_when_it_cannot_be_read(running: RunningWall) -> None:
    events = await listening(running)
    running.output.show(Place(view="events"))
    view = running.screen._visits[-1].view
    assert isinstance(view, EventsView)
    number = events.happen(thumbnail=picture(WHITE))
    await running.until(lambda: [event.id for event in view._list.events] == [number])
    events.refuse = True
    events.happen()
    await running.until(lambda: view._list.failed)
    events.refuse = False
    await running.until(lambda: not view._list.failed and len(view._list.events) == 2)


async def test_the_language_of_events_follows_that_of_the_screen(running: RunningWall) -> None:
    events = await listening(running)
    running.output.act(Key.LANGUAGE)
    await running.until(lambda: events.languages[-1] == "en")
    number = events.happen("cam1")
    await running.until(lambda: shown(running) == [number])
    book = running.screen._layers[0]._feed.book  # type: ignore[attr-defined]
    assert book.events[number].title == "Person"
    running.output.act(Key.LANGUAGE)
    await running.until(lambda: book.events[number].title == "人物")
    assert shown(running) == [number], "read again, not told again"


async def test_the_device_page_shows_what_the_recorder_tells_and_survives_nonsense(running: RunningWall) -> None:
    events = await listening(running)
    events.device = {"id": "rec-1", "firmware": "1.2.3", "addresses": ["192.0.2.7 (eth0)"], "uptime_seconds": 5}
    running.output.show(Place(view="device"))
    view: Any = running.screen._visits[-1].view
    await running.until(lambda: view._facts and view._facts.firmware == "1.2.3")
    events.device = {"addresses": 5}
    await running.until(lambda: view._facts is None)
    assert np.asarray(running.canvas.planes[0][BODY.y : BODY.bottom]).std() > 5
