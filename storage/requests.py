"""Requests about one's own data (yêu cầu về dữ liệu cá nhân), each with the law's two clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from storage import audit
from storage.database import Tx
from storage.schema import data_requests

ERASE, COMPLAIN = "erase", "complain"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for. `answer_by` and `done_by` are the last days the law leaves.

    `outcome` is what a complaint says, and once it is done what came of it.
    """

    id: int
    person_id: int
    account_id: int
    kind: str
    asked_at: datetime
    answer_by: date
    done_by: date
    done_at: datetime | None
    outcome: str


_COLUMNS = [data_requests.c[name] for name in Request.__dataclass_fields__]


def ask(
    tx: Tx,
    person_id: int,
    account_id: int,
    kind: str,
    *,
    answer_by: date,
    done_by: date,
    text: str = "",
) -> int:
    """Note a request; its number."""
    row = {
        "person_id": person_id,
        "account_id": account_id,
        "kind": kind,
        "asked_at": tx.now,
        "answer_by": answer_by,
        "done_by": done_by,
        "outcome": text,
    }
    made = tx.insert(data_requests, row)
    audit.record(
        tx, person_id, "data_request.made", f"data_request:{made}",
        kind=(None, kind), answer_by=(None, answer_by), done_by=(None, done_by),
    )  # fmt: skip
    return made


def finish(tx: Tx, request_id: int, outcome: str, *, by: int | str) -> bool:
    """Note that a request is done; False when it was done before."""
    done = tx.execute(
        update(data_requests)
        .where(data_requests.c.id == request_id, data_requests.c.done_at.is_(None))
        .values(done_at=tx.now, outcome=outcome)
    ).rowcount
    if done:
        audit.record(
            tx, by, "data_request.done", f"data_request:{request_id}", outcome=(None, outcome)
        )
    return done == 1


def find(tx: Tx, request_id: int) -> Request | None:
    """One request by its number."""
    row = tx.execute(select(*_COLUMNS).where(data_requests.c.id == request_id)).one_or_none()
    return None if row is None else Request(*row)


def waiting(tx: Tx, limit: int, kind: str | None = None) -> list[Request]:
    """What is not done yet, of one kind or of all, the most urgent first."""
    wanted = select(*_COLUMNS).where(data_requests.c.done_at.is_(None))
    if kind is not None:
        wanted = wanted.where(data_requests.c.kind == kind)
    rows = tx.execute(wanted.order_by(data_requests.c.done_by, data_requests.c.id).limit(limit))
    return [Request(*row) for row in rows]


def say_farewell_to(tx: Tx, request_id: int, account_id: int) -> Request:
    """Whom to tell of an erasure, for the account that asked for it is nobody's any more."""
    tx.execute(
        update(data_requests).where(data_requests.c.id == request_id).values(account_id=account_id)
    )
    return Request(*tx.execute(select(*_COLUMNS).where(data_requests.c.id == request_id)).one())
