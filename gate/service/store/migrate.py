"""Brings the database into the form that this program knows, step by step; never back."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gate.database_copy import CopyError, copy_before_migration
from gate.service.errors import StoreError
from gate.service.store.engine import Store

_LOCK = 0x0ED6E5E1
"""Of PostgreSQL: of several service processes that start at once one migrates, the others wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """`before` None: there was no database. Both the same: nothing was to be done."""

    before: str | None
    after: str


async def migrate(store: Store) -> Migrated:
    """Makes the tables, or changes them to today's form, in one transaction; of a SQLite database there is a copy then.
    Raises StoreError, also for a database that a newer program has made: that one is left as it is."""
    try:
        async with store.begin() as tx:
            if tx.dialect == "postgresql":
                await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            return await tx.connection.run_sync(_upgrade)
    except (SQLAlchemyError, OSError) as error:
        shown = store.engine.url.render_as_string(hide_password=True)
        raise StoreError(f"the database {shown} cannot be used: {cause_of(error)}") from None


def head() -> str:
    """The form that this program knows."""
    return ScriptDirectory.from_config(_steps()).get_current_head() or ""


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for this connection."""
    config = _steps()
    config.attributes["connection"] = connection
    return config


def _steps() -> Config:
    config = Config()
    config.set_main_option("script_location", "gate.service.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> Migrated:
    config = configuration(connection)
    steps, today = ScriptDirectory.from_config(config), head()
    before = MigrationContext.configure(connection).get_current_revision()
    known = {step.revision for step in steps.walk_revisions()}
    if before is not None and before not in known:
        raise StoreError(
            f"the database has the form {before}, which a newer version of this program has made (this one knows "
            f"{today}): start that version again, or restore a copy from before"
        )
    if before is not None and before != today and connection.dialect.name == "sqlite":
        _copy(Path(str(connection.engine.url.database)), before)
    if before != today:
        command.upgrade(config, "head")
    return Migrated(before=before, after=today)


def _copy(database: Path, form: str) -> None:
    try:
        copy_before_migration(database, form)
    except CopyError as error:
        raise StoreError(f"{database} is left in form {form}: it could not be copied before: {error}") from None


def cause_of(error: Exception) -> str:
    """What the database itself says, in one line without the statement."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
