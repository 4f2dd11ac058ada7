"""How files lie on a card, and reading their names. Pure.

`CARD/card.json` says whose card it is. `CARD/YYYY-MM-DD/START_END.mp4` (UTC, to the millisecond) is a finished file,
`CARD/YYYY-MM-DD/START.mp4` one that was still being written: as fragmented MP4 it plays as far as it goes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

CARD_NAME = "card.json"
CARD_FORMAT = "edge-card/v1"
_INSTANT = r"(\d{8}T\d{9}Z)"
_NAME = re.compile(rf"{_INSTANT}(?:_{_INSTANT})?\.mp4", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFile:
    """One file of a card. `path` is relative to the card. `end_utc_ms` is None while it is being written (or was torn
    out then). Times are the camera's own."""

    path: str
    start_utc_ms: int
    end_utc_ms: int | None


def open_path(start_utc_ms: int) -> str:
    """Where a file that begins now is written."""
    return f"{_instant(start_utc_ms):%Y-%m-%d}/{_text(start_utc_ms)}.mp4"


def finished_path(start_utc_ms: int, end_utc_ms: int) -> str:
    """Where it lies once it is finished."""
    return f"{_instant(start_utc_ms):%Y-%m-%d}/{_text(start_utc_ms)}_{_text(end_utc_ms)}.mp4"


def parse_path(path: str) -> CardFile | None:
    """A path relative to a card; None for what is no file of a card."""
    day, _, name = path.partition("/")
    match = _NAME.fullmatch(name)
    if match is None or not _DAY.fullmatch(day):
        return None
    start, end = _milliseconds(match[1]), _milliseconds(match[2]) if match[2] else None
    if start is None or (match[2] and end is None) or (end is not None and end < start):
        return None
    return CardFile(path=path, start_utc_ms=start, end_utc_ms=end)


def files_of(root: Path) -> list[CardFile]:
    """All files of a card, the oldest first. Blocks. Raises OSError."""
    found = (parse_path(f"{path.parent.name}/{path.name}") for path in root.glob("*/*.mp4"))
    return sorted((file for file in found if file is not None), key=lambda file: (file.start_utc_ms, file.path))


def _instant(utc_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=utc_ms)


def _text(utc_ms: int) -> str:
    return f"{_instant(utc_ms):%Y%m%dT%H%M%S}{utc_ms % 1000:03d}Z"


def _milliseconds(text: str) -> int | None:
    try:
        second = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (second - _EPOCH) // timedelta(milliseconds=1) + int(text[15:18])
