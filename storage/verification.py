"""Verification (xác minh): the states a contribution goes through and who moved it.

Every move is a compare-and-set on the version the officer saw, writes what it changed and its audit
row in the same transaction, and never lets anyone decide on a contribution he told or made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage import audit
from storage.contributions import Contribution, get, keep_version
from storage.database import Tx
from storage.errors import Conflict
from storage.grants import Grant, stands
from storage.schema import contributions, decisions, people

MOVES = {
    "submitted": {"in_review", "verified", "rejected", "needs_more", "withdrawn"},
    "in_review": {"submitted", "verified", "rejected", "needs_more", "withdrawn"},
    "needs_more": {"submitted", "withdrawn"},
    "verified": {"revoked"},
    "rejected": set[str](),
    "withdrawn": set[str](),
    "revoked": set[str](),
}
"""From each state, where a contribution may go (design §4)."""


class OwnReport(Exception):
    """Nobody decides on what he told or made himself."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided what and when, for the officer who came second."""

    state: str
    officer_name: str
    reason: str
    at: datetime


_MOVE = (
    update(contributions)
    .where(
        contributions.c.id == bindparam("of_id"),
        contributions.c.version == bindparam("seen"),
        contributions.c.state == bindparam("from_state"),
    )
    .values(
        state=bindparam("to_state"),
        version=contributions.c.version + 1,
        verified_vnd=bindparam("to_vnd"),
        verified_quantity=bindparam("to_quantity"),
        note=bindparam("to_note"),
        updated_at=bindparam("at"),
    )
)
_LAST = (
    select(decisions.c.state, people.c.name, decisions.c.reason, decisions.c.at)
    .join(people, people.c.id == decisions.c.officer_id)
    .where(decisions.c.contribution_id == bindparam("of_id"))
    .order_by(decisions.c.version.desc())
    .limit(1)
)


def verify(
    tx: Tx,
    seen: Contribution,
    grant: Grant,
    value_vnd: int | None,
    quantity: float | None = None,
) -> Contribution:
    """Accept, at a value and a quantity (as told or corrected). Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "verified", value_vnd=value_vnd, quantity=quantity, reason="")


def reject(tx: Tx, seen: Contribution, grant: Grant, reason: str) -> Contribution:
    """Refuse, for a reason the reporter is told. Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "rejected", reason=reason)


def ask_more(tx: Tx, seen: Contribution, grant: Grant, reason: str) -> Contribution:
    """Hand back to the reporter for what is missing. Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "needs_more", reason=reason)


def supplement(tx: Tx, seen: Contribution, reporter_id: int, told: str) -> Contribution:
    """The reporter adds what was missing; same code, back into the queue. Raises Conflict."""
    if seen.reporter_id != reporter_id:
        raise Conflict
    note = f"{seen.note}\n{told}".strip()
    moved = _move(tx, seen, "submitted", by=reporter_id, note=note, changes={"note": told})
    audit.record(
        tx, reporter_id, "contribution.supplemented", f"contribution:{seen.id}",
        state=(seen.state, "submitted"), note=(None, told),
    )  # fmt: skip
    return moved


def withdraw(tx: Tx, seen: Contribution, reporter_id: int) -> Contribution:
    """The reporter takes it back before a decision. Raises Conflict when decided, or not his."""
    if seen.reporter_id != reporter_id:
        raise Conflict
    moved = _move(tx, seen, "withdrawn", by=reporter_id, note=seen.note, changes={})
    audit.record(
        tx, reporter_id, "contribution.withdrawn", f"contribution:{seen.id}",
        state=(seen.state, "withdrawn"),
    )  # fmt: skip
    return moved


def last_decision(tx: Tx, contribution_id: int) -> Decision | None:
    """The newest decision on a contribution."""
    row = tx.execute(_LAST, {"of_id": contribution_id}).one_or_none()
    return None if row is None else Decision(row.state, row.name or "", row.reason, row.at)


def _decide(
    tx: Tx,
    seen: Contribution,
    grant: Grant,
    to: str,
    *,
    reason: str,
    value_vnd: int | None = None,
    quantity: float | None = None,
) -> Contribution:
    if grant.person_id in (seen.reporter_id, seen.contributor_id):
        raise OwnReport
    if not stands(tx, grant.id):
        raise Conflict
    moved = _move(
        tx, seen, to, by=grant.person_id, note=seen.note, value_vnd=value_vnd, quantity=quantity,
        changes={"reason": reason, "verified_vnd": value_vnd, "verified_quantity": quantity},
    )  # fmt: skip
    tx.execute(
        insert(decisions),
        {
            "contribution_id": seen.id,
            "version": moved.version,
            "officer_id": grant.person_id,
            "grant_id": grant.id,
            "state": to,
            "reason": reason,
            "verified_vnd": value_vnd,
            "verified_quantity": quantity,
            "at": tx.now,
        },
    )
    audit.record(
        tx, grant.person_id, f"contribution.{to}", f"contribution:{seen.id}",
        state=(seen.state, to), verified_vnd=(seen.verified_vnd, value_vnd), reason=(None, reason),
        **({"verified_quantity": (seen.verified_quantity, quantity)} if quantity else {}),
    )  # fmt: skip
    return moved


def _move(
    tx: Tx,
    seen: Contribution,
    to: str,
    *,
    by: int,
    note: str,
    changes: dict[str, Any],
    value_vnd: int | None = None,
    quantity: float | None = None,
) -> Contribution:
    if to not in MOVES[seen.state]:
        raise Conflict
    moved = tx.execute(
        _MOVE,
        {
            "of_id": seen.id,
            "seen": seen.version,
            "from_state": seen.state,
            "to_state": to,
            "to_vnd": value_vnd,
            "to_quantity": quantity,
            "to_note": note,
            "at": tx.now,
        },
    )
    if moved.rowcount != 1:
        raise Conflict
    now = get(tx, seen.id)
    keep_version(tx, now, by=by, changes=changes)
    return now
