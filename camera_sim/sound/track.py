"""A minute of sound as packets: encoded once, cached, the same for every camera of a scene."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from anyio import to_thread

from camera_sim.clips import gop_file
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.errors import ClipError
from camera_sim.rtsp.packetizer import Packets, one_packet
from camera_sim.sound.form import LOOP_SECONDS, SoundForm
from camera_sim.sound.synth import minute

_log = logging.getLogger(__name__)

SOUND_VERSION = 1
"""Raise it whenever what is heard, or its encoding, changes."""
_AU_HEADERS_BITS = 16
_INDEX_BITS = 3


class Track:
    """`packets[i]` belongs to packet `i` of the minute; empty until it is ready."""

    def __init__(self, scene: str, form: SoundForm) -> None:
        self.scene, self.form = scene, form
        self.packets: tuple[Packets, ...] = ()
        self.settled = asyncio.Event()
        """Set once it is ready, or never will be."""


class SoundLibrary:
    """The tracks of a fleet, each once. `run` makes them ready."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._tracks: dict[tuple[str, str], Track] = {}

    def track(self, scene: str, form: SoundForm) -> Track:
        """A scene's sound."""
        return self._tracks.setdefault((scene, form.name), Track(scene, form))

    async def run(self) -> None:
        """Reads or makes every track. Cameras are silent meanwhile."""
        for track in self._tracks.values():
            try:
                payloads = await to_thread.run_sync(
                    _load, self._cache_dir, track.scene, track.form, abandon_on_cancel=True
                )
                track.packets = tuple(one_packet(payload, track.form.payload_type) for payload in payloads)
            except (OSError, av.FFmpegError) as error:
                _log.error("the sound of %s as %s cannot be made: %s", track.scene, track.form.name, error)
            track.settled.set()

    async def wait_ready(self) -> None:
        """Returns once every track is ready, or never will be."""
        for track in tuple(self._tracks.values()):
            await track.settled.wait()


def _load(cache_dir: Path, scene: str, form: SoundForm) -> list[bytes]:
    key = f"{scene}\0{form}\0{SOUND_VERSION}\0{av.__version__}"
    path = cache_dir / f"sound-{scene}-{form.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.gop"
    try:
        return [picture.slices[0] for picture in gop_file.read(path).pictures]
    except ClipError:
        payloads = encode(scene, form)
    gop_file.write(path, Gop(parameter_sets=(), pictures=tuple(Picture(slices=(one,)) for one in payloads)))
    return payloads


def encode(scene: str, form: SoundForm) -> list[bytes]:
    """The RTP payloads of a scene's minute."""
    coded = list(_encode(scene, form))
    return [_aac_payload(unit) for unit in coded] if form.name == "aac" else coded


def _encode(scene: str, form: SoundForm) -> Iterator[bytes]:
    """What is heard in each packet's time. An encoder begins with silence, and remembers what was before: it gets the
    minute three times, and what it makes of the second one is taken."""
    context = cast(av.AudioCodecContext, av.CodecContext.create(form.encoder, "w"))
    context.sample_rate, context.layout = form.hz, "mono"
    context.format = "fltp" if form.name == "aac" else "s16"
    context.time_base = Fraction(1, form.hz)
    context.bit_rate = form.bits_per_second
    samples, count = minute(scene, form.hz), form.hz * LOOP_SECONDS
    resampler = av.AudioResampler(
        format=context.format.name, layout="mono", rate=form.hz, frame_size=form.packet_samples
    )
    at = -count
    for _ in range(3):
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = form.hz, Fraction(1, form.hz), at
        at += count
        for piece in resampler.resample(frame):
            for packet in context.encode(piece):
                if packet.pts is not None and 0 <= packet.pts < count:
                    yield bytes(packet)


def _aac_payload(unit: bytes) -> bytes:
    """RFC 3640 section 3.2: the AU header section (one header: size and index), then the unit."""
    return _AU_HEADERS_BITS.to_bytes(2, "big") + (len(unit) << _INDEX_BITS).to_bytes(2, "big") + unit
