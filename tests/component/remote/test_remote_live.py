"""Live view over WebSocket: joining, the cut at X, restoration, slow viewers, refusals."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import av
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from gate.clock import Clock, SystemClock, ns_of
from recorder.remote.app import create_app, serve_remote
from recorder.web.media_header import HEADER_BYTES, MediaHeader, MediaKind, parse_media_header
from recorder.web.server import serve_tcp
from recorder.web.viewers import Viewers
from tests.fakes.footage import Footage
from tests.fakes.remote_site import RemoteSite, config_of

BOUND_SECONDS = 5.0
LIVE = "/api/v1/cameras/cam1/live"


class Watcher:
    """A client's side of a live session: everything that came, in order."""

    def __init__(self, ws: ClientWebSocketResponse, clock: Clock) -> None:
        self.ws = ws
        self.clock = clock
        self.texts: list[dict[str, dict[str, object]]] = []
        self.media: list[tuple[MediaHeader, bytes]] = []
        self.last_media_ns = 0

    async def step(self) -> bool:
        async with self.clock.timeout(BOUND_SECONDS):
            message = await self.ws.receive()
        if message.type is WSMsgType.TEXT:
            self.texts.append(json.loads(message.data))
        elif message.type is WSMsgType.BINARY:
            self.media.append((parse_media_header(message.data), message.data[HEADER_BYTES:]))
            self.last_media_ns = self.clock.now_ns()
        else:
            return False
        return True

    async def until_media(self, count: int) -> None:
        while len(self.media) < count:
            assert await self.step(), f"closed with {self.ws.close_code} after {len(self.media)} messages"

    async def until_text(self, name: str) -> dict[str, object]:
        while not any(name in text for text in self.texts):
            assert await self.step(), f"closed with {self.ws.close_code} before {name!r}"
        return next(text[name] for text in self.texts if name in text)

    async def until_closed(self) -> dict[str, object]:
        while await self.step():
            pass
        return self.texts[-1]["end"]["problem"] if self.texts and "end" in self.texts[-1] else {}  # type: ignore[return-value]


@pytest.fixture
async def playing(site: RemoteSite, footage: Footage) -> AsyncIterator[RemoteSite]:
    """cam1's sub stream plays in real time."""
    task = asyncio.create_task(site.stream("cam1", "sub", footage).play())
    yield site
    task.cancel()


