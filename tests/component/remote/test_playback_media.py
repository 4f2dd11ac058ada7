"""Footage over the remote API as it lies on disk, as HLS, as pictures; ffmpeg and the index are the judges."""

import subprocess
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import cv2
import numpy as np
import pytest
import pytest_asyncio

from gate.clock import instant_of, ns_of
from recorder.remote.playback.leased import READERS_MAX, Leased
from tests.component.remote.two_runs import SECOND, two_runs
from tests.fakes.remote_site import RemoteSite
from tests.fakes.video import EPOCH_NS, FPS, decoded_pictures, probe

CAMERA = "/api/v1/cameras/cam1"


@pytest_asyncio.fixture
async def client(site: RemoteSite) -> AsyncIterator[aiohttp.ClientSession]:
    async with two_runs(site) as session:
        yield session


def at(second: float) -> str:
    return instant_of(EPOCH_NS + round(second * SECOND)).isoformat()


def between(start: float, end: float, **more: str) -> dict[str, str]:
    return {"from": at(start), "to": at(end)} | more


async def fetch(client: aiohttp.ClientSession, path: str, **params: str) -> tuple[bytes, dict[str, str]]:
    async with client.get(f"{CAMERA}/{path}", params=params) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read(), dict(answer.headers)


def seconds_of(instant: str) -> float:
    return (ns_of(datetime.fromisoformat(instant)) - EPOCH_NS) / SECOND


