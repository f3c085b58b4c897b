"""The queue (hàng chờ): what waits for a decision at some places, filtered and paged.

Each place and state is read in the order of its index and merged here: sorting in the database
would read everything that waits in order to show four.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from storage.contributions import COLUMNS, OPEN, Contribution
from storage.database import Tx
from storage.schema import contributions

_c = contributions.c
_VILLAGES = (
    select(_c.village_key)
    .where(
        _c.place.in_(bindparam("at_places", expanding=True)),
        _c.state.in_(bindparam("open", expanding=True)),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the queue is looked at; nothing set is all of it, oldest first."""

    kind: str = ""
    village: str = ""
    """A FOLD name."""
    doubtful: bool = False
    holder: int | None = None
    newest: bool = False


def at_places(tx: Tx, places: Sequence[str], wanted: Filter, limit: int) -> list[Contribution]:
    """What waits at these places, at most `limit`, in order."""
    statement = _matching(wanted).where(
        _c.place == bindparam("at_place"), _c.state == bindparam("in_state")
    )
    parts = [
        _read(tx, statement, wanted, limit, {"at_place": place, "in_state": state})
        for place in places
        for state in OPEN
    ]
    return list(heapq.merge(*parts, key=_order, reverse=wanted.newest))[:limit]


def raised(tx: Tx, places: Sequence[str] | None, wanted: Filter, limit: int) -> list[Contribution]:
    """What was raised to the level above these places (None: above all), in order."""
    statement = _matching(wanted).where(_c.raised_at.is_not(None), _c.state.in_(OPEN))
    if places is not None:
        statement = statement.where(_c.place.in_(list(places)))
    return _read(tx, statement, wanted, limit, {})


def villages(tx: Tx, places: Sequence[str]) -> set[str]:
    """The FOLD names of the villages of which something waits at these places."""
    return set(tx.execute(_VILLAGES, {"at_places": list(places), "open": list(OPEN)}).scalars())


def _order(one: Contribution) -> tuple[datetime, int]:
    return one.submitted_at, one.id


def _read(
    tx: Tx, statement: Select[Any], wanted: Filter, limit: int, values: dict[str, Any]
) -> list[Contribution]:
    ordered = statement.order_by(*_sorted(wanted)).limit(limit)
    filters = {"kind": wanted.kind, "village": wanted.village, "holder": wanted.holder}
    values |= {f"with_{name}": value for name, value in filters.items() if value}
    if wanted.holder:
        values["now"] = tx.now
    return [Contribution(*row) for row in tx.execute(ordered, values)]


def _sorted(wanted: Filter) -> list[Any]:
    direction: Callable[[Any], Any] = (
        (lambda column: column.desc()) if wanted.newest else (lambda column: column)
    )
    return [direction(_c.submitted_at), direction(_c.id)]


def _matching(wanted: Filter) -> Select[Any]:
    statement = select(*COLUMNS)
    if wanted.kind:
        statement = statement.where(_c.kind == bindparam("with_kind"))
    if wanted.village:
        statement = statement.where(_c.village_key == bindparam("with_village"))
    if wanted.holder:
        statement = statement.where(
            _c.holder_id == bindparam("with_holder"), _c.held_until > bindparam("now")
        )
    if wanted.doubtful:
        statement = statement.where(_c.doubts > 0)
    return statement
