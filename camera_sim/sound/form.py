"""The forms of sound a camera can send. Pure.

RFC 3640 section 3.3.6 (AAC-hbr), RFC 3551 section 4.5.14 (PCMU, PCMA) and table 4 (their payload types).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

SoundName = Literal["aac", "pcmu", "pcma"]
LOOP_SECONDS = 60
"""Sound repeats every minute of UTC, however long the loop of the pictures is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundForm:
    """`packet_samples` go into one RTP packet; a loop is a whole number of them. `encoder`: FFmpeg's name."""

    name: SoundName
    encoder: str
    hz: int
    packet_samples: int
    payload_type: int
    rtpmap: str
    bits_per_second: int

    @property
    def rate(self) -> Fraction:
        """Packets a second."""
        return Fraction(self.hz, self.packet_samples)

    @property
    def packets(self) -> int:
        """Of a whole loop."""
        return self.hz * LOOP_SECONDS // self.packet_samples


AAC = SoundForm(
    name="aac",
    encoder="aac",
    hz=32_000,
    packet_samples=1024,
    payload_type=97,
    rtpmap="MPEG4-GENERIC/32000/1",
    bits_per_second=48_000,
)
PCMU = SoundForm(
    name="pcmu",
    encoder="pcm_mulaw",
    hz=8_000,
    packet_samples=160,
    payload_type=0,
    rtpmap="PCMU/8000",
    bits_per_second=64_000,
)
PCMA = SoundForm(
    name="pcma",
    encoder="pcm_alaw",
    hz=8_000,
    packet_samples=160,
    payload_type=8,
    rtpmap="PCMA/8000",
    bits_per_second=64_000,
)
FORMS: dict[SoundName, SoundForm] = {form.name: form for form in (AAC, PCMU, PCMA)}
