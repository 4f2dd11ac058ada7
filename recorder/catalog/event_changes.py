"""What is written of events. Each function runs inside one transaction of `Catalog.post` or `Catalog.do`."""

import sqlite3
from datetime import datetime

from gate.clock import ns_of
from recorder.catalog.changes import camera_number
from recorder.catalog.database import Change
from recorder.events.kept import Event

EVENTS_MAX = 1_000_000
"""Bound of the events that are kept; the oldest go first."""
EVENTS_SWEPT = 1_000
"""How many are looked at beyond the bound at a time: a sweep stays short."""


def insert_event(db: sqlite3.Connection, event: Event) -> None:
    """A new event, with the number that it has already."""
    db.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.number,
            None if event.camera is None else camera_number(db, event.camera),
            event.kind,
            event.source,
            ns_of(event.start),
            None if event.end is None else ns_of(event.end),
            event.detail,
            event.licensed,
        ),
    )
    if event.number % EVENTS_SWEPT == 0:
        db.execute("DELETE FROM event WHERE id <= ?", (event.number - EVENTS_MAX,))


def end_event(db: sqlite3.Connection, number: int, end: datetime) -> None:
    """An event that lasted ends; never before it began."""
    db.execute(
        "UPDATE event SET end_utc_ns = max(start_utc_ns, ?) WHERE id = ? AND end_utc_ns IS NULL", (ns_of(end), number)
    )


def with_outbox(db: sqlite3.Connection, change: Change[None], beside: Change[None]) -> None:
    """An event's change and what goes with it: both, or neither."""
    change(db)
    beside(db)


def end_all_events(db: sqlite3.Connection, end_utc_ns: int) -> int:
    """Ends what lasted when the recorder last ran; how many."""
    return db.execute(
        "UPDATE event SET end_utc_ns = max(start_utc_ns, ?) WHERE end_utc_ns IS NULL", (end_utc_ns,)
    ).rowcount
