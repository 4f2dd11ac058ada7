"""What a feed passes on, and what it shows to who begins to watch."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import pytest_asyncio

from gate.client.gate import Gate
from gate.clock import SimulatedClock
from gate.licence.features import Feature
from recorder.hub import CACHED_SECONDS_MAX, Feed, Subscription
from recorder.media.access_unit import AccessUnit
from tests.fakes.entitlements import NEW_YEAR, at, entitlement, span
from tests.fakes.video import access_units


class Scene:
    """A camera whose pictures are labelled by the clock, and a gate."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(NEW_YEAR)
        self.gate = Gate(clock=self.clock, device_id="rec-1", cameras=["cam1"])
        self.feed = Feed()
        self._coded = access_units(4)

    def grant(self, start: float = -(10**6), end: float = 10**6, seq: int = 1) -> None:
        self.gate.install(entitlement({"cam1": (span(start, end),)}, seq=seq, issued_at=at(-(10**6))))

    def picture(self, *, key: bool = False) -> AccessUnit:
        coded = self._coded[0 if key else 1]
        return replace(coded, utc_ns=self.clock.now_ns(), arrival_ns=self.clock.monotonic_ns())

    async def publish(self, pictures: int) -> None:
        for number in range(pictures):
            self.feed.publish(self.picture(key=number == 0))
            await self.clock.advance(0.1)

    async def shown(self) -> int:
        """How many pictures somebody who begins to watch now has at once."""
        async with self.gate.lease(Feature.REMOTE_LIVE, "cam1") as lease:
            with self.feed.subscribe(lease, now_ns=self.clock.monotonic_ns()) as subscription:
                return await self._count(subscription)
        raise AssertionError("revoked")

    async def _count(self, subscription: Subscription) -> int:
        marker = replace(self.picture(key=True), run=-1)
        subscription.put(marker)
        count = 0
        async for item in subscription:
            if item == marker:
                return count
            count += 1
        raise AssertionError("a subscription does not end")


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    yield Scene()


async def test_who_begins_to_watch_has_the_cached_group_at_once(scene: Scene) -> None:
    scene.grant()
    await scene.publish(3)
    await scene.clock.advance(CACHED_SECONDS_MAX - 1)
    assert await scene.shown() == 3


async def test_the_last_pictures_of_a_camera_that_is_gone_are_not_shown(scene: Scene) -> None:
    scene.grant()
    await scene.publish(3)
    await scene.clock.advance(CACHED_SECONDS_MAX)
    assert await scene.shown() == 0


async def test_a_group_that_came_while_denied_is_not_shown_after_a_step_back(scene: Scene) -> None:
    await scene.clock.advance(100)
    await scene.publish(3)
    scene.grant()
    assert await scene.shown() == 0
    await scene.clock.jump(at(50))
    assert await scene.shown() == 0


async def test_pictures_held_while_denied_and_published_later_reach_no_sink_after_a_step_back(scene: Scene) -> None:
    await scene.clock.advance(100)
    held = [scene.picture(key=True), scene.picture()]
    await scene.clock.advance(0.5)
    scene.grant()
    seen: list[AccessUnit] = []
    async with scene.gate.lease(Feature.RECORDING, "cam1") as lease:
        with scene.feed.attach(lease, seen.append):
            await scene.clock.jump(at(50))
            scene.gate.decide(Feature.RECORDING, "cam1")  # it looks again
            assert lease.covers(held[0].utc_ns), "labels cannot tell"
            _publish(scene.feed, held)
            assert not seen
            await scene.publish(2)
            assert len(seen) == 2


def _publish(feed: Feed, units: Iterable[AccessUnit]) -> None:
    for unit in units:
        feed.publish(unit)
