"""A real encoded stream, a gate with a real entitlement, and a recorder's storage on a temporary disk."""

import re
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from recorder.media import h264
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.state import CameraState, RecordingState, StateBoard

EPOCH_NS = 1_790_000_000_000_000_000
FPS = 15
TICKS = 90_000 // FPS


def encode(
    width: int, height: int, pictures: int, gop: int, profile: str = "high", pix_fmt: str = "yuv420p"
) -> list[AccessUnit]:
    """Access units of a moving picture, FPS per second, in run 1, labelled from EPOCH_NS."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, pix_fmt
    context.time_base, context.framerate = Fraction(1, 90_000), Fraction(FPS)
    context.gop_size, context.max_b_frames, context.thread_count = gop, 0, 1
    context.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": profile,
        "x264-params": "scenecut=0:repeat-headers=1:log-level=none",
    }
    random = np.random.default_rng(1)
    units: list[AccessUnit] = []
    video_format: VideoFormat | None = None
    for number in range(pictures):
        frame = av.VideoFrame(width, height, "gray")
        plane = frame.planes[0]
        picture = random.integers(0, 255, (plane.height, plane.line_size), dtype=np.uint8)
        picture[:, : width // 2] = number * 3 % 255
        plane.update(picture.tobytes())
        frame = frame.reformat(format=pix_fmt)
        frame.pts = number * TICKS
        for packet in context.encode(frame):
            nals = split_annex_b(bytes(packet))
            sets = [nal for nal in nals if h264.is_parameter_set(nal)]
            video_format = video_format or h264.video_format(sets)
            units.append(access_unit(video_format, [nal for nal in nals if nal not in sets], number))
    return units


def split_annex_b(data: bytes) -> list[bytes]:
    return [nal.rstrip(b"\x00") for nal in re.split(rb"\x00\x00\x01", data) if nal.rstrip(b"\x00")]


def access_unit(video_format: VideoFormat, nals: Sequence[bytes], number: int) -> AccessUnit:
    return AccessUnit(
        format=video_format,
        data=b"".join(struct.pack(">I", len(nal)) + nal for nal in nals),
        key=any(h264.is_idr(nal) for nal in nals),
        run=1,
        pts_90k=number * TICKS,
        utc_ns=EPOCH_NS + number * TICKS * 100_000 // 9,
        arrival_ns=number * TICKS * 100_000 // 9,
    )


def shifted(unit: AccessUnit, ticks: int, run: int = 1) -> AccessUnit:
    """The same picture that much later."""
    ns = ticks * 100_000 // 9
    return replace(
        unit, pts_90k=unit.pts_90k + ticks, utc_ns=unit.utc_ns + ns, arrival_ns=unit.arrival_ns + ns, run=run
    )


def board_of(*cameras: str) -> StateBoard:
    from gate.clock import instant_of

    since = instant_of(EPOCH_NS)
    return StateBoard(
        cameras={
            camera: CameraState(id=camera, name=camera, streams={}, recording=RecordingState(since=since))
            for camera in cameras
        }
    )


@dataclass(frozen=True)
class Probe:
    """What ffprobe says of a file."""

    duration: float
    times: list[float]
    sizes: list[int]


def probe(path: Path) -> Probe:
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,size:format=duration", "-of", "flat", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == "", done.stderr
    values = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return Probe(
        duration=float(values["format.duration"].strip('"')),
        times=[float(value.strip('"')) for key, value in values.items() if key.endswith("pts_time")],
        sizes=[int(value.strip('"')) for key, value in values.items() if key.endswith("size")],
    )


def decodes_cleanly(path: Path) -> int:
    """How many pictures ffmpeg decodes, without a word of complaint."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "framecrc", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{path}: {done.stderr}"
    return sum(not line.startswith("#") for line in done.stdout.splitlines())


def media_files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "media").rglob("*.mp4"))


def flatten(groups: Iterable[Sequence[AccessUnit]]) -> list[AccessUnit]:
    return [unit for group in groups for unit in group]


@pytest.fixture(scope="session")
def stream() -> list[AccessUnit]:
    """20 s of 320x180, a key frame every second."""
    return encode(320, 180, 20 * FPS, FPS)
