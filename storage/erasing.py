"""The rest of an erasure, outside any turn: what other people's rows say of the person, in slices.

Each function takes one slice and says where the next begins, None after the last. All of it can be
done again: a crash in between costs nothing but the time.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from storage import people, requests
from storage.database import Tx
from storage.erasure import NO_BODY, close
from storage.requests import COMPLAIN, ERASE, Request
from storage.schema import (
    accounts,
    campaigns,
    contributions,
    conversations,
    data_requests,
    grants,
    outbox,
)
from storage.wiping import SLICE

Mark = tuple[str, ...]
"""Words that stand together only in a message about one thing."""
WIPED = "wiped"
"""The outcome of a request while only its farewell is still on the way."""
FAREWELL_LIFE = timedelta(days=1)
"""Whoever has not come back for it by then is not told any more."""


def codes_of(tx: Tx, person_id: int) -> dict[int, str]:
    """The codes of a person's reports by their ids."""
    rows = tx.execute(
        select(contributions.c.id, contributions.c.code).where(
            contributions.c.reporter_id == person_id
        )
    )
    return {row.id: row.code for row in rows}


def marks_of(tx: Tx, person_id: int, reports: dict[int, str]) -> list[Mark]:
    """What tells a message about the person's reports, as `codes_of` gives them, or complaints."""
    said = tx.execute(
        select(data_requests.c.id, data_requests.c.outcome).where(
            data_requests.c.person_id == person_id, data_requests.c.kind == COMPLAIN
        )
    )
    complaints = [(str(row.id), line) for row in said if (line := row.outcome.partition("\n")[0])]
    return [*((code,) for code in reports.values()), *complaints]


def wipe_messages(
    tx: Tx, person_id: int, marks: Collection[Mark], after: int, limit: int = SLICE
) -> int | None:
    """Empty what was said to the person, what he wrote to many, and where all of a mark stands."""
    own = {
        row.id for row in tx.execute(select(accounts.c.id).where(accounts.c.person_id == person_id))
    }
    written = set(
        tx.execute(select(campaigns.c.id).where(campaigns.c.made_by == person_id)).scalars()
    )
    rows = tx.execute(
        select(outbox.c.id, outbox.c.account_id, outbox.c.body)
        .where(outbox.c.id > after)
        .order_by(outbox.c.id)
        .limit(limit)
    ).all()
    gone = [
        row.id
        for row in rows
        if row.body != NO_BODY
        and (
            row.account_id in own or row.body.get("campaign") in written or _names(row.body, marks)
        )
    ]
    if gone:
        of_them = outbox.c.id.in_(gone)
        tx.execute(update(outbox).where(of_them).values(body=NO_BODY, reason=""))
        tx.execute(update(outbox).where(of_them, outbox.c.state == "queued").values(state="erased"))
    return rows[-1].id if len(rows) == limit else None


def wipe_talks(tx: Tx, reports: dict[int, str], after: int, limit: int = SLICE) -> int | None:
    """Take these reports out of what officers were offered and have open."""
    officers = (
        select(accounts.c.id, accounts.c.channel, accounts.c.account, accounts.c.sender)
        .where(accounts.c.id > after, accounts.c.id.in_(select(grants.c.account_id).distinct()))
        .order_by(accounts.c.id)
        .limit(limit)
    )
    rows = tx.execute(officers).all()
    for one in rows:
        # His own turn must not write back what is taken out here.
        people.lock(tx, one.channel, one.account, one.sender)
        of_him = conversations.c.account_id == one.id
        state = tx.execute(select(conversations.c.state).where(of_him)).scalar() or {}
        cleaned = _without(state, reports)
        if cleaned != state:
            tx.execute(
                update(conversations)
                .where(of_him)
                .values(state=cleaned, version=conversations.c.version + 1)
            )
    return rows[-1].id if len(rows) == limit else None


def settle(tx: Tx, request: Request) -> bool:
    """Finish a request whose rows are wiped, once its farewell was read or waited long enough.

    `request.account_id` is the account the farewell was said to: if nothing else was ever said
    there it is closed as well, for it knows no more than its sender.
    """
    of_it = outbox.c.account_id == request.account_id
    waits = tx.execute(select(func.count()).where(of_it, outbox.c.state == "queued")).scalar_one()
    if waits and tx.now - request.asked_at < FAREWELL_LIFE:
        return False
    version = tx.execute(
        select(conversations.c.version).where(conversations.c.account_id == request.account_id)
    ).scalar()
    if version is not None and version <= 1:
        close(tx, request.account_id)
        tx.execute(update(outbox).where(of_it).values(body=NO_BODY, reason=""))
    # Whoever has come back is somebody new, and the old request no business of his.
    old = select(func.min(accounts.c.id)).where(accounts.c.person_id == request.person_id)
    tx.execute(
        update(data_requests)
        .where(data_requests.c.id == request.id)
        .values(account_id=old.scalar_subquery())
    )
    return requests.finish(tx, request.id, "done", by="machine")


def mark_wiped(tx: Tx, request: Request) -> None:
    """Note that nothing is left but the farewell; what he complained of is needed no more."""
    tx.execute(
        update(data_requests)
        .where(data_requests.c.person_id == request.person_id)
        .values(outcome="")
    )
    tx.execute(update(data_requests).where(data_requests.c.id == request.id).values(outcome=WIPED))


def open_requests(tx: Tx, limit: int = SLICE) -> list[Request]:
    """Erasures that are not finished."""
    return requests.waiting(tx, limit, ERASE)


def _names(body: Any, marks: Collection[Mark]) -> bool:
    text = json.dumps(body, ensure_ascii=False)
    return any(all(part in text for part in mark) for mark in marks)


def _without(state: dict[str, Any], reports: dict[int, str]) -> dict[str, Any]:
    codes = [(code,) for code in reports.values()]
    kept = {
        name: value
        for name, value in state.items()
        if name in ("form", "forms") or not _names(value, codes)
    }
    forms = {
        name: one
        for name, one in state.get("forms", {}).items()
        if not _names(one, codes)
        and not ("version" in one["answers"] and one["answers"].get("id") in reports)
    }
    if "forms" in state and forms != state["forms"]:
        # What was offered belongs to the form that is open.
        kept.pop("offered", None)
        kept["forms"] = forms
        kept["form"] = kept.get("form") if kept.get("form") in forms else None
    return kept
