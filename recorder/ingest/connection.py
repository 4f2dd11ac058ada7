"""One connection to a camera: moves bytes between a socket and an RtspSession, and keeps the session alive.

While nobody waits for each picture, SO_RCVLOWAT keeps the kernel from waking us for it, and a Collector reads what has
come, ten times a second. Over UDP each datagram wakes us.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import anyio

from gate.clock import Clock
from recorder.beat import next_beat
from recorder.ingest.collector import Collector
from recorder.ingest.errors import (
    ConnectionLostError,
    IngestError,
    RefusedError,
    StalledError,
    UnreachableError,
)
from recorder.ingest.rates import RateMeter, Rates
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.session import RtspSession
from recorder.ingest.rtsp.session_events import Closed, Playing
from recorder.ingest.rtsp.session_sound import SoundEvent
from recorder.ingest.rtsp.transport import TransportKind
from recorder.ingest.udp import UdpPorts, bind_ports

BATCH_BYTES_MAX = 96 << 10
"""So much wakes us in any case: 8 Mbit/s reach it between two collections."""
CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 10.0
"""From the connection to the camera's answer to PLAY."""
TEARDOWN_SECONDS_MAX = 1.0
TICK_SECONDS = 0.5
REPORT_SECONDS = 5.0
KEY_REQUEST_SECONDS_MIN = 0.5
"""A request for a key frame is not repeated sooner, unless one has come."""
RTSP_PORT = 554
_NEVER_NS = -(1 << 62)


