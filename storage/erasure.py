"""Erasure (xóa dữ liệu): a person's texts and figures go for good, the award files stay.

It begins in the person's own turn: from then on nobody can be found by his account, his name or
what he wrote. What lies in other people's rows (messages to officers, their open forms) is gone
through afterwards by `erasing`, in slices. Rows are emptied, not deleted: a number that came free
would be given to somebody else, whom old buttons and open pages would then mean.

Kept are the reports in `AWARD_FILES` with the name and figures in them, every decision, and the
bare proof of consents.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, update

from storage import audit, campaigns, grants, people, subscriptions, withdrawals
from storage.database import Tx
from storage.schema import (
    accounts,
    consents,
    contributions,
    conversations,
    dead_letters,
    household_members,
    links,
    outbox,
)
from storage.schema import people as persons
from storage.schema import subscriptions as wishes
from storage.wiping import AWARD_FILES, forget_household, wipe

DEAD_LETTER_LIFE = timedelta(days=7)
NO_BODY = {"text": "", "choices": []}
"""What is left of a message."""
_LETTERS = (
    select(dead_letters.c.id, dead_letters.c.raw, dead_letters.c.error)
    .where(dead_letters.c.id > bindparam("after"))
    .order_by(dead_letters.c.id)
    .limit(100)
)
"""A hundred at a time: each may be 64 KiB."""


@dataclass(frozen=True, slots=True)
class Held:
    """What erasing would leave (`files`, reports that are award files) and take (`open`)."""

    files: int
    open: int


def held(tx: Tx, person_id: int) -> Held:
    """How many of a person's reports are award files and how many are not."""
    states = [
        row.state
        for row in tx.execute(
            select(contributions.c.state).where(contributions.c.reporter_id == person_id)
        )
    ]
    files = sum(state in AWARD_FILES for state in states)
    return Held(files, len(states) - files)


def begin(tx: Tx, person_id: int) -> None:
    """Everything that must be so at once: nobody finds the person, nothing of his goes on.

    What is left of his own rows beyond one slice `wipe` takes, till it returns True.
    """
    own = tx.execute(
        select(accounts.c.id, accounts.c.channel, accounts.c.account, accounts.c.sender)
        .where(accounts.c.person_id == person_id)
        .order_by(accounts.c.id)
    ).all()
    for one in own:
        people.lock(tx, one.channel, one.account, one.sender)
    withdrawals.withdraw_undecided(tx, person_id)
    for grant in grants.of_person(tx, person_id):
        grants.revoke(tx, grant.id, by=person_id)
    subscriptions.end(tx, person_id)
    tx.execute(update(wishes).where(wishes.c.person_id == person_id).values(place=""))
    for key in campaigns.under_way_of(tx, person_id):
        campaigns.stop(tx, key, by=person_id)
    _forget_dead_letters(tx, [one.sender for one in own])
    for one in own:
        close(tx, one.id)
    of_his = household_members.c.person_id == person_id
    homes = tx.execute(select(household_members.c.household_id).where(of_his)).scalars().all()
    tx.execute(delete(household_members).where(of_his))
    nobody = {"name": None, "name_key": "", "household_id": None}
    tx.execute(update(persons).where(persons.c.id == person_id).values(**nobody))
    tx.execute(
        update(consents)
        .where(consents.c.person_id == person_id)
        .values(choice="", event_id="", guardian=None)
    )
    tx.execute(
        update(consents)
        .where(consents.c.person_id == person_id, consents.c.withdrawn_at.is_(None))
        .values(withdrawn_at=tx.now)
    )
    audit.record(tx, person_id, "person.erased", f"person:{person_id}")
    wipe(tx, person_id)
    for household in homes:
        forget_household(tx, household)


def close(tx: Tx, account_id: int) -> None:
    """Make an account nobody's: no sender leads to it, nothing is said in it any more."""
    sender = f"erased-{secrets.token_hex(16)}"
    tx.execute(update(accounts).where(accounts.c.id == account_id).values(sender=sender))
    tx.execute(
        update(conversations)
        .where(conversations.c.account_id == account_id)
        .values(state={}, version=conversations.c.version + 1)
    )
    tx.execute(
        update(outbox)
        .where(outbox.c.account_id == account_id, outbox.c.state == "queued")
        .values(state="erased", body=NO_BODY, reason="")
    )
    tx.execute(
        update(links)
        .where(links.c.account_id == account_id, links.c.used_at.is_(None))
        .values(used_at=tx.now)
    )


def _forget_dead_letters(tx: Tx, senders: Sequence[str]) -> None:
    """Those of these senders; what has lain too long goes by itself."""
    after = 0
    while True:
        rows = tx.execute(_LETTERS, {"after": after}).all()
        gone = [
            row.id
            for row in rows
            if any(one.encode() in row.raw or one in row.error for one in senders)
        ]
        if gone:
            tx.execute(delete(dead_letters).where(dead_letters.c.id.in_(gone)))
        if not rows:
            return
        after = rows[-1].id


def forget_old_dead_letters(tx: Tx) -> None:
    """Those nobody has looked at in time."""
    tx.execute(delete(dead_letters).where(dead_letters.c.at < tx.now - DEAD_LETTER_LIFE))
