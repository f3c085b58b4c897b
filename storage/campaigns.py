"""Campaigns (đợt gửi): one message to many, fanned out in slices behind a cursor.

A slice and the cursor move in one transaction, so a crash goes on where it stopped, and one person
is planned once for a campaign and once for a deadline's lead time, whoever runs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_, update

from storage import audit
from storage.database import Tx
from storage.outbox import Body, expect
from storage.schema import accounts, campaign_people, campaigns, outbox, reminded

SLICE = 1_000
LIVE = ("held", "waiting", "running")
"""States in which a campaign may still go to somebody."""
Key = tuple[str, int, int]
"""A deadline, its year, the lead days."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One message to many. `state`: held (waits for a second person), waiting, running, done,
    stopped; `places` are keys, none is everywhere; `account_id` is the author's chat."""

    id: int
    key: str
    kind: str
    state: str
    due_at: datetime
    cursor: int
    count: int
    text: str
    places: tuple[str, ...]
    made_by: int | None
    account_id: int | None


_UNDER_WAY = campaigns.c.state.in_(("waiting", "running"))
_COLUMNS = [campaigns.c[name] for name in Campaign.__dataclass_fields__]


def plan(
    tx: Tx,
    key: str,
    kind: str,
    due_at: datetime,
    *,
    text: str = "",
    places: Sequence[str] = (),
    made_by: int | None = None,
    account_id: int | None = None,
    held: bool = False,
) -> bool:
    """Plan a campaign; False when this key is planned already."""
    row = {
        "key": key,
        "kind": kind,
        "state": "held" if held else "waiting",
        "due_at": due_at,
        "text": text,
        "places": list(places),
        "made_by": made_by,
        "account_id": account_id,
        "made_at": tx.now,
    }
    if not tx.insert_once(campaigns, row):
        return False
    audit.record(
        tx, made_by or "schedule", "campaign.planned", f"campaign:{key}",
        kind=(None, kind), text=(None, text), places=(None, list(places)),
    )  # fmt: skip
    return True


def find(tx: Tx, key: str) -> Campaign | None:
    """The campaign of this key."""
    row = tx.execute(select(*_COLUMNS).where(campaigns.c.key == key)).one_or_none()
    return None if row is None else _made(row)


def is_due(tx: Tx) -> bool:
    """Whether any campaign has something left to do now."""
    found = select(campaigns.c.id).where(_UNDER_WAY, campaigns.c.due_at <= tx.now).limit(1)
    return tx.execute(found).first() is not None


def lock_due(tx: Tx) -> Campaign | None:
    """The oldest campaign that is due, locked until the transaction ends; None when there is none
    or others have them in hand."""
    row = tx.execute(
        select(*_COLUMNS)
        .where(_UNDER_WAY, campaigns.c.due_at <= tx.now)
        .order_by(campaigns.c.due_at, campaigns.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    return None if row is None else _made(row)


def under_way_of(tx: Tx, person_id: int) -> list[str]:
    """The keys of a person's campaigns that may still go to somebody."""
    live = campaigns.c.state.in_(LIVE)
    return list(
        tx.execute(select(campaigns.c.key).where(campaigns.c.made_by == person_id, live)).scalars()
    )


def release(tx: Tx, key: str, *, by: int) -> bool:
    """Let a held campaign go; by somebody else than who made it. False when it is not held, or
    his own."""
    moved = tx.execute(
        update(campaigns)
        .where(campaigns.c.key == key, campaigns.c.state == "held", campaigns.c.made_by != by)
        .values(state="waiting", released_by=by)
    )
    if moved.rowcount == 1:
        audit.record(tx, by, "campaign.released", f"campaign:{key}", state=("held", "waiting"))
    return moved.rowcount == 1


def stop(tx: Tx, key: str, *, by: int) -> bool:
    """Stop a campaign: what has not been queued will not be, and what is queued is taken back."""
    found = find(tx, key)
    if found is None or found.state not in LIVE:
        return False
    tx.execute(
        update(campaigns).where(campaigns.c.id == found.id).values(state="stopped", done_at=tx.now)
    )
    whose = select(campaign_people.c.person_id).where(campaign_people.c.campaign_id == found.id)
    theirs = select(accounts.c.id).where(accounts.c.person_id.in_(whose))
    tx.execute(
        update(outbox)
        .where(
            outbox.c.account_id.in_(theirs),
            outbox.c.state == "queued",
            outbox.c.kind == "push",
            outbox.c.body["campaign"].as_integer() == found.id,
        )
        .values(state="stopped", sent_at=tx.now)
    )
    audit.record(tx, by, "campaign.stopped", f"campaign:{key}", state=(found.state, "stopped"))
    return True


def advance(tx: Tx, campaign: Campaign, cursor: int, *, told: int) -> None:
    """Note how far a campaign has gone."""
    tx.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign.id)
        .values(
            state="running",
            cursor=cursor,
            count=campaigns.c.count + told,
        )
    )


def finish(tx: Tx, campaign: Campaign) -> None:
    """Everybody has been reached or passed over."""
    tx.execute(
        update(campaigns).where(campaigns.c.id == campaign.id).values(state="done", done_at=tx.now)
    )
    audit.record(
        tx, campaign.made_by or "schedule", "campaign.done", f"campaign:{campaign.key}",
        count=(None, campaign.count),
    )  # fmt: skip


def heard(tx: Tx, people: Collection[int], deadlines: Iterable[Key]) -> set[tuple[int, Key]]:
    """Which of these people have been told which of these lead times."""
    wanted = list(deadlines)
    if not people or not wanted:
        return set()
    rows = tx.execute(
        select(reminded).where(
            reminded.c.person_id.in_(people),
            tuple_(reminded.c.deadline, reminded.c.year, reminded.c.lead).in_(wanted),
        )
    )
    return {(row.person_id, (row.deadline, row.year, row.lead)) for row in rows}


def taken(tx: Tx, campaign: Campaign, people: Collection[int]) -> set[int]:
    """Which of these people the campaign has gone to."""
    rows = tx.execute(
        select(campaign_people.c.person_id).where(
            campaign_people.c.campaign_id == campaign.id, campaign_people.c.person_id.in_(people)
        )
    )
    return set(rows.scalars())


def queue(
    tx: Tx,
    campaign: Campaign,
    messages: Mapping[int, tuple[int, Body]],
    said: Iterable[tuple[int, Key]] = (),
) -> None:
    """Queue one push per person ({person: (account, body)}) and note whom and of what it tells."""
    if not messages:
        return
    tx.execute(
        insert(campaign_people),
        [{"campaign_id": campaign.id, "person_id": person} for person in messages],
    )
    noted = [
        {"person_id": person, "deadline": deadline, "year": year, "lead": lead}
        for person, (deadline, year, lead) in said
    ]
    if noted:
        tx.execute(insert(reminded), noted)
    row = {"kind": "push", "state": "queued", "created_at": tx.now}
    tx.execute(
        insert(outbox),
        [
            {**row, "account_id": account, "body": {**body, "campaign": campaign.id}}
            for account, body in messages.values()
        ],
    )
    expect(tx, "push", sorted(account for account, _ in messages.values()))


def _made(row: Any) -> Campaign:
    return Campaign(**{**row._mapping, "places": tuple(row.places)})
