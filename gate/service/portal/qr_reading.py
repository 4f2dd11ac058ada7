"""Reading a QR code out of a photograph, on the server: a phone needs nothing but its camera.

At most one picture at a time, in a thread; what is too large is made smaller first, so that none takes longer than
a moment or more memory than its bound.
"""

from collections.abc import Iterator

import anyio
import anyio.to_thread
import cv2
import numpy as np

PIXELS_MAX = 40_000_000
SIDE_MAX = 1600
WAITING_MAX = 16
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's start-of-frame markers (ITU-T T.81, table B.1)."""


class QrReader:
    """Reads. `refused`: pictures that found too many waiting."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0
        self.refused = 0

    async def read(self, picture: bytes) -> str | None:
        """The text of the code in a JPEG or PNG; None: there is no picture, or no code in it."""
        if self._waiting >= WAITING_MAX:
            self.refused += 1
            return None
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1)
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(read_qr, picture, limiter=self._limiter)
        finally:
            self._waiting -= 1


def read_qr(picture: bytes) -> str | None:
    """The same, here and now."""
    if not picture or not _bounded(picture):
        return None
    try:
        image = cv2.imdecode(np.frombuffer(picture, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    if image is None or image.size == 0:
        return None
    detector = cv2.QRCodeDetector()
    for attempt in _attempts(image):
        try:
            text, *_ = detector.detectAndDecode(attempt)
        except (cv2.error, UnicodeDecodeError):
            continue
        if text:
            return str(text)
    return None


def _attempts(image: "cv2.typing.MatLike") -> Iterator["cv2.typing.MatLike"]:
    """The picture in the forms in which a code may be found: plain, small, smooth, black and white, and large."""
    plain = _within(image, SIDE_MAX)
    yield plain
    yield _within(image, SIDE_MAX // 2)
    yield cv2.GaussianBlur(plain, (5, 5), 0)
    yield cv2.threshold(plain, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    if max(image.shape) <= SIDE_MAX // 2:
        yield cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def _within(image: "cv2.typing.MatLike", side: int) -> "cv2.typing.MatLike":
    scale = side / max(image.shape)
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image


def _bounded(picture: bytes) -> bool:
    """Whether its header promises a size that may be decoded: a small file can hold an enormous picture."""
    size = picture_size(picture)
    return size is not None and 0 < size[0] * size[1] <= PIXELS_MAX


def picture_size(picture: bytes) -> tuple[int, int] | None:
    """Width and height by the header of a PNG or JPEG; None: it is neither, or broken."""
    if picture.startswith(_PNG):
        return (_int(picture[16:20]), _int(picture[20:24])) if picture[12:16] == b"IHDR" else None
    if not picture.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(picture) and picture[at] == 0xFF:
        marker = picture[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _FRAMES:
            return _int(picture[at + 7 : at + 9]), _int(picture[at + 5 : at + 7])
        else:
            at += 2 + _int(picture[at + 2 : at + 4])
    return None


def _int(field: bytes) -> int:
    return int.from_bytes(field, "big")
