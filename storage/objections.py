"""What a reporter says to a corrected figure (đồng ý, không đồng ý): kept beside the figure."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from storage import audit
from storage.contributions import UNCHANGED, Contribution, get, keep_version
from storage.database import Tx
from storage.errors import Conflict
from storage.schema import contributions
from storage.verification import move

AGREED, OBJECTED, TWICE = "agreed", "objected", "twice"
_ANSWER = (
    update(contributions)
    .where(*UNCHANGED)
    .values(answer=bindparam("to"), version=contributions.c.version + 1, updated_at=bindparam("at"))
)


def is_corrected(one: Contribution) -> bool:
    """Whether the figure as verified is another than the one told."""
    return one.state == "verified" and (one.verified_vnd, one.verified_quantity) != (
        one.told_vnd,
        one.told_quantity,
    )


def may_answer(one: Contribution) -> bool:
    """Whether a reporter's word on the figure is still open: once, and once more after a second
    look."""
    return is_corrected(one) and one.answer not in (AGREED, TWICE)


def agree(tx: Tx, seen: Contribution, reporter_id: int) -> Contribution:
    """The reporter takes the corrected figure for right. Raises Conflict."""
    _check(seen, reporter_id)
    return _answer(tx, seen, reporter_id, AGREED)


def object_to(tx: Tx, seen: Contribution, reporter_id: int) -> Contribution:
    """The reporter says the figure is wrong. The first time the report goes back into the queue,
    as doubtful; the second time that is only written down. Raises Conflict."""
    _check(seen, reporter_id)
    if seen.answer == OBJECTED:
        return _answer(tx, seen, reporter_id, TWICE)
    moved = move(
        tx, seen, "submitted", by=reporter_id,
        answer=OBJECTED, doubts=seen.doubts + 1, changes={"answer": OBJECTED},
    )  # fmt: skip
    audit.record(
        tx, reporter_id, "contribution.objected", f"contribution:{seen.id}",
        state=(seen.state, "submitted"), answer=(seen.answer, OBJECTED),
        verified_vnd=(seen.verified_vnd, None),
    )  # fmt: skip
    return moved


def _check(seen: Contribution, reporter_id: int) -> None:
    if seen.reporter_id != reporter_id or not may_answer(seen):
        raise Conflict


def _answer(tx: Tx, seen: Contribution, reporter_id: int, to: str) -> Contribution:
    on = {"of_id": seen.id, "seen": seen.version, "from_state": "verified"}
    said = tx.execute(_ANSWER, {**on, "to": to, "at": tx.now})
    if said.rowcount != 1:
        raise Conflict
    now = get(tx, seen.id)
    keep_version(tx, now, by=reporter_id, changes={"answer": to})
    action = "contribution.agreed" if to == AGREED else "contribution.objected"
    audit.record(tx, reporter_id, action, f"contribution:{seen.id}", answer=(seen.answer, to))
    return now
