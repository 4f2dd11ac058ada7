"""Pictures without marks of ours: that they decode, that they change, that their times go on. Nothing else can be
said of them. Pure."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gate.verify.errors import ProbeError

Small = NDArray[np.uint8]
_SIZE = (160, 90)
_LEVELS_MIN = 8
_SHARE_MIN = 0.001
"""Of a picture, changed by so many grey levels: a clock's digits are enough."""
FILM_PICTURES_MAX = 1500


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was decoded of a stream: how many pictures, the times of the first and the last, whether they differ."""

    pictures: int = 0
    first_seconds: float | None = None
    last_seconds: float | None = None
    moves: bool = False
    _first: Small | None = field(default=None, repr=False)

    def add(self, gray: NDArray[np.uint8], seconds: float | None) -> None:
        """A picture, in the order of showing."""
        small = np.asarray(cv2.resize(gray, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        self.pictures += 1
        if seconds is not None:
            self.first_seconds = seconds if self.first_seconds is None else self.first_seconds
            self.last_seconds = seconds
        if self._first is None:
            self._first = small
        elif not self.moves:
            self.moves = float((cv2.absdiff(self._first, small) >= _LEVELS_MIN).mean()) >= _SHARE_MIN

    @property
    def seconds(self) -> float:
        """How far their times go on."""
        if self.first_seconds is None or self.last_seconds is None:
            return 0.0
        return self.last_seconds - self.first_seconds

    @property
    def evidence(self) -> dict[str, Any]:
        return {"decoded": self.pictures, "seconds": round(self.seconds, 3), "moves": self.moves}


def seen_in_film(film: bytes) -> Seen:
    """A file, or pieces of one behind their init section. Blocks. What does not decode is not counted."""
    seen = Seen()
    try:
        with av.open(io.BytesIO(film), "r") as container:
            for frame in container.decode(video=0):
                seen.add(_gray(frame), frame.time)
                if seen.pictures >= FILM_PICTURES_MAX:
                    break
    except (av.FFmpegError, IndexError):
        pass
    return seen


def seen_in_jpegs(jpegs: Iterable[tuple[bytes, float]]) -> Seen:
    """JPEGs with their times of arrival. Blocks. Raises ProbeError for what is none."""
    seen = Seen()
    for jpeg, seconds in jpegs:
        gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
        if gray is None:
            raise ProbeError("it is given, but it is no JPEG")
        seen.add(np.asarray(gray, np.uint8), seconds)
    return seen


def _gray(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="gray"), np.uint8)


def add_frame(seen: Seen, frame: av.VideoFrame) -> None:
    """A decoded picture."""
    seen.add(_gray(frame), frame.time)
