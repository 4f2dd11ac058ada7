"""The sound of a source that FFmpeg's libraries read: AAC as it is, G.711 as AAC made of it. In the reader's thread."""

from collections.abc import Iterator
from dataclasses import dataclass

from av.audio.stream import AudioStream
from av.packet import Packet

from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.sdp_sound import ENCODED_RATE, G711_RATE, SoundCodec
from recorder.ingest.sound_encoder import SoundEncoder
from recorder.media import aac
from recorder.media.access_unit import TIMESCALE, SoundFormat
from recorder.media.errors import ParameterSetError

_G711: dict[str, SoundCodec] = {"pcm_mulaw": "pcmu", "pcm_alaw": "pcma"}
_SNAP_SAMPLES = 80  # containers round times, to milliseconds at worst


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFound:
    """There is sound of this format from now on."""

    format: SoundFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundItem:
    """One raw AAC frame; its times are those of NalPacket."""

    data: bytes
    begin_ticks: int
    end_ticks: int


class LibavSound:
    """`items` of each packet. `supported`: whether the stream can be recorded."""

    def __init__(self, stream: AudioStream) -> None:
        context = stream.codec_context
        self._g711 = _G711.get(stream.codec.name)
        self.supported = stream.codec.name == "aac" or (
            self._g711 is not None and (context.sample_rate, context.channels) == (G711_RATE, 1)
        )
        self.name = stream.codec.name
        self._extradata = bytes(context.extradata or b"")
        self._encoder: SoundEncoder | None = SoundEncoder(self._g711) if self._g711 else None
        self._format: SoundFormat | None = None
        self._next = -_SNAP_SAMPLES - 1

    def items(self, packet: "Packet[AudioStream]", ticks: int) -> Iterator[SoundFound | SoundItem]:
        """What is in a packet that begins then. Raises ParameterSetError, av.FFmpegError."""
        if self._encoder is not None:
            yield from self._encoded(self._encoder, bytes(packet), ticks)
            return
        for config, data in self._frames(bytes(packet)):
            yield from self._found(config)
            assert self._format is not None
            end = ticks + self._format.frame_samples * TIMESCALE // self._format.rate
            yield SoundItem(data=data, begin_ticks=ticks, end_ticks=end)
            ticks = end

    def _frames(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        if self._extradata:
            yield self._extradata, data
        else:
            yield from ((frame.config, frame.data) for frame in aac.adts_frames(data))

    def _encoded(self, encoder: SoundEncoder, data: bytes, ticks: int) -> Iterator[SoundFound | SoundItem]:
        yield from self._found(aac.low_complexity_config(ENCODED_RATE, 1))
        timestamp = ticks * G711_RATE // TIMESCALE
        if abs(timestamp - self._next) <= _SNAP_SAMPLES:
            timestamp = self._next
        self._next = timestamp + len(data)
        for frame in encoder.encode([SoundPacket(data, timestamp, False)]):
            yield SoundItem(
                data=frame.data,
                begin_ticks=frame.begin * TIMESCALE // G711_RATE,
                end_ticks=frame.end * TIMESCALE // G711_RATE,
            )

    def _found(self, config: bytes) -> Iterator[SoundFound]:
        if self._format is None:
            self._format = aac.sound_format(config)
            yield SoundFound(format=self._format)
        elif config != self._format.config:
            raise ParameterSetError("its AAC changes")
