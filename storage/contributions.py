"""Contributions (khoản đóng góp): what was told, who told it, how it stands, every version kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from storage import audit
from storage.codes import new_code
from storage.database import Tx
from storage.schema import contribution_versions, contributions

GONE = ("withdrawn", "rejected", "revoked")
"""States of what counts as nothing."""
OPEN = ("submitted", "in_review")
"""States in which an officer may decide."""
_TRIES = 8
"""A code is taken once in 148 million per stored report; eight clashes running do not happen."""


@dataclass(frozen=True, slots=True)
class NewContribution:
    """What a form has gathered. `told_vnd` is money or a value in money, `told_quantity` what the
    kind counts (person-days, m², stars), `details` what else belongs to the kind; `place` is the
    commune's key. The keys are FOLD forms of the names. `entered_by` is the officer who typed it
    for somebody who came in person."""

    kind: str
    contributor_kind: str
    contributor_name: str
    contributor_id: int | None
    place: str
    village: str
    purpose: str
    made_on: date
    told_vnd: int | None
    told_quantity: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    contributor_key: str = ""
    village_key: str = ""
    household_id: int | None = None
    organisation_id: int | None = None
    entered_by: int | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """A stored contribution as of `version`."""

    id: int
    code: str
    kind: str
    state: str
    version: int
    reporter_id: int
    account_id: int
    contributor_kind: str
    contributor_name: str
    contributor_id: int | None
    place: str
    village: str
    purpose: str
    made_on: date
    told_vnd: int | None
    verified_vnd: int | None
    note: str
    submitted_at: datetime
    updated_at: datetime
    told_quantity: float | None = None
    verified_quantity: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    contributor_key: str = ""
    village_key: str = ""
    household_id: int | None = None
    organisation_id: int | None = None
    entered_by: int | None = None
    holder_id: int | None = None
    """The officer who has it in hand until `held_until`."""
    held_until: datetime | None = None
    doubts: int = 0
    raised_at: datetime | None = None
    """Since when the level above may decide too."""
    answer: str = ""
    """What the reporter said to a corrected figure: "", agreed, objected, twice (once more)."""

    def holder(self, now: datetime) -> int | None:
        """Who has it in hand at this moment."""
        return self.holder_id if self.held_until is not None and self.held_until > now else None


COLUMNS = [contributions.c[name] for name in Contribution.__dataclass_fields__]
UNCHANGED = (
    contributions.c.id == bindparam("of_id"),
    contributions.c.version == bindparam("seen"),
    contributions.c.state == bindparam("from_state"),
)
"""What every change of a contribution is compared on: the version and the state that were seen."""
_BY_CODE = select(*COLUMNS).where(contributions.c.code == bindparam("with_code"))
_BY_ID = select(*COLUMNS).where(contributions.c.id == bindparam("with_id"))
_HOLD = (
    select(contributions.c.id).where(contributions.c.id == bindparam("with_id")).with_for_update()
)
_OF_REPORTER = (
    select(*COLUMNS)
    .where(contributions.c.reporter_id == bindparam("of_person"))
    .order_by(contributions.c.id.desc())
    .limit(bindparam("most"))
)
_ASKED = (
    select(*COLUMNS)
    .where(
        contributions.c.reporter_id == bindparam("of_person"),
        contributions.c.state == "needs_more",
    )
    .order_by(contributions.c.updated_at.desc())
    .limit(1)
)


def submit(tx: Tx, new: NewContribution, *, reporter_id: int, account_id: int) -> Contribution:
    """Store a report as `submitted` and give it its code."""
    row: dict[str, Any] = {
        **{name: getattr(new, name) for name in NewContribution.__dataclass_fields__},
        "state": "submitted",
        "version": 1,
        "reporter_id": reporter_id,
        "account_id": account_id,
        "note": "",
        "submitted_at": tx.now,
        "updated_at": tx.now,
    }
    for _ in range(_TRIES):
        code = new_code()
        if tx.insert_once(contributions, {**row, "code": code}):
            break
    stored = find(tx, code)
    assert stored is not None  # noqa: S101 - eight clashing codes would be a broken generator
    told = {
        "told_vnd": new.told_vnd,
        "told_quantity": new.told_quantity,
        "details": dict(new.details),
    }
    keep_version(tx, stored, by=reporter_id, changes=told)
    audit.record(
        tx, reporter_id, "contribution.submitted", f"contribution:{stored.id}",
        state=(None, "submitted"),
        **{name: (None, value) for name, value in told.items() if value},
        contributor=(None, new.contributor_name), place=(None, new.place),
    )  # fmt: skip
    return stored


def keep_version(tx: Tx, now: Contribution, *, by: int, changes: dict[str, Any]) -> None:
    """Keep what a version changed, so that nothing told is ever overwritten without trace."""
    tx.execute(
        insert(contribution_versions),
        {
            "contribution_id": now.id,
            "version": now.version,
            "state": now.state,
            "at": tx.now,
            "by_person": by,
            "changes": changes,
        },
    )


def find(tx: Tx, code: str) -> Contribution | None:
    """The contribution with this exact code. Who may see it is the caller's question."""
    row = tx.execute(_BY_CODE, {"with_code": code}).one_or_none()
    return None if row is None else Contribution(*row)


def get(tx: Tx, contribution_id: int) -> Contribution:
    """The contribution with this id."""
    return Contribution(*tx.execute(_BY_ID, {"with_id": contribution_id}).one())


def hold(tx: Tx, contribution_id: int) -> None:
    """Let nobody else change it, or take from it, until this transaction ends."""
    tx.execute(_HOLD, {"with_id": contribution_id})


def of_reporter(tx: Tx, person_id: int, limit: int) -> list[Contribution]:
    """A person's own reports, newest first."""
    rows = tx.execute(_OF_REPORTER, {"of_person": person_id, "most": limit})
    return [Contribution(*row) for row in rows]


def asked_about(tx: Tx, person_id: int) -> Contribution | None:
    """The person's report that an office asked about last and that still waits for the answer."""
    row = tx.execute(_ASKED, {"of_person": person_id}).one_or_none()
    return None if row is None else Contribution(*row)


def of_village(
    tx: Tx, place: str, village_key: str, limit: int, *, before: int | None = None
) -> list[Contribution]:
    """A village's newest reports, older than the id `before`."""
    of = [contributions.c.place == place, contributions.c.village_key == village_key]
    if before is not None:
        of.append(contributions.c.id < before)
    rows = tx.execute(select(*COLUMNS).where(*of).order_by(contributions.c.id.desc()).limit(limit))
    return [Contribution(*row) for row in rows]
