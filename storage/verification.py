"""Verification (xác minh): the states a contribution goes through and who moved it.

Every move is a compare-and-set on the version the officer saw, writes what it changed and its audit
row in the same transaction, and never lets anyone decide on a contribution he told or made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage import audit
from storage.contributions import OPEN, UNCHANGED, Contribution, get, keep_version
from storage.database import Tx
from storage.errors import Conflict
from storage.four_eyes import is_own
from storage.grants import Grant, stands
from storage.schema import contributions, decisions, grants, people

MOVES = {
    "submitted": {"in_review", "verified", "rejected", "needs_more", "withdrawn"},
    "in_review": {"submitted", "verified", "rejected", "needs_more", "withdrawn"},
    "needs_more": {"submitted", "withdrawn", "in_review"},
    "verified": {"revoked", "submitted", "in_review"},
    "rejected": {"in_review"},
    "withdrawn": set[str](),
    "revoked": set[str](),
}
"""From each state, where a contribution may go (design §4). Back from a decision to `in_review` is
the officer's undoing it, from `verified` to `submitted` the reporter's first objection."""
UNDO_WITHIN = timedelta(seconds=60)
"""A slip of the thumb is seen at once; later than that the reporter has begun to rely on it."""


class OwnReport(Exception):
    """Nobody decides on what is his own: told, typed or made by him or his."""


class Held(Conflict):
    """A colleague has it in hand."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided what and when, for the officer who came second."""

    state: str
    officer_name: str
    reason: str
    at: datetime
    officer_id: int = 0
    version: int = 0
    place: str = ""
    """Whose office decided."""


_MOVE = (
    update(contributions)
    .where(*UNCHANGED)
    .values(
        state=bindparam("to_state"),
        version=contributions.c.version + 1,
        verified_vnd=bindparam("to_vnd"),
        verified_quantity=bindparam("to_quantity"),
        note=bindparam("to_note"),
        answer=bindparam("to_answer"),
        doubts=bindparam("to_doubts"),
        holder_id=bindparam("to_holder"),
        held_until=bindparam("to_until"),
        updated_at=bindparam("at"),
    )
)
_LAST = (
    select(
        decisions.c.state,
        people.c.name,
        decisions.c.reason,
        decisions.c.at,
        decisions.c.officer_id,
        decisions.c.version,
        grants.c.place,
    )
    .join(people, people.c.id == decisions.c.officer_id)
    .join(grants, grants.c.id == decisions.c.grant_id)
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
    return _decide(tx, seen, grant, "verified", vnd=value_vnd, quantity=quantity)


def reject(tx: Tx, seen: Contribution, grant: Grant, reason: str) -> Contribution:
    """Refuse, for a reason the reporter is told. Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "rejected", reason=reason)


def ask_more(tx: Tx, seen: Contribution, grant: Grant, reason: str) -> Contribution:
    """Hand back to the reporter for what is missing. Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "needs_more", reason=reason)


def revoke(tx: Tx, seen: Contribution, grant: Grant, reason: str) -> Contribution:
    """Take a verification back, from above, for a reason. Raises Conflict, OwnReport."""
    return _decide(tx, seen, grant, "revoked", reason=reason)


def undo(tx: Tx, seen: Contribution, grant: Grant, *, until: datetime) -> Contribution:
    """Take one's own fresh decision back; the report is in one's hand again `until` then.

    Raises Conflict when the decision is somebody else's, too old, or no more the last word.
    """
    last = last_decision(tx, seen.id)
    if last is None or not can_undo(last, seen, grant.person_id, tx.now):
        raise Conflict
    return _decide(tx, seen, grant, "in_review", until=until)


def can_undo(last: Decision, seen: Contribution, officer_id: int, now: datetime) -> bool:
    """Whether this decision is the officer's, fresh, and still the last word on the report."""
    return (
        (last.officer_id, last.version, last.state) == (officer_id, seen.version, seen.state)
        and last.state in ("verified", "rejected", "needs_more")
        and now - last.at <= UNDO_WITHIN
    )


