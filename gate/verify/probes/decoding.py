"""Decoding what was received, with a decoder that is not the product's: how many pictures come out of it."""

import io
from collections.abc import Generator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gate.verify.errors import ProbeError

_OPEN_SECONDS, _READ_SECONDS = 5.0, 5.0


def decoded_pictures(source: bytes | Path, at_most: int | None = None) -> int:
    """How many pictures of a file or of its bytes can be decoded; 0 where it is no film. Blocks."""
    try:
        with av.open(str(source) if isinstance(source, Path) else io.BytesIO(source), "r") as container:
            return len([None for _ in islice(container.decode(video=0), at_most)])
    except (av.FFmpegError, IndexError):
        return 0


def last_picture(film: bytes) -> bytes:
    """The last picture of a film's bytes that can be decoded, as a JPEG; empty where there is none. Blocks."""
    last: av.VideoFrame | None = None
    try:
        with av.open(io.BytesIO(film), "r") as container:
            for frame in container.decode(video=0):
                last = frame
    except (av.FFmpegError, IndexError):
        pass
    if last is None:
        return b""
    return cv2.imencode(".jpg", last.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def camera_pictures(url: str) -> Generator[NDArray[np.uint8], None, None]:
    """The pictures of the camera itself, over RTSP, small and grey, one after the other. Blocks. Raises ProbeError."""
    options = {"rtsp_transport": "tcp", "probesize": "32768", "analyzeduration": "0"}
    try:
        with av.open(url, options=options, timeout=(_OPEN_SECONDS, _READ_SECONDS)) as container:
            for frame in container.decode(video=0):
                gray = frame.to_ndarray(format="gray")
                yield np.asarray(cv2.resize(gray, (64, 36), interpolation=cv2.INTER_AREA), np.uint8)
    except (av.FFmpegError, IndexError, OSError) as error:
        raise ProbeError(f"the camera itself shows nothing: {error}") from None
    raise ProbeError("the camera itself sends no picture")


def gray_of(jpeg: bytes) -> NDArray[np.uint8] | None:
    """A JPEG as grey; None if it is none."""
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
    return None if found is None else np.asarray(found, np.uint8)
