"""Verified totals (số đã xác minh) by contributor of a place and year: who gave how much of what.

Never a whole table: a slice reads at most SLICE verified reports of a place in the order they came,
and one contributor's total reads only his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Row, or_, select

from storage.database import Tx
from storage.schema import contributions

SLICE = 1_000
MOST_OF_ONE = 1_000
"""Reports of one contributor in a place that are added up; nobody makes as many in a year."""


@dataclass(frozen=True, slots=True)
class Given:
    """All that one contributor gave of one kind. `unvalued` counts reports without a value in
    money; `quantity` is person-days, m² or, of products, the most stars."""

    kind: str
    vnd: int
    quantity: float
    unvalued: int
    count: int


@dataclass(frozen=True, slots=True)
class Total:
    """What one contributor gave, by kind of contribution; `key` is the FOLD name."""

    contributor_kind: str
    key: str
    name: str
    village: str
    village_key: str
    given: tuple[Given, ...]


Cursor = tuple[str, int]
"""Where a slice ended: when the last report was told (ISO) and its id."""

_COLUMNS = [
    contributions.c[name]
    for name in (
        "contributor_kind", "contributor_key", "contributor_name", "village", "village_key",
        "kind", "verified_vnd", "verified_quantity", "submitted_at", "id",
    )
]  # fmt: skip


def of_slice(
    tx: Tx, place: str, year: int, kinds: Iterable[str], after: Cursor | None
) -> tuple[list[Total], Cursor | None]:
    """Contributors of some kinds in the next slice of a place's verified reports made in a year.

    What they gave is counted within the slice: `of_one` knows all. The cursor is None at the end.
    """
    # Nothing is told before it is made, but for the hours that Lai Châu is ahead of UTC.
    begun = datetime.combine(date(year - 1, 12, 31), time(), UTC)
    at, last = (begun, 0) if after is None else (datetime.fromisoformat(after[0]), after[1])
    rows = tx.execute(
        select(*_COLUMNS, contributions.c.made_on)
        .where(
            contributions.c.place == place,
            contributions.c.state == "verified",
            contributions.c.submitted_at >= at,
            or_(contributions.c.submitted_at > at, contributions.c.id > last),
        )
        .order_by(contributions.c.submitted_at, contributions.c.id)
        .limit(SLICE)
    ).all()
    wanted = frozenset(kinds)
    chosen = [row for row in rows if row.made_on.year == year and row.contributor_kind in wanted]
    end = (rows[-1].submitted_at.isoformat(), rows[-1].id) if len(rows) == SLICE else None
    return _added_up(chosen), end


def of_one(tx: Tx, place: str, year: int, contributor_kind: str, key: str) -> Total | None:
    """Everything verified that one contributor gave in a year at a place; None when nothing."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(
            contributions.c.contributor_key == key,
            contributions.c.place == place,
            contributions.c.contributor_kind == contributor_kind,
            contributions.c.state == "verified",
            contributions.c.made_on.between(date(year, 1, 1), date(year, 12, 31)),
        )
        .order_by(contributions.c.id)
        .limit(MOST_OF_ONE)
    ).all()
    found = _added_up(rows)
    return found[0] if found else None


def _added_up(rows: Sequence[Row[Any]]) -> list[Total]:
    by_contributor: dict[tuple[str, str], dict[str, list[Row[Any]]]] = {}
    for row in rows:
        kinds = by_contributor.setdefault((row.contributor_kind, row.contributor_key), {})
        kinds.setdefault(row.kind, []).append(row)
    return [
        _total(kind, key, [_given(name, told) for name, told in sorted(given.items())], given)
        for (kind, key), given in by_contributor.items()
    ]


def _total(kind: str, key: str, given: list[Given], rows: dict[str, list[Row[Any]]]) -> Total:
    newest = max((row for told in rows.values() for row in told), key=lambda row: int(row.id))
    name, village, village_key = newest.contributor_name, newest.village, newest.village_key
    return Total(kind, key, name, village, village_key, tuple(given))


def _given(kind: str, rows: list[Row[Any]]) -> Given:
    quantities = [row.verified_quantity or 0.0 for row in rows]
    return Given(
        kind=kind,
        vnd=sum(row.verified_vnd or 0 for row in rows),
        quantity=max(quantities) if kind == "ocop" else sum(quantities),
        unvalued=sum(row.verified_vnd is None for row in rows),
        count=len(rows),
    )
