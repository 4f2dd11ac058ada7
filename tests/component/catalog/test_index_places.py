"""Where the index cannot be, and what a person is told."""

import sqlite3
from pathlib import Path

import pytest

from recorder.catalog.database import open_for_writing
from recorder.catalog.errors import CatalogError


def test_a_place_that_cannot_be_written_is_not_called_a_broken_index(tmp_path: Path) -> None:
    (tmp_path / "index.db").mkdir()
    with pytest.raises(CatalogError) as caught:
        open_for_writing(tmp_path / "index.db")
    assert "make its folder writable" in str(caught.value)
    assert "move it away" not in str(caught.value)


def test_a_broken_index_may_be_moved_away(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(CatalogError, match="move it away"):
        open_for_writing(tmp_path / "index.db")


def test_an_index_of_a_future_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.db") as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(CatalogError):
        open_for_writing(tmp_path / "index.db")
