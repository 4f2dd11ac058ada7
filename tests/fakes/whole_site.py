"""A remote side with every part that it can have, to look at its routes; nothing of it is served."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from gate.clock import SystemClock
from recorder.access.access import Access
from recorder.access.audit import AuditLog
from recorder.access.database import AccessDatabase
from recorder.catalog.database import Catalog
from recorder.web.served import Served
from tests.fakes.remote_site import RemoteSite, config_of


@contextmanager
def whole_served(folder: Path) -> Iterator[Served]:
    """Nothing in it is None."""
    clock = SystemClock()
    site = RemoteSite(clock=clock, config=config_of(folder, 1))
    database = AccessDatabase(folder / "access.sqlite3")
    catalog = Catalog(folder / "catalog.sqlite3")
    access = Access(clock=clock, audit=AuditLog(now=clock.now), database=database)
    served = replace(site.parts, access=access, catalog=catalog)
    missing: dict[str, Any] = {
        field.name: MagicMock() for field in fields(served) if getattr(served, field.name) is None
    }
    try:
        yield replace(served, **missing)
    finally:
        catalog.close()
        database.close()
        clock.close()
