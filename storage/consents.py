"""Consent (sự đồng ý) per purpose, with its proof: who, when, to which text, by which press."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from storage import audit
from storage.database import Tx
from storage.schema import consents

_LIVE = select(consents.c.purpose).where(
    consents.c.person_id == bindparam("of_person"), consents.c.withdrawn_at.is_(None)
)


def has(tx: Tx, person_id: int, purpose: str) -> bool:
    """Whether the person has agreed to this purpose and not taken it back."""
    return any(row.purpose == purpose for row in tx.read(_LIVE, of_person=person_id))


def give(
    tx: Tx,
    person_id: int,
    purpose: str,
    *,
    text_version: str,
    account_id: int,
    event_id: str,
    choice: str,
    guardian: str = "",
) -> None:
    """Keep an agreement with its proof: hash of the text shown, the account, event and choice.

    `guardian` is who agreed for a person under age.
    """
    tx.execute(
        insert(consents),
        {
            "person_id": person_id,
            "purpose": purpose,
            "text_version": text_version,
            "account_id": account_id,
            "event_id": event_id,
            "choice": choice,
            "given_at": tx.now,
            "guardian": guardian or None,
        },
    )
    audit.record(
        tx, person_id, "consent.given", f"person:{person_id}",
        purpose=(None, purpose), text=(None, text_version),
        **({"guardian": (None, guardian)} if guardian else {}),
    )  # fmt: skip


def withdraw(tx: Tx, person_id: int, purpose: str) -> bool:
    """Take an agreement back; it counts at once. False when there was none."""
    gone = tx.execute(
        update(consents)
        .where(
            consents.c.person_id == person_id,
            consents.c.purpose == purpose,
            consents.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=tx.now)
    ).rowcount
    if gone:
        audit.record(
            tx, person_id, "consent.withdrawn", f"person:{person_id}", purpose=(purpose, None)
        )
    return gone > 0
