"""What came together in a year (tổng cả năm), by kind: as told and as verified, apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from storage.contributions import GONE
from storage.database import Tx
from storage.schema import contributions


@dataclass(frozen=True, slots=True)
class Sum:
    """Several contributions of a kind together; `most` is the highest quantity among them,
    `unvalued` how many have no value in money."""

    count: int
    vnd: int
    quantity: float
    most: float
    unvalued: int


@dataclass(frozen=True, slots=True)
class Total:
    """A kind's sums in one year."""

    kind: str
    told: Sum
    verified: Sum


def of_person(tx: Tx, person_id: int, year: int) -> list[Total]:
    """What a person gave himself, by kind."""
    mine = [
        contributions.c.reporter_id == person_id,
        contributions.c.contributor_id == person_id,
        contributions.c.contributor_kind == "individual",
    ]
    return _sums(tx, _totals(year).where(*mine))


def of_household(tx: Tx, household_id: int, person_id: int, year: int) -> list[Total]:
    """What this person told that a household gave: whoever names a head learns nothing by it."""
    ours = [
        contributions.c.reporter_id == person_id,
        contributions.c.household_id == household_id,
    ]
    return _sums(tx, _totals(year).where(*ours))


def _totals(year: int) -> Select[tuple[str, int, int, float, float, int]]:
    verified = contributions.c.state == "verified"
    return (
        select(contributions.c.kind, *_of(None, "told"), *_of(verified, "verified"))
        .where(
            contributions.c.made_on.between(date(year, 1, 1), date(year, 12, 31)),
            contributions.c.state.not_in(GONE),
        )
        .group_by(contributions.c.kind)
    )


def _of(when: ColumnElement[bool] | None, name: str) -> Sequence[ColumnElement[float]]:
    vnd, quantity = contributions.c[f"{name}_vnd"], contributions.c[f"{name}_quantity"]
    counted = literal(1) if when is None else case((when, 1), else_=0)
    taken = vnd if when is None else case((when, vnd))
    number = quantity if when is None else case((when, quantity))
    return [
        func.sum(counted),
        func.coalesce(func.sum(taken), 0),
        func.coalesce(func.sum(number), 0),
        func.coalesce(func.max(number), 0),
        func.sum(case((and_(counted == 1, vnd.is_(None)), 1), else_=0)),
    ]


def _sums(tx: Tx, query: Select[tuple[str, int, int, float, float, int]]) -> list[Total]:
    return [Total(row[0], _sum(row[1:6]), _sum(row[6:11])) for row in tx.execute(query).all()]


def _sum(values: Sequence[float]) -> Sum:
    count, vnd, quantity, most, unvalued = values
    return Sum(int(count), int(vnd), float(quantity), float(most), int(unvalued))
