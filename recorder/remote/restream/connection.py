"""One RTSP client on its connection: its requests are read and answered, its pictures sent by a Player.

1. Whoever is not licensed is refused with 403 and the problem object; at X, BYE and the end of the connection.
2. A message must be whole MESSAGE_SECONDS_MAX after it began; who neither plays nor asks is dropped after
   IDLE_SECONDS_MAX.
3. Where a sign-in is asked for, every request but OPTIONS carries it; after WRONG_LOGINS_MAX wrong ones it is over.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import Container, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import anyio

from gate.client.errors import LeaseDeniedError
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from gate.peer import bound_kernel_buffer, drain, reset
from recorder.hub import Dropped
from recorder.ingest.errors import MessageError
from recorder.ingest.rtsp.message import Request
from recorder.media.access_unit import VideoFormat
from recorder.remote.restream.door import Door, Guest
from recorder.remote.restream.player import Player
from recorder.remote.restream.requests import Inbox, answer, place_of
from recorder.remote.restream.responder import Reply, Responder
from recorder.web.language import choose_language
from recorder.web.problem import Problem, own_problem
from recorder.web.served import Served
from recorder.web.viewers import Viewers

READ_BYTES = 4 << 10
WRITER_BYTES_MAX = 64 << 10
MESSAGE_SECONDS_MAX = 10.0
IDLE_SECONDS_MAX = 60.0
FORMAT_SECONDS_MAX = 5.0
"""How long a description waits for a camera that has shown nothing yet."""
LAST_SECONDS_MAX = 0.5
"""How long the last words may take to leave."""
PART_SECONDS_MAX = 5.0
"""How long a client may take to see that it was the end."""
WRONG_LOGINS_MAX = 3

_CNAME = "edge-recorder"
_NEVER_SECONDS = 86_400.0

_log = logging.getLogger(__name__)


class Connection:
    """`run` it once."""

    def __init__(
        self,
        *,
        served: Served,
        viewers: Viewers,
        door: Door,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._served = served
        self._viewers = viewers
        self._door = door
        self._reader = reader
        self._writer = writer
        self._inbox = Inbox()
        self._address = str(_host(writer.get_extra_info("peername")))
        host = _host(writer.get_extra_info("sockname"))
        self._responder = Responder(host=host, streams_of=self._streams_of, random_32=lambda: secrets.randbits(32))
        self._playing: anyio.CancelScope | None = None
        self._admitted: tuple[str, str, Guest] | None = None
        self._wrong_logins = 0

    async def run(self) -> None:
        """Until the client leaves, or has to."""
        transport = self._writer.transport
        transport.set_write_buffer_limits(high=WRITER_BYTES_MAX)
        bound_kernel_buffer(transport)
        try:
            async with anyio.create_task_group() as group:
                await self._converse(group)
                group.cancel_scope.cancel()
            await self._part()
        except* (ConnectionError, TimeoutError):
            reset(transport)
        finally:
            self._writer.close()

    async def _part(self) -> None:
        """Lets what was said last arrive: a connection that is closed on unread bytes (a receiver report) is reset."""
        transport = self._writer.transport
        await drain(transport, self._served.clock, LAST_SECONDS_MAX)
        if transport.is_closing():
            return
        with contextlib.suppress(TimeoutError, OSError):
            self._writer.write_eof()
            async with self._served.clock.timeout(PART_SECONDS_MAX):
                while await self._reader.read(READ_BYTES):
                    pass

    async def _converse(self, group: anyio.abc.TaskGroup) -> None:
        try:
            while (request := await self._request()) is not None:
                if not await self._serve(request, group):
                    return
        except MessageError as error:
            _log.info("rtsp %s: %s", self._address, error)
            self._writer.write(answer(400, None))

    async def _request(self) -> Request | None:
        """The next request; None if there will be none."""
        clock = self._served.clock
        since_ns = clock.monotonic_ns()
        while (request := self._inbox.take()) is None:
            most = MESSAGE_SECONDS_MAX if self._inbox.unfinished else IDLE_SECONDS_MAX
            if self._playing is not None and not self._inbox.unfinished:
                most = _NEVER_SECONDS
                since_ns = clock.monotonic_ns()
            try:
                async with clock.timeout(most - (clock.monotonic_ns() - since_ns) / 1e9):
                    data = await self._reader.read(READ_BYTES)
            except TimeoutError:
                _log.info("rtsp %s: says nothing; its connection is ended", self._address)
                return None
            if not data:
                return None
            if not self._inbox.unfinished:
                since_ns = clock.monotonic_ns()
            self._inbox.feed(data)
        return request

    async def _serve(self, request: Request, group: anyio.abc.TaskGroup) -> bool:
        """Answers; whether the conversation goes on."""
        guest = None if request.method == "OPTIONS" else await self._admit(request)
        if guest is None and request.method != "OPTIONS":
            self._wrong_logins += request.headers.get("authorization") is not None
            asked = {"WWW-Authenticate": 'Basic realm="edge-recorder", charset="UTF-8"'}
            self._writer.write(self._responder.refuse(401, request, asked).data)
            return self._wrong_logins < WRONG_LOGINS_MAX
        reply = self._responder.answer(request)
        match reply.action:
            case "describe":
                reply = await self._described(request)
            case "play":
                assert guest is not None
                reply = self._played(request, guest, group)
            case "pause" if self._playing is not None:
                self._playing.cancel()
        self._writer.write(reply.data)
        await self._writer.drain()
        return reply.action != "teardown"

    async def _admit(self, request: Request) -> Guest | None:
        """Who asks. A password that was right is not looked at again for the same camera, while its user stays."""
        place = place_of(request.url)
        playing = self._responder.stream  # a keep-alive may name nothing
        camera = place.camera if place is not None else playing[0] if playing is not None else ""
        given = request.headers.get("authorization") or ""
        if self._admitted is not None:
            *known, guest = self._admitted
            if known == [given, camera] and self._door.still_admits(guest):
                return guest
        found = await self._door.admit(given, camera, self._address)
        self._admitted = (given, camera, found) if found is not None else None
        return found

    async def _described(self, request: Request) -> Reply:
        place = place_of(request.url)
        assert place is not None
        found: VideoFormat | None = None
        try:
            async with self._served.gate.lease(Feature.REMOTE_LIVE, place.camera) as lease:
                feed, now_ns = self._served.hub.feed(place.camera, place.stream), self._served.clock.monotonic_ns()
                with feed.subscribe(lease, now_ns=now_ns) as subscription:
                    async with self._served.clock.timeout(FORMAT_SECONDS_MAX):
                        async for item in subscription:
                            if not isinstance(item, Dropped):
                                found = item.format
                                break
            denial = lease.denial
        except LeaseDeniedError as error:
            denial = error.denial
        except TimeoutError:
            denial = None
        if denial is not None:
            return self._denied(request, denial)
        if found is None:
            return self._refused(503, request, own_problem("no_picture", self._language(request), camera=place.camera))
        return self._responder.describe(request, found, self._served.board.cameras[place.camera].name)

    def _played(self, request: Request, guest: Guest, group: anyio.abc.TaskGroup) -> Reply:
        assert self._responder.stream is not None and self._responder.format is not None
        camera, stream = self._responder.stream
        decision = self._served.gate.decide(Feature.REMOTE_LIVE, camera)
        if isinstance(decision, Denied):
            return self._denied(request, decision)
        if not self._viewers.enter():
            _log.warning("camera %s: an RTSP client was refused, as many as may are watching", camera)
            return self._refused(503, request, own_problem("too_many_viewers", self._language(request)))
        reply, packetizer = self._responder.play(request, _CNAME)
        player = Player(
            served=self._served,
            writer=self._writer,
            camera=camera,
            stream=stream,
            described=self._responder.format,
            packetizer=packetizer,
            still_admitted=partial(self._door.still_admits, guest),
        )
        scope = self._playing = anyio.CancelScope()
        group.start_soon(self._play, player, guest, scope, group.cancel_scope)
        return reply

    async def _play(self, player: Player, guest: Guest, scope: anyio.CancelScope, whole: anyio.CancelScope) -> None:
        try:
            with scope, self._door.watching(guest.actor, player.camera) as stay:
                with stay.scope:
                    await player.run()
                whole.cancel()
        finally:
            self._viewers.leave()
            if self._playing is scope:
                self._playing = None

    def _denied(self, request: Request, denial: Denied) -> Reply:
        zone = ZoneInfo(self._served.config.device.time_zone)
        return self._refused(403, request, problem(denial, self._language(request), zone))

    def _refused(self, status: int, request: Request, why: Problem) -> Reply:
        headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        return self._responder.refuse(status, request, headers, json.dumps(why, ensure_ascii=False).encode())

    def _language(self, request: Request) -> Language:
        return choose_language(
            query=None,
            accept_language=request.headers.get("accept-language"),
            default=self._served.config.device.language,
        )

    def _streams_of(self, camera: str) -> Container[str]:
        known = self._served.board.cameras.get(camera)
        return known.streams if known else ()


def _host(name: Sequence[object] | None) -> str:
    return str(name[0]) if name else "127.0.0.1"
