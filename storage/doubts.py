"""What looks like a report told before (nghi trùng), and what its contributor gave earlier.

Hints for the officer who decides, never a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, and_, bindparam, func, or_, select, update

from storage import audit
from storage.contributions import COLUMNS, GONE, Contribution
from storage.database import Tx
from storage.schema import contributions

NEAR = timedelta(days=30)
"""The same sum twice within a month is worth a look; a yearly fee is not."""
MOST = 3
_COUNTED = 100
_c = contributions.c
_SAME = (
    select(*COLUMNS)
    .where(
        _c.place == bindparam("at_place"),
        or_(
            _c.contributor_key == bindparam("key"),
            # One's own, told once for oneself and once for one's household.
            and_(
                _c.reporter_id == bindparam("reporter"),
                _c.contributor_id == bindparam("reporter"),
                bindparam("own", type_=Boolean),
            ),
        ),
        _c.kind == bindparam("of_kind"),
        _c.id != bindparam("of_id"),
        _c.state.not_in(GONE),
        _c.made_on.between(bindparam("first"), bindparam("last")),
        or_(
            _c.made_on == bindparam("day"),
            _c.told_vnd == bindparam("vnd"),
            _c.told_quantity == bindparam("quantity"),
        ),
    )
    .order_by(_c.id)
    .limit(_COUNTED)
)
_NOTE = update(contributions).where(_c.id == bindparam("of_id")).values(doubts=bindparam("to"))
_EARLIER = select(func.count(), func.count(_c.verified_vnd), func.sum(_c.verified_vnd)).where(
    _c.contributor_key == bindparam("key"),
    _c.place == bindparam("at_place"),
    _c.id != bindparam("of_id"),
    _c.submitted_at >= bindparam("since"),
    _c.state != "withdrawn",
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a contributor told besides since a day: reports, those with a verified value, VND."""

    told: int
    verified: int
    vnd: int


def duplicates(tx: Tx, one: Contribution) -> list[Contribution]:
    """At most `MOST` other reports of the same contributor, kind and place, of the same day or
    the same amount within a month."""
    if not one.contributor_key:
        return []
    rows = tx.execute(
        _SAME,
        {
            "at_place": one.place,
            "key": one.contributor_key,
            "reporter": one.reporter_id,
            "own": one.contributor_id == one.reporter_id,
            "of_kind": one.kind,
            "of_id": one.id,
            "first": one.made_on - NEAR,
            "last": one.made_on + NEAR,
            "day": one.made_on,
            "vnd": one.told_vnd,
            "quantity": one.told_quantity,
        },
    )
    found = (Contribution(*row) for row in rows)
    return [other for other in found if _same_thing(one.details, other.details)][:MOST]


def note(tx: Tx, one: Contribution, besides: int = 0) -> Contribution:
    """Keep how many reports a new or corrected one looks like, and what other doubts there are."""
    doubts = len(duplicates(tx, one)) + besides
    if doubts == one.doubts:
        return one
    tx.execute(_NOTE, {"of_id": one.id, "to": doubts})
    audit.record(
        tx, one.reporter_id, "contribution.doubted", f"contribution:{one.id}",
        doubts=(one.doubts, doubts),
    )  # fmt: skip
    return replace(one, doubts=doubts)


def earlier(tx: Tx, one: Contribution, since: datetime) -> Earlier:
    """What the same contributor told at the same place since then, this report left out."""
    where = {
        "key": one.contributor_key,
        "at_place": one.place,
        "of_id": one.id,
        "since": since,
    }
    told, verified, vnd = tx.execute(_EARLIER, where).one()
    return Earlier(told, verified, int(vnd or 0))


def _same_thing(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two reports name the same thing, where their kind names one."""
    return str(one.get("what", "")).casefold() == str(other.get("what", "")).casefold()
