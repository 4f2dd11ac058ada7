"""Rows that are there already, without an error: an error would end the whole transaction on PostgreSQL."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from gate.service.store.engine import Transaction


async def insert_new(tx: Transaction, table: Table, row: Mapping[str, Any], *keys: str) -> bool:
    """Inserts the row unless one with the same `keys` (none given: any unique ones) is there; says whether it did. Of
    two at once the second waits for the first to end."""
    dialect = postgresql if tx.dialect == "postgresql" else sqlite
    inserted = await tx.execute(dialect.insert(table).values(**row).on_conflict_do_nothing(index_elements=keys or None))
    return inserted.rowcount == 1
