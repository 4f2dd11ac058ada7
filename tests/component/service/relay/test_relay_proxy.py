"""A device's remote site through the relay: who sees it, what passes, what is cut."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio
from aiohttp import ClientPayloadError, ClientSession, WSMsgType, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from gate.service.access.identity import SESSION_COOKIE
from gate.service.operations.accounts import add_shared_user, remove_shared_user
from gate.service.operations.actor import Actor
from gate.service.operations.devices import remove_device
from gate.service.operations.sessions import close_session
from gate.service.relay.proxy import BODY_BYTES_MAX
from gate.service.relay.visits import LOOK_SECONDS, refusal_of
from gate.sign_in.tokens import hash_of
from gate.signing.identity import DeviceIdentity
from gate.signing.keys import kid_of
from gate.uplink.messages import FORWARD_HOST, FORWARD_PORT
from gate.uplink.ssh import OPTIONS
from tests.component.service.relay.line import Line, Recorder, recorder

BIG = bytes(range(256)) * 4096


class RemoteSite:
    """A device's remote site: it tells what it was asked, sends a megabyte, echoes, and streams for ever."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self.server: web.Server | None = None

    async def accept(self, came: socket.socket) -> None:
        assert self.server is not None
        await asyncio.get_running_loop().connect_accepted_socket(self.server, came)

    async def big(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        span = request.http_range
        body = BIG[span]
        headers = {"X-Secret": "no", "Set-Cookie": "portal_session=stolen", "Content-Security-Policy": "none"}
        return web.Response(body=body, status=206 if request.headers.get("Range") else 200, headers=headers)

    async def change(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return web.json_response({"body": (await request.read()).decode()})

    async def away(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("https://evil.example/")

    async def switch(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=101, headers={"Upgrade": "anything", "Connection": "upgrade"})

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 1024)
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        return response

    async def live(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.sockets.add(ws)
        async for message in ws:
            if message.data == "lapse":
                await ws.send_str(json.dumps({"end": {"problem": {"code": "EXPIRED"}}}))
                await ws.close(code=4403, message=b"licence_expired")
            else:
                await ws.send_bytes(message.data.encode() * 1000)
        return ws


@asynccontextmanager
async def served(site: RemoteSite) -> AsyncIterator[RemoteSite]:
    app = web.Application()
    app.router.add_get("/big", site.big)
    app.router.add_post("/change", site.change)
    app.router.add_get("/away", site.away)
    app.router.add_get("/switch", site.switch)
    app.router.add_get("/endless", site.endless)
    app.router.add_get("/live", site.live)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site.server = runner.server
    yield site
    await runner.cleanup()


class Scene:
    """A customer's device with its remote site, connected."""

    def __init__(self, line: Line, device: Recorder, customer: Actor, id: str, site: RemoteSite) -> None:
        self.line, self.device, self.customer, self.id, self.site = line, device, customer, id, site

    def path(self, rest: str) -> str:
        return f"/relay/{self.id}/{rest}"


@pytest_asyncio.fixture
async def scene(line: Line, tmp_path: Path) -> AsyncIterator[Scene]:
    async with served(RemoteSite()) as site, recorder(line, tmp_path / "rec", door=site.accept) as device:
        customer, _ = await line.customer()
        await device.until(lambda: device.uplink.status.registered is False)
        id = await line.register(customer, device.code)
        yield Scene(line, device, customer, id, site)


async def problem_of(session: ClientSession, method: str, path: str) -> tuple[int, str]:
    async with session.request(method, path) as answer:
        return answer.status, (await answer.json(content_type="application/problem+json"))["code"]


async def test_the_customer_gets_what_the_device_sends_with_ranges_and_without_its_tricks(scene: Scene) -> None:
    async with scene.line.browser(scene.customer) as session:
        async with session.get(scene.path("big")) as answer:
            assert (answer.status, await answer.read()) == (200, BIG)
            assert "X-Secret" not in answer.headers and "Set-Cookie" not in answer.headers
            assert f"/relay/{scene.id}/" in answer.headers["Content-Security-Policy"]
            assert "sandbox" in answer.headers["Content-Security-Policy"]
        odd = URL(scene.line.url + scene.path("big?x=%2F"), encoded=True)
        async with session.get(odd, headers={"Range": "bytes=10-19"}) as answer:
            assert (answer.status, await answer.read()) == (206, BIG[10:20])
        async with session.post(scene.path("change"), data=b"on") as answer:
            assert (await answer.json())["body"] == "on"
        for trick in ("away", "switch"):
            assert await problem_of(session, "GET", scene.path(trick)) == (502, "device_misbehaved")
    for request in scene.site.asked:
        assert "Cookie" not in request.headers and request.host == "localhost"
    assert scene.site.asked[1].raw_path == "/big?x=%2F"


async def test_a_body_that_comes_in_pieces_reaches_the_device_whole(scene: Scene) -> None:
    async with scene.line.browser(scene.customer) as session:

        async def pieces(count: int) -> AsyncIterator[bytes]:
            for _ in range(count):
                yield b"piece "
                async with session.get(scene.path("big")) as answer:  # meanwhile the piece has come
                    await answer.read()

        async with session.post(scene.path("change"), data=pieces(3)) as answer:
            assert (await answer.json())["body"] == "piece piece piece "
        async with session.post(scene.path("change"), data=bytes(BODY_BYTES_MAX + 1)) as answer:
            assert (await answer.json(content_type="application/problem+json"))["code"] == "too_large"


async def test_nobody_else_sees_it(scene: Scene) -> None:
    line, path = scene.line, scene.path("big")
    stranger, _ = await line.customer()
    async with line.browser(None) as session:
        assert await problem_of(session, "GET", path) == (401, "signed_out")
    async with line.browser(stranger) as session:
        assert await problem_of(session, "GET", path) == (404, "device_unknown")
        assert await problem_of(session, "GET", "/relay/0123456789abcdef/big") == (404, "device_unknown")
    by_proxy = replace(scene.customer, role="partner", customer=None, on_behalf_of=scene.customer.customer)
    for actor in (
        by_proxy,
        replace(by_proxy, on_behalf_of=None),
        replace(by_proxy, role="operator", on_behalf_of=None),
    ):
        assert refusal_of(actor, scene.customer.customer, "GET") == "not_by_proxy"
    assert scene.site.asked == []


async def test_a_shared_user_views_and_changes_nothing_and_is_cut_when_it_is_removed(scene: Scene) -> None:
    line = scene.line
    user = await line.site.do(
        lambda tx: add_shared_user(tx, scene.customer, line.site.user("viewer"), line.clock.now(), line.site.rules)
    )
    shared = Actor(id=user.id, role="shared", customer=scene.customer.customer)
    async with line.browser(shared) as session:
        assert await problem_of(session, "GET", scene.path("big")) == (403, "terms_not_accepted")
        assert scene.site.asked == []
        await line.accept_terms(shared)
        async with session.get(scene.path("big")) as answer:
            assert answer.status == 200
        assert await problem_of(session, "POST", scene.path("change")) == (403, "view_only")
        async with session.ws_connect(scene.path("live")) as ws, line.clock.timeout(LOOK_SECONDS + 2):
            await ws.send_str("a")
            assert (await ws.receive()).data == b"a" * 1000
            await line.site.do(lambda tx: remove_shared_user(tx, scene.customer, user.id, line.clock.now()))
            end = await ws.receive()
            assert json.loads(end.data)["end"]["problem"]["code"] == "signed_out"
            assert (await ws.receive()).type is WSMsgType.CLOSE
            assert ws.close_code == 4401


async def test_what_is_in_flight_is_torn_off_when_the_session_ends(scene: Scene) -> None:
    line = scene.line
    async with line.browser(scene.customer) as session:
        token = next(cookie.value for cookie in session.cookie_jar if cookie.key == SESSION_COOKIE)
        async with session.get(scene.path("endless")) as answer:
            await answer.content.readexactly(100_000)
            async with line.site.store.begin() as tx:
                await close_session(tx, hash_of(token))
            async with line.clock.timeout(LOOK_SECONDS + 2):
                with pytest.raises(ClientPayloadError):
                    while await answer.content.readany():
                        pass


async def test_what_a_slow_visitor_has_not_taken_yet_is_thrown_away_at_the_end(scene: Scene) -> None:
    line = scene.line
    async with line.browser(scene.customer) as session:
        token = next(cookie.value for cookie in session.cookie_jar if cookie.key == SESSION_COOKIE)
        at = session._base_url
        assert at is not None
        slow = socket.create_connection((at.host or "", at.port or 0))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        reader, writer = await asyncio.open_connection(sock=slow, limit=1024)
        asked = f"GET {scene.path('endless')} HTTP/1.1\r\nHost: {at.authority}\r\nCookie: {SESSION_COOKIE}={token}"
        writer.write(f"{asked}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        async with line.site.store.begin() as tx:
            await close_session(tx, hash_of(token))
        async with line.clock.timeout(LOOK_SECONDS + 2):
            with pytest.raises(ConnectionResetError):  # not an end in order, which would wait for all that is written
                while await reader.read(1024):
                    await line.clock.sleep(0.002)
        writer.close()


async def test_a_lapse_at_the_device_reaches_the_browser_with_its_reason(scene: Scene) -> None:
    async with scene.line.browser(scene.customer) as session, session.ws_connect(scene.path("live")) as ws:
        await ws.send_str("lapse")
        assert json.loads((await ws.receive()).data)["end"]["problem"]["code"] == "EXPIRED"
        message = await ws.receive()
        assert (message.type, ws.close_code, message.extra) == (WSMsgType.CLOSE, 4403, "licence_expired")


async def test_a_socket_is_refused_after_the_handshake_with_its_reason(scene: Scene) -> None:
    line = scene.line
    stranger, _ = await line.customer()
    for user, code, close_code in ((None, "signed_out", 4401), (stranger, "device_unknown", 4404)):
        async with line.browser(user) as session, session.ws_connect(scene.path("live")) as ws:
            assert json.loads((await ws.receive()).data)["end"]["problem"]["code"] == code
            await ws.receive()
            assert ws.close_code == close_code
    async with line.browser(scene.customer) as session:
        headers = {"Origin": "https://evil.example"}
        async with session.ws_connect(scene.path("live"), headers=headers) as ws:
            assert json.loads((await ws.receive()).data)["end"]["problem"]["code"] == "origin_refused"


async def test_a_device_that_is_away_is_said_to_be_and_cut_off_views_end(scene: Scene) -> None:
    line = scene.line
    async with line.browser(scene.customer) as session:
        async with session.ws_connect(scene.path("live")) as ws, line.clock.timeout(5):
            await ws.send_str("a")
            await ws.receive()
            await line.site.do(lambda tx: remove_device(tx, scene.customer, scene.id, line.clock.now()))
            assert json.loads((await ws.receive()).data)["end"]["problem"]["code"] == "access_revoked"
        assert await problem_of(session, "GET", scene.path("big")) == (404, "device_unknown")


async def stranger_on(line: Line, key: Ed25519PrivateKey, username: str) -> asyncssh.SSHClientConnection:
    host, _, port = line.relay_address.rpartition(":")
    return await asyncssh.connect(
        host,
        int(port),
        username=username,
        client_keys=[asyncssh.import_private_key(DeviceIdentity(key).private_pem())],
        known_hosts=None,
        agent_path=None,
        **OPTIONS,
    )


async def test_a_key_is_its_device_and_no_other(scene: Scene) -> None:
    key = Ed25519PrivateKey.generate()
    with pytest.raises(asyncssh.PermissionDenied):
        await stranger_on(scene.line, key, scene.id)


async def test_a_device_reaches_nothing_of_the_service_and_no_other_device(scene: Scene) -> None:
    key = Ed25519PrivateKey.generate()
    async with await stranger_on(scene.line, key, kid_of(key.public_key())) as connection:
        for host, port in (("127.0.0.1", scene.line.port), (FORWARD_HOST, FORWARD_PORT), (scene.id, 1)):
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection(host, port)
        for host, port in (("127.0.0.1", 0), ("", 8080), (FORWARD_HOST, 2)):
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.start_server(lambda *_: None, host, port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/var/run/docker.sock")
        ran = await connection.run("id", timeout=3)
        assert (ran.exit_status, ran.stdout) == (None, "")
