"""Sheets of small pictures, one a minute of an hour: what a timeline shows where one points. Blocks; decodes.

1. A sheet is 10 × 6 tiles of 160 × 90 pixels, row by row: tile n is the first key picture of minute n, dark where there
   is none.
2. Making one takes a decoded picture a minute. So it is kept (in memory, bounded), and a sheet that has grown since is
   made from the one before: only tiles that are new are decoded.
3. A tile whose picture has gone from the disk is gone from the sheet: what is kept is compared with the index first.
"""

import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder.catalog.rows import SegmentId, Stream
from recorder.media.decoding import UNDECODABLE, last_picture
from recorder.media.errors import MediaError
from recorder.playback.errors import FootageError
from recorder.playback.fragments import FragmentPlace, Wanted, find_fragments
from recorder.playback.stored import read_init, read_key_unit

COLUMNS, ROWS = 10, 6
TILE_WIDTH, TILE_HEIGHT = 160, 90
SHEETS_BYTES_MAX = 16 << 20
HOUR_NS, MINUTE_NS = 3600 * 10**9, 60 * 10**9
_QUALITY = 70
_DARK = (22, 16, 11)

Tile = tuple[SegmentId, int] | None
"""Which fragment a tile shows."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A JPEG, and what its tiles show."""

    tiles: Sequence[Tile]
    jpeg: bytes


class Sheets:
    """The sheets that were asked for last, by camera, stream and hour. One is made at a time, whoever asks."""

    def __init__(self, bytes_max: int = SHEETS_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._making = threading.Lock()
        self._kept: OrderedDict[tuple[str, Stream, int], Sheet] = OrderedDict()

    def sheet(
        self, db: sqlite3.Connection, roots: Mapping[int, Path], camera: str, stream: Stream, hour_utc_ns: int
    ) -> Sheet | None:
        """The sheet of the hour that begins then; None where there is no footage in it. Raises sqlite3.Error."""
        key = camera, stream, hour_utc_ns
        places = find_tiles(db, roots, camera, stream, hour_utc_ns)
        with self._making:
            return self._sheet(key, places)

    def _sheet(self, key: tuple[str, Stream, int], places: Sequence[FragmentPlace | None]) -> Sheet | None:
        before = self._kept.get(key)
        if not any(places):
            self._keep(key, None)
            return None
        tiles = [(place.id, place.offset) if place else None for place in places]
        if before is None or before.tiles != tiles:
            before = Sheet(tiles=tiles, jpeg=_made(places, tiles, before))
        self._keep(key, before)
        return before

    def _keep(self, key: tuple[str, Stream, int], sheet: Sheet | None) -> None:
        gone = self._kept.pop(key, None)
        self._bytes -= len(gone.jpeg) if gone else 0
        if sheet is None:
            return
        self._kept[key] = sheet
        self._bytes += len(sheet.jpeg)
        while self._bytes > self._bytes_max:
            self._bytes -= len(self._kept.popitem(last=False)[1].jpeg)


def find_tiles(
    db: sqlite3.Connection, roots: Mapping[int, Path], camera: str, stream: Stream, hour_utc_ns: int
) -> list[FragmentPlace | None]:
    """The first key picture of each minute of an hour. Raises sqlite3.Error."""
    places: list[FragmentPlace | None] = [None] * (COLUMNS * ROWS)
    wanted = Wanted(
        camera=camera, stream=stream, start_utc_ns=hour_utc_ns, end_utc_ns=hour_utc_ns + HOUR_NS, keys_only=True
    )
    for place in find_fragments(db, roots, wanted):
        minute = (place.utc_ns - hour_utc_ns) // MINUTE_NS
        if 0 <= minute < len(places) and places[minute] is None:
            places[minute] = place
    return places


def _made(places: Sequence[FragmentPlace | None], tiles: Sequence[Tile], before: Sheet | None) -> bytes:
    if before is not None:
        canvas = cast(NDArray[np.uint8], cv2.imdecode(np.frombuffer(before.jpeg, np.uint8), cv2.IMREAD_COLOR))
    else:
        canvas = np.full((ROWS * TILE_HEIGHT, COLUMNS * TILE_WIDTH, 3), _DARK, np.uint8)
    for number, (place, tile) in enumerate(zip(places, tiles, strict=True)):
        if before is not None and before.tiles[number] == tile:
            continue
        top, left = number // COLUMNS * TILE_HEIGHT, number % COLUMNS * TILE_WIDTH
        target = canvas[top : top + TILE_HEIGHT, left : left + TILE_WIDTH]
        target[:] = _DARK
        if place is not None:
            _draw(place, target)
    done, jpeg = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return jpeg.tobytes()


def _draw(place: FragmentPlace, target: NDArray[np.uint8]) -> None:
    try:
        frame = last_picture([read_key_unit(place, read_init(place).format)])
    except (*UNDECODABLE, OSError, FootageError, MediaError) as error:
        _log.info("camera %s: a tile of a sheet stays dark: %s", place.id.camera, error)
        return
    scale = min(TILE_WIDTH / frame.width, TILE_HEIGHT / frame.height)
    width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    small = frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA", threads=1)
    top, left = (TILE_HEIGHT - height) // 2, (TILE_WIDTH - width) // 2
    target[top : top + height, left : left + width] = small.to_ndarray()
