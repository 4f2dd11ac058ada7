"""The board over HTTP: its page, its state, its orders (gate/show/README.md)."""

import asyncio
import contextlib
import errno
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from typing import Any

import anyio
from aiohttp import web

from gate.clock import Clock
from gate.config_fields import split_address
from gate.peer import reset
from gate.show.board import BEFORE_EXPIRY_SECONDS, Board, as_instant
from gate.show.config import ShowConfig
from gate.show.demo_site import DemoSite
from gate.show.errors import RefusedError, ShowError, StartError
from gate.show.guard import add_security_headers, guard
from gate.show.story import Story
from gate.show.through import Through
from gate.static_files import StaticFiles

REQUEST_BYTES_MAX = 4096
PAGES_MAX = 16
"""Pages that follow the board at a time."""
STATE_SECONDS = 1.0
"""The state is sent at each change, and at least so often."""
SEND_SECONDS_MAX = 5.0
_NOT_READY = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>…</title>'
    '<link rel="stylesheet" href="board/style/waiting.css"><p>準備中です。Setting the stage.</p>'
)
_LANGUAGES = ("ja", "en")

Wish = dict[str, Any]


class ShowApp:
    """Wires board, story and what passes through."""

    def __init__(self, config: ShowConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        site = DemoSite(config.site, clock)
        self.board = Board(site, clock)
        self.story = Story(self.board, clock, on=config.story, touch_seconds=config.touch_seconds, pace=config.pace)
        self._through = Through(site, clock)
        self._changed = asyncio.Event()
        self._pages: set[asyncio.Task[Any]] = set()
        self._orders: set[asyncio.Future[str | None]] = set()
        folder = resources.files("gate.show") / "static"
        self._files = StaticFiles(folder)
        self._index = self._files.take("index.html").decode()
        catalogues = {name: (folder / "lang" / f"{name}.json").read_bytes() for name in _LANGUAGES}
        self._titles = {name: json.loads(words)["title"] for name, words in catalogues.items()}
        self.board.on_change = self.story.on_change = self._change

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Serves until cancelled; tells its address. Raises StartError."""
        async with self._serving() as address, anyio.create_task_group() as group:
            group.start_soon(self.board.run)
            group.start_soon(self.story.run)
            on_ready(address)

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[str]:
        app = web.Application(middlewares=[guard], client_max_size=REQUEST_BYTES_MAX)
        app.on_response_prepare.append(add_security_headers)
        self._add_routes(app.router)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.3)
        await self._through.open()
        await runner.setup()
        host, port = split_address(self._config.listen)
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                taken = "the port is taken by another program: end it, or change `listen`, or move all with --port-base"
                reason = taken if error.errno == errno.EADDRINUSE else error.strerror
                raise StartError(f"the show board cannot listen on {host}:{port}: {reason}") from None
            yield "http://{}:{}/".format(*runner.addresses[0][:2])
        finally:
            for under_way in (*self._pages, *self._orders):
                under_way.cancel()
            await self._through.close()
            await self.board.close()
            await runner.cleanup()

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self._page)
        router.add_get("/board/{path:.+}", self._files.handle)
        router.add_get("/v1/board", self._follow, allow_head=False)
        board, story = self.board, self.story
        orders: dict[str, Callable[[Wish], Awaitable[None]]] = {
            "expire": lambda wish: board.expire(before_seconds=0 if wish.get("directly") else BEFORE_EXPIRY_SECONDS),
            "clock": self._move,
            "licences": lambda _: board.assign(),
            "network": lambda wish: board.set_network(pulled=bool(wish.get("pulled"))),
            "visitor": lambda _: board.next_visitor(),
        }
        for name, act in orders.items():
            router.add_post(f"/v1/{name}", self._order(act))
        router.add_post("/v1/touch", self._at_once(lambda _: story.touch()))
        router.add_post("/v1/story", self._at_once(lambda wish: story.turn(on=bool(wish.get("on")))))
        self._through.add_to(router)

    async def _move(self, wish: Wish) -> None:
        instant = as_instant(str(wish.get("to")))
        if instant is None:
            raise RefusedError("an instant like 2027-01-01T00:00+09:00 is wanted")
        await self.board.move_to(instant)

    def _order(self, act: Callable[[Wish], Awaitable[None]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            wish = await _wish(request)
            self.story.touch()
            order = asyncio.ensure_future(_refusal_of(act(wish)))
            self._orders.add(order)
            order.add_done_callback(self._done)
            refusal = await asyncio.shield(order)  # a page that leaves stops nothing half-way
            if refusal is not None:
                return web.json_response({"error": refusal}, status=409)
            return web.json_response(self._state())

        return handle

    def _done(self, order: asyncio.Future[str | None]) -> None:
        self._orders.discard(order)
        self.story.touch()  # however long it took: a visitor looks at what came of it

    def _at_once(self, act: Callable[[Wish], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            act(await _wish(request))
            return web.json_response(self._state())

        return handle

    async def _page(self, request: web.Request) -> web.Response:
        asked = request.query.get("lang", self._config.language)
        language = asked if asked in _LANGUAGES else self._config.language
        headers = {"Cache-Control": "no-store", "Content-Language": language}
        if not await self._through.answers():
            return web.Response(status=503, text=_NOT_READY, content_type="text/html", headers=headers)
        page = self._index.replace("{{lang}}", language).replace("{{title}}", self._titles[language])
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _follow(self, request: web.Request) -> web.WebSocketResponse:
        """The state at every change, for as long as the page is there."""
        socket = web.WebSocketResponse(compress=False, heartbeat=20.0, max_msg_size=REQUEST_BYTES_MAX)
        await socket.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        if len(self._pages) >= PAGES_MAX:
            await socket.close(code=4409, drain=False)
            return socket
        self._pages.add(task)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._tell, socket, request)
                async for _ in socket:
                    pass  # pages order by POST
                group.cancel_scope.cancel()
        finally:
            self._pages.discard(task)
        return socket

    async def _tell(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        while not socket.closed:
            changed = self._changed
            try:
                async with self._clock.timeout(SEND_SECONDS_MAX):
                    await socket.send_str(json.dumps(self._state(), ensure_ascii=False))
            except TimeoutError:
                reset(request.transport)  # a page that takes nothing would keep its place
                return
            except ConnectionError:
                return
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(STATE_SECONDS):
                    await changed.wait()

    def _state(self) -> dict[str, Any]:
        return {**self.board.state, "story": self.story.state}

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def _refusal_of(order: Awaitable[None]) -> str | None:
    """Does it; the site's own sentence where it says no."""
    try:
        await order
    except ShowError as error:
        return str(error)
    return None


async def _wish(request: web.Request) -> Wish:
    try:
        wish = json.loads(await request.read() or b"{}")
    except ValueError:
        raise web.HTTPBadRequest(text="An order is a JSON object.") from None
    if not isinstance(wish, dict):
        raise web.HTTPBadRequest(text="An order is a JSON object.")
    return wish
