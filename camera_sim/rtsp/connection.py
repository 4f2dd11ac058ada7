"""One client's TCP connection: bytes to messages, messages to the responder, the responder's wishes done."""

import asyncio
import functools
import logging
import secrets
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from camera_sim.errors import MessageError
from camera_sim.pacer import RTP_HZ
from camera_sim.rtsp import rtcp
from camera_sim.rtsp.delivery import QUEUE_BYTES_MAX, RtpDelivery
from camera_sim.rtsp.message import Frame, Parser, Request, response
from camera_sim.rtsp.responder import SERVER, Action, Offer, Reply, Responder
from camera_sim.rtsp.senders import Sender, TcpSender, UdpSender
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

_log = logging.getLogger(__name__)

PIPELINED_MAX = 64
"""Requests that wait behind one that cannot be answered yet; more close the connection."""
WRONG_ANSWERS_MAX = 10
"""Wrong passwords in a row; then the connection is closed."""
KERNEL_BUFFER_BYTES = 256 << 10
"""Small, so that a slow receiver is noticed after a second or two, not after megabytes."""
READY_SECONDS_MAX = 30.0
"""How long a client is held back while the first pictures are encoded; then 503."""
_ANSWERS_BYTES_MAX = QUEUE_BYTES_MAX + (128 << 10)
_NEVER_SILENT_NS = 1 << 62
_NEEDS_PICTURES = ("DESCRIBE", "SETUP", "PLAY")


