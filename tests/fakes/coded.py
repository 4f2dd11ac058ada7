"""Access units of either codec, with B-frames and sound if wanted, as ingest would publish them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np

from recorder.media import aac, h264, h265
from recorder.media.access_unit import TIMESCALE, AccessUnit, SoundFrame, VideoFormat
from recorder.media.formats import video_format
from tests.fakes.video import split_annex_b

FPS = 15
GOP = 15
SOUND_RATE = 16_000
WIDTH, HEIGHT = 320, 180

_LIBRARIES = {"h264": "libx264", "h265": "libx265"}
_PARAMETERS = {
    "h264": "keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b}:b-adapt=0:open-gop=0:aud=0:annexb=1:log-level=none",
    "h265": "keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b}:b-adapt=0:open-gop=0:log-level=none:pools=none:"
    "frame-threads=1:repeat-headers=1",
}


@lru_cache(8)
def coded_units(codec: str, *, pictures: int, b_frames: int = 0, sound: bool = False) -> tuple[AccessUnit, ...]:
    """Units of run 1 from time 0 on, in decode order: noise that rolls, so that each decodes to something else."""
    context: Any = av.CodecContext.create(_LIBRARIES[codec], "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.thread_count, context.max_b_frames = 1, b_frames
    context.options = {
        "preset": "veryfast" if codec == "h264" else "ultrafast",
        f"{_LIBRARIES[codec][3:]}-params": _PARAMETERS[codec].format(gop=GOP, b=b_frames),
    }
    packets = []
    texture = np.random.default_rng(2).integers(0, 255, (HEIGHT // 4, WIDTH // 4), dtype=np.uint8)
    for number in range(pictures):
        picture = np.kron(np.roll(texture, number, axis=1), np.ones((4, 4), np.uint8))
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    is_set = h264.is_parameter_set if codec == "h264" else h265.is_parameter_set
    split = [split_annex_b(bytes(packet)) for packet in packets]
    video = video_format(codec, [nal for nals in split for nal in nals if is_set(nal)])
    frames = _sound(pictures / FPS) if sound else []
    if sound:
        video = replace(video, sound=aac.sound_format(aac.low_complexity_config(SOUND_RATE, 1)))
    return tuple(_units(video, packets, split, is_set, frames))


def _units(
    video: VideoFormat, packets: Sequence[Any], split: Sequence[list[bytes]], is_set: Any, sound: list[SoundFrame]
) -> list[AccessUnit]:
    first_dts, shown, units = packets[0].dts, 0, []
    lead = packets[0].pts - first_dts
    for packet, nals in zip(packets, split, strict=True):
        pts_90k = packet.pts * TIMESCALE // FPS
        shown = max(shown, pts_90k)
        ended = [frame for frame in sound if frame.pts_90k + 1024 * TIMESCALE // SOUND_RATE <= shown]
        sound = sound[len(ended) :]
        kept = [nal for nal in nals if not is_set(nal)]
        units.append(
            AccessUnit(
                format=video,
                data=b"".join(len(nal).to_bytes(4, "big") + nal for nal in kept),
                key=bool(packet.is_keyframe),
                run=1,
                pts_90k=pts_90k,
                utc_ns=shown * 100_000 // 9,
                arrival_ns=(packet.dts - first_dts) * 1_000_000_000 // FPS,
                composition_90k=(packet.pts - packet.dts - lead) * TIMESCALE // FPS,
                sound=tuple(ended),
            )
        )
    return units


def _sound(seconds: float) -> list[SoundFrame]:
    """A tone, in AAC."""
    encoder: Any = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = SOUND_RATE, "mono", "fltp", 32_000
    packets = []
    for number in range(int(seconds * SOUND_RATE / 1024) + 1):
        time = (np.arange(1024) + number * 1024) / SOUND_RATE
        frame = av.AudioFrame.from_ndarray(np.sin(2 * np.pi * 440 * time)[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * 1024, Fraction(1, SOUND_RATE)
        packets += encoder.encode(frame)
    return [SoundFrame(bytes(packet), at * 1024 * TIMESCALE // SOUND_RATE) for at, packet in enumerate(packets)]


def looped(units: Sequence[AccessUnit], index: int, *, run: int, start_utc_ns: int, arrival_ns: int) -> AccessUnit:
    """The picture number `index` of a run in which `units` repeat."""
    unit, later_90k = units[index % len(units)], index // len(units) * len(units) * TIMESCALE // FPS
    return replace(
        unit,
        run=run,
        pts_90k=unit.pts_90k + later_90k,
        utc_ns=start_utc_ns + unit.utc_ns + later_90k * 100_000 // 9,
        arrival_ns=arrival_ns,
        sound=tuple(SoundFrame(data, pts_90k + later_90k) for data, pts_90k in unit.sound),
    )


def pictures_of(units: Sequence[AccessUnit]) -> list[str]:
    """Hashes of the decoded pictures, in the order they are shown, as ffmpeg's framehash gives them for yuv420p."""
    names = {"h264": "h264", "h265": "hevc"}
    context: Any = av.CodecContext.create(names[units[0].format.codec], "r")
    context.extradata, context.thread_count = units[0].format.decoder_configuration, 1
    frames = []
    for unit in units:
        packet = av.Packet(len(unit.data))
        packet.update(unit.data)
        packet.pts = unit.pts_90k
        frames += context.decode(packet)
    frames += context.decode(None)
    return [hashlib.md5(frame.to_ndarray().tobytes(), usedforsecurity=False).hexdigest() for frame in frames]
