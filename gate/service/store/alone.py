"""SQLite is for one service process: two would each send every mail. PostgreSQL locks rows; there it may be several."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from gate.service.errors import StoreError
from gate.service.store.engine import Store


@contextlib.contextmanager
def alone(store: Store) -> Iterator[None]:
    """Holds a SQLite database for this process, until the body ends or the process does. Raises StoreError if another
    service has it. Reading or migrating it needs no hold."""
    if store.dialect != "sqlite":
        yield
        return
    database = Path(str(store.engine.url.database))
    with database.with_name(f"{database.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{database}: another licence service is running on it; several need PostgreSQL (database: url: …)"
            ) from None
        yield
