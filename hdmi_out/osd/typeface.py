"""The typeface of the wall: where it comes from, and text as masks.

A Japanese font is a must: OpenCV's own shows Japanese with Chinese glyph shapes (直 骨 刃). A missing font raises
nothing in OpenCV, its name is then empty.
"""

import functools
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

Mask = NDArray[np.uint8]

MASKS_MAX = 512
"""Rendered texts that are kept."""
_PACKAGE, _PACKAGE_FILE = "noto_cjk_sans_jp_bold", "NotoSansCJKjp-Bold.otf"
_SYSTEM_FILES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",  # its first face is the Japanese one
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf",
    "/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",
)
_BUILT_IN = "uni"

ASCENT = 1.0
"""Rows of a mask above the baseline, in em."""
LINE = 1.34
"""Height of a mask, in em."""
MIDDLE = 0.375
"""How far above the baseline the middle of capitals and kanji is, in em."""


class Typeface:
    """One face in any size. A size is the width of a kanji in pixels, whatever font it is."""

    def __init__(self, face: cv2.FontFace, source: str) -> None:
        self.source = source
        self._face = face
        self._scale = 100 / max(self._raw_width("国", 100), 1)
        self.mask = functools.lru_cache(MASKS_MAX)(self._render)

    def width(self, text: str, size: int) -> int:
        """Pixels that `text` advances."""
        return self._raw_width(text, self._pixels(size))

    def fitted(self, text: str, size: int, width: int) -> str:
        """`text`, or its beginning with an ellipsis, no wider than `width`."""
        if self.width(text, size) <= width:
            return text
        mark = "..." if text.isascii() else "…"  # a Japanese font's own is on the middle of the line
        kept = len(text)
        while kept and self.width(text[:kept].rstrip() + mark, size) > width:
            kept -= 1
        return text[:kept].rstrip() + mark if kept else ""

    def _render(self, text: str, size: int) -> Mask:
        mask = np.zeros((round(size * LINE), self.width(text, size) + 2), np.uint8)
        cv2.putText(mask, text, (0, round(size * ASCENT)), (255,), self._face, self._pixels(size), 0)
        return mask

    def _pixels(self, size: int) -> int:
        return max(round(size * self._scale), 1)

    def _raw_width(self, text: str, pixels: int) -> int:
        return int(cv2.getTextSize((0, 0), text, (0, 0), self._face, pixels, 0)[2])


def open_typeface() -> Typeface:
    """The best face there is: the packaged one, a Japanese one of the system, OpenCV's own."""
    for path in _candidates():
        face = cv2.FontFace(str(path))
        if face.getName():
            _log.info("typeface: %s", path)
            return Typeface(face, str(path))
    _log.warning("no Japanese font found (Debian: apt install fonts-noto-cjk); some kanji will have Chinese shapes")
    return Typeface(cv2.FontFace(_BUILT_IN), _BUILT_IN)


def _candidates() -> Iterator[Path]:
    spec = find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        yield from (Path(place) / _PACKAGE_FILE for place in spec.submodule_search_locations)
    yield from (path for path in map(Path, _SYSTEM_FILES) if path.exists())
