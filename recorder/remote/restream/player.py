"""Sends one stream's pictures to one client under a lease, and ends them at X.

A new format in the same codec goes with its parameter sets in the stream; another codec or other sound ends the
session, as only a new description can tell it.
"""

import asyncio
import logging
from collections.abc import Callable

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.licence.features import Feature
from gate.peer import drain, reset
from recorder.hub import Dropped, Subscription
from recorder.media.access_unit import VideoFormat
from recorder.remote.restream.packets import Packetizer
from recorder.web.served import Served
from recorder.web.viewer import QUEUE_BYTES_MAX, QUEUE_UNITS_MAX, SEND_SECONDS_MAX, Lag

REPORT_NS = 5_000_000_000

_log = logging.getLogger(__name__)


class Player:
    """`described`: what the client was told of the stream. `still_admitted`: whether it may go on watching."""

    def __init__(
        self,
        *,
        served: Served,
        writer: asyncio.StreamWriter,
        camera: str,
        stream: str,
        described: VideoFormat,
        packetizer: Packetizer,
        still_admitted: Callable[[], bool],
    ) -> None:
        self._served = served
        self._writer = writer
        self.camera = camera
        self._stream = stream
        self._described = described
        self._packetizer = packetizer
        self._still_admitted = still_admitted
        self._feed = served.hub.feed(camera, stream)

    async def run(self) -> None:
        """Until the lease ends, the camera is taken out, or what comes is no longer what was described; then BYE.
        Cancelled, it just stops. Raises ConnectionError, and TimeoutError for a peer that reads nothing."""
        clock = self._served.clock
        try:
            async with self._served.gate.lease(Feature.REMOTE_LIVE, self.camera) as lease:
                now_ns = clock.monotonic_ns()
                with self._feed.subscribe(
                    lease, now_ns=now_ns, units_max=QUEUE_UNITS_MAX, bytes_max=QUEUE_BYTES_MAX
                ) as subscription:
                    await self._send(subscription, lease)
        except LeaseDeniedError:
            pass
        await self._end()

    async def _send(self, subscription: Subscription, lease: Lease) -> None:
        clock = self._served.clock
        lag, asked, run, reported_ns = Lag(clock.monotonic_ns()), False, None, None
        async for item in subscription:
            if clock.now_ns() >= lease.until_ns or not self._may_go_on():
                return
            if isinstance(item, Dropped):
                lag.add_lost(item.units)
                continue
            if item.format.codec != self._described.codec or item.format.sound != self._described.sound:
                return
            if not lag.passes(item, clock.monotonic_ns(), restart=item.run != run):
                if not asked:
                    asked = True
                    self._feed.want_key()
                continue
            asked, run = False, item.run
            if lost := lag.take_lost():
                _log.info("camera %s %s: a slow RTSP client lost %d pictures", self.camera, self._stream, lost)
            packets = self._packetizer.unit(item)
            if reported_ns is None or clock.monotonic_ns() - reported_ns >= REPORT_NS:
                packets = self._packetizer.report(clock.now_ns()) + packets
                reported_ns = clock.monotonic_ns()
            self._writer.write(packets)
            async with clock.timeout(SEND_SECONDS_MAX):
                await self._writer.drain()

    def _may_go_on(self) -> bool:
        return self.camera in self._served.board.cameras and self._still_admitted()

    async def _end(self) -> None:
        """BYE after what was written, or the end of a connection that does not take even that."""
        try:
            await drain(self._writer.transport, self._served.clock)
            self._writer.write(self._packetizer.bye())
        except TimeoutError:
            _log.info("camera %s %s: an RTSP client does not read; it is reset", self.camera, self._stream)
            reset(self._writer.transport)
