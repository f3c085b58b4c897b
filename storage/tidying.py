"""Clearing what nobody needs any more, in slices: keys of events, delivered texts, done timers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from storage.database import Tx
from storage.schema import outbox, received, timers

KEYS_KEPT = timedelta(days=30)
"""Platforms send again for a day at most; a month forgives a restored backup too."""
TEXTS_KEPT = timedelta(days=90)
"""What was said stands in the person's own chat; here it only explains a complaint."""
SLICE = 1_000
LOOKED_AT = 20_000

_KEYS = (
    select(received.c.key, received.c.at)
    .where(received.c.key > bindparam("after"))
    .order_by(received.c.key)
    .limit(LOOKED_AT)
)
_TEXTS = (
    select(outbox.c.id, outbox.c.created_at, outbox.c.state)
    .where(outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(LOOKED_AT)
)


def old_keys(tx: Tx, after: bytes) -> tuple[list[bytes], bytes | None]:
    """(keys past their time among those next behind `after`, where to look on; None: the end)."""
    rows = tx.execute(_KEYS, {"after": after}).all()
    oldest = tx.now - KEYS_KEPT
    return [row.key for row in rows if row.at < oldest], rows[-1].key if rows else None


def old_texts(tx: Tx, after: int) -> tuple[list[int], int | None]:
    """(outbox rows that are settled and past their time behind the row `after`, where to look on).

    It ends at the first row that is young: rows come in the order of time.
    """
    rows = tx.execute(_TEXTS, {"after": after}).all()
    oldest: datetime = tx.now - TEXTS_KEPT
    found = [row.id for row in rows if row.state != "queued" and row.created_at < oldest]
    over = not rows or rows[-1].created_at >= oldest
    return found, None if over else rows[-1].id


def drop_keys(tx: Tx, keys: Sequence[bytes]) -> None:
    """Forget these events' keys."""
    tx.execute(delete(received).where(received.c.key.in_(keys)))


def drop_texts(tx: Tx, ids: Sequence[int]) -> None:
    """Forget these texts."""
    tx.execute(delete(outbox).where(outbox.c.id.in_(ids), outbox.c.state != "queued"))


def drop_timers(tx: Tx) -> int:
    """Forget a slice of timers done long ago; how many there were."""
    oldest = tx.now - TEXTS_KEPT
    old = select(timers.c.id).where(timers.c.done, timers.c.due_at < oldest).limit(SLICE)
    ids = list(tx.execute(old).scalars())
    if ids:
        tx.execute(delete(timers).where(timers.c.id.in_(ids)))
    return len(ids)
