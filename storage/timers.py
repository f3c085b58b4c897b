"""Timers about one person or one report: rows that say what is due when, each planned once.

Whoever claims a timer checks it against the world before acting: the report may be decided, the
form finished. The key carries the version it was planned for, so a changed world plans anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from storage.database import Tx
from storage.schema import timers

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Timer:
    """Something due about one subject, such as ("overdue", "contribution:12")."""

    id: int
    kind: str
    subject: str
    due_at: datetime


def plan(tx: Tx, kind: str, subject: str, due_at: datetime, *, version: int = 0) -> bool:
    """Plan a timer; False when it was planned before for this version."""
    key = f"{kind}:{subject}:{version}"
    row = {"kind": kind, "subject": subject, "key": key, "due_at": due_at, "done": False}
    return tx.insert_once(timers, row)


def claim(tx: Tx, limit: int = BATCH) -> list[Timer]:
    """Take what is due, earliest first; it is done when this transaction commits."""
    rows = tx.execute(
        select(timers.c.id, timers.c.kind, timers.c.subject, timers.c.due_at)
        .where(~timers.c.done, timers.c.due_at <= tx.now)
        .order_by(timers.c.due_at, timers.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        tx.execute(
            update(timers).where(timers.c.id.in_([row.id for row in rows])).values(done=True)
        )
    return [Timer(*row) for row in rows]
