"""Timers about one person or one report: rows that say what is due when, each planned once.

Whoever takes a timer checks it against the world before acting: the report may be decided, the
form finished. The key carries the version it was planned for, so a changed world plans anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from storage.database import Tx
from storage.schema import timers


@dataclass(frozen=True, slots=True)
class Timer:
    """Something due about one subject as of a version, such as ("overdue", "contribution:12")."""

    id: int
    kind: str
    subject: str
    version: int
    due_at: datetime


_DUE = (
    select(timers.c.id)
    .where(~timers.c.done, timers.c.due_at <= bindparam("by"))
    .order_by(timers.c.due_at, timers.c.id)
    .limit(bindparam("most"))
)
_TAKE = (
    select(timers.c.id, timers.c.kind, timers.c.subject, timers.c.key, timers.c.due_at)
    .where(timers.c.id == bindparam("of_id"), ~timers.c.done, timers.c.due_at <= bindparam("by"))
    .with_for_update(skip_locked=True)
)
_PLANNED = (
    select(timers.c.due_at)
    .where(timers.c.key.in_(bindparam("keys", expanding=True)), ~timers.c.done)
    .order_by(timers.c.id.desc())
    .limit(1)
)
_DONE = update(timers).where(timers.c.id == bindparam("of_id")).values(done=True)
_PUT_OFF = update(timers).where(timers.c.id == bindparam("of_id")).values(due_at=bindparam("to"))


def plan(tx: Tx, kind: str, subject: str, due_at: datetime, *, version: int = 0) -> bool:
    """Plan a timer; False when it was planned before for this version."""
    key = _key(kind, subject, version)
    row = {"kind": kind, "subject": subject, "key": key, "due_at": due_at, "done": False}
    return tx.insert_once(timers, row)


def planned(tx: Tx, kind: str, subject: str, *, up_to: int) -> datetime | None:
    """When what was planned last for a version up to this one is due; None when nothing waits."""
    keys = [_key(kind, subject, version) for version in range(up_to + 1)]
    due_at: datetime | None = tx.execute(_PLANNED, {"keys": keys}).scalar()
    return due_at


def due(tx: Tx, limit: int) -> list[int]:
    """The ids of what is due, earliest first. A look only: whoever acts must `take` it."""
    return list(tx.execute(_DUE, {"by": tx.now, "most": limit}).scalars())


def take(tx: Tx, timer_id: int) -> Timer | None:
    """Take one that is due; it is done when this transaction commits. None: somebody else has."""
    row = tx.execute(_TAKE, {"of_id": timer_id, "by": tx.now}).one_or_none()
    if row is None:
        return None
    tx.execute(_DONE, {"of_id": timer_id})
    return Timer(row.id, row.kind, row.subject, int(row.key.rpartition(":")[2]), row.due_at)


def put_off(tx: Tx, timer_id: int, to: datetime) -> None:
    """Try a timer that failed again later, so that it holds up no other."""
    tx.execute(_PUT_OFF, {"of_id": timer_id, "to": to})


def _key(kind: str, subject: str, version: int) -> str:
    return f"{kind}:{subject}:{version}"
