"""Recorded footage over the remote API: what there is, a stretch as a file that plays, and its cut with the licence."""

import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gate.clock import instant_of
from gate.peer import KERNEL_BYTES_MAX
from tests.component.remote.two_runs import SECOND, two_runs
from tests.fakes.remote_site import RemoteSite
from tests.fakes.video import EPOCH_NS, FPS, decoded_pictures, probe

TIMELINE, FOOTAGE = "/api/v1/cameras/cam1/timeline", "/api/v1/cameras/cam1/footage.mp4"


@pytest_asyncio.fixture
async def client(site: RemoteSite) -> AsyncIterator[aiohttp.ClientSession]:
    async with two_runs(site) as session:
        yield session


def between(start: float, end: float, **more: str) -> dict[str, str]:
    instants = (instant_of(EPOCH_NS + round(second * SECOND)).isoformat() for second in (start, end))
    return dict(zip(("from", "to"), instants, strict=True)) | more


async def test_the_timeline_tells_spans_and_why_there_is_none(client: aiohttp.ClientSession) -> None:
    async with client.get(TIMELINE, params=between(0, 26)) as answer:
        spans = (await answer.json())["spans"]
    assert [(span["state"], span["reason"]) for span in spans] == [
        ("recorded", None),
        ("gap", "licence"),
        ("recorded", None),
    ]


@pytest.mark.parametrize(
    ("start", "end", "pictures"), [(0, 9, 9 * FPS), (2.5, 6, 4 * FPS), (5, 60, 4 * FPS), (21, 24, 3 * FPS)]
)
async def test_a_stretch_plays_from_its_key_picture_to_its_end_or_that_of_its_run(
    client: aiohttp.ClientSession, tmp_path: Path, start: float, end: float, pictures: int
) -> None:
    async with client.get(FOOTAGE, params=between(start, end)) as answer:
        assert (answer.status, answer.content_type) == (200, "video/mp4")
        (tmp_path / "out.mp4").write_bytes(await answer.read())
        assert answer.headers["Edge-Start"].startswith(instant_of(EPOCH_NS + int(start) * SECOND).isoformat()[:19])
    assert decoded_pictures(tmp_path / "out.mp4") == pictures
    times = probe(tmp_path / "out.mp4").times
    assert times[0] == 0 and times == sorted(times)


async def test_without_footage_or_sense_it_is_a_problem(client: aiohttp.ClientSession) -> None:
    for params, status, code in (
        (between(12, 15), 404, "no_footage"),
        (between(5, 5), 400, "range_malformed"),
        (between(0, 2 * 86_400), 400, "range_malformed"),
        ({"from": "now", "to": "then"}, 400, "range_malformed"),
        (between(0, 5, stream="third"), 404, "stream_unknown"),
    ):
        async with client.get(FOOTAGE, params=params) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code)
    for path in ("timeline", "footage.mp4"):
        async with client.get(f"/api/v1/cameras/nobody/{path}", params=between(0, 1)) as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "camera_unknown")


async def test_a_lapsed_camera_shows_nothing_of_its_past(client: aiohttp.ClientSession, site: RemoteSite) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    for path in (TIMELINE, FOOTAGE):
        async with client.get(path, params=between(0, 9)) as answer:
            problem = await answer.json()
        assert (answer.status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_playback")


async def test_a_download_under_way_is_cut_and_does_not_look_whole(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = aiohttp.web.StreamResponse.write
    sent = 0

    async def lapse_then_write(response: aiohttp.web.StreamResponse, data: bytes) -> None:
        nonlocal sent
        sent += 1
        if sent == 4:
            site.entitle(site.clock.now() - timedelta(seconds=1))
        await write(response, data)
        await site.clock.sleep(0.001)  # a reader that is slower than the disk

    monkeypatch.setattr(aiohttp.web.StreamResponse, "write", lapse_then_write)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(FOOTAGE, params=between(0, 9)) as answer:
            await answer.read()
    assert 4 <= sent < 9


async def test_the_kernel_holds_little_of_a_download_that_is_cut(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: set[int] = set()
    prepare = aiohttp.web.StreamResponse.prepare

    async def look(response: aiohttp.web.StreamResponse, request: aiohttp.web.BaseRequest) -> object:
        assert request.transport is not None
        held.add(request.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF))
        return await prepare(response, request)

    monkeypatch.setattr(aiohttp.web.StreamResponse, "prepare", look)
    async with client.get(FOOTAGE, params=between(0, 9)) as answer:
        await answer.read()
    assert held and max(held) <= 2 * KERNEL_BYTES_MAX, "the kernel counts what it needs for itself, too"