def supplement(tx: Tx, seen: Contribution, reporter_id: int, told: str) -> Contribution:
    """The reporter adds what was missing; same code, back into the queue. Raises Conflict."""
    if seen.reporter_id != reporter_id or seen.state != "needs_more":
        raise Conflict
    note = f"{seen.note}\n{told}".strip()
    moved = move(tx, seen, "submitted", by=reporter_id, note=note, changes={"note": told})
    audit.record(
        tx, reporter_id, "contribution.supplemented", f"contribution:{seen.id}",
        state=(seen.state, "submitted"), note=(None, told),
    )  # fmt: skip
    return moved


def withdraw(tx: Tx, seen: Contribution, reporter_id: int) -> Contribution:
    """The reporter takes it back before a decision. Raises Conflict when decided, or not his."""
    if seen.reporter_id != reporter_id:
        raise Conflict
    moved = move(tx, seen, "withdrawn", by=reporter_id, changes={})
    audit.record(
        tx, reporter_id, "contribution.withdrawn", f"contribution:{seen.id}",
        state=(seen.state, "withdrawn"),
    )  # fmt: skip
    return moved


def last_decision(tx: Tx, contribution_id: int) -> Decision | None:
    """The newest decision on a contribution; its state is `in_review` where it undid another."""
    row = tx.execute(_LAST, {"of_id": contribution_id}).one_or_none()
    return None if row is None else Decision(row[0], row[1] or "", *row[2:])


def check_free(tx: Tx, seen: Contribution, officer_id: int) -> None:
    """Raises OwnReport, or Held while a colleague has it in hand."""
    if is_own(tx, officer_id, seen):
        raise OwnReport
    if seen.holder(tx.now) not in (None, officer_id):
        raise Held


def _decide(
    tx: Tx,
    seen: Contribution,
    grant: Grant,
    to: str,
    *,
    reason: str = "",
    vnd: int | None = None,
    quantity: float | None = None,
    until: datetime | None = None,
) -> Contribution:
    check_free(tx, seen, grant.person_id)
    if not stands(tx, grant.id):
        raise Conflict
    moved = move(
        tx, seen, to, by=grant.person_id, vnd=vnd, quantity=quantity,
        holder=None if until is None else (grant.person_id, until),
        changes={"reason": reason, "verified_vnd": vnd, "verified_quantity": quantity},
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
            "verified_vnd": vnd,
            "verified_quantity": quantity,
            "at": tx.now,
        },
    )
    audit.record(
        tx, grant.person_id,
        f"contribution.{'undone' if until else to}", f"contribution:{seen.id}",
        state=(seen.state, to), verified_vnd=(seen.verified_vnd, vnd), reason=(None, reason),
        **({"verified_quantity": (seen.verified_quantity, quantity)} if quantity else {}),
    )  # fmt: skip
    return moved


def move(
    tx: Tx,
    seen: Contribution,
    to: str,
    *,
    by: int,
    changes: dict[str, Any],
    note: str | None = None,
    vnd: int | None = None,
    quantity: float | None = None,
    answer: str | None = None,
    doubts: int | None = None,
    holder: tuple[int, datetime] | None = None,
) -> Contribution:
    """Change the state of a report as it was seen and keep the version; the caller audits.

    A report already in review may stay so and change hands. Raises Conflict.
    """
    changing_hands = to == "in_review" and holder is not None and seen.state in OPEN
    if to not in MOVES[seen.state] and not changing_hands:
        raise Conflict
    moved = tx.execute(
        _MOVE,
        {
            "of_id": seen.id,
            "seen": seen.version,
            "from_state": seen.state,
            "to_state": to,
            "to_vnd": vnd,
            "to_quantity": quantity,
            "to_note": seen.note if note is None else note,
            "to_answer": seen.answer if answer is None else answer,
            "to_doubts": seen.doubts if doubts is None else doubts,
            "to_holder": holder and holder[0],
            "to_until": holder and holder[1],
            "at": tx.now,
        },
    )
    if moved.rowcount != 1:
        raise Conflict
    now = get(tx, seen.id)
    keep_version(tx, now, by=by, changes=changes)
    return now
