"""Reading what was recorded, from outside: files by PyAV, marks by the simulator's own format."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from camera_sim.marks import PictureMark, parse_sei


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One recorded picture: its mark, and its media time in the file."""

    mark: PictureMark
    seconds: float


def segment_files(data_dir: Path, camera: str) -> list[Path]:
    """All files of a camera's main stream, oldest first."""
    return sorted((data_dir / "media" / camera / "main").rglob("*.mp4"))


def pictures(path: Path) -> Iterator[Picture]:
    """Every picture of a file, without decoding: the SEI comes before the slices in each sample."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            mark = next((found for nal in _nals(bytes(packet)) if (found := parse_sei(nal)) is not None), None)
            assert mark is not None, f"{path.name}: a picture without a mark"
            assert packet.pts is not None and stream.time_base is not None
            yield Picture(mark=mark, seconds=float(packet.pts * stream.time_base))


def _nals(sample: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        yield sample[at + 4 : at + 4 + size]
        at += 4 + size


def complaints(path: Path) -> str:
    """What ffmpeg says, warnings included, when it decodes a whole file; nothing if all is well."""
    command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"]
    decoding = subprocess.run(command, capture_output=True, text=True, check=False)
    return decoding.stderr or ("" if decoding.returncode == 0 else f"status {decoding.returncode}")


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file's video stream, pictures counted."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    stream: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"][0]
    return stream


def picture_hashes(path: Path) -> list[str]:
    """MD5 of every decoded picture, in order, by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if line and not line.startswith("#")]
