"""WS-Discovery on the wire: answers whoever looks for cameras, on one interface of this machine.

Rules
1. Only questions from this machine are answered: the cameras' addresses mean nothing elsewhere.
2. A question that comes again (clients repeat datagrams) is answered once.
3. Answers are spread over time, as many cameras' would be; QUESTIONS_MAX questions are under way at a time, further
   ones are dropped and counted.
"""

import asyncio
import logging
import socket
import struct
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from camera_sim.errors import ListenError
from camera_sim.onvif import discovery
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.discovery import GROUP, PORT, Probe, Resolve
from gate.clock import Clock

QUESTIONS_MAX = 32
REMEMBERED_MAX = 256
BETWEEN_ANSWERS_SECONDS = 0.002
_IP_MULTICAST_ALL = 49
"""Linux, <bits/in.h>: without it a socket hears groups that others have joined on other interfaces."""

Question = tuple[Probe | Resolve, tuple[str, int]]
_log = logging.getLogger(__name__)


class DiscoveryResponder(asyncio.DatagramProtocol):
    """Of all cameras of a fleet, on the interface with the address `interface`. `away`: cameras that are not there."""

    def __init__(self, interface: str, clock: Clock) -> None:
        self._interface = interface
        self._clock = clock
        self._cameras: tuple[OnvifCamera, ...] = ()
        self._away: Callable[[OnvifCamera], bool] = lambda _: False
        self._answering: deque[str] = deque(maxlen=REMEMBERED_MAX)
        self._questions: asyncio.Queue[Question] = asyncio.Queue(QUESTIONS_MAX)
        self._out: asyncio.DatagramTransport | None = None
        self.dropped = 0

    async def run(self, cameras: Iterable[OnvifCamera], away: Callable[[OnvifCamera], bool]) -> None:
        """Until cancelled. Says hello at its beginning, bye at its end. Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            own = _outgoing(self._interface)
            group = _incoming(self._interface)
        except OSError as error:
            raise ListenError(
                f"cameras cannot be discovered on {self._interface}: {error.strerror}; "
                "give discovery the address of an interface of this machine, or leave it out"
            ) from None
        self._cameras, self._away = tuple(cameras), away
        out, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=own)
        self._out = out
        listening, _ = await loop.create_datagram_endpoint(lambda: self, sock=group)
        try:
            for camera in self._cameras:
                self.hello(camera)
            while True:
                await self._answer(*await self._questions.get())
        finally:
            for camera in self._cameras:
                if not away(camera):
                    self.bye(camera)
            listening.close()
            out.close()
            self._out = None

    def hello(self, camera: OnvifCamera) -> None:
        """Tells everybody that a camera is there."""
        self._tell(discovery.hello(camera, _new_id()))

    def bye(self, camera: OnvifCamera) -> None:
        """Tells everybody that a camera leaves."""
        self._tell(discovery.bye(camera, _new_id()))

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        asker = (str(addr[0]), int(addr[1]))
        if not (asker[0].startswith("127.") or asker[0] == self._interface):  # rule 1
            return
        question = discovery.parse(data)
        if question is None or question.message_id in self._answering:
            return
        self._answering.append(question.message_id)
        try:
            self._questions.put_nowait((question, asker))
        except asyncio.QueueFull:
            self.dropped += 1
            _log.warning("discovery: too many questions at once; %s dropped so far", self.dropped)

    def error_received(self, exc: Exception) -> None:
        _log.debug("discovery: %s", exc)  # an asker that has gone

    async def _answer(self, question: Probe | Resolve, asker: tuple[str, int]) -> None:
        for camera in self._cameras:
            if self._out is None or self._away(camera) or not discovery.concerns(question, camera):
                continue
            self._out.sendto(discovery.answer(question, camera, _new_id()), asker)
            await self._clock.sleep(BETWEEN_ANSWERS_SECONDS)

    def _tell(self, datagram: bytes) -> None:
        if self._out is not None:
            self._out.sendto(datagram, (GROUP, PORT))


def _incoming(interface: str) -> socket.socket:
    """Bound to the group's address, so that it hears nothing but the group; shared with other programs of this kind."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((GROUP, PORT))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(interface))
        one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        one.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def _outgoing(interface: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.bind((interface, 0))
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def _new_id() -> str:
    return f"urn:uuid:{uuid.uuid4()}"
