"""The cameras over RTSP: what foreign players get, the cut at X, restoration, sign-in, bounds."""

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
import shutil
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import uvloop
from argon2 import PasswordHasher

from gate.clock import SystemClock, ns_of
from gate.sign_in.passwords import Passwords
from recorder.access.access import Access
from recorder.access.audit import AuditLog, Wanted, find
from recorder.access.database import AccessDatabase
from recorder.access.people import People
from recorder.access.users import add_user, set_password
from recorder.media.access_unit import AccessUnit
from recorder.remote.app import create_app
from recorder.remote.restream import connection
from recorder.remote.restream.server import serve_restream
from recorder.web.server import serve_tcp
from recorder.web.viewers import Viewers
from tests.fakes.coded import FPS, HEIGHT, WIDTH, coded_units, looped, pictures_of
from tests.fakes.footage import Footage
from tests.fakes.remote_site import RemoteSite, config_of
from tests.fakes.restream_client import connected

BOUND_SECONDS = 15.0
PICTURES = 45


@contextlib.asynccontextmanager
async def serving(site: RemoteSite, *, viewers: Viewers | None = None, connections_max: int = 8) -> AsyncIterator[str]:
    async with serve_restream(
        site.parts, viewers or Viewers(), listen="127.0.0.1:0", connections_max=connections_max
    ) as url:
        yield url


@pytest.fixture
async def playing(site: RemoteSite, footage: Footage) -> AsyncIterator[RemoteSite]:
    """cam1's main stream plays in real time."""
    task = asyncio.create_task(site.stream("cam1", "main", footage).play())
    yield site
    task.cancel()


async def _publish_all(site: RemoteSite, units: tuple[AccessUnit, ...], viewers: Viewers, *, ends: bool) -> None:
    """One group for who comes; PICTURES and a few in all once somebody watches; then, if it `ends`, what ends a
    session."""
    feed, start_ns = site.hub.feed("cam1", "main"), site.clock.now_ns()

    def unit(index: int) -> AccessUnit:
        return looped(units, index, run=1, start_utc_ns=start_ns, arrival_ns=site.clock.monotonic_ns())

    for index in range(FPS):
        feed.publish(unit(index))
    async with site.clock.timeout(BOUND_SECONDS):
        while not (viewers.full and feed.watched):
            await site.clock.sleep(0.005)
    for index in range(FPS, PICTURES):
        feed.publish(unit(index))
    last = unit(PICTURES)
    if ends:
        feed.publish(replace(last, format=replace(last.format, codec="another")))
    for index in range(PICTURES, PICTURES + FPS):
        feed.publish(unit(index))


async def _read_by(
    command: list[str], site: RemoteSite, units: tuple[AccessUnit, ...], *, ends: bool
) -> tuple[str, str]:
    """What a player writes and complains of, from the first picture to its end, or that of the session."""
    viewers = Viewers(1)
    async with serving(site, viewers=viewers) as url:
        process = await asyncio.create_subprocess_exec(
            *(part.replace("URL", f"{url}cam1/main") for part in command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await _publish_all(site, units, viewers, ends=ends)
        async with site.clock.timeout(BOUND_SECONDS):
            out, complaints = await process.communicate()
    return out.decode(), complaints.decode()


def _expected(units: tuple[AccessUnit, ...]) -> list[str]:
    return [*itertools.islice(itertools.cycle(pictures_of(units)), PICTURES)]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 2), ("h265", 2)])
async def test_ffmpeg_gets_every_picture_and_sound_at_its_time_and_has_nothing_to_complain_of(
    site: RemoteSite, codec: str, b_frames: int
) -> None:
    units = coded_units(codec, pictures=PICTURES, b_frames=b_frames, sound=True)
    command = ["ffmpeg", "-v", "warning", "-rtsp_transport", "tcp", "-i", "URL", "-map", "0", "-c:a", "copy"]
    out, complaints = await _read_by([*command, "-f", "framehash", "-hash", "md5", "-"], site, units, ends=True)
    rows = [[part.strip() for part in line.split(",")] for line in out.splitlines() if not line.startswith("#")]
    pictures = [row for row in rows if row[0] == "0"]
    assert complaints == ""
    assert [row[-1] for row in pictures] == _expected(units)
    assert [int(row[2]) for row in pictures] == list(range(PICTURES))
    sound = [int(row[2]) for row in rows if row[0] == "1"]
    assert len(sound) >= 40 and {later - sooner for sooner, later in itertools.pairwise(sound)} == {1024}


