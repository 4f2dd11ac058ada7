"""Pictures of events: what was to be seen as it began, from footage or live, to whom the event may be shown."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import cv2
import numpy as np
import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector

from gate.clock import ns_of
from recorder.catalog.database import Catalog
from recorder.events.bus import EventBus
from recorder.events.event import CameraEvent
from recorder.events.sources import open_bus
from recorder.events.thumbnails import WAITING_MAX
from recorder.local.app import serve_local
from recorder.remote.app import serve_remote
from tests.fakes.footage import Footage, footage_of
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite

FPS, PICTURES = 15, 45
SECOND = 10**9
AGO_SECONDS = 60
"""How long ago the footage begins."""


@lru_cache(1)
def greys() -> Footage:
    """Pictures that get brighter, so that each is known by its brightness; a key picture each second."""
    pictures = [np.full((360, 640, 3), 20 + 4 * number, np.uint8) for number in range(PICTURES)]
    return footage_of(pictures, fps=FPS, gop=FPS)


def number_of(jpeg: bytes) -> int:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None and picture.shape == (180, 320)
    return round((float(picture.mean()) - 20) / 4)


@pytest.fixture
def begun_ns(site: RemoteSite) -> int:
    """When the footage begins."""
    return site.clock.now_ns() - AGO_SECONDS * SECOND


@pytest_asyncio.fixture
async def catalog(site: RemoteSite, begun_ns: int) -> AsyncIterator[Catalog]:
    """Three seconds of footage of cam1, a minute ago."""
    recorded = Recorded(site.config.device.data_dir)
    recorded.write([greys().unit(number, run=1, start_utc_ns=begun_ns, arrival_ns=0) for number in range(PICTURES)])
    recorded.close()
    made = Catalog(site.config.device.data_dir / "index.db")
    yield made
    made.close()


@pytest_asyncio.fixture
async def bus(site: RemoteSite, catalog: Catalog) -> AsyncIterator[EventBus]:
    async with open_bus(
        catalog=catalog, gate=site.gate, board=site.board, clock=site.clock, trigger=lambda camera: True
    ) as made:
        yield made


@pytest_asyncio.fixture
async def remote(site: RemoteSite, bus: EventBus, catalog: Catalog) -> AsyncIterator[ClientSession]:
    async with (
        serve_remote(replace(site.parts, bus=bus, catalog=catalog)) as front,
        ClientSession(f"{front.url}api/v1/") as session,
    ):
        yield session


@pytest_asyncio.fixture
async def local(site: RemoteSite, bus: EventBus, catalog: Catalog) -> AsyncIterator[ClientSession]:
    async with (
        serve_local(replace(site.parts, bus=bus, catalog=catalog)) as path,
        ClientSession("http://site/v1/", connector=UnixConnector(path=str(path), limit=0)) as session,
    ):
        yield session


def happen(bus: EventBus, at_utc_ns: int, camera: str = "cam1") -> int:
    """Its number."""
    bus.take(CameraEvent(camera=camera, kind="person", phase="pulse", at_utc_ns=at_utc_ns, source="onvif"))
    number = 1
    while bus.recent(number + 1):
        number += 1
    return number


async def asked(client: ClientSession, number: int | str) -> tuple[int, str | bytes]:
    """Status, and the picture or the problem's code."""
    async with client.get(f"events/{number}/thumbnail.jpg") as answer:
        if answer.status == 200:
            assert answer.content_type == "image/jpeg" and answer.headers["Cache-Control"] == "no-store"
            return 200, await answer.read()
        return answer.status, (await answer.json())["code"]


async def picture(client: ClientSession, number: int) -> int:
    status, jpeg = await asked(client, number)
    assert status == 200 and isinstance(jpeg, bytes), jpeg
    return number_of(jpeg)


@pytest.mark.parametrize(("after_seconds", "shown"), [(0, 0), (0.66, 10), (2.05, 31), (-1, 0), (2.9, 44)])
async def test_a_recorded_event_shows_the_very_picture_of_its_beginning_or_the_first_recorded_after_it(
    local: ClientSession, remote: ClientSession, begun_ns: int, bus: EventBus, after_seconds: float, shown: int
) -> None:
    number = happen(bus, begun_ns + round(after_seconds * SECOND))
    for client in (local, remote):
        assert abs(await picture(client, number) - shown) <= 1  # of 45: coding changes the brightness a little


