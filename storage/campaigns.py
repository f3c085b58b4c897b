"""Campaigns (đợt gửi): one message to many, fanned out in slices behind a cursor.

A slice and the cursor move in one transaction, so a crash goes on where it stopped, and one person
is planned once for a campaign and once for a deadline's lead time, whoever runs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    String,
    bindparam,
    insert,
    select,
    tuple_,
    update,
)

from storage import audit
from storage.database import Tx
from storage.outbox import Body, push_to_all
from storage.outbox import take_back as take_back_rows
from storage.schema import campaign_people, campaigns, reminded
from storage.schema import people as persons

SLICE = 1_000
LIVE = ("held", "waiting", "running")
"""States in which a campaign may still go to somebody."""
Key = tuple[str, int, int]
"""A deadline, its year, the lead days."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One message to many. `places` are keys, none is everywhere; `account_id` is the author's
    chat. `state`: held (waits for a second person), waiting, running, done, stopping (what is
    queued is being taken back), stopped."""

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


_BY_DAY, _AT_NIGHT = ("waiting", "running", "stopping"), ("stopping",)
"""What there is something to do about: nothing goes out at night, but stopping never waits."""
_THESE = persons.c.id.in_(bindparam("of_people", expanding=True))
_TOLD = insert(campaign_people).from_select(
    ["campaign_id", "person_id"],
    select(bindparam("of_campaign", type_=BigInteger), persons.c.id).where(_THESE),
)
_REMINDED = insert(reminded).from_select(
    ["person_id", "deadline", "year", "lead"],
    select(
        persons.c.id,
        bindparam("of_deadline", type_=String),
        bindparam("of_year", type_=Integer),
        bindparam("of_lead", type_=Integer),
    ).where(_THESE),
)
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


def is_due(tx: Tx, *, by_day: bool = True) -> bool:
    """Whether any campaign has something left to do now."""
    return tx.execute(_due(tx, campaigns.c.id, by_day=by_day)).first() is not None


def lock_due(tx: Tx, *, by_day: bool = True) -> Campaign | None:
    """The oldest campaign that is due, locked until the transaction ends; None when there is none
    or others have them in hand."""
    row = tx.execute(
        _due(tx, *_COLUMNS, by_day=by_day).with_for_update(skip_locked=True)
    ).one_or_none()
    return None if row is None else _made(row)


def under_way_of(tx: Tx, person_id: int) -> list[str]:
    """The keys of a person's campaigns that may still go to somebody."""
    live = campaigns.c.state.in_(LIVE)
    return list(
        tx.execute(select(campaigns.c.key).where(campaigns.c.made_by == person_id, live)).scalars()
    )


def _due(tx: Tx, *columns: Any, by_day: bool) -> Select[Any]:
    """One that is being stopped goes before all others: every moment more of it is read."""
    return (
        select(*columns)
        .where(
            campaigns.c.state.in_(_BY_DAY if by_day else _AT_NIGHT), campaigns.c.due_at <= tx.now
        )
        .order_by(campaigns.c.state != "stopping", campaigns.c.due_at, campaigns.c.id)
        .limit(1)
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


def lapse(tx: Tx, key: str) -> Campaign | None:
    """End one that nobody let go in time; None when it is not held any more."""
    ended = tx.execute(
        update(campaigns)
        .where(campaigns.c.key == key, campaigns.c.state == "held")
        .values(state="stopped", done_at=tx.now)
    )
    if ended.rowcount != 1:
        return None
    audit.record(tx, "timer", "campaign.lapsed", f"campaign:{key}", state=("held", "stopped"))
    return find(tx, key)


def stop(tx: Tx, key: str, *, by: int) -> bool:
    """Stop a campaign: nothing more is queued, and what is queued is taken back in slices."""
    found = tx.execute(
        select(campaigns.c.id, campaigns.c.state).where(campaigns.c.key == key).with_for_update()
    ).one_or_none()
    if found is None or found.state not in LIVE:
        return False
    ended = {"state": "stopping", "cursor": 0, "due_at": tx.now, "done_at": tx.now}
    tx.execute(update(campaigns).where(campaigns.c.id == found.id).values(ended))
    audit.record(tx, by, "campaign.stopped", f"campaign:{key}", state=(found.state, "stopped"))
    return True


def take_back(tx: Tx, campaign: Campaign) -> None:
    """One slice of stopping: what has not left for the next people will not, in the order in which
    it would have."""
    told = (
        select(campaign_people.c.person_id)
        .where(
            campaign_people.c.campaign_id == campaign.id,
            campaign_people.c.person_id > campaign.cursor,
        )
        .order_by(campaign_people.c.person_id)
        .limit(SLICE)
    )
    people = list(tx.execute(told).scalars())
    expected = update(campaigns).where(campaigns.c.id == campaign.id)
    if people:
        take_back_rows(tx, people, campaign.id)
        tx.execute(expected.values(cursor=people[-1]))
    else:
        tx.execute(expected.values(state="stopped"))


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
    tx: Tx, campaign: Campaign, body: Body, people: Mapping[int, int], said: Iterable[Key] = ()
) -> None:
    """Queue one push to each of these people ({person: account}), and note whom it tells and of
    what."""
    ids = list(people)
    tx.execute(_TOLD, {"of_campaign": campaign.id, "of_people": ids})
    for deadline, year, lead in said:
        heard_of = {"of_deadline": deadline, "of_year": year, "of_lead": lead}
        tx.execute(_REMINDED, {**heard_of, "of_people": ids})
    push_to_all(tx, list(people.values()), {**body, "campaign": campaign.id})


def _made(row: Any) -> Campaign:
    return Campaign(**{**row._mapping, "places": tuple(row.places)})
