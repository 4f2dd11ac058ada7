"""Events as clients see them: in the marks, in the pixels, in what is told, and in the log of what really happened."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig, PresetConfig, StreamConfig, SubStreamConfig
from camera_sim.config import EventConfig, FleetConfig, RtspConfig
from camera_sim.errors import EventError, FaultError, PresetError
from camera_sim.events.event import CameraEvent
from camera_sim.events.feed import EventFeed
from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet, serve
from gate.clock import Clock, SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_SECONDS, READY_SECONDS
from tests.component.camera_sim.raw_client import Picture, RawClient, connected
from tests.component.camera_sim.test_sim_playing import decode

STATES = ("person", "dark", "night")


@pytest.fixture
def config(clips: Path, tmp_path: Path) -> FleetConfig:
    """eye has two presets. All the states that the tests show are planned for a far future, so that they are made."""
    main = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=GOP / FPS)
    sub = SubStreamConfig(width=96, height=64, fps=FPS, bitrate=60_000, gop_seconds=1)
    presets = (PresetConfig(name="全景", view=0), PresetConfig(name="出口", view=1))
    return FleetConfig(
        cache_dir=clips,
        loop_seconds=LOOP_SECONDS,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        event_log=tmp_path / "truth" / "events.jsonl",
        events=tuple(EventConfig.model_validate({"camera": "eye", "kind": kind, "at": "1h"}) for kind in STATES),
        cameras=(CameraConfig(id="eye", scene="car_park", presets=presets, main=main, sub=sub),),
    )


@pytest_asyncio.fixture
async def fleet(config: FleetConfig, clock: SystemClock) -> AsyncIterator[Fleet]:
    async with serve(config, clock) as fleet:
        async with clock.timeout(READY_SECONDS):
            await fleet.wait_ready()
            await fleet.workshop.wait_complete()
        yield fleet


def truth(fleet: Fleet) -> list[dict]:
    path = fleet._config.event_log
    return [json.loads(line) for line in path.read_text().splitlines()]


async def until(client: RawClient, state: str) -> list[Picture]:
    """Pictures up to the first one of a state."""
    pictures = []
    while not pictures or pictures[-1].mark.state != state:
        pictures.append(await client.picture())
        assert len(pictures) < 20 * FPS
    return pictures


async def heard(feed: EventFeed, clock: Clock) -> CameraEvent:
    async with clock.timeout(20):
        async for event in feed:
            return event
    raise AssertionError


async def test_marks_pixels_what_is_told_and_the_truth_agree_to_the_picture(fleet: Fleet, clock: SystemClock) -> None:
    eye = fleet.cameras["eye"]
    async with connected(fleet.port, clock) as client, connected(fleet.port, clock) as other:
        with eye.events.listening() as feed:
            await client.play("/eye/main")
            await other.play("/eye/sub")
            before = [await client.picture() for _ in range(3)]
            number = fleet.agenda.begin("eye", "dark", 2)["eye"]
            began = before + await until(client, "dark")
            told = await heard(feed, clock)
            during = await until(client, "idle")
            sub = await until(other, "dark")
            over = await heard(feed, clock)
    first, last = began[-1], during[-1]
    assert first.key and first.mark.n % GOP == 0 and last.key
    assert last.mark.n - first.mark.n == 2 * FPS
    assert [picture.mark.n - began[0].mark.n for picture in began + during] == list(range(len(began + during)))
    assert (told.number, told.kind, told.phase, over.phase) == (number, "dark", "began", "ended")
    assert [round(event.at.timestamp() * 1e6) for event in (told, over)] == [first.mark.utc_us, last.mark.utc_us]
    lines = truth(fleet)
    assert [(line["event"], line["kind"], line["id"]) for line in lines] == [
        ("began", "dark", number), ("ended", "dark", number),
    ]  # fmt: skip
    assert [line["pictures"]["main"] for line in lines] == [first.mark.n, last.mark.n]
    assert lines[0]["pictures"]["sub"] == sub[-1].mark.n
    light = [gray.mean() for gray in decode(began + during)]
    shown = [picture.mark.state for picture in began + during]
    assert max(mean for mean, state in zip(light, shown, strict=True) if state == "dark") < 40
    assert min(mean for mean, state in zip(light, shown, strict=True) if state == "idle") > 60


async def test_the_change_comes_at_equal_phase_without_a_word_to_the_decoder(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/eye/main")
        fleet.agenda.begin("eye", "person", 1)
        pictures = await until(client, "person") + await until(client, "idle")
    grays = decode(pictures)
    assert len(grays) == len(pictures)
    assert len({nal for picture in pictures for nal in picture.nals if nal[0] & 31 in (7, 8)}) == 2
    times = [picture.rtp_time for picture in pictures]
    assert {(later - sooner) % 2**32 for sooner, later in pairwise(times)} == {90_000 // FPS}


async def test_a_new_event_ends_the_one_under_way_at_the_same_picture(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/eye/main")
        fleet.agenda.begin("eye", "person", 60)
        await until(client, "person")
        number = fleet.agenda.begin("eye", "dark", 60)["eye"]
        await until(client, "dark")
        fleet.cameras["eye"].programme.end(number)
        await until(client, "idle")
    lines = truth(fleet)
    assert [(line["event"], line["kind"]) for line in lines][:3] == [
        ("began", "person"), ("ended", "person"), ("began", "dark"),
    ]  # fmt: skip
    assert lines[1]["pictures"] == lines[2]["pictures"] and lines[1]["utc"] == lines[2]["utc"]


async def test_an_event_happens_though_nobody_watches(fleet: Fleet, clock: SystemClock) -> None:
    with fleet.cameras["eye"].events.listening() as feed:
        fleet.agenda.begin("eye", "person", 1)
        began, ended = await heard(feed, clock), await heard(feed, clock)
    assert (ended.at - began.at).total_seconds() == pytest.approx(1, abs=0.01)
    assert abs((clock.now() - ended.at).total_seconds()) < 2
    assert began.at.microsecond % 500_000 == 0


async def test_who_comes_later_sees_the_event_that_is_on(fleet: Fleet, clock: SystemClock) -> None:
    with fleet.cameras["eye"].events.listening() as feed:
        fleet.agenda.begin("eye", "night", 30)
        await heard(feed, clock)
        async with connected(fleet.port, clock) as client:
            await client.play("/eye/main")
            assert (await client.picture()).mark.state == "night"
        assert fleet.cameras["eye"].events.told.kind == "night"


async def test_events_come_as_the_fleet_file_plans_them(
    config: FleetConfig, fleet: Fleet, clock: SystemClock, tmp_path: Path
) -> None:
    del fleet  # only its clips
    plan = [{"camera": "*", "kind": "person", "at": "0s", "for": "1s"},
            {"camera": "eye", "kind": "dark", "every": "4s", "at": "1s", "for": "1s"}]  # fmt: skip
    events = tuple(EventConfig.model_validate(planned) for planned in plan)
    log = tmp_path / "planned.jsonl"
    async with serve(config.model_copy(update={"events": events, "event_log": log}), clock) as other:
        with other.cameras["eye"].events.listening() as feed:
            told = [await heard(feed, clock) for _ in range(5)]
    dark = [event for event in told if event.kind == "dark" and event.phase == "began"]
    assert {event.kind for event in told} == {"dark", "person"}
    assert {event.number for event in told} == {1, 2, 3}, "each is begun once"
    assert all((event.at.timestamp() - 1) % 4 < 2 for event in dark), "at its time, or after what was under way"
    assert len(log.read_text().splitlines()) >= 5


async def test_a_preset_turns_the_camera_and_keeps_what_happens(fleet: Fleet, clock: SystemClock) -> None:
    ptz = fleet.cameras["eye"].ptz
    assert [(preset.token, preset.name) for preset in ptz.presets] == [("1", "全景"), ("2", "出口")]
    async with connected(fleet.port, clock) as client:
        await client.play("/eye/main")
        before = [await client.picture() for _ in range(2)]
        ptz.goto("2")
        assert ptz.moving and ptz.current.token == "2"
        pictures = [await client.picture() for _ in range(3 * GOP)]
    assert not ptz.moving
    assert {picture.mark.state for picture in before + pictures} == {"idle"}
    grays = decode(before + pictures)
    steps = [np.abs(a.astype(int) - b)[:60].mean() for a, b in pairwise(grays)]
    jumps = [at for at, step in enumerate(steps, 1) if step > 12]
    assert len(jumps) == 1 and (before + pictures)[jumps[0]].mark.n % GOP == 0
    with pytest.raises(PresetError, match="no preset '9'; there are: 1"):
        ptz.goto("9")


async def test_what_cannot_happen_is_one_sentence_that_says_why(fleet: Fleet) -> None:
    for wish, says in (
        (("eye", "party", 5), "no event 'party'; there are: motion, person"),
        (("cam9", "person", 5), "no camera that shows a scene is 'cam9'; there are: eye"),
        (("eye", "person", 0.1), "lasts 1 to 86400 s, not 0.1"),
    ):
        with pytest.raises(EventError, match=says):
            fleet.agenda.begin(*wish)
    with pytest.raises(FaultError, match="event_lost concerns a camera"):
        fleet.faults.begin(fault_of("event_lost", "eye/main"))


@pytest.mark.parametrize(
    ("kind", "params", "phases"),
    [
        ("event_lost", {"share": 1}, []),
        ("event_dup", {"share": 1}, ["began", "began", "ended", "ended"]),
        ("event_stuck", {}, ["began"]),
        ("event_late", {"seconds": 3}, []),
    ],
)
async def test_a_bad_camera_tells_its_events_wrongly_but_shows_them(
    fleet: Fleet, clock: SystemClock, kind: str, params: dict, phases: list[str]
) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/eye/main")
        with fleet.cameras["eye"].events.listening() as feed:
            active = fleet.faults.begin(fault_of(kind, "eye", params=params))
            fleet.agenda.begin("eye", "person", 1)
            await until(client, "person")
            last = (await until(client, "idle"))[-1]
            while (await client.picture()).mark.n < last.mark.n + GOP // 2:
                pass
            assert [event.phase for event in feed.take()] == phases
            assert sum(active.counts().values()) >= 1
            fleet.faults.clear(active.number)
            if kind == "event_stuck":
                assert (await heard(feed, clock)).phase == "ended"
            if kind == "event_late":
                assert [(await heard(feed, clock)).phase for _ in range(2)] == ["began", "ended"]
    assert [line["event"] for line in truth(fleet)] == ["began", "ended"]


@pytest.mark.parametrize("kind", ["tamper_dark", "tamper_blurred", "tamper_moved"])
async def test_meddling_is_seen_told_and_over_when_it_is_cleared(fleet: Fleet, clock: SystemClock, kind: str) -> None:
    """The pictures of two of them are yet to be made when it begins."""
    state = kind.removeprefix("tamper_")
    async with connected(fleet.port, clock) as client:
        await client.play("/eye/main")
        with fleet.cameras["eye"].events.listening() as feed:
            active = fleet.faults.begin(fault_of(kind, "eye"))
            await until(client, state)
            assert (await heard(feed, clock)).kind == state
            fleet.faults.clear(active.number)
            await until(client, "idle")
            assert (await heard(feed, clock)).phase == "ended"
