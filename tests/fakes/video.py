"""Real H.264 access units, and what ffmpeg thinks of files."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from gate.clock import ns_of
from recorder.media.access_unit import AccessUnit
from tests.fakes.entitlements import NEW_YEAR
from tests.fakes.footage import Footage, make_footage

EPOCH_NS = ns_of(NEW_YEAR)
FPS = 15
TICKS = 90_000 // FPS


def ns_after(pictures: float) -> int:
    """Nanoseconds that so many pictures last."""
    return int(pictures * TICKS * 100_000 // 9)


@lru_cache(32)
def annex_b(width: int, height: int, pictures: int, gop: int, profile: str, pix_fmt: str) -> tuple[bytes, ...]:
    """Coded pictures of a moving scene, FPS per second, as libx264 gives them."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, pix_fmt
    context.time_base, context.framerate = Fraction(1, 90_000), Fraction(FPS)
    context.gop_size, context.max_b_frames, context.thread_count = gop, 0, 1
    context.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": profile,
        "x264-params": "scenecut=0:repeat-headers=1:log-level=none",
    }
    texture = np.random.default_rng(1).integers(0, 255, (height, width), dtype=np.uint8)
    coded: list[bytes] = []
    for number in range(pictures):
        picture = np.roll(texture, number, axis=1)
        picture[:, : width // 2] = number * 3 % 255
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format=pix_fmt)
        frame.pts = number * TICKS
        coded += [bytes(packet) for packet in context.encode(frame)]
    return tuple(coded)


def split_annex_b(data: bytes) -> list[bytes]:
    """NAL units without start codes."""
    return [nal.rstrip(b"\x00") for nal in re.split(rb"\x00\x00\x01", data) if nal.rstrip(b"\x00")]


def access_units(pictures: int, gop: int = FPS, hue: int = 100) -> list[AccessUnit]:
    """Pictures of run 1, labelled from EPOCH_NS on, arriving as they are taken."""
    footage = _footage(pictures, gop, hue)
    return [
        footage.unit(number, run=1, start_utc_ns=EPOCH_NS, arrival_ns=ns_after(number)) for number in range(pictures)
    ]


@lru_cache(8)
def _footage(pictures: int, gop: int, hue: int) -> Footage:
    return make_footage(fps=FPS, gop=gop, pictures=pictures, hue=hue)


def shifted(units: Sequence[AccessUnit], seconds: float, run: int) -> list[AccessUnit]:
    """The same pictures so much later, as another run."""
    ns = round(seconds * 1e9)
    return [replace(unit, utc_ns=unit.utc_ns + ns, arrival_ns=unit.arrival_ns + ns, run=run) for unit in units]


@dataclass(frozen=True)
class Probe:
    """What ffprobe says of a file."""

    duration: float
    times: list[float]
    sizes: list[int]


def probe(path: Path) -> Probe:
    """Raises AssertionError if ffprobe complains."""
    entries = "packet=pts_time,size:format=duration"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "flat", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == "", done.stderr
    values = {key: value.strip('"') for key, value in (line.split("=", 1) for line in done.stdout.splitlines())}
    return Probe(
        duration=float(values["format.duration"]),
        times=[float(value) for key, value in values.items() if key.endswith("pts_time")],
        sizes=[int(value) for key, value in values.items() if key.endswith("size")],
    )


def decoded_pictures(path: Path) -> int:
    """How many pictures ffmpeg decodes. Raises AssertionError at its first complaint."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "framecrc", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{path}: {done.stderr}"
    return sum(not line.startswith("#") for line in done.stdout.splitlines())