class Connection(asyncio.Protocol):
    """`spawn` runs a coroutine in the server's task group; `on_closed` is called once at the end."""

    def __init__(
        self,
        streams: Mapping[str, LiveStream],
        clock: Clock,
        spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        on_open: Callable[["Connection"], bool],
        on_closed: Callable[["Connection"], None],
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._spawn = spawn
        self._on_open, self._on_closed = on_open, on_closed
        self._parser = Parser()
        self._inbox: deque[Request | MessageError] = deque()
        self._busy = False
        self._malformed = False
        self.stream: LiveStream | None = None
        """Of its session."""
        self._deliveries: dict[int, RtpDelivery] = {}
        self._rtcp_channels: dict[int, int] = {}
        """Of the tracks that are sent over the connection itself."""
        self.heard_ns = clock.monotonic_ns()
        """When the client last sent anything; monotonic."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self.peer = f"{peer[0]}:{peer[1]}" if peer else "?"
        self._peer_host, self._local_host = (peer[0] if peer else ""), local[0]
        self._responder = Responder(
            self._streams, host=local[0], session_id=secrets.token_hex(8), open_delivery=self._open_delivery
        )
        if not self._on_open(self):
            self._refuse(503, None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deliveries()
        self._on_closed(self)

    def data_received(self, data: bytes) -> None:
        self.heard_ns = self._clock.monotonic_ns()
        if self._malformed:
            return  # the refusal waits for the answers before it
        self._parser.feed(data)
        try:
            while not self._transport.is_closing() and (message := self._parser.next_message()) is not None:
                if isinstance(message, Frame):
                    if message.channel in self._rtcp_channels.values():
                        self._hear(message.payload)
                elif len(self._inbox) >= PIPELINED_MAX:
                    raise MessageError(503, f"more than {PIPELINED_MAX} requests at once", message.sequence)
                else:
                    self._inbox.append(message)
        except MessageError as error:
            self._malformed = True
            self._inbox.append(error)
        self._answer()

    def close(self) -> None:
        """Says goodbye and closes; what is queued is sent first, as far as the client reads it."""
        self._end_deliveries()
        self._transport.close()

    def abort(self) -> None:
        """Closes at once."""
        self._transport.abort()

    def reset(self) -> None:
        """Closes at once, and so that the client sees a reset, not an end."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def deafen(self) -> None:
        """Reads nothing any more, not even that the client has left."""
        self._transport.pause_reading()
        self.heard_ns = _NEVER_SILENT_NS

    def forget_session(self) -> None:
        """Sends no more and knows its session no more, without a word."""
        for delivery in self._deliveries.values():
            if self.stream is not None:
                self.stream.leave(delivery)
            delivery.sender.close()
        self._deliveries.clear()
        self._rtcp_channels.clear()
        self.stream = None
        self._responder.forget(secrets.token_hex(8))

    def _answer(self) -> None:
        while self._inbox and not self._busy and not self._transport.is_closing():
            item = self._inbox[0]
            if isinstance(item, MessageError):
                _log.info("%s: malformed request: %s", self.peer, item)
                self._refuse(item.status, item.sequence)
                return
            path = self._responder.source_of(item.uri)
            if path is not None and item.method in _NEEDS_PICTURES and not self._streams[path].loop.ready:
                self._busy = True
                self._spawn(functools.partial(self._wait_ready, path))
                return
            self._inbox.popleft()
            reply = self._reply_to(item, self.stream if path is None else self._streams[path])
            if reply is None:
                continue
            self._transport.write(reply.data)
            self._do(reply.action)
            if self._responder.wrong_answers >= WRONG_ANSWERS_MAX:
                _log.warning("%s: %s wrong passwords in a row; closed", self.peer, WRONG_ANSWERS_MAX)
                self.close()
            if self._transport.get_write_buffer_size() > _ANSWERS_BYTES_MAX:
                _log.warning("%s: asks but does not read the answers; closed", self.peer)
                self._transport.abort()

    def _reply_to(self, request: Request, stream: LiveStream | None) -> Reply | None:
        """The answer; None: there is none."""
        verdict = stream.faults.answer(self._responder, request) if stream is not None and stream.faults else None
        if verdict == "reset":
            self.reset()
        if isinstance(verdict, str):
            return None
        return verdict or self._responder.answer(request)

    async def _wait_ready(self, path: str) -> None:
        try:
            async with self._clock.timeout(READY_SECONDS_MAX):
                await self._streams[path].loop.wait_ready()
        except TimeoutError:
            if not self._transport.is_closing():  # the client may have gone long before us
                self._refuse(503, self._inbox[0].sequence)
        self._busy = False
        self._answer()

    def _refuse(self, status: int, sequence: str | None) -> None:
        self._transport.write(response(status, sequence, server=SERVER))
        self.close()

    def _open_delivery(self, path: str, track: int, offer: Offer) -> RtpDelivery | None:
        self._end_delivery(track)
        stream = self._streams[path]
        label = f"{stream.label} {'sound ' * track}to {self.peer}"
        sender: Sender
        if offer.transport == "tcp":
            sender = TcpSender(self._transport, offer.pair[0])
            self._rtcp_channels[track] = offer.pair[1]
        else:
            try:
                sender = UdpSender(self._local_host, self._peer_host, offer.pair, self._hear)
            except OSError as error:
                _log.warning("%s: %s", label, error)
                return None
        self.stream = stream
        route = sender if stream.faults is None else stream.faults.route(sender, track)
        hz = stream.sound.form.hz if track and stream.sound else RTP_HZ
        delivery = self._deliveries[track] = RtpDelivery(route, label, self._clock, lambda: stream.camera_ns(), hz)
        return delivery

    def _do(self, action: Action) -> None:
        if self.stream is None:
            return
        if action == "teardown":
            self._end_deliveries()
        for track, delivery in sorted(self._deliveries.items()):
            if action == "play":
                self.stream.join(delivery, track)
            elif action == "pause":
                self.stream.leave(delivery)
                delivery.pause()

    def _end_deliveries(self) -> None:
        for track in tuple(self._deliveries):
            self._end_delivery(track)
        self.stream = None

    def _end_delivery(self, track: int) -> None:
        delivery = self._deliveries.pop(track, None)
        self._rtcp_channels.pop(track, None)
        if self.stream is not None and delivery is not None:
            self.stream.leave(delivery)
            delivery.end()

    def _hear(self, packet: bytes) -> None:
        """RTCP: keeps the session alive, and may ask for a key frame."""
        self.heard_ns = self._clock.monotonic_ns()
        pictures = self._deliveries.get(0)
        if pictures is not None and self.stream is not None and pictures.ssrc in rtcp.parse(packet).key_wanted:
            self.stream.want_key()
