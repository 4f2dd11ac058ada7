"""The outbox of remote notices. Each function runs inside one transaction of `Catalog.post` or `Catalog.do`, or on a
connection that reads (`notice_counts`)."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gate.clock import instant_of, ns_of
from recorder.notify.notice import AGE_MAX, Notice

_Count = Literal["sent", "given_up", "too_old", "left_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCounts:
    """Of one channel, since its first notice."""

    waiting: int = 0
    sent: int = 0
    given_up: int = 0
    too_old: int = 0
    left_out: int = 0


def put_notice(db: sqlite3.Connection, notice: Notice, waiting_max: int) -> None:
    """A notice waits from now on; beyond the bound the oldest goes. One that waits already is left as it is."""
    put = db.execute(
        "INSERT INTO notice (channel, id, event_id, phase, camera, created_utc_ns, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (notice.channel, notice.id, notice.event, notice.phase, notice.camera, ns_of(notice.created), notice.body),
    )
    if put.rowcount == 0:
        return
    waiting = _count(db, notice.channel, "waiting", 1)
    if waiting > waiting_max:
        oldest = "SELECT min(number) FROM notice WHERE channel = ?"
        db.execute(f"DELETE FROM notice WHERE number = ({oldest})", (notice.channel,))
        _count(db, notice.channel, "waiting", -1)
        _count(db, notice.channel, "left_out", 1)


def take_notices(
    db: sqlite3.Connection, channel: str, cameras: Sequence[str], now: datetime, count_max: int
) -> list[Notice]:
    """The oldest that may be told now, in their order: those of these cameras, and of no camera if there is any. What
    is too old to be told goes, whatever its camera. They wait until they are `finish`ed."""
    old = db.execute("DELETE FROM notice WHERE channel = ? AND created_utc_ns <= ?", (channel, ns_of(now - AGE_MAX)))
    if old.rowcount:
        _count(db, channel, "too_old", old.rowcount)
        _count(db, channel, "waiting", -old.rowcount)
    if not cameras:
        return []
    marks = ", ".join("?" * len(cameras))
    rows = db.execute(
        "SELECT number, channel, id, event_id, phase, camera, created_utc_ns, body, refusals FROM notice"
        f" WHERE channel = ? AND (camera IS NULL OR camera IN ({marks})) ORDER BY number LIMIT ?",
        (channel, *cameras, count_max),
    )
    return [_notice(row) for row in rows]


def finish_notices(db: sqlite3.Connection, notices: Iterable[Notice], how: Literal["sent", "given_up"]) -> None:
    """They have been told, or are given up."""
    for notice in notices:
        gone = db.execute("DELETE FROM notice WHERE number = ?", (notice.number,)).rowcount
        _count(db, notice.channel, how, 1)
        _count(db, notice.channel, "waiting", -gone)


def refuse_notices(db: sqlite3.Connection, notices: Iterable[Notice]) -> None:
    """The endpoint has said no to them once more."""
    db.executemany("UPDATE notice SET refusals = refusals + 1 WHERE number = ?", [(one.number,) for one in notices])


def forget_other_channels(db: sqlite3.Connection, channels: Sequence[str]) -> int:
    """Drops what waits for channels that are no longer configured; how many."""
    marks = ", ".join("?" * len(channels))
    gone = db.execute(f"DELETE FROM notice WHERE channel NOT IN ({marks})", tuple(channels)).rowcount
    db.execute(f"DELETE FROM notice_count WHERE channel NOT IN ({marks})", tuple(channels))
    return gone


def notice_counts(db: sqlite3.Connection) -> dict[str, NoticeCounts]:
    """By channel."""
    rows = db.execute("SELECT channel, waiting, sent, given_up, too_old, left_out FROM notice_count")
    return {
        channel: NoticeCounts(waiting=waiting, sent=sent, given_up=given_up, too_old=too_old, left_out=left_out)
        for channel, waiting, sent, given_up, too_old, left_out in rows
    }


def _count(db: sqlite3.Connection, channel: str, which: _Count | Literal["waiting"], change: int) -> int:
    row = db.execute(
        f"INSERT INTO notice_count (channel, {which}) VALUES (?, ?)"
        f" ON CONFLICT (channel) DO UPDATE SET {which} = {which} + excluded.{which} RETURNING {which}",
        (channel, change),
    ).fetchone()
    return int(row[0])


def _notice(row: tuple[Any, ...]) -> Notice:
    number, channel, id, event, phase, camera, created_utc_ns, body, refusals = row
    return Notice(
        number=number,
        channel=channel,
        id=id,
        event=event,
        phase=phase,
        camera=camera,
        created=instant_of(created_utc_ns),
        body=body,
        refusals=refusals,
    )
