"""What is to be said and has been said: written with the turn, sent after its commit, in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Integer, and_, bindparam, case, insert, or_, select, update

from storage.database import News, Tx
from storage.schema import UtcTime, accounts, outbox, recipients

Kind = Literal["reply", "push"]
Body = dict[str, Any]
MAX_WAITING = 200
"""One look shows a person at most this much at a time; the rest follows when it is acknowledged."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet acknowledged by its channel; body is {"text", "choices": [{"id", "label"}]}."""

    id: int
    body: Body
    created_at: datetime


_WAITING = (
    select(outbox.c.id, outbox.c.body, outbox.c.created_at)
    .where(
        outbox.c.account_id == bindparam("of_account"),
        outbox.c.state == "queued",
        # At once has no time: a clock set back must not hide what was said before.
        or_(outbox.c.due_at.is_(None), outbox.c.due_at <= bindparam("by")),
    )
    .order_by(outbox.c.id)
    .limit(MAX_WAITING)
)
_SENT = (
    update(outbox)
    .where(
        outbox.c.account_id == bindparam("of_account"),
        outbox.c.id == bindparam("of_id"),
        outbox.c.state == "queued",
    )
    .values(state="sent", sent_at=bindparam("at"), attempts=outbox.c.attempts + 1)
)


FETCHING = ("web", "terminal")
"""Channels that come and fetch what is said to their people; every other must be called."""
RANKS: dict[Kind, int] = {"reply": 0, "push": 1}
"""Who waits for an answer goes first."""
APART = 2
"""Added to the rank of whom the last call left unsure, till another call or something new to say:
he is served apart, so that calls that hang do not take the place of those that do not."""
_WAITS = select(
    accounts.c.id.label("account_id"),
    accounts.c.channel,
    bindparam("rank", type_=Integer).label("rank"),
    bindparam("due", type_=UtcTime).label("due_at"),
    bindparam("due", type_=UtcTime).label("leased_until"),
)
# No IN: its list is filled in at each run.
_CALLED = and_(*(accounts.c.channel != name for name in FETCHING))
_EXPECTED = _WAITS.where(accounts.c.id == bindparam("of_account"), _CALLED)
_ALL_EXPECTED = _WAITS.where(
    accounts.c.id.in_(bindparam("of_accounts", expanding=True)),
    _CALLED,
    # Locks are taken in one order, or two replicas would wait for each other.
).order_by(accounts.c.id)


_PUT_ALL = insert(outbox).from_select(
    ["account_id", "kind", "state", "created_at", "body"],
    select(
        accounts.c.id,
        *(
            bindparam(name, type_=outbox.c[name].type)
            for name in ("kind", "state", "created_at", "body")
        ),
    ).where(accounts.c.id.in_(bindparam("of_accounts", expanding=True))),
)


def _sooner(new: Any) -> dict[str, Any]:
    return {
        name: case((recipients.c[name] > new[name], new[name]), else_=recipients.c[name])
        for name in ("rank", "due_at")
    }


def put(tx: Tx, account_id: int, kind: Kind, bodies: Sequence[Body]) -> None:
    """Queue messages for an account, to leave in this order; `write` writes them."""
    if bodies:
        tx.said.setdefault(account_id, []).extend((kind, body) for body in bodies)


def write(tx: Tx) -> None:
    """Write what was queued and let delivery call whom it is for, where their channel is called.

    Only at the end, and in the accounts' order: two turns that tell each other's people would
    otherwise wait for each other. The account first, so that what is told one person by two turns
    has its numbers in the order of their commits.
    """
    if tx.said_to_all:
        everybody = tx.said.keys() | {one for to, _ in tx.said_to_all for one in to}
        waits = {"of_accounts": sorted(everybody), "rank": RANKS["push"], "due": tx.now}
        tx.upsert(recipients, "account_id", _ALL_EXPECTED, _sooner, waits, "channel")
    for to, body in tx.said_to_all:
        row = {"kind": "push", "state": "queued", "created_at": tx.now, "body": body}
        tx.execute(_PUT_ALL, {**row, "of_accounts": list(to)})
    for account_id, said in sorted(tx.said.items()):
        rank = min(RANKS[kind] for kind, _ in said)
        waits = {"of_account": account_id, "rank": rank, "due": tx.now}
        [called] = tx.upsert(recipients, "account_id", _EXPECTED, _sooner, waits, "channel") or [""]
        row = {"account_id": account_id, "state": "queued", "created_at": tx.now}
        # One by one, so that ids follow the order they are to be read in on every store.
        for kind, body in said:
            row_id = tx.insert(outbox, {**row, "kind": kind, "body": body})
            tx.news.append(News(account_id, row_id, body, tx.now, called))
    tx.said.clear()
    tx.said_to_all.clear()


def push_to_all(tx: Tx, account_ids: Collection[int], body: Body) -> None:
    """Queue one push for many accounts; `write` writes it, in as many statements as for one."""
    if account_ids:
        tx.said_to_all.append((account_ids, body))


def take_back(tx: Tx, people: Collection[int], campaign: int | None = None) -> None:
    """What was to go out to many and has not left for these people will not; of one campaign, or
    of all."""
    theirs = select(accounts.c.id).where(accounts.c.person_id.in_(people))
    of = outbox.c.body["campaign"].as_integer()
    tx.execute(
        update(outbox)
        .where(
            outbox.c.account_id.in_(theirs),
            outbox.c.state == "queued",
            outbox.c.kind == "push",
            of > 0 if campaign is None else of == campaign,
        )
        .values(state="stopped", sent_at=tx.now)
    )


def give_up(tx: Tx, account_id: int, why: str) -> list[Body]:
    """End whatever an account still had to be told, for a reason; the pushes among it, in order."""
    queued = (outbox.c.account_id == account_id, outbox.c.state == "queued")
    pushes = select(outbox.c.body).where(*queued, outbox.c.kind == "push").order_by(outbox.c.id)
    bodies = [dict(body) for body in tx.execute(pushes).scalars()]
    tx.execute(update(outbox).where(*queued).values(state="failed", reason=why, sent_at=tx.now))
    return bodies


def waiting(tx: Tx, account_id: int) -> list[Waiting]:
    """What is due and not yet acknowledged, oldest first."""
    rows = tx.execute(_WAITING, {"of_account": account_id, "by": tx.now})
    return [Waiting(row.id, row.body, row.created_at) for row in rows]


def offered(tx: Tx, account_id: int, limit: int) -> list[str]:
    """The ids of the choices in an account's latest rows, the newest first."""
    rows = tx.execute(
        select(outbox.c.body)
        .where(outbox.c.account_id == account_id)
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    return [choice["id"] for body in rows.scalars() for choice in body["choices"]]


def acknowledge(tx: Tx, account_id: int, ids: Sequence[int]) -> None:
    """The channel has delivered these; ids of another account or already sent change nothing."""
    if ids:
        tx.execute(
            _SENT, [{"of_account": account_id, "of_id": row_id, "at": tx.now} for row_id in ids]
        )
