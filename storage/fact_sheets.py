"""Workbooks of communes' facts (tệp số liệu) that came by chat, between their reading and the word
of who sent them.

A sheet is `right` (its changes wait for that word) or `wrong` (its problems can be looked up), and
from then on `recorded`, `same` (somebody else did), `changed` (shown anew under another number),
`dropped` or `expired`; it is empty then, but for its number, which must never mean another sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from storage import audit
from storage.database import Tx
from storage.facts import Change, Fact, Product, Row, Village
from storage.honours import Honour
from storage.schema import accounts, fact_sheets

LIFE = timedelta(days=7)
"""Whoever has not decided on a sheet within a week sends it again."""
SLICE = 100
WAITING = ("wrong", "right")
_ROWS: Mapping[str, type[Row]] = {
    "fact": Fact, "village": Village, "product": Product, "honour": Honour
}  # fmt: skip
_NAMES = {kind: name for name, kind in _ROWS.items()}
_EMPTY = {"name": "", "changes": [], "problems": []}
_FIND = select(fact_sheets, accounts.c.person_id).where(
    fact_sheets.c.id == bindparam("of_id"), accounts.c.id == fact_sheets.c.account_id
)
_CLOSE = (
    update(fact_sheets)
    .where(fact_sheets.c.id == bindparam("of_id"), fact_sheets.c.state.in_(WAITING))
    .values(state=bindparam("to"), **_EMPTY)
)
_OLD = (
    select(fact_sheets.c.id)
    .where(fact_sheets.c.state.in_(WAITING), fact_sheets.c.at < bindparam("before"))
    .limit(SLICE)
)


@dataclass(frozen=True, slots=True)
class FactSheet:
    """A workbook as it was read: `good` rows can be taken and `bad` not; `changes` are what taking
    them would change, none where there are `problems`, which are sentences."""

    id: int
    account_id: int
    person_id: int
    name: str
    state: str
    good: int
    bad: int
    changes: tuple[Change, ...]
    problems: tuple[str, ...]


def keep(
    tx: Tx,
    account_id: int,
    name: str,
    *,
    good: int,
    bad: int = 0,
    changes: Sequence[Change] = (),
    problems: Sequence[str] = (),
) -> FactSheet:
    """Keep what was read until its sender decides."""
    made = tx.insert(
        fact_sheets,
        {
            "account_id": account_id, "name": name, "state": "wrong" if problems else "right",
            "good": good, "bad": bad, "changes": [_plain(one) for one in changes],
            "problems": list(problems), "at": tx.now,
        },
    )  # fmt: skip
    kept = find(tx, made)
    if kept is None:
        raise LookupError(made)
    return kept


def find(tx: Tx, number: int) -> FactSheet | None:
    """The sheet of this number. Whose it is, the caller looks at."""
    row = tx.execute(_FIND, {"of_id": number}).one_or_none()
    if row is None:
        return None
    changes = tuple(_change(one) for one in row.changes)
    return FactSheet(
        row.id, row.account_id, row.person_id, row.name, row.state, row.good, row.bad,
        changes, tuple(row.problems),
    )  # fmt: skip


def close(tx: Tx, sheet: FactSheet, to: str, *, by: int | str) -> bool:
    """Decide on a sheet, which empties it; False when somebody has."""
    closed = tx.execute(_CLOSE, {"of_id": sheet.id, "to": to}).rowcount == 1
    if closed:
        audit.record(
            tx, by, f"sheet.{to}", f"sheet:{sheet.id}",
            state=(sheet.state, to), changes=(None, len(sheet.changes)),
        )  # fmt: skip
    return closed


def expire(tx: Tx) -> int:
    """Empty a slice of those nobody decided on; how many there were."""
    old = list(tx.execute(_OLD, {"before": tx.now - LIFE}).scalars())
    if old:
        tx.execute(_CLOSE, [{"of_id": number, "to": "expired"} for number in old])
    return len(old)


def forget(tx: Tx, account_ids: Sequence[int]) -> None:
    """Empty what these accounts sent: whoever did has erased his data."""
    tx.execute(
        update(fact_sheets)
        .where(fact_sheets.c.account_id.in_(account_ids), fact_sheets.c.state.in_(WAITING))
        .values(state="expired", **_EMPTY)
    )


def _plain(change: Change) -> dict[str, Any]:
    row = {"kind": _NAMES[type(change.row)], **asdict(change.row)}
    return {"row": row, "before": dict(change.before)}


def _change(plain: Mapping[str, Any]) -> Change:
    fields = dict(plain["row"])
    return Change(_ROWS[fields.pop("kind")](**fields), plain["before"])
