"""One connection's pictures by FFmpeg's libraries, made access units: for everything that our own RTSP does not read.
Disposable: the next connection has a new one."""

import math
from collections.abc import Callable

from gate.clock import Clock
from recorder.ingest.errors import StalledError
from recorder.ingest.libav_reader import OPEN_SECONDS_MAX, Item, LibavReader, NalPacket, Opened
from recorder.ingest.libav_sound import SoundFound, SoundItem
from recorder.ingest.pace import Pace
from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.rates import RateMeter
from recorder.ingest.reception import PICTURE_SECONDS_MAX, Source
from recorder.ingest.rtsp.depacketize import Depacketizer
from recorder.ingest.rtsp.rtp_stream import DEPACKETIZERS
from recorder.ingest.rtsp.transport import TransportKind
from recorder.media.h264 import nal_type as h264_type
from recorder.media.h265 import nal_type as h265_type
from recorder.state import StreamState

TICK_NS = 500_000_000
_OPEN_SLACK_SECONDS = 2.0  # the thread gives up by itself first, and says why
SINGLE_NALS: dict[str, Callable[[bytes], bool]] = {  # what is no packet format of RTP (RFC 6184, RFC 7798)
    "h264": lambda nal: 0 < h264_type(nal) < 24,
    "h265": lambda nal: h265_type(nal) < 48,
}


class LibavReception:
    """`run` once. Arguments are those of Reception but for the collector. A file is played at its own pace, over and
    over, as one run."""

    def __init__(
        self,
        source: Source,
        *,
        publisher: UnitPublisher,
        transport: TransportKind,
        state: StreamState,
        clock: Clock,
    ) -> None:
        self.publisher = publisher
        self._source = source
        self._transport = transport
        self._state = state
        self._clock = clock
        self._meter = RateMeter()
        self._tick_ns = -math.inf

    async def run(self) -> None:
        """Receives until the source ends. Always raises IngestError, or CancelledError."""
        source = self._source
        reader = LibavReader(
            source.url,
            credentials=source.credentials,
            transport=self._transport,
            name=source.name,
            sound=source.sound,
        )
        reader.start()
        try:
            opened = await self._next(reader, OPEN_SECONDS_MAX + _OPEN_SLACK_SECONDS)
            assert isinstance(opened, Opened)
            single = SINGLE_NALS[opened.codec]
            depacketizer = DEPACKETIZERS[opened.codec](tuple(nal for nal in opened.parameter_sets if single(nal)))
            pace = Pace() if opened.paced else None
            packet_seconds_max = max(source.packet_seconds_max, opened.packet_seconds_max)
            while True:
                item = await self._next(reader, packet_seconds_max)
                if isinstance(item, SoundFound):
                    self.publisher.set_sound(item.format)
                elif isinstance(item, SoundItem):
                    self.publisher.take_sound(item.data, item.begin_ticks, item.end_ticks)
                elif isinstance(item, NalPacket):
                    if pace is not None:
                        now_ns = self._clock.monotonic_ns()
                        due_ns = pace.due_ns(item.due_ticks * 100_000 // 9, now_ns)
                        await self._clock.sleep((due_ns - now_ns) / 1e9)
                    self._take(depacketizer, tuple(filter(single, item.nals)), item.ticks)
        finally:
            reader.close()
            self.publisher.close()
            self._state.fps, self._state.bitrate_bps = 0.0, 0

    def set_batching(self, allowed: bool) -> None:
        """Nothing is batched here."""

    def request_key(self) -> None:
        """There is nobody to ask."""

    async def _next(self, reader: LibavReader, seconds_max: float) -> Item:
        try:
            async with self._clock.timeout(seconds_max):
                return await reader.next()
        except TimeoutError:
            raise StalledError(f"Nothing has come from the source for {seconds_max:.0f} s.") from None

    def _take(self, depacketizer: Depacketizer, nals: tuple[bytes, ...], ticks: int) -> None:
        now_ns = self._clock.monotonic_ns()
        for index, nal in enumerate(nals):
            self._meter.bytes += len(nal)
            view = memoryview(nal)
            depacketizer.push(view, 0, len(nal), ticks & 0xFFFFFFFF, index == len(nals) - 1)
        for picture in depacketizer.pictures:
            self._meter.pictures += 1
            self.publisher.take(picture, now_ns)
        depacketizer.pictures.clear()
        if now_ns - self._tick_ns >= TICK_NS:
            self._tick(now_ns)

    def _tick(self, now_ns: int) -> None:
        self._tick_ns = now_ns
        rates = self._meter.measure(now_ns)
        if rates is not None:
            self._state.fps, self._state.bitrate_bps = round(rates.fps, 1), rates.bitrate_bps
        self.publisher.tick(now_ns)
        if now_ns - self.publisher.unit_ns >= PICTURE_SECONDS_MAX * 1e9:
            raise StalledError("The source sends no picture that can be decoded.")
