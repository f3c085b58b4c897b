"""A reporter corrects his report (sửa báo cáo) before anyone has decided on it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import bindparam, update

from storage import audit
from storage.contributions import UNCHANGED, Contribution, NewContribution, get, keep_version
from storage.database import Tx
from storage.errors import Conflict
from storage.schema import contributions

OPEN = {"submitted": "submitted", "in_review": "in_review", "needs_more": "submitted"}
"""States in which a reporter may correct, and what they come to: what was asked for is answered."""
FIELDS = tuple(name for name in NewContribution.__dataclass_fields__ if name != "entered_by")
_CORRECT = (
    update(contributions)
    .where(*UNCHANGED)
    .values(
        state=bindparam("to_state"),
        version=contributions.c.version + 1,
        updated_at=bindparam("at"),
        holder_id=bindparam("to_holder"),
        held_until=bindparam("to_until"),
        raised_at=bindparam("to_raised"),
        **{name: bindparam(f"new_{name}") for name in FIELDS},
    )
)


def correct(tx: Tx, seen: Contribution, new: NewContribution, *, by: int) -> Contribution:
    """Put `new` in the place of what was told; the old is kept in the report's versions.

    The same code stays, and whoever has it in hand keeps it unless it goes to another commune.
    Raises Conflict when it was decided, changed since, or is not his.
    """
    if seen.reporter_id != by or seen.state not in OPEN:
        raise Conflict
    old, told = _fields(seen), _fields(new)
    changed = {name: [old[name], told[name]] for name in FIELDS if old[name] != told[name]}
    if not changed:
        return seen
    to = OPEN[seen.state]
    moves = seen.place != new.place
    to = "submitted" if moves else to
    done = tx.execute(
        _CORRECT,
        {
            "of_id": seen.id,
            "seen": seen.version,
            "from_state": seen.state,
            "to_state": to,
            "at": tx.now,
            "to_holder": None if moves else seen.holder_id,
            "to_until": None if moves else seen.held_until,
            # Another commune has not let any time pass.
            "to_raised": None if moves else seen.raised_at,
            **{f"new_{name}": getattr(new, name) for name in FIELDS},
        },
    )
    if done.rowcount != 1:
        raise Conflict
    now = get(tx, seen.id)
    keep_version(tx, now, by=by, changes={"corrected": changed})
    audit.record(
        tx, by, "contribution.corrected", f"contribution:{seen.id}",
        **{name: (was, is_) for name, (was, is_) in changed.items()},
        **({} if to == seen.state else {"state": (seen.state, to)}),
        **({} if now.raised_at == seen.raised_at else {"raised_at": (seen.raised_at, None)}),
    )  # fmt: skip
    return now


def _fields(one: Contribution | NewContribution) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in FIELDS}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in found.items()
    } | {"details": dict(one.details)}
