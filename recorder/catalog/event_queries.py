"""Questions about events. Each function runs on a connection that reads: `await catalog.read(partial(...))`."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gate.clock import instant_of
from recorder.events.kept import Event

EVENTS_PER_PAGE_MAX = 1000

_SELECT = (
    "SELECT event.id, camera.name, kind, source, start_utc_ns, end_utc_ns, detail, licensed"
    " FROM event LEFT JOIN camera ON camera.id = event.camera_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted: those that overlap `[start, end)`. Empty `cameras` or `kinds` mean all; an event of no
    camera passes only where all cameras do. `number_below`: the next page of a list that ended with that number.
    `licensed_only`: what may be told remotely."""

    start_utc_ns: int
    end_utc_ns: int
    cameras: Sequence[str] = ()
    kinds: Sequence[str] = ()
    number_below: int | None = None
    licensed_only: bool = False


def last_event_number(db: sqlite3.Connection) -> int:
    """The highest number ever given, 0 before the first."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    return 0 if row is None else int(row[0])


def newest_events(db: sqlite3.Connection, wanted: EventFilter, count_max: int = EVENTS_PER_PAGE_MAX) -> list[Event]:
    """At most `count_max` events, the newest first."""
    terms = ["start_utc_ns < ?", "(end_utc_ns >= ? OR end_utc_ns IS NULL)"]
    values: list[Any] = [wanted.end_utc_ns, wanted.start_utc_ns]
    if wanted.cameras:
        terms.append(f"camera.name IN ({_marks(wanted.cameras)})")
        values += wanted.cameras
    if wanted.kinds:
        terms.append(f"kind IN ({_marks(wanted.kinds)})")
        values += wanted.kinds
    if wanted.number_below is not None:
        terms.append("event.id < ?")
        values.append(wanted.number_below)
    if wanted.licensed_only:
        terms.append("licensed")
    rows = db.execute(
        f"{_SELECT} WHERE {' AND '.join(terms)} ORDER BY event.id DESC LIMIT ?",
        (*values, min(count_max, EVENTS_PER_PAGE_MAX)),
    )
    return [_event(row) for row in rows]


def event_of(db: sqlite3.Connection, number: int) -> Event | None:
    """The event of that number."""
    row = db.execute(f"{_SELECT} WHERE event.id = ?", (number,)).fetchone()
    return None if row is None else _event(row)


def kinds_told(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Which kinds each camera is known to tell, of what may be told remotely."""
    rows = db.execute(
        "SELECT camera.name, group_concat(DISTINCT kind) FROM event JOIN camera ON camera.id = event.camera_id"
        " WHERE licensed GROUP BY camera.name"
    )
    return {name: frozenset(kinds.split(",")) for name, kinds in rows}


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _event(row: tuple[Any, ...]) -> Event:
    number, camera, kind, source, start_utc_ns, end_utc_ns, detail, licensed = row
    return Event(
        number=number,
        camera=camera,
        kind=kind,
        source=source,
        start=instant_of(start_utc_ns),
        end=None if end_utc_ns is None else instant_of(end_utc_ns),
        detail=detail,
        licensed=bool(licensed),
    )
