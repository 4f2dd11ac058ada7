"""The footage of one recorder as a reader sees it, from any process: the index (read-only) and where volumes lie."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.catalog import queries
from recorder.catalog.rows import SegmentId
from recorder.segments.volume import segment_path

INDEX_NAME = "index.db"
_BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The data folder of a recorder, running or not."""

    data_dir: Path

    @property
    def index(self) -> Path:
        """The index's file."""
        return self.data_dir / INDEX_NAME

    def connect(self) -> sqlite3.Connection:
        """A connection of one's own that cannot write; to be used by one thread at a time. Raises sqlite3.Error."""
        uri = f"{self.index.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)

    @contextlib.contextmanager
    def reading(self) -> Iterator[tuple[sqlite3.Connection, Mapping[int, Path]]]:
        """A connection for as long as the body lasts, and where each volume lies. Raises sqlite3.Error."""
        db = self.connect()
        try:
            yield db, self.roots(db)
        finally:
            db.close()

    def roots(self, db: sqlite3.Connection) -> Mapping[int, Path]:
        """Where each volume lies, by its number."""
        return {volume.number: self.data_dir / volume.path for volume in queries.volumes(db)}


def path_on(roots: Mapping[int, Path], volume: int, id: SegmentId, start_utc_ns: int) -> Path:
    """A segment's file."""
    return segment_path(roots[volume], id, start_utc_ns)
