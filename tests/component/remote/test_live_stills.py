"""Live view as JPEG: what comes, how often it is made, who is counted, and the cut."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import cv2
import numpy as np
import pytest
from aiohttp import ClientResponse, ClientSession

from recorder.media.access_unit import AccessUnit
from recorder.remote import stills_route
from recorder.remote.app import create_app
from recorder.web.server import serve_tcp
from recorder.web.viewers import Viewers
from tests.fakes.footage import Footage, make_footage
from tests.fakes.remote_site import FakeStream, RemoteSite

BOUND_SECONDS = 15.0
PATH = "/api/v1/cameras/cam1/live.mjpeg"


@dataclass(slots=True)
class Parts:
    """Reads an answer as a foreign client does."""

    answer: ClientResponse
    reader: aiohttp.MultipartReader

    async def next(self) -> tuple[int, bytes]:
        """A picture's label in µs, and its JPEG."""
        part = await self.reader.next()
        assert isinstance(part, aiohttp.BodyPartReader) and part.headers["Content-Type"] == "image/jpeg"
        return int(part.headers["X-Label-Us"]), await part.read()


@asynccontextmanager
async def watching(client: ClientSession, path: str = PATH) -> AsyncIterator[Parts]:
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, "multipart/x-mixed-replace")
        yield Parts(answer, aiohttp.MultipartReader.from_response(answer))  # type: ignore[arg-type]


@pytest.fixture
def stream(site: RemoteSite, footage: Footage) -> FakeStream:
    return site.stream("cam1", "sub", footage)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[AccessUnit]:
    """What was decoded."""
    units: list[AccessUnit] = []
    true_still = stills_route._still

    def still(unit: AccessUnit) -> bytes:
        units.append(unit)
        return true_still(unit)

    monkeypatch.setattr(stills_route, "_still", still)
    return units


async def test_key_pictures_come_with_their_labels_and_each_is_decoded_once_for_all(
    site: RemoteSite, client: ClientSession, stream: FakeStream, decoded: list[AccessUnit]
) -> None:
    stream.publish(10)
    async with site.clock.timeout(BOUND_SECONDS), watching(client) as one, watching(client) as other:
        first = await one.next()
        assert await other.next() == first
        assert first[0] == stream.start_utc_ns // 1000, "the key picture of the cached group"
        picture = cv2.imdecode(np.frombuffer(first[1], np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape == (180, 320, 3)
        await site.clock.sleep(stills_route.STEP_SECONDS_MIN)  # the camera's own pace
        stream.publish(15)
        second = await one.next()
        assert await other.next() == second
        assert second[0] == first[0] + 1_000_000
    assert [unit.key for unit in decoded] == [True, True]


async def test_a_camera_of_key_pictures_alone_gives_two_a_second_at_most_and_the_newest(
    site: RemoteSite, client: ClientSession, decoded: list[AccessUnit]
) -> None:
    stream = site.stream("cam1", "sub", make_footage(gop=1))
    playing = asyncio.create_task(stream.play())
    async with site.clock.timeout(BOUND_SECONDS), watching(client) as parts:
        labels = [(await parts.next())[0] for _ in range(4)]
    playing.cancel()
    steps = [later - sooner for sooner, later in itertools.pairwise(labels)]
    assert min(steps) >= 400_000 and len(decoded) <= 5


async def test_at_the_cut_the_connection_is_reset_and_then_it_is_403_and_a_licence_restores_it(
    site: RemoteSite, client: ClientSession, stream: FakeStream
) -> None:
    stream.publish(10)
    async with site.clock.timeout(BOUND_SECONDS), watching(client) as parts:
        await parts.next()
        site.entitle(site.clock.now() + timedelta(hours=1), ["cam2"])
        with pytest.raises(aiohttp.ClientError):
            await parts.answer.content.read()
    async with client.get(PATH, headers={"Accept-Language": "en"}) as answer:
        problem = json.loads(await answer.text())
    assert (answer.status, problem["code"], problem["feature"]) == (403, "NOT_LICENSED", "remote_live")
    site.entitle(site.clock.now() + timedelta(hours=1))
    stream.begin_run()
    stream.publish(10)
    async with site.clock.timeout(BOUND_SECONDS), watching(client) as parts:
        assert (await parts.next())[0] == stream.start_utc_ns // 1000, "nothing from before the lapse"


async def test_a_viewer_is_counted_until_it_leaves(site: RemoteSite, stream: FakeStream) -> None:
    viewers = Viewers(viewers_max=1)
    async with (
        serve_tcp(create_app(site.parts, viewers), listen="127.0.0.1:0", clock=site.clock) as front,
        ClientSession(front.url) as client,
    ):
        stream.publish(10)
        async with site.clock.timeout(BOUND_SECONDS), watching(client) as parts:
            await parts.next()
            async with client.get(PATH) as answer:
                assert (answer.status, json.loads(await answer.text())["code"]) == (503, "too_many_viewers")
        async with site.clock.timeout(BOUND_SECONDS):
            while viewers.full or site.hub.feed("cam1", "sub").watched:
                await site.clock.sleep(0.005)


async def test_what_gives_no_picture_is_refused_or_ended(
    site: RemoteSite, client: ClientSession, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stills_route, "FIRST_SECONDS_MAX", 0.05)
    for path, status, code in (
        (PATH, 503, "no_picture"),
        (PATH.replace("cam1", "cam9"), 404, "camera_unknown"),
        (f"{PATH}?stream=third", 404, "stream_unknown"),
    ):
        async with client.get(path) as answer:
            assert (answer.status, json.loads(await answer.text())["code"]) == (status, code)
    monkeypatch.setattr(stills_route, "PAUSE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(stills_route, "FIRST_SECONDS_MAX", BOUND_SECONDS)
    stream.publish(10)
    async with site.clock.timeout(BOUND_SECONDS), watching(client) as parts:
        await parts.next()
        assert await parts.reader.next() is None, "a whole answer, after so long a pause"
