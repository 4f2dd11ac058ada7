"""A live stream: one scheduler that picks each picture at its time and hands it to every receiver."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from camera_sim.clips.loop import Loop
from camera_sim.clips.rekey import Rekeyer
from camera_sim.marks import PictureMark, build_sei
from camera_sim.pacer import RTP_HZ, Pacer, Tick
from camera_sim.rtsp import sdp
from camera_sim.rtsp.auth import Account
from camera_sim.rtsp.delivery import RtpDelivery
from camera_sim.rtsp.message import Request
from camera_sim.rtsp.packetizer import join, packetize
from camera_sim.rtsp.picker import Choice, Picker, Picks
from camera_sim.rtsp.responder import Reply, Responder, TransportName
from camera_sim.rtsp.senders import Sender
from camera_sim.rtsp.sound_stream import SoundStream
from camera_sim.sd_card.slot import CardSlot
from camera_sim.sound.track import Track
from gate.clock import Clock

_log = logging.getLogger(__name__)

_SLEEP_SECONDS_MIN = 0.001
"""uvloop rounds timers down to a millisecond: a shorter sleep would spin."""


class StreamFaults(Protocol):
    """What is wrong with a stream at the moment."""

    def describe(self, sdp: bytes) -> bytes:
        """The description that is told."""

    def route(self, sender: Sender, track: int = 0) -> Sender:
        """The way that a new receiver's packets take; `track` 1 is sound."""

    def answer(self, responder: Responder, request: Request) -> Reply | str | None:
        """`reset`, `silence` or a reply; None: as usual."""


class LiveStream:
    """`camera` and `name` (`main` or `sub`) of a loop; `title` is for its description. `run` plays while somebody
    receives."""

    def __init__(
        self,
        camera: str,
        name: str,
        loop: Loop,
        rekeyer: Rekeyer,
        clock: Clock,
        *,
        title: str,
        account: Account | None = None,
        transports: tuple[TransportName, ...] = ("tcp", "udp"),
        sound: Track | None = None,
    ) -> None:
        self.camera, self.name, self.title = camera, name, title
        self.loop = loop
        self._clock = clock
        self.account = account
        self.transports = transports
        self.camera_ns: Callable[[], int] = clock.now_ns
        """The camera's own wall time."""
        self.rekeyer = rekeyer
        self.sound = None if sound is None else SoundStream(sound, clock, lambda: self.camera_ns())
        self.picks: Picks = Picker(self.label, loop, rekeyer, clock)
        self.audience: dict[RtpDelivery, None] = {}
        self.faults: StreamFaults | None = None
        """Looked at when a request comes or a session opens, never for a picture."""
        self.card: CardSlot | None = None
        """Where the pictures are recorded too, watched or not."""
        self._codec = loop.film.codec
        self._pacer = Pacer(loop.film.fps, clock.monotonic_ns(), self.camera_ns())
        self._joined = asyncio.Event()
        self._last: Tick | None = None

    @property
    def label(self) -> str:
        """For logs: camera and stream."""
        return f"{self.camera} {self.name}"

    @property
    def receivers(self) -> int:
        """How many there are now."""
        return len(self.audience)

    @property
    def dropped_pictures(self) -> int:
        """How many the present receivers did not get, because they were too slow."""
        return sum(receiver.dropped_pictures for receiver in self.audience)

    @property
    def last_picture(self) -> dict[str, int] | None:
        """`n` and `counter` of the last one, while somebody receives."""
        return None if self._last is None else {"n": self._last.n, "counter": self._last.counter}

    def sdp(self, host: str) -> bytes:
        """The session description; the loop must be ready."""
        text = sdp.describe(
            title=self.title,
            session=self.camera_ns() // 1000,
            host=host,
            parameter_sets=self.loop.parameter_sets,
            fps=float(self.loop.film.fps),
            bitrate=self.loop.film.bitrate,
            codec=self._codec,
            sound=self.sound.form if self.sound else None,
        )
        return text if self.faults is None else self.faults.describe(text)

    def join(self, receiver: RtpDelivery, track: int = 0) -> None:
        """Sends a track to a receiver: pictures (0) from the next key frame on, which is made soon, or sound (1)."""
        if track:
            assert self.sound is not None  # SETUP has looked
            self.sound.join(receiver)
            return
        self.audience[receiver] = None
        self._joined.set()
        self.want_key()

    def leave(self, receiver: RtpDelivery) -> None:
        """Sends to it no more. A receiver that never joined may leave."""
        self.audience.pop(receiver, None)
        if self.sound is not None:
            self.sound.leave(receiver)

    @property
    def tracks(self) -> int:
        """How many there are: pictures, and sound if there is any."""
        return 1 if self.sound is None else 2

    def want_key(self) -> None:
        """Makes one of the next pictures a key frame."""
        self.picks.want_key()

    async def run(self) -> None:
        """The scheduler of the pictures, for ever; the sound has its own."""
        while True:
            if not self.audience and self.card is None:
                self.picks.rest()
                self._last = None
                self._joined.clear()
                await self._joined.wait()
                self._pacer.resume(self._clock.monotonic_ns())
            await self._play_one()

    async def _play_one(self) -> None:
        tick = self._pacer.next(self._clock.monotonic_ns(), self.camera_ns())
        while (left_ns := tick.due_ns - self._clock.monotonic_ns()) > 0:
            await self._clock.sleep(max(left_ns / 1e9, _SLEEP_SECONDS_MIN))
        if self._last is not None and tick.n != self._last.n + 1:
            _log.info("%s: picture %s follows %s (clock step or late)", self.label, tick.n, self._last.n)
        self._last = tick
        choice = self.picks.pick(tick)
        if choice is not None:
            self._send(tick, choice)

    def _send(self, tick: Tick, choice: Choice) -> None:
        picture = choice.picture
        mark = PictureMark(
            camera=self.camera,
            stream=self.name,
            n=tick.n,
            counter=tick.counter,
            utc_us=tick.utc_us,
            state=choice.state,
            crc32=picture.crc32,
        )
        message = build_sei(mark, self._codec)
        if self.card is not None:
            self.card.send(tick, choice, message, self._codec)
        sei = packetize((message,), self._codec, last=False)
        packets = join((picture.head, sei, picture.body))
        ago_ns = self._clock.monotonic_ns() - tick.due_ns - picture.shift * 1_000_000_000 // RTP_HZ
        for receiver in tuple(self.audience):
            receiver.send(packets, key=picture.key, rtp=tick.rtp + picture.shift, ago_ns=ago_ns)