async def test_a_viewer_begins_with_the_cached_group_of_pictures(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    site.stream("cam1", "sub", footage).publish(20)
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(6)
    hello = watcher.texts[0]["hello"]
    assert hello["mime"] == f'video/mp4; codecs="{footage.format.codecs}"'
    assert (hello["width"], hello["height"], hello["timescale"]) == (320, 180, 90000)
    headers = [header for header, _ in watcher.media]
    assert [header.kind for header in headers] == [MediaKind.INIT, *[MediaKind.FRAGMENT] * 5]
    assert [header.sequence for header in headers] == [0, 1, 2, 3, 4, 5]
    assert [header.key for header in headers[1:]] == [True, False, False, False, False]
    assert {header.stream for header in headers} == {"sub"}


async def test_what_a_viewer_gets_is_playable_video_with_true_times(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    stream = site.stream("cam1", "sub", footage)
    stream.publish(30)
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(16)
    with av.open(io.BytesIO(b"".join(body for _, body in watcher.media))) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 15
    assert [round(frame.time * 15) for frame in frames] == list(range(15, 30))
    labels = [header.label_us for header, _ in watcher.media[1:]]
    assert labels[0] == (stream.start_utc_ns + 1_000_000_000) // 1000


async def test_at_expiry_the_viewer_gets_the_reason_and_close_4403(playing: RemoteSite, client: ClientSession) -> None:
    ends = playing.clock.now() + timedelta(seconds=0.7)
    playing.entitle(ends)
    async with client.ws_connect(LIVE, params={"lang": "en"}) as ws:
        watcher = Watcher(ws, playing.clock)
        problem = await watcher.until_closed()
    assert (ws.close_code, problem["code"]) == (4403, "EXPIRED")
    assert (problem["feature"], problem["camera"]) == ("remote_live", "cam1")
    assert problem["title"] == "The licence has expired"
    assert watcher.last_media_ns - ns_of(ends) < 50_000_000
    assert all(header.label_us < ns_of(ends) // 1000 for header, _ in watcher.media)
    assert len(watcher.media) > 5


async def test_denied_at_entry_is_told_after_the_handshake(playing: RemoteSite, client: ClientSession) -> None:
    playing.entitle(playing.clock.now() + timedelta(hours=1), ["cam2"])
    async with client.ws_connect(LIVE, headers={"Accept-Language": "ja"}) as ws:
        watcher = Watcher(ws, playing.clock)
        problem = await watcher.until_closed()
    assert (ws.close_code, problem["code"], problem["title"]) == (4403, "NOT_LICENSED", "ライセンスがありません")
    assert watcher.media == []


async def test_a_new_licence_restores_live_within_a_second_and_shows_nothing_of_between(
    playing: RemoteSite, client: ClientSession
) -> None:
    playing.entitle(playing.clock.now() + timedelta(seconds=0.3))
    async with client.ws_connect(LIVE) as ws:
        await Watcher(ws, playing.clock).until_closed()
    await playing.clock.sleep(0.2)
    restored_ns = playing.clock.now_ns()
    playing.entitle(playing.clock.now() + timedelta(hours=1))
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, playing.clock)
        await watcher.until_media(2)
    assert watcher.media[1][0].key
    assert all(header.label_us >= restored_ns // 1000 for header, _ in watcher.media[1:])


async def test_other_cameras_play_on_when_one_licence_ends(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    site.entitle(site.clock.now() + timedelta(hours=1), ["cam2"])
    stream = site.stream("cam2", "sub", footage)
    stream.publish(3)
    async with client.ws_connect("/api/v1/cameras/cam2/live") as ws, client.ws_connect(LIVE) as denied:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(4)
        await Watcher(denied, site.clock).until_closed()
        stream.publish()
        await watcher.until_media(5)


async def test_a_slow_viewer_is_told_what_it_lost_and_goes_on_at_a_key_frame(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    stream = site.stream("cam1", "sub", footage)
    stream.publish(15)
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(16)
        stream.publish(700)  # at once: more than the queue holds
        stream.publish(15)
        dropped = await watcher.until_text("dropped")
        at = len(watcher.media)
        await watcher.until_media(at + 2)
    frames = dropped["frames"]
    assert isinstance(frames, int) and frames > 0
    assert watcher.media[at][0].key
    sequences = [header.sequence for header, _ in watcher.media]
    assert sequences == list(range(len(sequences)))


async def test_a_new_run_begins_with_a_new_hello_and_init_segment(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    stream = site.stream("cam1", "sub", footage)
    stream.publish(2)
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(3)
        stream.begin_run()
        stream.publish(2)
        await watcher.until_media(6)
    assert [header.kind for header, _ in watcher.media[3:]] == [MediaKind.INIT, MediaKind.FRAGMENT, MediaKind.FRAGMENT]
    assert sum("hello" in text for text in watcher.texts) == 2


async def test_a_stalled_camera_is_told_to_its_viewers(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    site.stream("cam1", "sub", footage).publish(1)
    async with client.ws_connect(LIVE) as ws:
        watcher = Watcher(ws, site.clock)
        await watcher.until_media(2)
        state = site.board.cameras["cam1"].streams["sub"]
        state.phase, state.message = "stalled", "no picture for 5 s"
        site.board.changed()
        assert await watcher.until_text("status") == {"phase": "stalled", "message": "no picture for 5 s"}


@pytest.mark.parametrize(
    ("path", "code"),
    [("/api/v1/cameras/cam9/live", "camera_unknown"), (LIVE + "?stream=third", "stream_unknown")],
)
async def test_what_does_not_exist_is_closed_with_4404(
    site: RemoteSite, client: ClientSession, path: str, code: str
) -> None:
    async with client.ws_connect(path) as ws:
        problem = await Watcher(ws, site.clock).until_closed()
    assert (ws.close_code, problem["code"]) == (4404, code)


async def test_a_viewer_too_many_is_closed_with_4409_until_another_leaves(site: RemoteSite, footage: Footage) -> None:
    site.stream("cam1", "sub", footage).publish(1)
    feed = site.hub.feed("cam1", "sub")
    app = create_app(site.parts, Viewers(1))
    async with (
        serve_tcp(app, listen="127.0.0.1:0", clock=site.clock) as front,
        ClientSession(front.url) as client,
    ):
        async with client.ws_connect(LIVE) as first:
            await Watcher(first, site.clock).until_media(1)
            async with client.ws_connect(LIVE) as second:
                problem = await Watcher(second, site.clock).until_closed()
        async with site.clock.timeout(BOUND_SECONDS):
            while feed.watched:
                await site.clock.sleep(0.001)
        async with client.ws_connect(LIVE) as third:
            await Watcher(third, site.clock).until_media(1)
    assert (second.close_code, problem["code"]) == (4409, "too_many_viewers")


async def test_a_connection_too_many_is_refused_with_503(site: RemoteSite) -> None:
    app = create_app(site.parts, Viewers())
    async with (
        serve_tcp(app, listen="127.0.0.1:0", clock=site.clock, connections_max=1) as front,
        ClientSession(front.url) as client,
        client.ws_connect("/api/v1/state"),
        client.get("/") as response,
    ):
        assert response.status == 503
        assert json.loads(await response.text())["code"] == "too_many_connections"


async def test_a_peer_that_does_not_read_is_reset_at_the_cut_and_holds_nobody_up(
    playing: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    stream = playing.stream("cam2", "sub", footage)
    host, port = client._base_url.host, client._base_url.port  # type: ignore[union-attr]
    reader, writer = await asyncio.open_connection(host, port, limit=1024)
    writer.write(
        b"GET /api/v1/cameras/cam2/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    feed = playing.hub.feed("cam2", "sub")
    async with playing.clock.timeout(BOUND_SECONDS):
        while not feed.watched:
            await playing.clock.sleep(0.001)
        for _ in range(40):  # far more than the buffers of the kernel take
            stream.publish(100)
            await playing.clock.sleep(0.001)
        playing.entitle(playing.clock.now() + timedelta(hours=1), ["cam1"])
        cut_ns = playing.clock.monotonic_ns()
        while feed.watched:
            await playing.clock.sleep(0.001)
        assert playing.clock.monotonic_ns() - cut_ns < 100_000_000
        await playing.clock.sleep(0.2)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        got = b""
        with pytest.raises(ConnectionResetError):
            while piece := await reader.read(1 << 20):
                got = got[-1000:] + piece
    assert b"NOT_LICENSED" not in got  # thrown away with the pictures before it
    writer.transport.abort()


async def test_a_late_timer_leaks_nothing_not_even_what_was_captured_in_time(tmp_path: Path, footage: Footage) -> None:
    clock = SystemClock()
    site = RemoteSite(clock=clock, config=config_of(tmp_path))
    site.entitle(clock.now() + timedelta(hours=1))  # and nobody runs the gate's timer
    stream = site.stream("cam1", "sub", footage)
    stream.publish(2)
    async with (
        serve_remote(site.parts) as front,
        ClientSession(front.url) as client,
        client.ws_connect(LIVE) as ws,
    ):
        watcher = Watcher(ws, clock)
        await watcher.until_media(3)
        site.entitle(clock.now() + timedelta(seconds=0.3))
        await clock.sleep(0.35)
        stream.publish()  # labelled before the end, handed out after it
        with pytest.raises(TimeoutError):
            async with clock.timeout(0.2):
                await watcher.until_media(4)
    clock.close()
