"""G.711 into AAC. Blocks, two or three milliseconds a second of sound: for a thread.

Where packets are missing there is silence, SILENCE_SECONDS_MAX at the most; after a longer hole, or a step back, sound
begins anew.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext

from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.sdp_sound import ENCODED_RATE, G711_RATE, SoundCodec

BITRATE_BPS = 32_000
SILENCE_SECONDS_MAX = 1.0

_SILENCE = {"pcmu": b"\xff", "pcma": b"\xd5"}
_DECODERS = {"pcmu": "pcm_mulaw", "pcma": "pcm_alaw"}
_STEP = ENCODED_RATE // G711_RATE


class EncodedFrame(NamedTuple):
    """One raw AAC frame. `begin` and `end`: in RTP time of the sound it is made of."""

    data: bytes
    begin: int
    end: int


class SoundEncoder:
    """`encode` packets as they come."""

    def __init__(self, codec: SoundCodec) -> None:
        self._silence = _SILENCE[codec]
        self._decoder_name = _DECODERS[codec]
        self._encoder: AudioCodecContext | None = None
        self._start = self._next = 0

    def encode(self, packets: Sequence[SoundPacket]) -> list[EncodedFrame]:
        """The frames that are complete now. Raises av.FFmpegError."""
        found: list[EncodedFrame] = []
        for packet in packets:
            hole = packet.timestamp - self._next
            if self._encoder is None or packet.restarted or not 0 <= hole <= SILENCE_SECONDS_MAX * G711_RATE:
                self._begin(packet.timestamp)
                hole = 0
            found += self._push(self._silence * hole + packet.data)
        return found

    def _begin(self, timestamp: int) -> None:
        encoder = av.CodecContext.create("aac", "w")
        decoder = av.CodecContext.create(self._decoder_name, "r")
        assert isinstance(encoder, AudioCodecContext) and isinstance(decoder, AudioCodecContext)
        encoder.sample_rate, encoder.layout, encoder.format = ENCODED_RATE, "mono", "fltp"
        encoder.bit_rate, encoder.time_base = BITRATE_BPS, Fraction(1, ENCODED_RATE)
        decoder.sample_rate, decoder.layout = G711_RATE, "mono"
        encoder.open()
        decoder.open()
        self._encoder, self._decoder = encoder, decoder
        self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=ENCODED_RATE)
        self._start = self._next = timestamp

    def _push(self, samples: bytes) -> Iterator[EncodedFrame]:
        assert self._encoder is not None
        packet = av.Packet(samples)
        for decoded in self._decoder.decode(packet):
            decoded.pts, decoded.time_base = self._next - self._start, Fraction(1, G711_RATE)
            self._next += len(samples)
            for frame in self._resampler.resample(decoded):
                for coded in self._encoder.encode(frame):
                    begin = self._start + (coded.pts or 0) // _STEP
                    yield EncodedFrame(bytes(coded), begin, begin + self._encoder.frame_size // _STEP)
