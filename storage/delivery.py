"""Who is to be told what on the platforms that must be called (design §2).

A recipient is leased, not a row: his rows leave in order, by one sender at a time, and no
transaction stays open while a platform is called. A lease that runs out frees him: the same rows
are then said again, with the same text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import bindparam, case, delete, exists, or_, select, update

from storage import people
from storage.database import Tx
from storage.outbox import APART, RANKS, Body, Kind
from storage.schema import UtcTime, accounts, conversations, outbox, recipients

MOST_ROWS = 3
"""Rows a lease covers, so that it can be short."""
LEASE = timedelta(seconds=40)
"""Longer than `MOST_ROWS` calls that each take as long as a call may."""


@dataclass(frozen=True, slots=True)
class Row:
    """One outbox row to say. `attempts` were made before."""

    id: int
    kind: Kind
    body: Body
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A leased recipient and what he is to be told, in order. `wrote_at`: when he last wrote;
    `unreachable`: why nothing has reached him since, "" while he can be reached; `apart`: whether
    the last call to him came to nothing sure."""

    account_id: int
    sender: str
    unreachable: str
    wrote_at: datetime
    rows: tuple[Row, ...]
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a lease: rows sent, rows that never will be (with why), and when to go on.

    `again_at` is None when he may be told more at once; `unreachable` is why nothing reaches him.
    What is `put_off` till a time holds nothing up that stands behind it. `wrote_at` and `apart` are
    as a recipient's.
    """

    account_id: int
    wrote_at: datetime | None = None
    sent: tuple[int, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()
    put_off: tuple[tuple[int, datetime], ...] = ()
    tried: tuple[int, str] | None = None
    again_at: datetime | None = None
    unreachable: str = ""
    apart: bool = False


_DUE = (
    select(
        recipients.c.account_id,
        accounts.c.sender,
        accounts.c.unreachable_why,
        conversations.c.updated_at,
    )
    .join(accounts, accounts.c.id == recipients.c.account_id)
    .join(conversations, conversations.c.account_id == recipients.c.account_id)
    .where(
        recipients.c.channel == bindparam("on_channel"),
        recipients.c.rank == bindparam("of_rank"),
        recipients.c.due_at <= bindparam("now"),
        recipients.c.leased_until <= bindparam("now"),
    )
    .order_by(recipients.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=recipients)
)
_LEASE = (
    update(recipients)
    .where(recipients.c.account_id == bindparam("of_account"))
    .values(leased_until=bindparam("until"), holder=bindparam("by"))
)
_QUEUED = (
    select(outbox.c.id, outbox.c.kind, outbox.c.body, outbox.c.created_at, outbox.c.attempts)
    .where(
        outbox.c.account_id == bindparam("of_account"),
        outbox.c.state == "queued",
        or_(outbox.c.due_at.is_(None), outbox.c.due_at <= bindparam("now")),
    )
    .order_by(outbox.c.id)
    .limit(MOST_ROWS)
)
_HELD = (
    select(recipients.c.account_id)
    .where(
        recipients.c.account_id == bindparam("of_account"),
        recipients.c.holder == bindparam("by"),
    )
    .with_for_update()
)
_waits = outbox.alias("waits")
_REPLY_WAITS = exists().where(
    _waits.c.account_id == bindparam("of_account"),
    _waits.c.state == "queued",
    _waits.c.kind == "reply",
    or_(_waits.c.due_at.is_(None), _waits.c.due_at <= bindparam("now")),
)
_NEXT = (
    select(outbox.c.kind, outbox.c.due_at, _REPLY_WAITS.label("reply_waits"))
    .where(outbox.c.account_id == bindparam("of_account"), outbox.c.state == "queued")
    # What is put off till morning stands behind what may be said now.
    .order_by(
        case((outbox.c.due_at > bindparam("now"), outbox.c.due_at)).nulls_first(), outbox.c.id
    )
    .limit(1)
)
_PUT_OFF = (
    update(outbox)
    .where(outbox.c.id == bindparam("of_id"), outbox.c.state == "queued")
    .values(due_at=bindparam("to_due"))
)
_END = (
    update(outbox)
    .where(outbox.c.id == bindparam("of_id"), outbox.c.state == "queued")
    .values(
        state=bindparam("to_state"),
        reason=bindparam("why"),
        sent_at=bindparam("at"),
        attempts=outbox.c.attempts + 1,
    )
)
_TRIED = (
    update(outbox)
    .where(outbox.c.id == bindparam("of_id"), outbox.c.state == "queued")
    .values(reason=bindparam("why"), attempts=outbox.c.attempts + 1)
)
_GO_ON = (
    update(recipients)
    .where(recipients.c.account_id == bindparam("of_account"))
    .values(rank=bindparam("to_rank"), due_at=bindparam("to_due"), leased_until=bindparam("now"))
)
_UNREACHABLE = (
    update(accounts)
    .where(
        accounts.c.id == bindparam("of_account"),
        ~exists().where(
            conversations.c.account_id == accounts.c.id,
            conversations.c.updated_at > bindparam("wrote", type_=UtcTime),
        ),
    )
    .values(unreachable_at=bindparam("at"), unreachable_why=bindparam("why"))
    .execution_options(preserve_rowcount=True)
)
_GONE = delete(recipients).where(recipients.c.account_id == bindparam("of_account"))
_REST = (
    update(outbox)
    .where(outbox.c.account_id == bindparam("of_account"), outbox.c.state == "queued")
    .values(state="failed", reason=bindparam("why"), sent_at=bindparam("at"))
)


def claim(tx: Tx, channel: str, holder: str, limit: int, apart: int = 0) -> list[Recipient]:
    """Lease up to `limit` recipients of a channel, those who wait for an answer first, and up to
    `apart` more of those who are served apart."""
    found = _lease(tx, channel, holder, limit, 0)
    return found + [replace(one, apart=True) for one in _lease(tx, channel, holder, apart, APART)]


def _lease(tx: Tx, channel: str, holder: str, limit: int, above: int) -> list[Recipient]:
    due: list[Recipient] = []
    for rank in sorted(RANKS.values()):
        if (most := limit - len(due)) <= 0:
            break
        where = {"on_channel": channel, "of_rank": above + rank, "now": tx.now, "most": most}
        for account_id, sender, unreachable, wrote_at in tx.execute(_DUE, where):
            due.append(Recipient(account_id, sender, unreachable, wrote_at, ()))
    if due:
        lease = {"until": tx.now + LEASE, "by": holder}
        tx.execute(_LEASE, [{"of_account": one.account_id, **lease} for one in due])
    return [replace(one, rows=_queued(tx, one.account_id)) for one in due]


def _queued(tx: Tx, account_id: int) -> tuple[Row, ...]:
    rows = tx.execute(_QUEUED, {"of_account": account_id, "now": tx.now})
    return tuple(Row(*row) for row in rows)


def settle(tx: Tx, holder: str, done: Sequence[Settled]) -> None:
    """Record what came of leases. What another holder has taken over meanwhile stays his."""
    # In the order in which `outbox.write` locks recipients, or the two would wait for each other.
    done = sorted(done, key=attrgetter("account_id"))
    given_up = {one.account_id for one in done if one.unreachable and _cannot_be_reached(tx, one)}
    ended = [
        {"of_id": row_id, "to_state": state, "why": why[:200], "at": tx.now}
        for one in done
        for state, row_id, why in (
            *(("sent", row_id, "") for row_id in one.sent),
            *(("failed", row_id, why) for row_id, why in one.failed),
        )
    ]
    if ended:
        tx.execute(_END, ended)
    for one in done:
        for row_id, due_at in one.put_off:
            tx.execute(_PUT_OFF, {"of_id": row_id, "to_due": due_at})
        if one.tried is not None:
            tx.execute(_TRIED, {"of_id": one.tried[0], "why": one.tried[1][:200]})
        # The lock first: whoever queues something meanwhile waits, or is seen below.
        held = tx.execute(_HELD, {"of_account": one.account_id, "by": holder}).first()
        if one.account_id in given_up:
            why = one.unreachable[:200]
            tx.execute(_REST, {"of_account": one.account_id, "why": why, "at": tx.now})
        if held is not None:
            _free(tx, one.account_id, one.again_at or tx.now, APART if one.apart else 0)


def _free(tx: Tx, account_id: int, again_at: datetime, above: int) -> None:
    following = tx.execute(_NEXT, {"of_account": account_id, "now": tx.now}).one_or_none()
    if following is None:
        tx.execute(_GONE, {"of_account": account_id})
        return
    due_at = max(again_at, following.due_at or again_at)
    tx.execute(
        _GO_ON,
        {
            "of_account": account_id,
            # Who asked waits for an answer, whatever was queued before it.
            "to_rank": above + RANKS["reply" if following.reply_waits else following.kind],
            "to_due": due_at,
            "now": tx.now,
        },
    )


def _cannot_be_reached(tx: Tx, one: Settled) -> bool:
    """Note that nothing reaches an account, unless its person has written since the lease."""
    # As his own turn does, before any row: whoever writes just now waits, or is seen.
    people.lock_account(tx, one.account_id)
    why = one.unreachable[:64]
    told = {"of_account": one.account_id, "wrote": one.wrote_at, "at": tx.now, "why": why}
    return tx.execute(_UNREACHABLE, told).rowcount > 0


def hurry(tx: Tx, channel: str, reasons: Collection[str]) -> None:
    """Try again at once what waits for one of these reasons, which is no more."""
    waits = exists().where(
        outbox.c.account_id == recipients.c.account_id,
        outbox.c.state == "queued",
        outbox.c.reason.in_(reasons),
        or_(outbox.c.due_at.is_(None), outbox.c.due_at <= tx.now),
    )
    tx.execute(
        update(recipients)
        .where(recipients.c.channel == channel, recipients.c.due_at > tx.now, waits)
        .values(due_at=tx.now)
    )


def release(tx: Tx, channel: str) -> None:
    """Free every lease of a channel: for the one process of a SQLite store, at its start."""
    tx.execute(
        update(recipients)
        .where(recipients.c.channel == channel, recipients.c.leased_until > tx.now)
        .values(leased_until=tx.now)
    )
