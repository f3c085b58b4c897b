"""Having a report in hand (đang xem): one officer at a time, for a while that runs out by itself.

A hold changes nothing of what was told or decided: its versions name the holder and nothing else,
so that who saw the report before can tell that it is still the same.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from storage import audit
from storage.contributions import OPEN, Contribution
from storage.database import Tx
from storage.errors import Conflict
from storage.four_eyes import is_own
from storage.grants import Grant, stands
from storage.schema import contribution_versions
from storage.verification import OwnReport, check_free, move

HOLDER = "holder"
_SINCE = select(contribution_versions.c.changes).where(
    contribution_versions.c.contribution_id == bindparam("of_id"),
    contribution_versions.c.version > bindparam("seen"),
)


def claim(tx: Tx, seen: Contribution, grant: Grant, until: datetime) -> Contribution:
    """Take a report in hand, or keep it longer. Raises Conflict, Held, OwnReport."""
    return _give(tx, seen, grant, grant, until, "contribution.claimed")


def hand_over(tx: Tx, seen: Contribution, grant: Grant, to: Grant, until: datetime) -> Contribution:
    """Put a report into a colleague's hand. Raises Conflict, Held, OwnReport (his, too)."""
    if is_own(tx, to.person_id, seen):
        raise OwnReport
    return _give(tx, seen, grant, to, until, "contribution.handed_over")


def release(tx: Tx, seen: Contribution, officer_id: int) -> Contribution:
    """Put back what one has in hand. Raises Conflict when one has not."""
    if seen.state != "in_review" or seen.holder_id != officer_id:
        raise Conflict
    return _put_back(tx, seen, officer_id, officer_id)


def lapse(tx: Tx, seen: Contribution) -> Contribution | None:
    """Put back what has been in hand too long; None when it has not."""
    if seen.state != "in_review" or seen.holder_id is None or seen.holder(tx.now) is not None:
        return None
    return _put_back(tx, seen, seen.holder_id, "timer")


def same_since(tx: Tx, contribution_id: int, version: int) -> bool:
    """Whether nothing but its holder has changed since a version."""
    rows = tx.execute(_SINCE, {"of_id": contribution_id, "seen": version}).scalars()
    return all(set(changes) == {HOLDER} for changes in rows)


def _give(
    tx: Tx, seen: Contribution, grant: Grant, to: Grant, until: datetime, action: str
) -> Contribution:
    if seen.state not in OPEN or not stands(tx, grant.id):
        raise Conflict
    check_free(tx, seen, grant.person_id)
    moved = move(
        tx, seen, "in_review", by=grant.person_id,
        holder=(to.person_id, until), changes={HOLDER: to.person_id},
    )  # fmt: skip
    audit.record(
        tx, grant.person_id, action, f"contribution:{seen.id}",
        state=(seen.state, "in_review"), holder=(seen.holder_id, to.person_id),
    )  # fmt: skip
    return moved


def _put_back(tx: Tx, seen: Contribution, by: int, actor: int | str) -> Contribution:
    moved = move(tx, seen, "submitted", by=by, changes={HOLDER: None})
    audit.record(
        tx, actor, "contribution.released", f"contribution:{seen.id}",
        state=(seen.state, "submitted"), holder=(seen.holder_id, None),
    )  # fmt: skip
    return moved
