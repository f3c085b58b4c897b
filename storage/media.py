"""Evidence (minh chứng): what people sent beside text, whose it is and to which report it belongs.

A row is `held` (a reference alone, while nobody agreed to its being kept), `pending` (to be
fetched), `kept`, `refused` (`reason` tells why) or `dropped` (its file is to be removed). Of a kept
picture that looks like an earlier report's, `reason` is that report's code. The fetching job's side
is `media_jobs`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, func, literal, select, update

from storage import audit
from storage.database import Tx
from storage.schema import accounts, attachments, contributions

SHEET = "sheet"
"""The kind of what is no evidence: a workbook of facts, which is read and never kept."""
LIVE = ("held", "pending", "kept")
"""States of what an officer sees or will see."""
UNBOUND_LIFE = timedelta(days=7)
"""A report left half told is mostly gone on with within a week, or never."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing sent. `reference` is the platform's, or a location's rounded place; `sha256` and
    `thumb` name its files, `source` is the digest of what was sent, `phash` is for likeness."""

    id: int
    account_id: int
    contribution_id: int | None
    kind: str
    channel: str
    reference: str
    name: str
    state: str
    reason: str
    sha256: str | None
    thumb: str | None
    source: str | None
    phash: int | None
    mime: str
    bytes: int | None
    received_at: datetime
    tries: int


COLUMNS = [attachments.c[name] for name in Evidence.__dataclass_fields__]
_BY_ID = select(*COLUMNS).where(attachments.c.id == bindparam("of_id"))
_OF_CONTRIBUTION = (
    select(*COLUMNS)
    .where(attachments.c.contribution_id == bindparam("of_contribution"))
    .order_by(attachments.c.id)
)
_UNBOUND = (
    select(*COLUMNS)
    .where(
        attachments.c.account_id == bindparam("of_account"),
        attachments.c.contribution_id.is_(None),
        attachments.c.received_at > bindparam("since"),
        attachments.c.state.in_(LIVE),
    )
    .order_by(attachments.c.id)
)
_TAKEN = select(func.count()).where(
    attachments.c.account_id.in_(
        select(accounts.c.id).where(accounts.c.person_id == bindparam("of_person"))
    ),
    attachments.c.received_at > bindparam("since"),
)
_BIND = (
    update(attachments)
    .where(
        attachments.c.id.in_(bindparam("ids", expanding=True)),
        attachments.c.account_id == bindparam("of_account"),
        attachments.c.contribution_id.is_(None),
        attachments.c.state.in_(("held", "pending", "kept", "refused")),
    )
    .values(
        contribution_id=bindparam("to"),
        # What waited for the consent is fetched now: a report is never sent without it.
        due_at=case((attachments.c.state == "held", bindparam("at")), else_=attachments.c.due_at),
        state=case(
            (attachments.c.state != "held", attachments.c.state),
            (attachments.c.kind == "location", "kept"),
            else_="pending",
        ),
    )
)
_LIKE = (
    select(attachments.c.id, attachments.c.reason)
    .where(
        attachments.c.contribution_id == bindparam("of_contribution"),
        attachments.c.state == "kept",
        attachments.c.reason != "",
    )
    .order_by(attachments.c.id)
)
_DOUBT = (
    update(contributions)
    .where(contributions.c.id == bindparam("of_id"))
    .values(doubts=contributions.c.doubts + literal(1))
)
_DROP = (
    update(attachments)
    .where(attachments.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="dropped", contribution_id=None, due_at=None, name="", reason="")
)


def take(
    tx: Tx,
    account_id: int,
    person_id: int,
    *,
    kind: str,
    channel: str,
    reference: str,
    name: str = "",
    state: str = "pending",
) -> int:
    """Note what came, to be fetched (`pending`), only held, or as good as kept (a location)."""
    row = {
        "account_id": account_id,
        "kind": kind,
        "channel": channel,
        "reference": reference,
        "name": name,
        "state": state,
        "received_at": tx.now,
        "due_at": tx.now if state == "pending" else None,
    }
    made = tx.insert(attachments, row)
    audit.record(
        tx, person_id, "evidence.received", f"attachment:{made}",
        kind=(None, kind), state=(None, state),
    )  # fmt: skip
    return made


def bind(tx: Tx, ids: Collection[int], contribution_id: int, account_id: int, *, by: int) -> int:
    """Make these part of a report; how many were this account's and still free."""
    if not ids:
        return 0
    moved = tx.execute(
        _BIND,
        {"ids": list(ids), "of_account": account_id, "to": contribution_id, "at": tx.now},
    ).rowcount
    if moved:
        audit.record(
            tx, by, "evidence.added", f"contribution:{contribution_id}",
            attachments=(None, sorted(ids)),
        )  # fmt: skip
        note_likeness(tx, contribution_id, ids)
    return moved


def get(tx: Tx, attachment_id: int) -> Evidence | None:
    """One by its id. Who may see it is the caller's question."""
    row = tx.execute(_BY_ID, {"of_id": attachment_id}).one_or_none()
    return None if row is None else Evidence(*row)


def of_contribution(tx: Tx, contribution_id: int) -> list[Evidence]:
    """A report's evidence in the order it came, also what is still fetched or was refused."""
    rows = tx.execute(_OF_CONTRIBUTION, {"of_contribution": contribution_id})
    return [Evidence(*row) for row in rows]


def unbound(tx: Tx, account_id: int, since: datetime | None = None) -> list[Evidence]:
    """What an account sent that belongs to no report yet and is not given up."""
    since = since or tx.now - UNBOUND_LIFE
    rows = tx.execute(_UNBOUND, {"of_account": account_id, "since": since})
    return [Evidence(*row) for row in rows]


def taken(tx: Tx, person_id: int, since: datetime) -> int:
    """How many things a person sent since then, from all his accounts."""
    return tx.execute(_TAKEN, {"of_person": person_id, "since": since}).scalar() or 0


def hints(tx: Tx, contribution_id: int) -> list[str]:
    """Codes of earlier reports with the same or a very similar picture: a hint, never a verdict."""
    rows = tx.execute(_LIKE, {"of_contribution": contribution_id})
    return list(dict.fromkeys(row.reason for row in rows))


def note_likeness(tx: Tx, contribution_id: int, fresh: Collection[int]) -> None:
    """One doubt more about a report when its first look-alikes are among these, once in all."""
    like = tx.execute(_LIKE, {"of_contribution": contribution_id}).all()
    if like and all(row.id in fresh for row in like):
        tx.execute(_DOUBT, {"of_id": contribution_id})
        audit.record(
            tx, "machine", "evidence.alike", f"contribution:{contribution_id}",
            codes=(None, sorted({row.reason for row in like})),
        )  # fmt: skip


def drop(tx: Tx, ids: Collection[int], *, by: int | str) -> None:
    """Give these up: they are no report's any more, and the job removes their files and rows."""
    if ids:
        tx.execute(_DROP, {"ids": list(ids)})
        for one in sorted(ids):
            audit.record(tx, by, "evidence.dropped", f"attachment:{one}")
