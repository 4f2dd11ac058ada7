"""Live view as HLS: what a foreign player gets, the window, the cut, and what is asked of nobody any more."""

import asyncio
import itertools
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from recorder.media.access_unit import AccessUnit
from recorder.remote.hls import route
from recorder.remote.hls.window import PIECES_LISTED, PIECES_MAX, Window
from tests.fakes.coded import FPS, coded_units, looped, pictures_of
from tests.fakes.remote_site import RemoteSite

BOUND_SECONDS = 15.0
PLAYLIST = "/api/v1/cameras/cam1/hls/main.m3u8"


class Published:
    """cam1's main stream, as many pictures as a test wants."""

    def __init__(self, site: RemoteSite, units: tuple[AccessUnit, ...]) -> None:
        self._site = site
        self._units = units
        self._start_ns = site.clock.now_ns()
        self._index = 0

    def publish(self, pictures: int) -> None:
        for _ in range(pictures):
            arrival_ns = self._site.clock.monotonic_ns()
            unit = looped(self._units, self._index, run=1, start_utc_ns=self._start_ns, arrival_ns=arrival_ns)
            self._site.hub.feed("cam1", "main").publish(unit)
            self._index += 1


async def begun(site: RemoteSite, client: ClientSession, published: Published, pictures: int) -> str:
    """The first playlist, after so many pictures."""
    published.publish(FPS)
    asked = asyncio.create_task(client.get(PLAYLIST))
    async with site.clock.timeout(BOUND_SECONDS):
        while not site.hub.feed("cam1", "main").watched:
            await site.clock.sleep(0.005)
        published.publish(pictures - FPS)
        async with await asked as answer:
            assert (answer.status, answer.content_type) == (200, "application/vnd.apple.mpegurl")
            return await answer.text()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_ffmpeg_plays_every_picture_and_sound_and_has_nothing_to_complain_of(
    site: RemoteSite, client: ClientSession, codec: str, tmp_path: Path
) -> None:
    units = coded_units(codec, pictures=5 * FPS, b_frames=2, sound=True)
    text = await begun(site, client, Published(site, units), 5 * FPS)
    (tmp_path / "main").mkdir()
    names = [line.removeprefix('#EXT-X-MAP:URI="').rstrip('"') for line in text.splitlines()]
    for name in (name for name in names if not name.startswith("#")):
        async with client.get(f"/api/v1/cameras/cam1/hls/{name}") as answer:
            (tmp_path / name).write_bytes(await answer.read())
    playlist = tmp_path / "main.m3u8"
    playlist.write_text(text + "#EXT-X-ENDLIST\n")  # as it is now: nothing more is waited for
    command = ["ffmpeg", "-v", "warning", "-i", str(playlist), "-map", "0", "-c:a", "copy"]
    process = await asyncio.create_subprocess_exec(
        *command, "-f", "framehash", "-hash", "md5", "-", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with site.clock.timeout(BOUND_SECONDS):
        out, complaints = await process.communicate()
    assert complaints.decode() == ""
    rows = [[part.strip() for part in line.split(",")] for line in out.decode().splitlines() if line[0] != "#"]
    pictures = [row for row in rows if row[0] == "0"]
    assert [row[-1] for row in pictures] == pictures_of(units)[:45]
    assert [int(row[2]) for row in pictures] == list(range(45))
    sound = [int(row[2]) for row in rows if row[0] == "1"]
    assert len(sound) > 40 and {later - sooner for sooner, later in itertools.pairwise(sound)} == {1024}


def test_the_window_is_bounded_and_names_whole_groups_with_true_times() -> None:
    units, window = coded_units("h264", pictures=FPS), Window("cam1", 1000)
    for index in range(20 * FPS):
        window.push(looped(units, index, run=1, start_utc_ns=10**18, arrival_ns=0))
    lines = window.playlist("sub").splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert names == [f"sub/{number}.m4s" for number in range(1013, 1019)] and len(names) == PIECES_LISTED
    assert "#EXT-X-MEDIA-SEQUENCE:1013" in lines and "#EXT-X-TARGETDURATION:1" in lines
    assert lines.count("#EXTINF:1.00000,") == PIECES_LISTED and "#EXT-X-DISCONTINUITY" not in lines
    assert (
        '#EXT-X-MAP:URI="sub/1000.mp4"' in lines and "#EXT-X-PROGRAM-DATE-TIME:2001-09-09T01:46:53.000+00:00" in lines
    )
    held = [number for number in range(1000, 1030) if window.piece(number) is not None]
    assert held == list(range(1009, 1019)) and len(held) == PIECES_MAX
    assert window.init(1000) is not None and window.init(1009) is None


def test_a_new_run_and_lost_pictures_begin_anew_after_a_discontinuity_that_is_counted_when_it_goes() -> None:
    units, window = coded_units("h264", pictures=FPS), Window("cam1", 1)

    def push(run: int, seconds: int) -> None:
        for index in range(seconds * FPS):
            window.push(looped(units, index, run=run, start_utc_ns=run * 10**18, arrival_ns=0))

    push(1, 3)
    push(2, 3)
    window.lose()
    push(3, 2)
    text = window.playlist("main")
    assert text.count("#EXT-X-DISCONTINUITY\n") == 2 and text.count("#EXT-X-MAP") == 3
    push(3, 12)
    text = window.playlist("main")
    assert "#EXT-X-DISCONTINUITY\n" not in text and "#EXT-X-DISCONTINUITY-SEQUENCE:2" in text
    assert window.init(1) is None, "what nobody needs is not held"


def test_a_player_begins_with_three_pieces() -> None:
    units, window = coded_units("h264", pictures=FPS), Window("cam1", 1)
    for index in range(3 * FPS + 1):
        assert not window.ready and window.empty == (index <= FPS), index
        window.push(looped(units, index, run=1, start_utc_ns=10**18, arrival_ns=0))
    assert window.ready


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
async def test_ffmpeg_follows_the_live_playlist_while_more_is_published(
    site: RemoteSite, client: ClientSession
) -> None:
    published = Published(site, coded_units("h264", pictures=FPS))
    await begun(site, client, published, 4 * FPS)

    async def more() -> None:
        while True:  # ten times as fast as a camera
            published.publish(1)
            await site.clock.sleep(0.1 / FPS)

    publishing = asyncio.create_task(more())
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(client._build_url(PLAYLIST)),
        "-frames:v",
        str(6 * FPS),
        "-f",
        "framehash",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, "-", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with site.clock.timeout(BOUND_SECONDS):
        out, complaints = await process.communicate()
    publishing.cancel()
    assert (process.returncode, complaints.decode()) == (0, "")
    assert sum(line[0] != "#" for line in out.decode().splitlines()) == 6 * FPS


async def test_at_the_cut_everything_is_403_and_forgotten_and_a_licence_restores_it(
    site: RemoteSite, client: ClientSession
) -> None:
    published = Published(site, coded_units("h264", pictures=FPS))
    text = await begun(site, client, published, 4 * FPS)
    pieces = [f"/api/v1/cameras/cam1/hls/{line}" for line in text.splitlines() if line[0] != "#"]
    async with client.get(pieces[0]) as answer:
        assert answer.status == 200
    site.entitle(site.clock.now() + timedelta(hours=1), ["cam2"])
    for path in (PLAYLIST, pieces[0]):
        async with client.get(path, headers={"Accept-Language": "en"}) as answer:
            problem = json.loads(await answer.text())
        assert (answer.status, problem["code"], problem["feature"]) == (403, "NOT_LICENSED", "remote_live")
    site.entitle(site.clock.now() + timedelta(hours=1))
    async with client.get(pieces[0]) as answer:
        assert answer.status == 404, "what was held is gone"
    asked = asyncio.create_task(client.get(PLAYLIST))
    async with site.clock.timeout(BOUND_SECONDS):
        while not site.hub.feed("cam1", "main").watched:
            await site.clock.sleep(0.005)
        published._start_ns = site.clock.now_ns()
        published.publish(4 * FPS)
        async with await asked as answer:
            assert answer.status == 200


async def test_a_stream_that_nobody_asks_for_any_more_is_left(
    site: RemoteSite, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(site, client, Published(site, coded_units("h264", pictures=FPS)), 4 * FPS)
    monkeypatch.setattr(route, "IDLE_SECONDS_MAX", 0.0)
    async with site.clock.timeout(BOUND_SECONDS):
        while site.hub.feed("cam1", "main").watched:
            await site.clock.sleep(0.02)


async def test_streams_beyond_the_bound_and_cameras_without_pictures_are_refused(
    site: RemoteSite, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "STREAMS_MAX", 1)
    monkeypatch.setattr(route, "FIRST_SECONDS_MAX", 0.05)
    for path, status, code in (
        (PLAYLIST, 503, "no_picture"),
        (PLAYLIST.replace("main", "sub"), 503, "too_many_viewers"),
        (PLAYLIST.replace("cam1", "cam9"), 404, "camera_unknown"),
        (PLAYLIST.replace("main", "third"), 404, "stream_unknown"),
        (PLAYLIST.replace(".m3u8", "/x.m4s"), 404, "not_found"),
    ):
        async with client.get(path) as answer:
            assert (answer.status, json.loads(await answer.text())["code"]) == (status, code)
