"""Motion detection of a camera: coded pictures in, events out, whether or not it is licensed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import pytest_asyncio

from gate.client.gate import Gate
from gate.clock import SystemClock
from gate.licence.features import Feature
from gate.licence.profile import REMO, Profile
from recorder.events.event import CameraEvent
from recorder.events.motion_settings import MotionSettings
from recorder.events.motion_watch import QUEUE_UNITS_MAX, MotionWatch
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit
from tests.fakes.footage import Footage, footage_of

FPS = 5
STILL, WALK = 20, 10


@lru_cache(1)
def footage() -> Footage:
    """STILL pictures of an empty room, WALK of somebody who crosses it, and the empty room again; 5 a second."""
    room = np.random.default_rng(1).integers(60, 160, (18, 32, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    pictures = []
    for number in range(2 * STILL + WALK):
        picture = room.copy()
        if STILL <= number < STILL + WALK:
            left = 20 + 24 * (number - STILL)
            picture[90:150, left : left + 24] = 240
        pictures.append(picture)
    return footage_of(pictures, fps=FPS, gop=FPS)


class Bench:
    """A watch on a feed, its gate without any licence, and the events it tells."""

    def __init__(self, profile: Profile = REMO) -> None:
        self.clock = SystemClock()
        self.gate = Gate(clock=self.clock, device_id="rec-1", cameras=["cam1"], profile=profile)
        self.feed = Feed()
        self.told: asyncio.Queue[CameraEvent] = asyncio.Queue()
        self.worker = ThreadPoolExecutor(1)
        self.start_ns = self.clock.now_ns()

    def take(self, event: CameraEvent) -> None:
        self.told.put_nowait(event)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        watch = MotionWatch(
            camera="cam1",
            settings=MotionSettings(enabled=True),
            feed=self.feed,
            gate=self.gate,
            clock=self.clock,
            events=self,
            worker=self.worker,
        )
        task = asyncio.create_task(watch.run())
        while not self.feed.attached:
            await self.clock.sleep(0)
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def unit(self, number: int, run: int = 1) -> AccessUnit:
        return footage().unit(number, run=run, start_utc_ns=self.start_ns, arrival_ns=self.clock.monotonic_ns())

    async def heard(self) -> tuple[str, float]:
        """The next event's phase, and when it was, in seconds of the footage."""
        event = await self.told.get()
        return event.phase, round((event.at_utc_ns - self.start_ns) / 1e9, 3)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.worker.shutdown()
    made.clock.close()


async def test_somebody_who_crosses_the_room_of_a_lapsed_camera_is_an_event(bench: Bench) -> None:
    async with bench.watching():
        for number in range(2 * STILL + WALK):
            bench.feed.publish(bench.unit(number))
        assert await bench.heard() == ("start", STILL / FPS)
        assert await bench.heard() == ("end", (STILL + WALK - 1) / FPS)


async def test_watching_does_not_count_as_a_viewer(bench: Bench) -> None:
    async with bench.watching():
        assert not bench.feed.watched


async def test_a_connection_that_ends_ends_the_event(bench: Bench) -> None:
    async with bench.watching():
        for number in range(STILL + WALK // 2):
            bench.feed.publish(bench.unit(number))
        assert (await bench.heard())[0] == "start"
        bench.feed.publish(bench.unit(0, run=2))
        assert await bench.heard() == ("end", (STILL + WALK // 2 - 1) / FPS)


async def test_a_watch_that_ends_ends_its_event(bench: Bench) -> None:
    async with bench.watching():
        for number in range(STILL + WALK // 2):
            bench.feed.publish(bench.unit(number))
        assert (await bench.heard())[0] == "start"
    assert (await bench.heard())[0] == "end"


async def test_broken_pictures_are_survived_and_said(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with bench.watching():
        for number in range(FPS):
            bench.feed.publish(replace(bench.unit(number), data=b"\x00\x00\x00\x04\x65\xff\xff\xff", key=True))
        for number in range(2 * STILL + WALK):
            bench.feed.publish(bench.unit(number))
        assert (await bench.heard())[0] == "start"
    assert "camera cam1: motion detection: picture not decodable" in caplog.text


async def test_too_many_pictures_at_once_are_bounded_and_said(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with bench.watching():
        for number in range(QUEUE_UNITS_MAX + 3 * FPS):
            bench.feed.publish(bench.unit(number % STILL))
        for _ in range(1000):
            if "too slow" in caplog.text:
                break
            await bench.clock.sleep(0.01)
    assert f"{3 * FPS} pictures left out" in caplog.text


async def test_where_nobody_may_show_events_nothing_is_looked_at() -> None:
    bench = Bench(replace(REMO, continues=frozenset({Feature.SD_EXPORT})))
    watch = asyncio.create_task(
        MotionWatch(
            camera="cam1",
            settings=MotionSettings(enabled=True),
            feed=bench.feed,
            gate=bench.gate,
            clock=bench.clock,
            events=bench,
            worker=bench.worker,
        ).run()
    )
    for _ in range(10):
        await bench.clock.sleep(0)
    assert not bench.feed.attached
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    bench.worker.shutdown()
    bench.clock.close()
