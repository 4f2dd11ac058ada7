"""A live stream: one scheduler that picks each picture at its time and hands it to every receiver."""

import asyncio
import logging

from camera_sim.clips.loop import Loop, SendablePicture, sendable
from camera_sim.clips.rekey import Job, Rekeyer
from camera_sim.marks import PictureMark, build_sei
from camera_sim.pacer import Pacer, Tick
from camera_sim.rtsp import sdp
from camera_sim.rtsp.delivery import RtpDelivery
from camera_sim.rtsp.packetizer import join, packetize
from gate.clock import Clock

_log = logging.getLogger(__name__)

STATE = "idle"
"""The scene's state in the marks; there is one only."""
KEY_INTERVAL_NS_MIN = 300_000_000
"""Key frames on request come no faster, however many clients ask."""
_SLEEP_SECONDS_MIN = 0.001
"""uvloop rounds timers down to a millisecond: a shorter sleep would spin."""


class LiveStream:
    """`camera` and `name` (`main` or `sub`) of a loop. `run` plays while somebody receives."""

    def __init__(self, camera: str, name: str, loop: Loop, rekeyer: Rekeyer, clock: Clock) -> None:
        self.camera, self.name = camera, name
        self.loop = loop
        self._rekeyer = rekeyer
        self._clock = clock
        self._show = loop.recipe.show
        self._pacer = Pacer(self._show.fps, clock.monotonic_ns(), clock.now_ns())
        self._receivers: dict[RtpDelivery, None] = {}
        self._joined = asyncio.Event()
        self._last: Tick | None = None
        self._key_wanted = False
        self._job: Job | None = None
        """Whose pictures are sent in place of the cached ones, to the end of the group."""
        self._coming: Job | None = None
        """The one that takes over at its first picture."""
        self._key_due_ns = 0
        self._stalled = 0

    @property
    def label(self) -> str:
        """For logs: camera and stream."""
        return f"{self.camera} {self.name}"

    @property
    def receivers(self) -> int:
        """How many there are now."""
        return len(self._receivers)

    def sdp(self, host: str) -> bytes:
        """The session description; the loop must be ready."""
        return sdp.describe(
            title=self.label,
            session=self._clock.now_ns() // 1000,
            host=host,
            parameter_sets=self.loop.parameter_sets,
            fps=self._show.fps,
            bitrate=self.loop.recipe.bitrate,
        )

    def join(self, receiver: RtpDelivery) -> None:
        """Sends to a receiver from the next key frame on, and makes one soon."""
        self._receivers[receiver] = None
        self._joined.set()
        self.want_key()

    def leave(self, receiver: RtpDelivery) -> None:
        """Sends to it no more. A receiver that never joined may leave."""
        self._receivers.pop(receiver, None)

    def want_key(self) -> None:
        """Makes one of the next pictures a key frame."""
        self._key_wanted = True
        self._begin_rekey()

    async def run(self) -> None:
        """The scheduler, for ever."""
        while True:
            if not self._receivers:
                self._cancel_rekey()
                self._last = None
                self._joined.clear()
                await self._joined.wait()
            await self._play_one()

    async def _play_one(self) -> None:
        tick = self._pacer.next(self._clock.monotonic_ns(), self._clock.now_ns())
        gop = tick.n % self._show.pictures // self._show.gop_pictures
        self.loop.want(gop, (gop + 1) % self._show.gops)
        while (left_ns := tick.due_ns - self._clock.monotonic_ns()) > 0:
            await self._clock.sleep(max(left_ns / 1e9, _SLEEP_SECONDS_MIN))
        if self._last is not None and tick.n != self._last.n + 1:
            _log.info("%s: picture %s follows %s (clock step or late)", self.label, tick.n, self._last.n)
            self._skip()
        self._last = tick
        picture = self._pick(tick)
        if picture is None:
            self._stall()
            return
        self._stalled = 0
        if picture.key:
            self._key_wanted = False
            self._key_due_ns = tick.due_ns + KEY_INTERVAL_NS_MIN
        self._send(tick, picture)
        if self._key_wanted:
            self._begin_rekey()

    def _pick(self, tick: Tick) -> SendablePicture | None:
        """The picture of this tick; None if there is none to continue with."""
        gop, at = divmod(tick.n % self._show.pictures, self._show.gop_pictures)
        held = self.loop.held(gop)
        if held is None:
            return None
        if at == 0:
            self._cancel_rekey()
        coming = self._coming
        if coming is not None and at >= coming.first:
            self._coming = None
            if coming.picture(at) is None:
                coming.cancelled.set()
            else:
                self._job = coming
        if self._job is None:
            return held.pictures[at]
        made = self._job.picture(at)
        if made is None:
            return None
        return sendable(made, held.gop.parameter_sets if at == self._job.first else ())

    def _send(self, tick: Tick, picture: SendablePicture) -> None:
        mark = PictureMark(
            camera=self.camera,
            stream=self.name,
            n=tick.n,
            counter=tick.counter,
            utc_us=tick.utc_us,
            state=STATE,
            crc32=picture.crc32,
        )
        packets = join((picture.head, packetize((build_sei(mark),), last=False), picture.body))
        for receiver in tuple(self._receivers):
            receiver.send(packets, key=picture.key, rtp=tick.rtp)

    def _stall(self) -> None:
        self._stalled += 1
        if self._stalled == self._show.fps:
            _log.warning("%s: no picture ready for a second: the loop is still being encoded", self.label)
        self._skip()

    def _skip(self) -> None:
        """Pictures are left out: every receiver needs a key frame to go on."""
        self._cancel_rekey()
        self._key_wanted = True
        for receiver in self._receivers:
            receiver.resync()

    def _begin_rekey(self) -> None:
        """Starts on a key frame at the first picture that can be ready in time, unless the group's end is as near."""
        now_ns = self._clock.monotonic_ns()
        if self._coming is not None or self._last is None or now_ns < self._key_due_ns:
            return
        gop, at = divmod(self._last.n % self._show.pictures, self._show.gop_pictures)
        held = self.loop.held(gop)
        frame_ns = 1_000_000_000 // self._show.fps
        first = at + 1 + (self._rekeyer.lead_ns(self.loop.recipe, at) + now_ns - self._last.due_ns) // frame_ns
        # Two key frames in a row would need different idr_pic_id (H.264 section 7.4.3).
        if held is not None and first < self._show.gop_pictures - 1:
            self._coming = self._rekeyer.start(held.gop, self.loop.recipe, first)

    def _cancel_rekey(self) -> None:
        for job in (self._job, self._coming):
            if job is not None:
                job.cancelled.set()
        self._job = self._coming = None
