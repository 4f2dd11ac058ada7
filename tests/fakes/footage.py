"""Real H.264 made here with libx264: short loops of access units, as ingest would publish them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from recorder.media.access_unit import TIMESCALE, AccessUnit, VideoFormat
from recorder.media.h264 import is_parameter_set, video_format


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A loop of coded pictures; each `gop`-th is a key frame."""

    format: VideoFormat
    fps: int
    pictures: Sequence[tuple[bytes, bool]]

    def unit(self, index: int, *, run: int, start_utc_ns: int, arrival_ns: int) -> AccessUnit:
        """The picture number `index` of a run that began at `start_utc_ns`; the loop repeats."""
        data, key = self.pictures[index % len(self.pictures)]
        return AccessUnit(
            format=self.format,
            data=data,
            key=key,
            run=run,
            pts_90k=index * TIMESCALE // self.fps,
            utc_ns=start_utc_ns + index * 1_000_000_000 // self.fps,
            arrival_ns=arrival_ns,
        )


@functools.lru_cache(maxsize=16)
def make_footage(
    *, width: int = 320, height: int = 180, fps: int = 15, gop: int = 15, pictures: int = 30, hue: int = 100
) -> Footage:
    """Encodes a loop: a calm scene with a moving light and a picture counter."""
    return footage_of([_draw(width, height, index, pictures, hue) for index in range(pictures)], fps=fps, gop=gop)


def footage_of(pictures: Sequence[np.ndarray], *, fps: int, gop: int) -> Footage:
    """Encodes these pictures (height, width, 3; BGR)."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.height, context.width = pictures[0].shape[:2]
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, fps)
    context.thread_count = 1
    context.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": "26",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:aud=0:annexb=1",
    }
    packets = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    parameter_sets: list[bytes] = []
    loop = []
    for packet in packets:
        nals = _split(bytes(packet))
        parameter_sets += [nal for nal in nals if is_parameter_set(nal)]
        kept = [nal for nal in nals if not is_parameter_set(nal)]
        loop.append((b"".join(len(nal).to_bytes(4, "big") + nal for nal in kept), packet.is_keyframe))
    return Footage(format=video_format(parameter_sets), fps=fps, pictures=loop)


def _split(annex_b: bytes) -> list[bytes]:
    return [nal.rstrip(b"\0") for nal in annex_b.split(b"\0\0\1") if nal.rstrip(b"\0")]


def _draw(width: int, height: int, index: int, count: int, hue: int) -> np.ndarray:
    rows = np.linspace(0, 1, height)[:, None]
    columns = np.linspace(0, 1, width)[None, :]
    phase = index / count
    glow = np.exp(-(((columns - (0.15 + 0.7 * phase)) * 5) ** 2 + ((rows - 0.45) * 4) ** 2))
    hsv = np.empty((height, width, 3), np.uint8)
    hsv[..., 0] = (hue + 12 * rows).astype(np.uint8)
    hsv[..., 1] = 110
    hsv[..., 2] = np.clip(45 + 60 * (1 - rows) + 110 * glow, 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    scale = height / 360
    cv2.putText(
        picture, f"{index:03d}", (int(24 * scale), int(56 * scale)), cv2.FONT_HERSHEY_SIMPLEX, 1.4 * scale,
        (235, 235, 235), max(int(2 * scale), 1), cv2.LINE_AA,
    )  # fmt: skip
    return picture