class RtspConnection(asyncio.BufferedProtocol):
    """`run` once. `on_picture(picture, arrival_ns)` gets each picture, `on_sound` what happens with sound;
    `on_tick(now_ns)` is called twice a second while the stream plays. `packet_seconds_max`: the stream has stalled when
    no RTP packet has come for so long. `rates`: measured, None at first."""

    def __init__(
        self,
        session: RtspSession,
        *,
        url: str,
        clock: Clock,
        on_picture: Callable[[Picture, int], None],
        on_sound: Callable[[SoundEvent, int], None],
        on_tick: Callable[[int], None],
        packet_seconds_max: float,
        collector: Collector,
        transport: TransportKind = "tcp",
    ) -> None:
        self.session = session
        self.rates: Rates | None = None
        self._clock = clock
        self._on_picture = on_picture
        self._on_sound = on_sound
        self._on_tick = on_tick
        self._packet_ns_max = round(packet_seconds_max * 1e9)
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or RTSP_PORT
        self._collector = collector
        self._buffer = collector.buffer
        self._left = b""
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._playing: asyncio.Future[Playing]
        self._over: asyncio.Future[IngestError | Exception]
        self._closed = asyncio.Event()
        self._over_udp = transport == "udp"
        self._ports: UdpPorts | None = None
        self._sound_ports: UdpPorts | None = None
        self._meter = RateMeter()
        self._batching = self._collected = False
        self._key_requested_ns = _NEVER_NS

    async def run(self) -> None:
        """Connects and plays until the stream is over. Always raises: IngestError, or CancelledError; TEARDOWN is
        sent either way."""
        loop = asyncio.get_running_loop()
        self._playing, self._over = loop.create_future(), loop.create_future()
        await self._connect()
        try:
            if self._over_udp:
                await self._open_ports()
            self.session.start()
            self._flush()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_house)
                failure = await self._over
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._tear_down()
        raise failure

    def set_batching(self, allowed: bool) -> None:
        """Whether pictures may arrive a little later, several at a time. Off takes effect at once."""
        self._batching = allowed
        self._choose_waking()

    def request_key(self) -> None:
        """Asks the camera for a key frame; again only when it has come, or after half a second."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._key_requested_ns >= KEY_REQUEST_SECONDS_MIN * 1e9 and self.session.request_key():
            self._key_requested_ns = now_ns
            self._flush()

    def give_up(self, error: IngestError) -> None:
        """Ends the connection for this reason."""
        self._fail(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._socket = transport.get_extra_info("socket")

    def connection_lost(self, exc: Exception | None) -> None:
        self._collector.remove(self._collect)
        self._transport = None
        self._socket = None
        self._closed.set()
        self._fail(ConnectionLostError("The connection to the camera was lost."))

    def get_buffer(self, sizehint: int) -> memoryview:
        left = self._left  # loops read and call `buffer_updated` at once: no other connection comes in between
        if not left:
            return self._buffer
        self._buffer[: len(left)] = left
        return self._buffer[len(left) :]

    def buffer_updated(self, nbytes: int) -> None:
        self._meter.bytes += nbytes
        stop = len(self._left) + nbytes
        now_ns = self._clock.monotonic_ns()
        try:
            done = self.session.receive(self._buffer[:stop], now_ns)
            self._left = bytes(self._buffer[done:stop])
            self._take_up(now_ns)
        except Exception as error:  # whatever it is, it ends this connection and no other
            self._fail(error)
            self._left = b""

    def _collect(self) -> None:
        if self._socket is None or self._transport is None or self._transport.is_closing():
            return
        with contextlib.suppress(OSError):  # nothing has come; or a failure, which the transport tells
            nbytes = os.readv(self._socket.fileno(), (self.get_buffer(-1),))
            if nbytes:
                self.buffer_updated(nbytes)

    def _take_up(self, now_ns: int) -> None:
        """What the session has made of the bytes."""
        session = self.session
        if session.events:
            events, session.events = session.events, []
            for event in events:
                if isinstance(event, Picture):
                    self._meter.pictures += 1
                    if event.key:
                        self._key_requested_ns = _NEVER_NS
                    self._on_picture(event, now_ns)
                elif isinstance(event, Playing):
                    self._playing.set_result(event)
                elif isinstance(event, Closed):
                    self._closed.set()
                else:
                    self._on_sound(event, now_ns)
        if session.lacks_key:
            self.request_key()
        if session.outgoing or session.outgoing_rtcp:
            self._flush()

    def _on_datagram(self, receive: Callable[[bytes, int], None], packet: bytes) -> None:
        self._meter.bytes += len(packet)
        now_ns = self._clock.monotonic_ns()
        try:
            receive(packet, now_ns)
            self._take_up(now_ns)
        except Exception as error:
            self._fail(error)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        where = f"{self._host}:{self._port}"
        try:
            async with self._clock.timeout(CONNECT_SECONDS_MAX):
                await loop.create_connection(lambda: self, self._host, self._port)
        except TimeoutError:
            raise UnreachableError(f"The camera does not answer at {where}.") from None
        except ConnectionRefusedError:
            raise RefusedError(f"Nothing accepts connections at {where}.") from None
        except OSError as error:
            raise UnreachableError(f"The camera cannot be reached at {where}: {error.strerror or error}.") from None

    async def _open_ports(self) -> None:
        assert self._socket is not None
        local, camera = self._socket.getsockname()[0], self._socket.getpeername()[0]
        self._ports = ports = bind_ports(local, camera, self._socket.family)
        self._sound_ports = sound_ports = bind_ports(local, camera, self._socket.family)
        session, take = self.session, self._on_datagram
        await ports.open(partial(take, session.receive_rtp), partial(take, session.receive_rtcp))
        await sound_ports.open(partial(take, session.receive_sound_rtp), partial(take, session.sound.rtcp))
        session.use_udp(ports.pair, sound_ports.pair)

    async def _keep_house(self) -> None:
        """Timers of a session: answer, keep-alive, receiver reports, batching, watchdog."""
        try:
            async with self._clock.timeout(ANSWER_SECONDS_MAX):
                playing = await self._playing
        except TimeoutError:
            self._fail(StalledError("The camera accepts the connection but does not answer."))
            return
        now_ns = self._clock.monotonic_ns()
        keep_alive_ns = now_ns + round(playing.keep_alive_seconds * 1e9)
        report_ns = now_ns + round(REPORT_SECONDS * 1e9)
        packets, packet_ns = 0, now_ns
        while not self._over.done():
            await next_beat(self._clock, TICK_SECONDS)
            now_ns = self._clock.monotonic_ns()
            assert self.session.stream is not None
            received = self.session.stream.receiver.received
            if received != packets:
                packets, packet_ns = received, now_ns
            elif now_ns - packet_ns >= self._packet_ns_max:
                self._fail(StalledError(f"Nothing has come from the camera for {self._packet_ns_max / 1e9:.0f} s."))
                return
            if now_ns >= keep_alive_ns:
                keep_alive_ns = now_ns + round(playing.keep_alive_seconds * 1e9)
                try:
                    self.session.keep_alive()
                except IngestError as error:
                    self._fail(error)
                    return
                self._flush()
            if now_ns >= report_ns:
                report_ns = now_ns + round(REPORT_SECONDS * 1e9)
                self.session.report(now_ns)
                self._flush()
            self._on_datagram(self._release, b"")
            self.rates = self._meter.measure(now_ns)
            self._on_tick(now_ns)
            self._choose_waking()

    def _release(self, _: bytes, now_ns: int) -> None:
        self.session.release(now_ns)

    def _choose_waking(self) -> None:
        """By the kernel, or by the collector."""
        allowed = self._batching and self._collector.running and self.session.playing and not self._over_udp
        collected = allowed and self.rates is not None  # the first arrivals tell when pictures are taken
        if self._socket is None or collected == self._collected:
            return
        try:
            mark = BATCH_BYTES_MAX if collected else 1
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)
        except OSError:  # a socket just closed, or a system without the option: never batched then
            return
        self._collected = collected
        if collected:
            self._collector.add(self._collect)
        else:
            self._collector.remove(self._collect)

    def _flush(self) -> None:
        if self._transport is not None and self.session.outgoing:
            self._transport.write(b"".join(self.session.outgoing))
        self.session.outgoing.clear()
        if self._ports is not None and self.session.outgoing_rtcp:
            if self.session.peer_ports is not None:
                self._ports.send_rtcp(self.session.outgoing_rtcp, self.session.peer_ports.rtcp)
            self.session.outgoing_rtcp.clear()
        if self._sound_ports is not None and self.session.outgoing_sound_rtcp:
            if self.session.sound.peer_ports is not None:
                self._sound_ports.send_rtcp(self.session.outgoing_sound_rtcp, self.session.sound.peer_ports.rtcp)
            self.session.outgoing_sound_rtcp.clear()

    def _fail(self, error: Exception) -> None:
        if not self._over.done():
            self._over.set_result(error)

    async def _tear_down(self) -> None:
        self._batching = False
        self._choose_waking()
        try:
            if self._transport is not None and not self._transport.is_closing() and self.session.teardown():
                self._flush()
                async with self._clock.timeout(TEARDOWN_SECONDS_MAX):
                    await self._closed.wait()
        except (TimeoutError, IngestError):
            pass  # said goodbye; it need not be heard
        finally:
            if self._transport is not None:
                self._transport.abort()
            for ports in (self._ports, self._sound_ports):
                if ports is not None:
                    ports.close()