@pytest.mark.skipif(shutil.which("gst-launch-1.0") is None, reason="no GStreamer here")
async def test_gstreamer_gets_every_picture(site: RemoteSite, tmp_path: Path) -> None:
    units, raw = coded_units("h264", pictures=FPS, b_frames=2), tmp_path / "raw"
    source = ["gst-launch-1.0", "-q", "rtspsrc", "location=URL", "protocols=tcp", "!", "rtph264depay", "!"]
    sink = ["avdec_h264", "!", "video/x-raw,format=I420", "!", "identity", f"eos-after={PICTURES + 3}", "!"]
    sink += ["filesink", f"location={raw}"]
    _, complaints = await _read_by([*source, *sink], site, units, ends=False)
    assert complaints == "", complaints
    picture_bytes, shown = WIDTH * HEIGHT * 3 // 2, raw.read_bytes()
    found = [hashlib.md5(shown[at : at + picture_bytes]).hexdigest() for at in range(0, len(shown), picture_bytes)]
    assert found[:PICTURES] == _expected(units) and len(found) >= PICTURES


async def test_at_expiry_the_session_ends_with_bye_and_a_new_one_is_refused_with_the_reason(
    playing: RemoteSite,
) -> None:
    async with serving(playing) as url, connected(url, "cam1/main", playing.clock) as client:
        await client.play()
        ends = playing.clock.now() + timedelta(seconds=0.6)
        playing.entitle(ends)
        await client.until_closed()
        assert client.last_media_ns - ns_of(ends) < 50_000_000
        assert client.packets[-1][0] == 1 and b"\x81\xcb" in client.packets[-1][1]
        async with connected(url, "cam1/main", playing.clock) as again:
            refused = await again.ask("DESCRIBE", Accept_Language="en")
        problem = json.loads(refused.body)
        assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")
        assert (problem["code"], problem["feature"], problem["camera"]) == ("EXPIRED", "remote_live", "cam1")
        assert problem["title"] == "The licence has expired"


