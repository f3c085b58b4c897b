"""What storage and the program itself say after a fault run; only read, with SQLAlchemy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text

from storage.database import Database
from storage.schema import accounts, contributions, dead_letters, outbox
from tests.faults.ledger import StoredReport
from tests.load.server import clean


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every stored report, messages written per sender, and what is wrong with the store itself."""

    reports: tuple[StoredReport, ...]
    answered: Mapping[str, int]
    wrong: tuple[str, ...]


def gather(url: str, data: Path, settings: Mapping[str, str]) -> Evidence:
    """Read the store at `url`; `settings` are those the program ran with on `data`."""
    database = Database(url)
    try:
        with database.reading(datetime.now(UTC)) as tx:
            reports = tx.execute(
                select(contributions.c.code, contributions.c.told_vnd, accounts.c.sender).join_from(
                    contributions, accounts, accounts.c.id == contributions.c.account_id
                )
            )
            stored = tuple(StoredReport(row[0], row[1], row[2]) for row in reports)
            written = tx.execute(
                select(accounts.c.sender, func.count())
                .join_from(outbox, accounts, accounts.c.id == outbox.c.account_id)
                .group_by(accounts.c.sender)
            )
            answered = {row[0]: int(row[1]) for row in written}
            wrong = [
                f"DEAD LETTER: {row.error[-300:]}"
                for row in tx.execute(select(dead_letters.c.error).limit(5))
            ]
            if database.is_sqlite:
                said = tx.execute(text("PRAGMA integrity_check")).scalar()
                if said != "ok":
                    wrong.append(f"INTEGRITY: {said}")
    finally:
        database.dispose()
    chain = subprocess.run(
        [sys.executable, "-m", "bot", "audit", "verify"],
        cwd=data, env=clean(settings), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if chain.returncode != 0:
        wrong.append(f"AUDIT: exit {chain.returncode}: {(chain.stdout + chain.stderr)[-300:]}")
    return Evidence(stored, answered, tuple(wrong))