async def test_what_was_not_recorded_has_no_picture_and_a_later_one_is_not_passed_off_as_it(
    local: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    site.stream("cam1", "sub", greys()).publish(3)
    number = happen(bus, site.clock.now_ns() - 30 * SECOND)
    assert await asked(local, number) == (404, "no_thumbnail")


async def test_an_event_that_has_just_begun_shows_the_live_picture_of_that_moment(
    local: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    stream = site.stream("cam2", "sub", greys())
    stream.start_utc_ns -= SECOND
    stream.publish(12)
    assert await picture(local, happen(bus, stream.start_utc_ns + SECOND // 3, "cam2")) in (4, 5, 6)


async def test_a_lapsed_camera_still_shows_its_events_at_the_recorder_and_never_remotely(
    local: ClientSession, remote: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    licensed = happen(bus, site.clock.now_ns() - AGO_SECONDS * SECOND)
    site.entitle(site.clock.now() - timedelta(seconds=1))
    stream = site.stream("cam1", "sub", greys())
    stream.publish(3)
    lapsed = happen(bus, stream.start_utc_ns)
    assert abs(await picture(local, lapsed)) <= 1
    assert await asked(remote, licensed) == (403, "EXPIRED")
    site.entitle(site.clock.now() + timedelta(hours=1))
    assert await asked(remote, lapsed) == (404, "not_found"), "not afterwards either"
    assert (await asked(remote, licensed))[0] == 200
    assert not list(site.config.device.data_dir.rglob("*.jpg")), "what a lapsed camera sees is not stored"


async def test_a_picture_is_made_once_and_kept(
    local: ClientSession, site: RemoteSite, bus: EventBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = happen(bus, site.clock.now_ns() - (AGO_SECONDS - 1) * SECOND)
    first = await asked(local, number)
    for file in site.config.device.data_dir.rglob("*.mp4"):
        file.unlink()
    assert await asked(local, number) == first and first[0] == 200


async def test_damaged_footage_gives_no_picture_and_no_error(
    local: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    for file in site.config.device.data_dir.rglob("*.mp4"):
        size = file.stat().st_size
        with file.open("r+b") as damaged:
            damaged.seek(size // 4)
            damaged.write(os.urandom(size * 3 // 4))
    status, _ = await asked(local, happen(bus, site.clock.now_ns() - (AGO_SECONDS - 1) * SECOND))
    assert status in (200, 404)  # a decoder may conceal it


@pytest.mark.parametrize("number", ["7", "0", "-1", "x", "9" * 40, "%C2%B2"])
async def test_what_is_no_event_is_not_found(local: ClientSession, number: str) -> None:
    assert await asked(local, number) == (404, "not_found")


async def test_what_concerns_no_camera_has_no_picture(local: ClientSession, bus: EventBus) -> None:
    bus.begin_system(None, "disk", "full")
    bus.begin_system("cam1", "licence", "EXPIRED")
    assert await asked(local, 1) == await asked(local, 2) == (404, "no_thumbnail")


async def test_a_storm_of_questions_is_bounded(
    local: ClientSession, site: RemoteSite, bus: EventBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is being made so many wait; the rest are told to come again."""
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        entered.set()
        await go_on.wait()

    monkeypatch.setattr("recorder.events.thumbnails.anyio.to_thread.run_sync", slow)
    number = happen(bus, site.clock.now_ns() - AGO_SECONDS * SECOND)
    asking = [asyncio.create_task(asked(local, number)) for _ in range(WAITING_MAX + 3)]
    refused = [task for _ in range(3) for task in (await asyncio.wait(asking, return_when="FIRST_COMPLETED"))[0]]
    assert {task.result() for task in refused} == {(503, "too_many_viewers")}
    go_on.set()
    answers = await asyncio.gather(*asking)
    assert answers.count((404, "no_thumbnail")) == WAITING_MAX


async def test_the_index_need_not_know_the_event_yet(
    local: ClientSession, site: RemoteSite, bus: EventBus, catalog: Catalog
) -> None:
    number = happen(bus, ns_of(site.clock.now()) - AGO_SECONDS * SECOND)
    await catalog.do(lambda db: db.execute("DELETE FROM event").rowcount)
    assert (await asked(local, number))[0] == 200
