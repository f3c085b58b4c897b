"""Raising (chuyển lên cấp trên) what a commune left undecided for too long."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from storage import audit
from storage.contributions import OPEN, Contribution, get
from storage.database import Tx
from storage.schema import contributions

_RAISE = (
    update(contributions)
    .where(
        contributions.c.id == bindparam("of_id"),
        contributions.c.state.in_(OPEN),
        contributions.c.raised_at.is_(None),
    )
    .values(raised_at=bindparam("at"))
)


def raise_up(tx: Tx, contribution_id: int) -> Contribution | None:
    """From now on the level above may decide too; None when it is decided or raised already."""
    if tx.execute(_RAISE, {"of_id": contribution_id, "at": tx.now}).rowcount != 1:
        return None
    audit.record(
        tx, "timer", "contribution.raised", f"contribution:{contribution_id}",
        raised_at=(None, tx.now),
    )  # fmt: skip
    return get(tx, contribution_id)
