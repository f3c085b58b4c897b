"""Honours (hình thức khen đã trao): what was awarded, to whom, by which decision, in which year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update

from storage import audit
from storage.database import Tx
from storage.schema import honours


@dataclass(frozen=True, slots=True)
class Honour:
    """One award given. `award` is an id of the plan's awards, `place` a unit's key."""

    award: str
    place: str
    recipient_kind: str
    recipient_name: str
    year: int
    decision_number: str


def record(tx: Tx, honour: Honour, *, by: int) -> bool:
    """Keep an award given; False when the same one is on record already.

    The same with another decision's number puts the number right.
    """
    row = {
        **_same(honour),
        "decision_number": honour.decision_number,
        "recorded_by": by,
        "recorded_at": tx.now,
    }
    if not tx.insert_once(honours, row):
        return _put_right(tx, honour, by)
    audit.record(
        tx, by, "honour.recorded", f"place:{honour.place}",
        award=(None, honour.award), recipient=(None, honour.recipient_name),
        year=(None, honour.year), decision=(None, honour.decision_number),
    )  # fmt: skip
    return True


def stands(tx: Tx, honour: Honour) -> Mapping[str, object]:
    """The decision's number under which this award is on record; empty when it is not."""
    found = select(honours.c.decision_number).where(*_this(honour))
    row = tx.execute(found).one_or_none()
    return {} if row is None else dict(row._mapping)


def is_news(honour: Honour, standing: Mapping[str, object]) -> bool:
    """Whether recording it would change what stands. A number that is not told changes none."""
    return not standing or honour.decision_number not in ("", standing["decision_number"])


def _put_right(tx: Tx, honour: Honour, by: int) -> bool:
    standing = stands(tx, honour)
    if not is_news(honour, standing):
        return False
    tx.execute(update(honours).where(*_this(honour)).values(decision_number=honour.decision_number))
    audit.record(
        tx, by, "honour.corrected", f"place:{honour.place}",
        award=(honour.award, honour.award),
        decision=(standing["decision_number"], honour.decision_number),
    )  # fmt: skip
    return True


def _same(honour: Honour) -> dict[str, object]:
    return {
        "award": honour.award,
        "place": honour.place,
        "recipient_kind": honour.recipient_kind,
        "recipient_name": honour.recipient_name,
        "year": honour.year,
    }


def _this(honour: Honour) -> list[ColumnElement[bool]]:
    return [honours.c[name] == value for name, value in _same(honour).items()]


def at_place(tx: Tx, place: str) -> list[Honour]:
    """Everything awarded at a place, oldest first: for exports, it looks through all honours."""
    rows = tx.execute(_ALL.where(honours.c.place == place))
    return [Honour(*row) for row in rows]


def given(tx: Tx, place: str, awards: Iterable[str]) -> list[Honour]:
    """What of these awards was given at a place, oldest first."""
    rows = tx.execute(_ALL.where(honours.c.award.in_(list(awards)), honours.c.place == place))
    return [Honour(*row) for row in rows]


_ALL = select(*(honours.c[name] for name in Honour.__dataclass_fields__)).order_by(
    honours.c.year, honours.c.id
)
