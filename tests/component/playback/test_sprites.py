"""Sheets of small pictures: one a minute, only new ones decoded, none that has gone from the disk."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from recorder.playback import sprites
from recorder.playback.sprites import HOUR_NS, TILE_HEIGHT, TILE_WIDTH, Sheet, Sheets
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, access_units, shifted

HOUR_UTC_NS = EPOCH_NS // HOUR_NS * HOUR_NS


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    made = Recorded(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """When each picture that was decoded was taken."""
    seen: list[int] = []
    decode = sprites.last_picture

    def note(units: list[object]) -> object:
        seen.append(units[0].utc_ns)  # type: ignore[attr-defined]
        return decode(units)  # type: ignore[arg-type]

    monkeypatch.setattr(sprites, "last_picture", note)
    return seen


def ask(sheets: Sheets, recorded: Recorded) -> Sheet | None:
    with recorded.archive.reading() as (db, roots):
        return sheets.sheet(db, roots, "cam1", "main", HOUR_UTC_NS)


def bright(sheet: Sheet | None) -> list[int]:
    """The tiles that show something."""
    assert sheet is not None
    picture = cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    tiles = [
        picture[row : row + TILE_HEIGHT, column : column + TILE_WIDTH]
        for row in range(0, picture.shape[0], TILE_HEIGHT)
        for column in range(0, picture.shape[1], TILE_WIDTH)
    ]
    return [number for number, tile in enumerate(tiles) if tile.mean() > 40]


def test_an_hour_without_footage_has_no_sheet(recorded: Recorded) -> None:
    assert ask(Sheets(), recorded) is None


def test_a_sheet_that_has_grown_decodes_only_what_is_new(recorded: Recorded, decoded: list[int]) -> None:
    sheets = Sheets()
    recorded.write(access_units(2 * FPS))
    first = bright(ask(sheets, recorded))
    ask(sheets, recorded)
    assert len(first) == len(decoded) == 1
    recorded.write(shifted(access_units(2 * FPS), 120, run=2))
    assert bright(ask(sheets, recorded)) == [first[0], first[0] + 2]
    assert len(decoded) == 2


def test_what_has_gone_from_the_disk_is_gone_from_its_sheet(recorded: Recorded) -> None:
    sheets = Sheets()
    recorded.write(access_units(2 * FPS))
    recorded.write(shifted(access_units(2 * FPS), 120, run=2))
    before = bright(ask(sheets, recorded))
    db = sqlite3.connect(recorded.root / "index.db", isolation_level=None)
    db.execute("UPDATE segment SET state = 'lost' WHERE run = 1")
    db.close()
    assert bright(ask(sheets, recorded)) == before[1:]


def test_sheets_are_kept_within_their_bound(recorded: Recorded, decoded: list[int]) -> None:
    sheets = Sheets(bytes_max=10)
    recorded.write(access_units(2 * FPS))
    ask(sheets, recorded)
    ask(sheets, recorded)
    assert len(decoded) == 2
