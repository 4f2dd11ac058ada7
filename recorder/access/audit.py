"""The audit log: who did what, from where, when by trusted time. Noting is instant; a job keeps what was noted.

1. Entries are only appended. Beyond ENTRIES_MAX, or older than AGE_MAX, the oldest are cut, and counted.
2. What cannot be kept (a full disk, a flood) is counted as lost, and that count is kept with the log.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from recorder.access.actor import Actor
from recorder.access.database import AccessDatabase

ENTRIES_MAX = 100_000
AGE_MAX = timedelta(days=400)
WAITING_MAX = 4_000
BATCH_MAX = 500
TEXT_MAX = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log. `camera` None: the recorder itself."""

    at: datetime
    actor: str
    origin: str
    role: str | None
    address: str
    action: str
    camera: str | None = None
    detail: str = ""
    number: int = 0


class AuditLog:
    """`note` from the event loop; what is noted is kept by `flush`."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        """`now`: the trusted time."""
        self._now = now
        self._waiting: deque[Entry] = deque()
        self.lost = 0
        """Entries that were not kept, and of which the log does not know yet."""

    @property
    def waiting(self) -> int:
        """Entries that are not kept yet."""
        return len(self._waiting)

    def note(self, actor: Actor, action: str, *, camera: str | None = None, detail: str = "") -> None:
        """`actor` has done `action` (words with dots: `view.begun`, `export.made`)."""
        entry = Entry(
            at=self._now(),
            actor=actor.name[:TEXT_MAX],
            origin=actor.origin,
            role=actor.role,
            address=actor.address,
            action=action,
            camera=camera[:64] if camera is not None else None,
            detail=detail[:TEXT_MAX],
        )
        if len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            if self.lost & (self.lost - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
                _log.error("audit: %d entries lost, the disk is too slow", self.lost)
            return
        self._waiting.append(entry)

    async def flush(self, database: AccessDatabase) -> bool:
        """Keeps the next entries that wait; whether the disk took them."""
        batch, lost = list(self._waiting)[:BATCH_MAX], self.lost
        if not batch and not lost:
            return True
        try:
            await database.do(partial(append, entries=batch, lost=lost, now=self._now()))
        except sqlite3.Error as error:
            _log.error("audit: %d entries cannot be kept yet: %s", len(self._waiting), error)
            return False
        for _ in batch:
            self._waiting.popleft()
        self.lost -= lost
        return True


def append(db: sqlite3.Connection, *, entries: Sequence[Entry], lost: int, now: datetime) -> None:
    """Writes them, and cuts what is too old or too much."""
    db.executemany(
        "INSERT INTO audit (at, actor, origin, role, address, action, camera, detail) VALUES (?,?,?,?,?,?,?,?)",
        [(e.at.isoformat(), e.actor, e.origin, e.role, e.address, e.action, e.camera, e.detail) for e in entries],
    )
    cut = _cut(db, (now - AGE_MAX).isoformat())
    db.execute("UPDATE audit_cut SET entries = entries + ?, lost = lost + ? WHERE id = 1", (cut, lost))


def _cut(db: sqlite3.Connection, oldest: str) -> int:
    """In order of their numbers: a clock that was wrong once neither keeps nor kills what stands behind it."""
    first, last = db.execute("SELECT min(number), max(number) FROM audit").fetchone()
    if first is None:
        return 0
    keep_from = max(first, last - ENTRIES_MAX + 1)
    young = db.execute(
        "SELECT number FROM audit WHERE number >= ? AND at >= ? ORDER BY number LIMIT 1", (keep_from, oldest)
    ).fetchone()
    keep_from = young[0] if young else last
    for number in range(first, keep_from):  # one by one: the trigger lets only the oldest go
        db.execute("DELETE FROM audit WHERE number = ?", (number,))
    return int(keep_from - first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are asked for; None: any. `before`: only numbers below it. `action`: `view` finds `view.begun`."""

    start: datetime | None = None
    end: datetime | None = None
    actor: str | None = None
    action: str | None = None
    camera: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`cut`: entries that were there once and are no more; `lost`: ones that were never kept."""

    entries: tuple[Entry, ...]
    cut: int
    lost: int


def find(db: sqlite3.Connection, *, wanted: Wanted, count_max: int) -> Found:
    """The newest entries first."""
    conditions: list[tuple[str, Any]] = [
        ("at >= ?", wanted.start and wanted.start.isoformat()),
        ("at < ?", wanted.end and wanted.end.isoformat()),
        ("actor = ?", wanted.actor),
        ("(action || '.') LIKE ? || '.%'", wanted.action),
        ("camera = ?", wanted.camera),
        ("number < ?", wanted.before),
    ]
    asked = [(text, value) for text, value in conditions if value is not None]
    where = " AND ".join(["1", *(text for text, _ in asked)])
    rows = db.execute(
        "SELECT number, at, actor, origin, role, address, action, camera, detail FROM audit "
        f"WHERE {where} ORDER BY number DESC LIMIT ?",
        [*(value for _, value in asked), count_max],
    ).fetchall()
    cut, lost = db.execute("SELECT entries, lost FROM audit_cut").fetchone()
    return Found(entries=tuple(map(_entry, rows)), cut=cut, lost=lost)


def _entry(row: tuple[Any, ...]) -> Entry:
    number, at, actor, origin, role, address, action, camera, detail = row
    return Entry(
        number=number,
        at=datetime.fromisoformat(at),
        actor=actor,
        origin=origin,
        role=role,
        address=address,
        action=action,
        camera=camera,
        detail=detail,
    )
