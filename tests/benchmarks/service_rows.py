"""Many customers with licences, straight into the tables: a service that has grown for years, in a minute.

Only what jobs and minting read is there; the facts behind it are not. Every licence is bound to a camera; terms end on
the twelve month-ends that follow, one licence in twenty has a spare beside it.
"""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.licence.term import Term, term_of

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2027, 1, 5, 3, tzinfo=UTC)
PARTNERS = 200
SPARE_EVERY = 20
_PUBLIC_KEY = Ed25519PrivateKey.generate().public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """So many customers, each with one device of so many cameras, each with a licence."""

    customers: int
    cameras: int

    @property
    def licences(self) -> int:
        """Without the spares."""
        return self.customers * self.cameras


Table = tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]]]


def tables(size: Size) -> Iterator[Table]:
    """Each table with its columns and rows, those that others refer to first."""
    term = [_term(month) for month in range(12)]
    spare = term_of(NOW - timedelta(days=20), 12, TOKYO)
    partners, customers = [f"p{n:04}" for n in range(PARTNERS)], [f"c{n:06}" for n in range(size.customers)]
    yield "partners", ("id", "name", "created_at"), ((one, f"販売店 {one}", NOW) for one in partners)
    yield (
        "customers",
        ("id", "partner_id", "name", "email", "created_at", "version"),
        (
            (one, partners[n % PARTNERS], f"お客さま {one}", f"{one}@example.com", NOW, 1)
            for n, one in enumerate(customers)
        ),
    )
    people = [(f"u-{one}", f"{one}@example.com", "partner", one, None) for one in partners]
    people += [(f"u-{one}", f"{one}@example.com", "customer", None, one) for one in customers]
    yield "users", (
        "id", "email", "name", "role", "partner_id", "customer_id", "language", "password_hash", "password_origin",
        "password_given_at", "created_at",
    ), ((*one[:2], one[0], *one[2:], "ja", "x", "own", NOW, NOW) for one in people)  # fmt: skip
    yield "devices", (
        "id", "public_key", "serial", "model", "kind", "name", "code_sha256", "announced_at", "announced_cameras",
        "customer_id", "position", "registered_at", "boot_id", "former_boots", "seq", "issued_seq",
    ), (
        (f"d-{one}", _PUBLIC_KEY, one, "recorder", "edge", f"レコーダー {one}", one, NOW, "[]", one, 0, NOW, "", "[]",
         0, 0)
        for one in customers
    )  # fmt: skip
    everywhere = [(n, one, camera) for n, one in enumerate(customers) for camera in range(size.cameras)]
    yield (
        "cameras",
        ("device_id", "id", "customer_id", "kind", "name", "position", "registered_at", "held"),
        (
            (f"d-{one}", f"cam{camera}", one, "edge", f"カメラ {camera}", camera, NOW, False)
            for _, one, camera in everywhere
        ),
    )
    yield "licences", (
        "id", "partner_id", "customer_id", "position", "kind", "months", "origin", "allocated_at", "allocated_on",
        "free_until", "term_start", "last_day", "starts", "ends", "device_id", "camera_id", "free_since",
    ), itertools.chain(
        (
            _licence(f"l-{one}-{camera}", partners[n % PARTNERS], one, camera, term[(n + camera // 9) % 12],
                     (f"d-{one}", f"cam{camera}"))
            for n, one, camera in everywhere
        ),
        (
            _licence(f"s-{one}-{camera}", partners[n % PARTNERS], one, size.cameras + camera, spare, (None, None))
            for n, one, camera in everywhere if camera % SPARE_EVERY == 0
        ),
    )  # fmt: skip
    yield (
        "coverage",
        ("device_id", "camera_id", "starts", "licence_id", "customer_id", "ends", "cut"),
        (
            (f"d-{one}", f"cam{camera}", held.starts, f"l-{one}-{camera}", one, held.ends, False)
            for n, one, camera in everywhere
            for held in [term[(n + camera // 9) % 12]]
        ),
    )


async def fill_postgresql(socket_dir: Path, database: str, size: Size) -> None:
    """By COPY."""
    connection = await asyncpg.connect(host=str(socket_dir), user="tester", database=database)
    try:
        for name, columns, rows in tables(size):
            await connection.copy_records_to_table(name, records=rows, columns=columns)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def fill_sqlite(path: Path, size: Size) -> None:
    """In one transaction."""
    connection = sqlite3.connect(path)
    try:
        for name, columns, rows in tables(size):
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", map(_plain, rows))
        connection.commit()
        connection.execute("ANALYZE")
    finally:
        connection.close()


def _term(month: int) -> Term:
    """Ends at the end of the month that is so many months after NOW's."""
    return term_of(datetime(2025, 12, 10, tzinfo=TOKYO) + timedelta(days=31 * month), 12, TOKYO)


def _licence(
    key: str, partner: str, customer: str, position: int, term: Term, bound: tuple[str | None, str | None]
) -> tuple[Any, ...]:
    dates = (term.allocated_on, term.free_until, term.term_start, term.last_day, term.starts, term.ends)
    return (key, partner, customer, position, "edge", 12, "first", term.starts, *dates, *bound, term.starts)


def _plain(row: Sequence[Any]) -> list[Any]:
    return [
        one.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds") if isinstance(one, datetime)
        else one.isoformat() if isinstance(one, date)
        else one
        for one in row
    ]  # fmt: skip
