"""Leases: what only one replica may do at a time, for as long as it says."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, update

from storage.database import Tx
from storage.schema import leases


def take(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    """Take a lease, or prolong one's own; False while another holds it."""
    until = tx.now + timedelta(seconds=seconds)
    if tx.insert_once(leases, {"name": name, "holder": holder, "until": until}):
        return True
    taken = tx.execute(
        update(leases)
        .where(leases.c.name == name, or_(leases.c.until <= tx.now, leases.c.holder == holder))
        .values(holder=holder, until=until)
    )
    return taken.rowcount == 1


def release(tx: Tx, name: str, holder: str) -> None:
    """Give a lease back, if still held."""
    tx.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
