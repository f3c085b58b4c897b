"""Taking one piece of evidence out again (bỏ ảnh), by whoever sent it, before a decision."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, select, update

from storage import audit, corrections, media
from storage.database import Tx
from storage.errors import Conflict
from storage.media import LIVE, Evidence
from storage.schema import accounts, attachments, contributions

_STILL_OPEN = (
    select(contributions.c.id)
    .where(
        contributions.c.id == bindparam("of_id"),
        contributions.c.reporter_id == bindparam("of_person"),
        contributions.c.state.in_(list(corrections.OPEN)),
    )
    # A decision made meanwhile comes first, or waits until this is gone.
    .with_for_update()
)
_HIS = select(accounts.c.id).where(
    accounts.c.id == bindparam("of_id"), accounts.c.person_id == bindparam("of_person")
)
_TAKE_OUT = (
    update(attachments)
    .where(
        attachments.c.id == bindparam("of_id"),
        attachments.c.contribution_id.is_not_distinct_from(
            bindparam("of_contribution", type_=BigInteger)
        ),
        attachments.c.state.in_(LIVE),
    )
    .values(state="dropped", contribution_id=None, due_at=None, name="", reason="")
)
_LESS_DOUBT = (
    update(contributions)
    .where(contributions.c.id == bindparam("of_id"))
    .values(doubts=contributions.c.doubts - 1)
)


def take_out(tx: Tx, one: Evidence, *, by: int) -> None:
    """Give it up: out of his report that nobody has decided on, or of none yet.

    The media job removes its file with the last that refers to it. Raises Conflict.
    """
    bound = one.contribution_id
    whose, owned = (_STILL_OPEN, bound) if bound is not None else (_HIS, one.account_id)
    if tx.execute(whose, {"of_id": owned, "of_person": by}).one_or_none() is None:
        raise Conflict
    alike = bound is not None and bool(media.hints(tx, bound))
    if tx.execute(_TAKE_OUT, {"of_id": one.id, "of_contribution": bound}).rowcount != 1:
        raise Conflict
    audit.record(tx, by, "evidence.dropped", f"attachment:{one.id}")
    if bound is None:
        return
    audit.record(
        tx, by, "evidence.taken_out", f"contribution:{bound}", attachments=([one.id], None)
    )
    if alike and not media.hints(tx, bound):
        tx.execute(_LESS_DOUBT, {"of_id": bound})
