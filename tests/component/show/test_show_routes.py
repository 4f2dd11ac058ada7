"""The board's routes, on a site of its own: who may ask, what passes through, what is refused in which words."""

import asyncio
import contextlib
import json
import select
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from gate.clock import SystemClock
from gate.shared_clock.client import open_clock
from gate.shared_clock.server import ClockServer
from gate.show import through
from gate.show.app import ShowApp
from gate.show.config import ShowConfig
from gate.show.story import Story
from gate.yaml_file import ConfigError
from recorder.supervisor.orders import Orders

PICTURE = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--frame\r\n"


@dataclass(slots=True)
class Outside:
    """What the board is the front of: a recorder's remote side and a monitor that say little, and a supervisor."""

    orders: list[str] = field(default_factory=list)
    network: str = "connected"
    lapsed: bool = False
    address: str = ""
    clock: str = ""

    async def told(self, name: str) -> Mapping[str, Any]:
        self.orders.append(name)
        if name == "next-visitor":
            return {"seconds": 2.5, "parts": {}}
        self.network = {"pull-network": "pulled", "put-back-network": "connected"}.get(name, self.network)
        addresses = {"remote": self.address, "hdmi": self.address, "clock": self.clock}
        return {"addresses": addresses, "site": {}, "sign_ins": [], "network": self.network}

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"hello": dict(request.query)}))
        await socket.send_bytes(b"picture")
        await socket.close(code=4403, message=b"licence_expired")
        return socket

    async def flood(self, request: web.Request) -> web.StreamResponse:
        """More than anybody's buffers hold, as a WebSocket or as pictures."""
        piece = bytes(1 << 16)
        with contextlib.suppress(ConnectionError):
            if "Upgrade" in request.headers:
                socket = web.WebSocketResponse(compress=False)
                await socket.prepare(request)
                while True:
                    await socket.send_bytes(piece)
            response = web.StreamResponse(headers={"Content-Type": "multipart/x-mixed-replace; boundary=frame"})
            await response.prepare(request)
            while True:
                await response.write(piece)
        return web.Response()

    async def torn(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "multipart/x-mixed-replace; boundary=frame"})
        await response.prepare(request)
        await response.write(PICTURE)
        assert request.transport is not None
        request.transport.abort()
        return response


@pytest_asyncio.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    world = Outside(clock=str(tmp_path / "clock.sock"))

    async def state(_: web.Request) -> web.Response:
        return web.json_response({"features": []})

    async def style(request: web.Request) -> web.Response:
        return web.Response(text=request.path, content_type="text/css", headers={"ETag": '"1"', "Set-Cookie": "a=b"})

    app = web.Application()
    app.router.add_get("/api/v1/state", state)
    app.router.add_get("/static/{path:.+}", style)
    app.router.add_get("/api/v1/cameras/cam1/live", world.live)
    app.router.add_get("/api/v1/cameras/flood/{path}", world.flood)
    app.router.add_get("/stream.mjpeg", world.torn)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world.address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    names = ("show", "pull-network", "put-back-network", "next-visitor")
    known = {name: lambda name=name: world.told(name) for name in names}
    server, orders = (
        ClockServer(tmp_path / "clock.sock", tmp_path / "clock.json"),
        Orders(tmp_path / "site.sock", known),
    )
    async with server.serving(), orders.taken():
        yield world
    await runner.cleanup()


