"""Brings a store's tables to this version's shape, once, however many replicas start together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.database import Database
from storage.errors import DatabaseAway

HEAD = "0007"
"""The newest migration, so that an ordinary start need not load Alembic to see it is up to date."""
MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Run what is missing of `migrations/`. Other replicas wait for the lock, then find it done."""
    with database.writing(datetime.now(UTC)) as tx:
        tx.lock("schema")
        if revision(tx.connection) != HEAD:
            _run_alembic(tx.connection)


def revision(connection: Connection) -> str | None:
    """The migration a store stands at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as wrong:
        raise DatabaseAway(f"the store was made by another version: {wrong}") from None
