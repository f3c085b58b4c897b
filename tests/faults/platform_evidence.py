"""What storage holds after a kill run on a platform; only read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Table, func, select

from storage.database import Database, Tx
from storage.schema import (
    accounts,
    attachments,
    campaign_people,
    contributions,
    decisions,
    outbox,
    people,
    reminded,
)
from tests.faults.platform_ledger import StoredDecision, StoredRow


@dataclass(frozen=True, slots=True)
class PlatformEvidence:
    """Outbox rows in order, decisions, and by sender how often a reminder was planned, noted."""

    rows: tuple[StoredRow, ...]
    decisions: tuple[StoredDecision, ...]
    planned: dict[str, int]
    noted: dict[str, int]


def look(url: str) -> PlatformEvidence:
    """Read the store."""
    database = Database(url)
    try:
        with database.reading(datetime.now(UTC)) as tx:
            return PlatformEvidence(
                _rows(tx), _decisions(tx), _count(tx, campaign_people), _count(tx, reminded)
            )
    finally:
        database.dispose()


def waiting(url: str) -> tuple[int, int]:
    """How many messages and how many files still wait."""
    database = Database(url)
    try:
        with database.reading(datetime.now(UTC)) as tx:
            queued = select(func.count()).where(outbox.c.state == "queued")
            pending = select(func.count()).where(attachments.c.state == "pending")
            return tx.execute(queued).scalar_one(), tx.execute(pending).scalar_one()
    finally:
        database.dispose()


def _rows(tx: Tx) -> tuple[StoredRow, ...]:
    found = tx.execute(
        select(accounts.c.sender, outbox.c.body, outbox.c.state, outbox.c.reason)
        .join_from(outbox, accounts, accounts.c.id == outbox.c.account_id)
        .order_by(outbox.c.id)
    )
    return tuple(
        StoredRow(row.sender, row.body["text"], row.state, row.reason, "campaign" in row.body)
        for row in found
    )


def _decisions(tx: Tx) -> tuple[StoredDecision, ...]:
    photos: dict[int, list[str]] = defaultdict(list)
    for row in tx.execute(select(attachments.c.contribution_id, attachments.c.state)):
        photos[row.contribution_id].append(row.state)
    found = tx.execute(
        select(contributions.c.id, contributions.c.code, contributions.c.state,
               func.count(decisions.c.id).label("times"))
        .join_from(contributions, decisions, decisions.c.contribution_id == contributions.c.id,
                   isouter=True)
        .group_by(contributions.c.id, contributions.c.code, contributions.c.state)
    )  # fmt: skip
    return tuple(
        StoredDecision(row.code, row.state, row.times, tuple(photos[row.id])) for row in found
    )


def _count(tx: Tx, source: Table) -> dict[str, int]:
    found = tx.execute(
        select(accounts.c.sender, func.count())
        .join_from(source, people, people.c.id == source.c.person_id)
        .join(accounts, accounts.c.person_id == people.c.id)
        .group_by(accounts.c.sender)
    )
    return {row[0]: int(row[1]) for row in found}
