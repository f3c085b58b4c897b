"""A reporter's own reports: page by page, and what has happened to one (diễn biến)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from storage.contributions import Contribution
from storage.database import Tx
from storage.schema import contribution_versions, contributions, decisions, grants


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a report: what state it came to, and what it changed."""

    version: int
    state: str
    at: datetime
    by_person: int
    changes: Mapping[str, Any]
    place: str = ""
    """Whose office decided, where the step is a decision."""


_OWN = ("version", "state", "at", "by_person", "changes")
_STEPS = (
    select(*(contribution_versions.c[name] for name in _OWN), func.coalesce(grants.c.place, ""))
    .outerjoin(
        decisions,
        and_(
            decisions.c.contribution_id == contribution_versions.c.contribution_id,
            decisions.c.version == contribution_versions.c.version,
        ),
    )
    .outerjoin(grants, grants.c.id == decisions.c.grant_id)
    .where(contribution_versions.c.contribution_id == bindparam("of_id"))
    .order_by(contribution_versions.c.version)
)
_BEFORE = (
    select(*(contributions.c[name] for name in Contribution.__dataclass_fields__))
    .where(
        contributions.c.reporter_id == bindparam("of_person"),
        contributions.c.id < bindparam("before"),
    )
    .order_by(contributions.c.id.desc())
    .limit(bindparam("most"))
)


def steps(tx: Tx, contribution_id: int) -> list[Step]:
    """What happened to a report, in order."""
    return [Step(*row) for row in tx.execute(_STEPS, {"of_id": contribution_id})]


def before(tx: Tx, person_id: int, contribution_id: int, limit: int) -> list[Contribution]:
    """A person's own reports that are older than one, newest first."""
    values = {"of_person": person_id, "before": contribution_id, "most": limit}
    return [Contribution(*row) for row in tx.execute(_BEFORE, values)]