async def test_what_is_described_before_the_expiry_is_not_played_after_it_and_a_licence_restores_it(
    playing: RemoteSite,
) -> None:
    async with serving(playing) as url, connected(url, "cam1/main", playing.clock) as client:
        await client.ask("DESCRIBE")
        await client.ask("SETUP", "/video", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        playing.entitle(playing.clock.now() + timedelta(hours=1), ["cam2"])
        assert (await client.ask("PLAY")).status == 403
        await playing.clock.sleep(0.2)
        playing.entitle(playing.clock.now() + timedelta(hours=1))
        restored_ns = playing.clock.monotonic_ns()
        assert (await client.ask("PLAY")).status == 200
        await client.until_packets(3)
        assert playing.clock.monotonic_ns() - restored_ns < 1_500_000_000  # its next key frame is up to a second away


async def test_a_player_that_does_not_read_is_reset_at_the_cut(site: RemoteSite, footage: Footage) -> None:
    stream = site.stream("cam1", "main", footage)
    stream.publish(15)
    feed = site.hub.feed("cam1", "main")
    async with serving(site) as url, connected(url, "cam1/main", site.clock) as client:
        await client.play()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        async with site.clock.timeout(BOUND_SECONDS):
            for _ in range(40):  # far more than the buffers of the kernel take
                stream.publish(100)
                await site.clock.sleep(0.001)
            site.entitle(site.clock.now() + timedelta(hours=1), ["cam2"])
            while feed.watched:
                await site.clock.sleep(0.001)
            await site.clock.sleep(0.2)
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                while True:
                    await client._next()
    assert not any(b"\x81\xcb" in packet for channel, packet in client.packets if channel == 1)


async def test_reports_tell_when_the_pictures_were_taken(site: RemoteSite, footage: Footage) -> None:
    stream = site.stream("cam1", "main", footage)
    stream.publish(15)
    async with serving(site) as url, connected(url, "cam1/main", site.clock) as client:
        await client.play()
        await client.until_packets(4)
    report = next(packet for channel, packet in client.packets if channel == 1)
    seconds, fraction, rtp_time = struct.unpack_from(">III", report, 8)
    first_time = struct.unpack_from(">I", next(packet for channel, packet in client.packets if channel == 0), 4)[0]
    utc_ns = (seconds - 2_208_988_800) * 10**9 + (fraction * 10**9 >> 32)
    taken_ns = utc_ns - (rtp_time - first_time) % 2**32 * 100_000 // 9
    assert taken_ns == pytest.approx(stream.start_utc_ns, abs=1_000_000)


async def test_pausing_stops_the_pictures_and_playing_goes_on_with_a_key_frame(playing: RemoteSite) -> None:
    viewers = Viewers()
    async with (
        serving(playing, viewers=viewers) as url,
        connected(url, "cam1", playing.clock) as client,
    ):  # without a stream: main
        await client.play()
        await client.until_packets(5)
        assert (await client.ask("PAUSE")).status == 200
        assert (await client.ask("GET_PARAMETER")).status == 200
        assert not viewers._viewers
        before = len(client.packets)
        assert (await client.ask("PLAY")).status == 200
        assert len(client.packets) == before
        await client.until_packets(before + 2)
        first = next(packet for channel, packet in client.packets[before:] if channel == 0)
        assert first[12] & 0x1F == 7, "parameter sets before a key frame"
        assert (await client.ask("TEARDOWN")).status == 200
        await client.until_closed()


@contextlib.asynccontextmanager
async def users(site: RemoteSite, folder: Path) -> AsyncIterator[People]:
    """The site asks for a sign-in; `viewer`, who may see cam1 alone, is there."""
    database = AccessDatabase(folder / "access.db")
    audit, passwords = AuditLog(now=site.clock.now), Passwords(PasswordHasher(time_cost=1, memory_cost=64))
    people = People(
        database=database, passwords=passwords, audit=audit, now=site.clock.now, service_counts=lambda: False
    )
    hashed, now = await passwords.hash("pass:word"), site.clock.now()
    given = {"name": "viewer", "role": "viewer", "cameras": frozenset({"cam1"}), "password_hash": hashed, "now": now}
    await database.do(lambda db: add_user(db, **given))  # type: ignore[arg-type]
    await database.do(lambda db: set_password(db, "viewer", password_hash=hashed, must_change=False))
    await people.load()
    site.access = Access(clock=site.clock, audit=audit, mode="users", database=database, people=people)
    try:
        yield people
    finally:
        database.close()


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_where_a_sign_in_is_asked_for_nobody_sees_anything_without_it(
    playing: RemoteSite, tmp_path: Path
) -> None:
    allowed = _basic("viewer", "pass:word")
    async with users(playing, tmp_path), serving(playing) as url, connected(url, "cam1/main", playing.clock) as client:
        assert (await client.ask("OPTIONS")).status == 200
        asked = await client.ask("DESCRIBE")
        assert (asked.status, asked.headers["www-authenticate"][:5]) == (401, "Basic")
        assert (await client.ask("SETUP", "/video", Transport="RTP/AVP/TCP")).status == 401
        assert (await client.ask("DESCRIBE", Authorization=allowed)).status == 200
        assert (await client.ask("SETUP", "/video", Transport="RTP/AVP/TCP", Authorization=allowed)).status == 200
        assert (await client.ask("PLAY", Authorization=allowed)).status == 200
        await client.until_packets(3)
        async with connected(url, "cam2/main", playing.clock) as other:
            for _ in range(connection.WRONG_LOGINS_MAX):
                assert (await other.ask("DESCRIBE", Authorization=allowed)).status == 401
            await other.until_closed()


@pytest.mark.parametrize("change", ["removed", "password"])
async def test_a_user_who_is_removed_or_changed_loses_the_pictures_and_the_view_is_in_the_log(
    playing: RemoteSite, tmp_path: Path, change: str
) -> None:
    allowed = _basic("viewer", "pass:word")
    async with (
        users(playing, tmp_path) as people,
        serving(playing) as url,
        connected(url, "cam1/main", playing.clock) as client,
    ):
        await client.ask("DESCRIBE", Authorization=allowed)
        await client.ask("SETUP", "/video", Transport="RTP/AVP/TCP", Authorization=allowed)
        await client.ask("PLAY", Authorization=allowed)
        await client.until_packets(3)
        if change == "removed":
            people._users = {}
        else:
            assert playing.access.database is not None
            await playing.access.database.do(lambda db: set_password(db, "viewer", "other", must_change=False))
            await people.load()
        await client.until_closed()
        assert b"\x81\xcb" in client.packets[-1][1]
        await playing.access.close()
        assert playing.access.database is not None
        found = await playing.access.database.do(lambda db: find(db, wanted=Wanted(), count_max=10))
    assert [entry.action for entry in found.entries] == ["view.ended", "view.begun"]
    assert found.entries[0].actor == "viewer" and found.entries[0].camera == "cam1"


async def test_a_viewer_too_many_and_a_connection_too_many_are_refused(playing: RemoteSite) -> None:
    async with (
        serving(playing, viewers=Viewers(1), connections_max=2) as url,
        connected(url, "cam1/main", playing.clock) as first,
        connected(url, "cam1/main", playing.clock) as second,
        connected(url, "cam1/main", playing.clock) as third,
    ):
        await first.play()
        await second.ask("DESCRIBE")
        await second.ask("SETUP", "/video", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert json.loads((await second.ask("PLAY")).body)["code"] == "too_many_viewers"
        assert await third.reader.readline() == b"RTSP/1.0 503 Service Unavailable\r\n"


def test_on_the_loop_that_recorders_run_on_connections_too_many_are_told_so(tmp_path: Path) -> None:
    async def refused() -> list[bytes]:
        clock = SystemClock()
        site = RemoteSite(clock=clock, config=config_of(tmp_path))
        app = create_app(site.parts)
        async with (
            serving(site, connections_max=0) as rtsp,
            serve_tcp(app, listen="127.0.0.1:0", clock=site.clock, connections_max=0) as front,
            connected(rtsp, "", site.clock) as one,
            connected(front.url.replace("http", "rtsp"), "", site.clock) as other,
        ):
            said = [await one.reader.read(), await other.reader.read()]
        clock.close()
        return said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(refused())
    assert told[0].startswith(b"RTSP/1.0 503 ") and told[1].startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("begun", [b"", b"OPTIONS * RTSP/1.0\r\nCSe"])
async def test_who_says_nothing_or_never_ends_is_dropped(
    site: RemoteSite, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS_MAX", 0.2)
    monkeypatch.setattr(connection, "MESSAGE_SECONDS_MAX", 0.2)
    async with serving(site) as url, connected(url, "cam1/main", site.clock) as client:
        client.writer.write(begun)
        async with site.clock.timeout(BOUND_SECONDS):
            while not client.reader.at_eof():
                client.writer.write(begun[-1:])  # a byte now and then does not help
                await client.reader.read(100) if not begun else await site.clock.sleep(0.02)


async def test_what_is_not_rtsp_is_answered_once_and_ended(site: RemoteSite) -> None:
    async with serving(site) as url, connected(url, "cam1/main", site.clock) as client:
        client.writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with site.clock.timeout(BOUND_SECONDS):
            said = await client.reader.read()
    assert said.startswith(b"RTSP/1.0 400 ")


async def test_a_camera_without_pictures_is_503_and_one_that_is_not_there_404(
    site: RemoteSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FORMAT_SECONDS_MAX", 0.05)
    async with serving(site) as url, connected(url, "cam2/sub", site.clock) as client:
        assert json.loads((await client.ask("DESCRIBE")).body)["code"] == "no_picture"
        client.url = url + "cam9/main"
        assert (await client.ask("DESCRIBE")).status == 404
