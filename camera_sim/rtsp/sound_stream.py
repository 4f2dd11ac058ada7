"""The sound beside a stream's pictures: one scheduler that sends each packet at its time to every receiver."""

import asyncio
import logging
from collections.abc import Callable

from camera_sim.pacer import Pacer
from camera_sim.rtsp.delivery import RtpDelivery
from camera_sim.sound.track import Track
from gate.clock import Clock

_log = logging.getLogger(__name__)

_SLEEP_SECONDS_MIN = 0.001


class SoundStream:
    """A track, heard at the same time as what is seen: packet `n mod packets` is sent when `n = floor(utc × rate)`.
    RTP time counts samples evenly; what a step of the clock passes over is not caught up."""

    def __init__(self, track: Track, clock: Clock, camera_ns: Callable[[], int]) -> None:
        self.track = track
        self.form = track.form
        self._clock = clock
        self._camera_ns = camera_ns
        self.audience: dict[RtpDelivery, None] = {}
        self._joined = asyncio.Event()

    def join(self, receiver: RtpDelivery) -> None:
        """Sends to a receiver from the next packet on."""
        self.audience[receiver] = None
        self._joined.set()

    def leave(self, receiver: RtpDelivery) -> None:
        """Sends to it no more."""
        self.audience.pop(receiver, None)

    async def run(self) -> None:
        """For ever."""
        pacer = Pacer(self.form.rate, self._clock.monotonic_ns(), self._camera_ns())
        while True:
            if not self.audience:
                self._joined.clear()
                await self._joined.wait()
                pacer.resume(self._clock.monotonic_ns())
            tick = pacer.next(self._clock.monotonic_ns(), self._camera_ns())
            while (left_ns := tick.due_ns - self._clock.monotonic_ns()) > 0:
                await self._clock.sleep(max(left_ns / 1e9, _SLEEP_SECONDS_MIN))
            if self.track.packets:
                packets = self.track.packets[tick.n % self.form.packets]
                ago_ns = self._clock.monotonic_ns() - tick.due_ns
                for receiver in tuple(self.audience):
                    receiver.send(packets, key=True, rtp=tick.counter * self.form.packet_samples, ago_ns=ago_ns)
