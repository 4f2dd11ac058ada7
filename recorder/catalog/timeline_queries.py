"""What lies beside footage on a timeline: events of a camera, and the lapses of its licence."""

import sqlite3

from recorder.catalog.event_queries import EVENTS_PER_PAGE_MAX, event_of
from recorder.events.kept import Event

BEFORE_MAX = 64
"""Of the events that began before a range only the last few are looked at for one that reaches into it."""

_OF_CAMERA = "FROM event WHERE camera_id = (SELECT id FROM camera WHERE name = ?)"
LapseRow = tuple[int, int | None]
"""Start, and end: None while it lasts."""


def events_beside(
    db: sqlite3.Connection, camera: str, start_utc_ns: int, end_utc_ns: int, *, licensed_only: bool
) -> list[Event]:
    """What happened at the camera in `[start, end)`, by start; of more than EVENTS_PER_PAGE_MAX the last. Lapses of its
    licence are not among them (`lapses_between`)."""
    asked = (
        f"SELECT id, start_utc_ns, end_utc_ns {_OF_CAMERA} AND kind <> 'licence'{' AND licensed' * licensed_only} AND"
    )
    inside = db.execute(
        f"{asked} start_utc_ns >= ? AND start_utc_ns < ? ORDER BY start_utc_ns DESC LIMIT ?",
        (camera, start_utc_ns, end_utc_ns, EVENTS_PER_PAGE_MAX),
    ).fetchall()
    before = db.execute(
        f"{asked} start_utc_ns < ? ORDER BY start_utc_ns DESC LIMIT ?", (camera, start_utc_ns, BEFORE_MAX)
    ).fetchall()
    reaching = [row for row in before if row[2] is None or row[2] > start_utc_ns]
    numbers = [row[0] for row in (inside + reaching)[:EVENTS_PER_PAGE_MAX]]
    return [event for number in reversed(numbers) if (event := event_of(db, number)) is not None]


def lapses_between(db: sqlite3.Connection, camera: str, start_utc_ns: int, end_utc_ns: int) -> list[LapseRow]:
    """When the camera was lapsed, as far as it touches `[start, end)` and the recorder ran to see it, by start."""
    asked = f"SELECT start_utc_ns, end_utc_ns {_OF_CAMERA} AND kind = 'licence' AND"
    before = db.execute(
        f"{asked} start_utc_ns < ? ORDER BY start_utc_ns DESC LIMIT ?", (camera, start_utc_ns, BEFORE_MAX)
    ).fetchall()
    inside: list[LapseRow] = db.execute(
        f"{asked} start_utc_ns >= ? AND start_utc_ns < ? ORDER BY start_utc_ns", (camera, start_utc_ns, end_utc_ns)
    ).fetchall()
    return [row for row in reversed(before) if row[1] is None or row[1] > start_utc_ns] + inside