class Board:
    """Speaks to it as its own page does."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self.address = address
        self.session = session

    async def order(self, name: str, wish: object, **headers: str) -> tuple[int, Any]:
        own = {"Origin": self.address.rstrip("/"), "Content-Type": "application/json"}
        async with self.session.post(
            f"{self.address}v1/{name}", data=json.dumps(wish), headers=own | headers
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def state(self) -> Any:
        async with self.session.ws_connect(f"{self.address}v1/board") as socket:
            return await socket.receive_json()


@pytest_asyncio.fixture
async def board(outside: Outside, tmp_path: Path) -> AsyncIterator[Board]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    clock = SystemClock()
    config = ShowConfig(site=tmp_path / "site.sock", listen="127.0.0.1:0")
    serving = asyncio.create_task(ShowApp(config, clock).run(ready.set_result))
    async with aiohttp.ClientSession() as session:
        board = Board(await ready, session)
        while not (await board.state())["up"]:
            pass
        yield board
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    clock.close()


async def test_the_page_comes_in_the_language_asked_for_under_a_strict_policy(board: Board) -> None:
    for language, title in (("ja", "録画ライセンス 実演ボード"), ("en", "Recording licence show board")):
        async with board.session.get(f"{board.address}?lang={language}") as answer:
            text = await answer.text()
            assert answer.status == 200 and title in text and f'<html lang="{language}">' in text
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


async def test_while_the_recorder_is_away_the_page_says_so_and_asks_again(board: Board, outside: Outside) -> None:
    outside.address = "http://127.0.0.1:1/"
    await board.order("network", {"pulled": False})  # the board hears of the new address
    async with board.session.get(board.address) as answer:
        assert answer.status == 503 and "準備中" in await answer.text()


async def test_orders_are_taken_from_the_boards_own_page_alone(board: Board, outside: Outside) -> None:
    before = list(outside.orders)
    assert (await board.order("visitor", {}, Origin="http://127.0.0.1:9"))[0] == 403
    assert (await board.order("visitor", {}, Host="evil.example"))[0] == 421
    assert (await board.order("visitor", {}, **{"Content-Type": "text/plain"}))[0] == 415
    async with board.session.post(f"{board.address}v1/visitor", json={}) as answer:
        assert answer.status == 403, "without an Origin"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await board.session.ws_connect(f"{board.address}v1/board", origin="http://evil.example")
    assert [order for order in outside.orders[len(before) :] if order != "show"] == []


@pytest.mark.parametrize("wish", [[], 1, None, "x"])
async def test_what_is_no_order_is_refused(board: Board, wish: object) -> None:
    assert (await board.order("visitor", wish))[0] == 400


async def test_the_network_is_pulled_and_put_back_by_the_sites_own_cable(board: Board, outside: Outside) -> None:
    status, state = await board.order("network", {"pulled": True})
    assert (status, state["network"], state["told"]["kind"]) == (200, "pulled", "pulled")
    status, state = await board.order("network", {"pulled": False})
    assert (status, state["network"], state["told"]["kind"]) == (200, "connected", "put_back")


async def test_the_next_visitor_is_told_how_long_it_took(board: Board, outside: Outside) -> None:
    status, state = await board.order("visitor", {})
    assert (status, state["visitor"], state["told"]["seconds"]) == (200, 2, 2.5)
    assert "next-visitor" in outside.orders


async def test_time_moves_forward_by_the_sites_clock_and_never_back(board: Board, outside: Outside) -> None:
    async with open_clock("shared", Path(outside.clock), "camera") as clock:
        began = clock.now()
        assert (await board.order("clock", {"to": (began + timedelta(days=40)).isoformat()}))[0] == 200
        assert clock.now() - began >= timedelta(days=40)
        status, refusal = await board.order("clock", {"to": began.isoformat()})
        assert status == 409 and "never goes back" in refusal["error"]
        assert (await board.state())["told"]["kind"] == "past"
        assert (await board.order("clock", {"to": "tomorrow"}))[0] == 409


async def test_an_expiry_is_crossed_from_ten_seconds_before_or_at_once(board: Board, outside: Outside) -> None:
    async with open_clock("shared", Path(outside.clock), "recorder") as clock:
        end = clock.now() + timedelta(days=30)
        clock.announce_expiries({"cam1": end})
        while (await board.order("expire", {}))[0] != 200:  # until the announcement has been heard
            pass
        assert timedelta(0) < end - clock.now() <= timedelta(seconds=10)
        assert (await board.order("expire", {"directly": True}))[0] == 200
        assert clock.now() >= end
        status, _ = await board.order("expire", {})
        assert status == 409 and (await board.state())["told"]["kind"] == "nothing_to_expire"


async def test_without_a_licence_service_nothing_is_assigned_and_it_says_why(board: Board) -> None:
    status, refusal = await board.order("licences", {})
    assert status == 409 and "no licence service" in refusal["error"]


async def test_live_passes_as_it_is_with_its_end_and_its_reason(board: Board) -> None:
    async with board.session.ws_connect(f"{board.address}api/v1/cameras/cam1/live?stream=sub") as socket:
        assert (await socket.receive_json())["hello"] == {"stream": "sub"}
        assert await socket.receive_bytes() == b"picture"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4403


async def test_files_pass_without_cookies(board: Board) -> None:
    async with board.session.get(f"{board.address}static/style/tile.css") as answer:
        assert (answer.status, await answer.text()) == (200, "/static/style/tile.css")
        assert "Set-Cookie" not in answer.headers and answer.headers["ETag"] == '"1"'


async def test_what_is_torn_off_there_is_torn_off_here(board: Board) -> None:
    async with board.session.get(f"{board.address}hdmi.mjpeg") as answer:
        with pytest.raises(aiohttp.ClientError):
            while await answer.content.readany():
                pass


@pytest.mark.parametrize("path", ["live", "live.mjpeg"])
async def test_a_visitor_that_takes_nothing_is_reset_and_what_waits_for_it_thrown_away(
    board: Board, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(through, "WRITE_SECONDS_MAX", 0.2)
    host, port = board.address.split("/")[2].split(":")
    request = [f"GET /api/v1/cameras/flood/{path} HTTP/1.1", f"Host: {host}:{port}", ""]
    if path == "live":
        request[-1:-1] = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        request[-1:-1] = ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    with socket.create_connection((host, int(port))) as viewer:
        viewer.sendall("\r\n".join([*request, ""]).encode())
        poll = select.poll()
        poll.register(viewer, select.POLLERR)
        assert await asyncio.to_thread(poll.poll, 20_000), "it waits for the viewer still"
        with pytest.raises(ConnectionResetError):
            while viewer.recv(1 << 20):
                pass


@pytest.mark.parametrize(
    "path", ["api/v1/users", "api/v1/audit", "api/v1/device", "static/%2e%2e/secret", "api/v1/cameras/cam1/recording"]
)
async def test_nothing_else_of_the_recorder_is_reached_through_the_board(board: Board, path: str) -> None:
    async with board.session.get(f"{board.address}{path}") as answer:
        assert answer.status == 404


async def test_a_touch_stops_the_story_and_a_button_is_one(board: Board) -> None:
    await board.order("story", {"on": True})
    _, state = await board.order("touch", {})
    assert state["story"]["on"] and state["story"]["rests_seconds"] == 60
    _, state = await board.order("story", {"on": False})
    assert (state["story"]["on"], state["story"]["rests_seconds"]) == (False, None)


async def test_a_minute_of_rest_begins_when_what_the_visitor_wanted_is_done(
    board: Board, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long way through time is no time in which nobody touches."""
    done_by_then: list[bool] = []
    monkeypatch.setattr(Story, "touch", lambda _: done_by_then.append("next-visitor" in outside.orders))
    await board.order("visitor", {})
    assert done_by_then == [False, True]


def test_it_listens_on_this_machine_alone(tmp_path: Path) -> None:
    from gate.show.config import load_config

    (tmp_path / "show.yaml").write_text("site: s.sock\nlisten: 0.0.0.0:8680\n")
    with pytest.raises(ConfigError, match="not a loopback address"):
        load_config(tmp_path / "show.yaml")


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = ShowConfig(site=tmp_path / "site.sock", listen=f"127.0.0.1:{taken.getsockname()[1]}")
        clock = SystemClock()
        with pytest.raises(Exception, match="port is taken") as caught:
            await ShowApp(config, clock).run(lambda _: None)
        clock.close()
    assert type(caught.value).__name__ == "StartError"
