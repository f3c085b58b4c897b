"""Verified totals (số đã xác minh) by contributor of a place and year: who gave how much of what.

Never a whole table: a slice reads at most SLICE verified reports of a place in the order they came,
and one contributor's total reads only his own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select

from storage.database import Tx
from storage.schema import contributions

SLICE = 500
"""Reports in a slice: more take longer than a turn may (5 ms)."""
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


@dataclass(frozen=True, slots=True)
class Who:
    """A contributor by his kind and FOLD name."""

    contributor_kind: str
    key: str


Cursor = tuple[str, int]
"""Where a slice ended: when the last report was told (ISO) and its id."""

_COLUMNS = [
    contributions.c[name]
    for name in (
        "contributor_kind", "contributor_key", "contributor_name", "village", "village_key",
        "kind", "verified_vnd", "verified_quantity",
    )
]  # fmt: skip


_OF_ONE = (
    select(*_COLUMNS)
    .where(
        contributions.c.contributor_key == bindparam("with_key"),
        contributions.c.place == bindparam("at_place"),
        contributions.c.contributor_kind == bindparam("of_kind"),
        contributions.c.state == "verified",
        contributions.c.made_on.between(bindparam("first_day"), bindparam("last_day")),
    )
    .order_by(contributions.c.id)
    .limit(MOST_OF_ONE)
)
_REPORTS = (
    select(contributions.c.submitted_at, contributions.c.id)
    .where(
        contributions.c.place == bindparam("at_place"),
        contributions.c.state == "verified",
        contributions.c.submitted_at >= bindparam("since"),
        or_(
            contributions.c.submitted_at > bindparam("since"),
            contributions.c.id > bindparam("after_id"),
        ),
    )
    .order_by(contributions.c.submitted_at, contributions.c.id)
)
_END = _REPORTS.offset(bindparam("reports")).limit(1)
_SLICE = (
    _REPORTS.with_only_columns(
        contributions.c.contributor_kind,
        contributions.c.contributor_key,
        contributions.c.verified_vnd,
        contributions.c.made_on,
    )
    .limit(bindparam("reports"))
    .subquery()
)
_WHO = (
    select(_SLICE.c.contributor_kind, _SLICE.c.contributor_key)
    .where(
        _SLICE.c.contributor_kind.in_(bindparam("kinds", expanding=True)),
        _SLICE.c.made_on.between(bindparam("first_day"), bindparam("last_day")),
    )
    .group_by(_SLICE.c.contributor_kind, _SLICE.c.contributor_key)
    .order_by(func.coalesce(func.sum(_SLICE.c.verified_vnd), 0).desc(), _SLICE.c.contributor_key)
    .offset(bindparam("skip"))
    .limit(bindparam("most"))
)


def of_slice(
    tx: Tx,
    place: str,
    year: int,
    kinds: Iterable[str],
    after: Cursor | None,
    *,
    skip: int,
    most: int,
) -> tuple[list[Who], Cursor | None]:
    """Who of some contributor kinds gave in the next slice of a place's verified reports of a year.

    At most `most` of them after the first `skip`, who gave most in the slice first: what they gave
    in all is `of_one`'s to say. The cursor is None where no further slice follows.
    """
    # Nothing is told before it is made, but for the hours that Lai Châu is ahead of UTC.
    begun = datetime.combine(date(year - 1, 12, 31), time(), UTC)
    at, last = (begun, 0) if after is None else (datetime.fromisoformat(after[0]), after[1])
    where = {"at_place": place, "since": at, "after_id": last}
    end = tx.execute(_END, {**where, "reports": SLICE - 1}).one_or_none()
    shown = {**where, **_days(year), "kinds": list(kinds), "skip": skip, "most": most}
    found = tx.execute(_WHO, {**shown, "reports": SLICE})
    cursor = None if end is None else (end.submitted_at.isoformat(), int(end.id))
    return [Who(*row) for row in found], cursor


def of_one(
    tx: Tx, place: str, year: int, contributor_kind: str, key: str, ranked: Collection[str]
) -> Total | None:
    """Everything verified that one contributor gave in a year at a place; None when nothing.

    Of the kinds in `ranked` the highest quantity counts, of all others the sum.
    """
    who = {"with_key": key, "at_place": place, "of_kind": contributor_kind}
    rows = tx.execute(_OF_ONE, {**who, **_days(year)}).all()
    return _total(rows, ranked) if rows else None


def _days(year: int) -> dict[str, date]:
    return {"first_day": date(year, 1, 1), "last_day": date(year, 12, 31)}


def _total(rows: Sequence[Row[Any]], ranked: Collection[str]) -> Total:
    """The reports of one contributor together, under the name and village he told last."""
    by_kind: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    last = rows[-1]
    return Total(
        last.contributor_kind, last.contributor_key, last.contributor_name,
        last.village, last.village_key,
        tuple(_given(kind, told, kind in ranked) for kind, told in sorted(by_kind.items())),
    )  # fmt: skip


def _given(kind: str, rows: list[Row[Any]], ranked: bool) -> Given:
    quantities = [row.verified_quantity or 0.0 for row in rows]
    return Given(
        kind=kind,
        vnd=sum(row.verified_vnd or 0 for row in rows),
        quantity=max(quantities) if ranked else sum(quantities),
        unvalued=sum(row.verified_vnd is None for row in rows),
        count=len(rows),
    )
