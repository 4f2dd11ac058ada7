"""Clip files as loops: real footage, cut at its key frames and sent as it was encoded.

A clip is read once into the cache, one file a group, beside an index. H.264 and H.265 in whatever container FFmpeg
reads; audio and all NAL units but slices and parameter sets are left out. Pictures are sent evenly, at the clip's mean
rate; where they are shown in another order than they are coded in, RTP time says so.
"""

import bisect
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

from camera_sim.clips import gop_file
from camera_sim.clips.film import Place, starts_of
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.codec import CODECS, Codec, CodecName, split_annex_b
from camera_sim.errors import ClipError
from camera_sim.pacer import RTP_HZ
from camera_sim.state import State

FOOTAGE_VERSION = 1
"""Raise it whenever what is written into the cache changes."""
PICTURES_MAX = 1_000_000
FPS_MAX = 120
_NAMES: dict[str, CodecName] = {"h264": "h264", "hevc": "h265"}
_INDEX = "index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip in the cache. `starts`: the first picture of each group, and one past the last. See `film.Film`."""

    folder: str
    codec_name: CodecName
    fps: Fraction
    bitrate: int
    starts: tuple[int, ...]
    uniform: bool = False

    @property
    def codec(self) -> Codec:
        return CODECS[self.codec_name]

    @property
    def state(self) -> State:
        return "idle"

    def place(self, n: int) -> Place:
        rounds, at = divmod(n, self.starts[-1])
        gop = bisect.bisect_right(self.starts, at) - 1
        number = rounds * (len(self.starts) - 1) + gop
        return Place(number=number, gop=gop, at=at - self.starts[gop], left=self.starts[gop + 1] - 1 - at)

    def length(self, gop: int) -> int:
        return self.starts[gop + 1] - self.starts[gop]

    def after(self, gop: int) -> int:
        return (gop + 1) % (len(self.starts) - 1)

    def path(self, cache_dir: Path, gop: int) -> Path:
        return cache_dir / self.folder / f"{gop:04d}.gop"


def load(clip: Path, cache_dir: Path) -> Footage:
    """The clip's groups, read into the cache unless they are there. Raises ClipError: one sentence that names the file
    and says what to do."""
    try:
        status = clip.stat()
    except OSError as error:
        raise ClipError(f"{clip}: {error.strerror}") from None
    key = f"{clip}\0{status.st_size}\0{status.st_mtime_ns}\0{FOOTAGE_VERSION}"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", clip.stem)[:40]
    folder = f"clip-{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return _indexed(cache_dir, folder) or read(clip, cache_dir, folder)


def read(clip: Path, cache_dir: Path, folder: str) -> Footage:
    """Reads the whole clip into a folder of the cache. Raises ClipError."""
    try:
        with av.open(str(clip)) as container:
            return _read(container, clip, cache_dir, folder)
    except av.FFmpegError as error:
        raise ClipError(f"{clip}: cannot be read as video: {error.strerror}") from None
    except OSError as error:
        raise ClipError(f"{cache_dir}: the clip cache cannot be written: {error.strerror}") from None


def _read(container: Any, clip: Path, cache_dir: Path, folder: str) -> Footage:
    if not container.streams.video:
        raise ClipError(f"{clip}: has no video")
    stream = container.streams.video[0]
    codec_name = _NAMES.get(stream.codec_context.name)
    if codec_name is None:
        raise ClipError(
            f"{clip}: its video is {stream.codec_context.name}; only H.264 and H.265 can be sent as they are: convert "
            f"it with `ffmpeg -i IN -c:v libx264 OUT.mp4`"
        )
    codec = CODECS[codec_name]
    lengths, times, size = list[int](), list[int | None](), 0
    rate = Fraction(stream.average_rate or stream.guessed_rate or 0)
    fps = rate.limit_denominator(1001)
    if not 1 <= fps <= FPS_MAX:
        raise ClipError(f"{clip}: its rate of {float(rate):g} pictures a second is not 1 to {FPS_MAX}")
    for gop, shown in _groups(container, stream, codec):
        pictures = tuple(
            Picture(slices=picture.slices, shift=shift)
            for picture, shift in zip(gop.pictures, _shifts(shown, fps), strict=True)
        )
        path = cache_dir / folder / f"{len(lengths):04d}.gop"
        gop_file.write(path, Gop(parameter_sets=gop.parameter_sets, pictures=pictures))
        lengths.append(len(pictures))
        times += shown
        size += sum(len(nal) for picture in pictures for nal in picture.slices)
        if len(times) > PICTURES_MAX:
            raise ClipError(f"{clip}: has more than {PICTURES_MAX} pictures; cut it")
    if len(times) < 2:
        raise ClipError(f"{clip}: has no key frame that decoding can begin with, followed by a picture")
    index = {
        "codec_name": codec_name,
        "fps": [fps.numerator, fps.denominator],
        "bitrate": int(size * 8 * fps / len(times)),
        "lengths": lengths,
    }
    (cache_dir / folder / _INDEX).write_text(json.dumps(index))
    return _footage(folder, index)


def _groups(container: Any, stream: Any, codec: Codec) -> Iterator[tuple[Gop, list[int | None]]]:
    """Groups in order, each with the times at which its pictures are shown (None: unknown)."""
    to_annex_b = BitStreamFilterContext(f"{codec.decoder}_mp4toannexb", stream)
    latest: dict[int, dict[bytes, None]] = {}
    sets: tuple[bytes, ...] = ()
    pictures: list[Picture] = []
    shown: list[int | None] = []
    for packet in container.demux(stream):
        for converted in to_annex_b.filter(packet if packet.size else None):
            nals = split_annex_b(bytes(converted))
            found: dict[int, dict[bytes, None]] = {}
            for nal in filter(codec.is_parameter_set, nals):
                found.setdefault(codec.nal_type(nal), {})[nal] = None
            latest |= found
            slices = tuple(filter(codec.is_slice, nals))
            if not slices:
                continue
            if codec.is_key(slices[0]):
                if pictures:
                    yield Gop(parameter_sets=sets, pictures=tuple(pictures)), shown
                sets = tuple(nal for kind in codec.parameter_sets for nal in latest.get(kind, ()))
                pictures, shown = [], []
            elif not pictures:
                continue
            pictures.append(Picture(slices=slices))
            shown.append(converted.pts)
    if pictures:
        yield Gop(parameter_sets=sets, pictures=tuple(pictures)), shown


def _shifts(shown: list[int | None], fps: Fraction) -> list[int]:
    """How much later than at its turn each picture of a group is shown, in 90 kHz ticks."""
    times = [time for time in shown if time is not None]
    if len(times) < len(shown) or len(set(times)) < len(times):
        return [0] * len(shown)
    order = {time: rank for rank, time in enumerate(sorted(times))}
    return [round((order[time] - turn) * RTP_HZ / fps) for turn, time in enumerate(times)]


def _indexed(cache_dir: Path, folder: str) -> Footage | None:
    try:
        footage = _footage(folder, json.loads((cache_dir / folder / _INDEX).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    groups = range(len(footage.starts) - 1)
    return footage if all(footage.path(cache_dir, gop).exists() for gop in groups) else None


def _footage(folder: str, index: dict[str, Any]) -> Footage:
    return Footage(
        folder=folder,
        codec_name=index["codec_name"],
        fps=Fraction(*index["fps"]),
        bitrate=index["bitrate"],
        starts=starts_of(index["lengths"]),
    )
