"""The sound of one connection: packets in; AAC frames, placed beside the pictures, out. It never holds these up."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.rtp import SenderReport, near
from recorder.ingest.rtsp.sdp_sound import SoundMedia
from recorder.ingest.rtsp.session_sound import SoundStart
from recorder.ingest.sound_clock import SoundClock
from recorder.ingest.sound_encoder import EncodedFrame, SoundEncoder

ENCODE_SECONDS = 0.1
"""So much G.711 is encoded at once: each time costs a change of threads."""
WAITING_SECONDS_MAX = 2.0
"""G.711 that waits for its encoder; more is dropped, and said."""

_log = logging.getLogger(__name__)

Encode = Callable[[SoundEncoder, list[SoundPacket]], list[EncodedFrame]]


class Sound:
    """`take` each packet. G.711 is encoded while `run` runs: to be cancelled at the end. `name`: camera and stream, for
    the log; `encode`: blocks, in a thread."""

    def __init__(
        self,
        media: SoundMedia,
        *,
        publisher: UnitPublisher,
        name: str,
        encode: Encode = SoundEncoder.encode,
    ) -> None:
        self.dropped = 0
        self._media = media
        self._publisher = publisher
        self._name = name
        self._encode = encode
        self._clock = SoundClock(media.clock)
        self._start: SoundStart | None = None
        self._waiting: deque[SoundPacket] = deque()
        self._waiting_samples = 0
        self._enough = asyncio.Event()
        publisher.set_sound(media.format)

    def take(self, packet: SoundPacket, arrival_ns: int) -> None:
        """What has come. `arrival_ns`: monotonic."""
        arrival_ticks = self._publisher.pictures_time_at(arrival_ns)
        if arrival_ticks is None:
            return  # before the first picture there is nothing for it to go with
        if packet.restarted:
            self._clock.restart()
        if self._start is not None:
            sound_time = near(self._start.sound, packet.timestamp)
            self._clock.started(sound_time, self._publisher.near(self._start.pictures))
            self._start = None
        is_aac = self._media.codec == "aac"
        end = packet.timestamp + (self._media.frame_ticks if is_aac else len(packet.data))
        self._clock.heard(end, arrival_ticks)
        if is_aac:
            self._publish(EncodedFrame(packet.data, packet.timestamp, end))
        else:
            self._wait(packet)

    def started(self, start: SoundStart) -> None:
        """What the camera's answer to PLAY says of how sound lies beside pictures."""
        self._start = start

    def reported(self, sound: SenderReport, sound_time: int, pictures: SenderReport, pictures_time: int) -> None:
        """The newest sender reports of both, with their timestamps unwrapped."""
        self._clock.reported(sound, sound_time, pictures, pictures_time)

    async def run(self) -> None:
        """Encodes what waits, until cancelled, or until encoding fails: the stream then has no sound any more."""
        if self._media.codec == "aac":
            return
        encoder = SoundEncoder(self._media.codec)
        try:
            while True:
                await self._enough.wait()
                self._enough.clear()
                packets = list(self._waiting)
                self._waiting.clear()
                self._waiting_samples = 0
                for frame in await asyncio.to_thread(self._encode, encoder, packets):
                    self._publish(frame)
        except Exception as error:  # whatever FFmpeg's libraries make of it, the pictures go on
            _log.warning("%s: its sound cannot be encoded (%s); it is recorded without", self._name, error)
            self._publisher.set_sound(None)

    def _wait(self, packet: SoundPacket) -> None:
        if self._waiting_samples + len(packet.data) > WAITING_SECONDS_MAX * self._media.clock:
            self.dropped += 1
            if self.dropped.bit_count() == 1:  # the 1st, 2nd, 4th, 8th, … time
                _log.warning(
                    "%s: sound is dropped, encoding it takes too long (%d packets so far)", self._name, self.dropped
                )
            return
        self._waiting.append(packet)
        self._waiting_samples += len(packet.data)
        if self._waiting_samples >= ENCODE_SECONDS * self._media.clock:
            self._enough.set()

    def _publish(self, frame: EncodedFrame) -> None:
        begin, end = self._clock.pictures_time(frame.begin), self._clock.pictures_time(frame.end)
        if begin is not None and end is not None:
            self._publisher.take_sound(frame.data, begin, end)
