"""Speed limits all replicas share: the generic cell rate algorithm, one row a limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from storage.database import Tx
from storage.schema import limits


def reserve(tx: Tx, name: str, per_second: float, many: int, by: datetime) -> datetime:
    """Take `many` calls; the first may be made at the time given, each next one a beat later.

    After `by` none is taken: calls given up in a long stop would push those after it ever further.
    """
    first = max(_free_at(tx, name), tx.now)
    if first <= by:
        _move(tx, name, first + timedelta(seconds=many / per_second))
    return first


def hold(tx: Tx, name: str, until: datetime) -> None:
    """Let nothing more be reserved before `until`: the platform asked for it."""
    if until > _free_at(tx, name):
        _move(tx, name, until)


def _free_at(tx: Tx, name: str) -> datetime:
    tx.insert_once(limits, {"name": name, "free_at": tx.now})
    found = select(limits.c.free_at).where(limits.c.name == name).with_for_update()
    free_at: datetime = tx.execute(found).scalar_one()
    return free_at


def _move(tx: Tx, name: str, to: datetime) -> None:
    tx.execute(update(limits).where(limits.c.name == name).values(free_at=to))