def decode_times(playlist: Path) -> list[int]:
    """When ffmpeg shows each picture of a playlist. Raises AssertionError at its first complaint."""
    command = ["ffmpeg", "-v", "warning", "-xerror", "-allowed_extensions", "ALL", "-i", str(playlist)]
    done = subprocess.run([*command, "-f", "framecrc", "-"], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [int(line.split(",")[2]) for line in done.stdout.splitlines() if not line.startswith("#")]


async def test_pieces_in_a_row_are_all_pictures_once_and_each_decodes_behind_its_init_section(
    client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    at_s, pictures = 0.0, 0
    while at_s < 9:
        media, headers = await fetch(client, "media", **between(at_s, 10))
        init, _ = await fetch(client, f"init/{headers['Edge-Init']}.mp4")
        (tmp_path / "piece.mp4").write_bytes(init + media)
        pictures += decoded_pictures(tmp_path / "piece.mp4")
        times = probe(tmp_path / "piece.mp4").times
        start = seconds_of(headers["Edge-Start"])
        assert start == pytest.approx(at_s, abs=1e-5)
        assert seconds_of(headers["Edge-Anchor"]) + times[0] == pytest.approx(start, abs=1e-5)
        at_s = seconds_of(headers["Edge-End"])
    assert pictures == 9 * FPS and at_s == pytest.approx(9, abs=1e-5)


async def test_a_piece_is_byte_for_byte_what_lies_on_disk(client: aiohttp.ClientSession, site: RemoteSite) -> None:
    media, headers = await fetch(client, "media", **between(0, 9))
    init, _ = await fetch(client, f"init/{headers['Edge-Init']}.mp4")
    files = sorted((site.config.device.data_dir / "media").rglob("000001-0000.mp4"))
    assert files[0].read_bytes() == init + media


async def test_it_begins_with_the_key_picture_at_or_before_and_goes_on_behind_a_gap(
    client: aiohttp.ClientSession,
) -> None:
    for asked, begins in ((4.5, 4.0), (12.0, 20.0), (21.99, 21.0)):
        _, headers = await fetch(client, "media", **between(asked, 60))
        assert seconds_of(headers["Edge-Start"]) == pytest.approx(begins, abs=1e-5)


async def test_key_pictures_alone_last_until_the_next(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    media, headers = await fetch(client, "media", **between(0, 9, keys="1"))
    init, init_headers = await fetch(client, f"init/{headers['Edge-Init']}.mp4", sound="0")
    (tmp_path / "keys.mp4").write_bytes(init + media)
    seconds = round(seconds_of(headers["Edge-End"]))
    assert decoded_pictures(tmp_path / "keys.mp4") == seconds
    probed = probe(tmp_path / "keys.mp4")
    assert probed.times == pytest.approx(range(seconds), abs=1e-4)
    assert probed.duration == pytest.approx(seconds, abs=1e-3)
    assert init_headers["Content-Type"].startswith('video/mp4; codecs="avc1.')


async def test_a_range_as_hls_plays_whole_in_ffmpeg(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    playlist, _ = await fetch(client, "vod.m3u8", **between(0, 60))
    lines = playlist.decode().splitlines()
    assert lines[-1] == "#EXT-X-ENDLIST" and lines.count("#EXT-X-DISCONTINUITY") == 1
    local = []
    for line in lines:  # ffmpeg reads what a player would fetch
        name = line.split('"')[1] if line.startswith("#EXT-X-MAP") else line
        if not name.startswith(("init/", "vod/")):
            local.append(line)
            continue
        async with client.get(f"{CAMERA}/{name}") as answer:
            assert answer.status == 200
            file = name.split("?")[0].replace("/", "-")
            (tmp_path / file).write_bytes(await answer.read())
        local.append(line.replace(name, file))
    (tmp_path / "vod.m3u8").write_text("\n".join(local))
    times = decode_times(tmp_path / "vod.m3u8")
    assert len(times) == 15 * FPS and times == sorted(set(times))


async def test_a_thumbnail_is_the_key_picture_of_its_time(client: aiohttp.ClientSession) -> None:
    jpeg, headers = await fetch(client, "thumb.jpg", t=at(4.9))
    assert seconds_of(headers["Edge-Start"]) == pytest.approx(4, abs=1e-5)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (180, 320, 3)


async def test_a_sheet_has_a_tile_for_each_minute_with_footage(client: aiohttp.ClientSession) -> None:
    hour = instant_of(EPOCH_NS).strftime("%Y-%m-%dT%H")
    jpeg, _ = await fetch(client, f"sprites/{hour}.jpg")
    sheet = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (540, 1600, 3)
    assert sheet[:90, :160].mean() > 40 > sheet[:90, 160:].mean()


async def test_a_month_tells_its_days_with_footage(client: aiohttp.ClientSession) -> None:
    day = instant_of(EPOCH_NS).astimezone(ZoneInfo("Asia/Tokyo")).date().isoformat()
    told, _ = await fetch(client, "days", month=day[:7])
    assert f'"days": ["{day}"]'.encode() in told


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("media", between(12, 15), 404, "no_footage"),
        ("media", between(5, 4), 400, "range_malformed"),
        ("media", between(0, 3 * 86_400), 400, "range_malformed"),
        ("media", between(0, 5, run="x"), 400, "range_malformed"),
        ("media", {"from": at(1)}, 400, "range_malformed"),
        ("media", between(0, 5, stream="third"), 404, "stream_unknown"),
        ("init/1-0-0123456789abcdef.mp4", {}, 404, "no_footage"),
        ("init/../../index.mp4", {}, 404, "not_found"),
        ("vod.m3u8", between(5, 5), 400, "range_malformed"),
        ("vod.m3u8", between(100, 200), 404, "no_footage"),
        ("vod/1-0-0-999999.m4s", {"at": "0"}, 404, "no_footage"),
        ("vod/1-0-0-1.m4s", {"at": "-1"}, 404, "no_footage"),
        ("thumb.jpg", {"t": "noon"}, 400, "time_malformed"),
        ("thumb.jpg", {"t": at(12)}, 404, "no_footage"),
        ("sprites/noon.jpg", {}, 400, "time_malformed"),
        ("sprites/2030-01-01T00.jpg", {}, 404, "no_footage"),
        ("days", {"month": "13"}, 400, "time_malformed"),
    ],
)
async def test_nonsense_is_a_problem_and_names_what_is_wrong(
    client: aiohttp.ClientSession, path: str, params: dict[str, str], status: int, code: str
) -> None:
    async with client.get(f"{CAMERA}/{path}", params=params) as answer:
        assert answer.content_type == "application/problem+json"
        assert (answer.status, (await answer.json())["code"]) == (status, code)


PATHS = [
    ("media", between(0, 9)),
    ("init/1-0-0123456789abcdef.mp4", {}),
    ("vod.m3u8", between(0, 9)),
    ("vod/1-0-0-1.m4s", {"at": "0"}),
    ("thumb.jpg", {"t": at(1)}),
    ("sprites/2026-12-31T15.jpg", {}),
    ("days", {"month": "2027-01"}),
    ("timeline", between(0, 9)),
]


@pytest.mark.parametrize(("path", "params"), PATHS)
async def test_nothing_of_it_is_for_a_lapsed_camera_and_all_of_it_after_a_new_licence(
    client: aiohttp.ClientSession, site: RemoteSite, path: str, params: dict[str, str]
) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    async with client.get(f"{CAMERA}/{path}", params=params) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_playback")
    site.entitle(site.clock.now() + timedelta(hours=1))
    async with client.get(f"{CAMERA}/{path}", params=params) as answer:
        assert answer.status != 403


@pytest.mark.parametrize(("path", "params"), [("media", between(0, 9)), ("media", between(0, 9, keys="1"))])
async def test_a_piece_under_way_is_cut_and_does_not_look_whole(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch, path: str, params: dict[str, str]
) -> None:
    write = aiohttp.web.StreamResponse.write

    async def write_then_lapse(response: aiohttp.web.StreamResponse, data: bytes) -> None:
        await write(response, data)
        site.entitle(site.clock.now() - timedelta(seconds=1))

    monkeypatch.setattr(aiohttp.web.StreamResponse, "write", write_then_lapse)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(f"{CAMERA}/{path}", params=params) as answer:
            await answer.read()


async def test_a_sheet_that_is_being_made_at_expiry_is_not_given(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_thread = Leased.in_thread

    async def lapse_meanwhile(leased: Leased, work: object, limiter: object = None) -> object:
        result = await in_thread(leased, work, limiter)  # type: ignore[arg-type]
        site.entitle(site.clock.now() - timedelta(seconds=1))
        return result

    monkeypatch.setattr(Leased, "in_thread", lapse_meanwhile)
    hour = instant_of(EPOCH_NS).strftime("%Y-%m-%dT%H")
    for path, params in ((f"sprites/{hour}.jpg", {}), ("thumb.jpg", {"t": at(1)}), ("vod.m3u8", between(0, 9))):
        site.entitle(site.clock.now() + timedelta(hours=1))
        async with client.get(f"{CAMERA}/{path}", params=params) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "EXPIRED")


async def test_more_than_a_few_answers_at_a_time_are_refused(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.remote.playback.leased.READERS_MAX", 0)
    assert READERS_MAX > 0
    async with client.get(f"{CAMERA}/media", params=between(0, 9)) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "too_many_viewers")
