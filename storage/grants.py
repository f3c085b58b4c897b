"""Grants (vai trò được giao): who may act as what, where; and the one-time invitations to them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select, update

from storage import audit
from storage.database import Tx
from storage.people import Person
from storage.schema import UtcTime, grants, invitations, people

INVITATION_LIFE = timedelta(hours=72)
"""Long enough for an officer away in the villages, short enough that a lost paper is worthless."""
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
TOKEN_LENGTH = 26
"""26 of 32 letters are 130 bits; no l, o, 0, 1, which are misread from paper."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of one person at one place; `place` is a unit's key, era included.

    `organisation_id` is 0 and `village` (a FOLD name) "" where the role is the whole place's.
    """

    id: int
    person_id: int
    account_id: int
    role: str
    place: str
    organisation_id: int = 0
    village: str = ""
    until: datetime | None = None
    given_by: int | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An unused, unexpired invitation. `village` is written as it was typed, `until` is when the
    role it gives ends; `created_by` is None where the operator made it."""

    id: int
    role: str
    place: str
    organisation_id: int = 0
    village: str = ""
    until: datetime | None = None
    created_by: int | None = None


def counts_at(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a row of `grants` counts: not taken back, and its last day is not over."""
    not_over = or_(grants.c.until.is_(None), grants.c.until > now)
    return and_(grants.c.revoked_at.is_(None), not_over)


_LIVE = select(*(grants.c[name] for name in Grant.__dataclass_fields__)).where(
    counts_at(bindparam("now", type_=UtcTime))
)
_OF_PERSON = _LIVE.where(grants.c.person_id == bindparam("of_person")).order_by(grants.c.id)
_AT_PLACE = _LIVE.where(
    grants.c.place == bindparam("at_place"), grants.c.role == bindparam("with_role")
).order_by(grants.c.id)


def of_person(tx: Tx, person_id: int) -> list[Grant]:
    """The person's live grants, oldest first."""
    return [Grant(*row) for row in tx.execute(_OF_PERSON, {"of_person": person_id, "now": tx.now})]


def at_place(tx: Tx, place: str, role: str) -> list[Grant]:
    """Everyone who holds a role at a place now."""
    where = {"at_place": place, "with_role": role, "now": tx.now}
    return [Grant(*row) for row in tx.execute(_AT_PLACE, where)]


def with_role(tx: Tx, role: str) -> list[Grant]:
    """Everyone who holds a role somewhere now."""
    found = _LIVE.where(grants.c.role == role).order_by(grants.c.id)
    return [Grant(*row) for row in tx.execute(found, {"now": tx.now})]


def invite(
    tx: Tx,
    role: str,
    place: str,
    *,
    by: Person | None,
    organisation_id: int = 0,
    village: str = "",
    until: datetime | None = None,
) -> str:
    """Make an invitation and return its code, which is stored only as a hash.

    `by` is None when the operator invites from the command line.
    """
    token = "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_LENGTH))
    row = {
        "token_hash": _hash(token),
        "role": role,
        "place": place,
        "created_by": by.id if by else None,
        "created_at": tx.now,
        "expires_at": tx.now + INVITATION_LIFE,
        "organisation_id": organisation_id,
        "village": village,
        "until": until,
    }
    made = tx.insert(invitations, row)
    audit.record(
        tx, by.id if by else "operator", "invitation.made",
        f"invitation:{made}", role=(None, role), place=(None, place),
    )  # fmt: skip
    return token


def find_invitation(tx: Tx, token: str) -> Invitation | None:
    """The invitation a code opens, None when it is unknown, used or expired."""
    return _invitation(tx, invitations.c.token_hash == _hash(token))


def get_invitation(tx: Tx, invitation_id: int) -> Invitation | None:
    """The invitation of this id while it is unused and unexpired."""
    return _invitation(tx, invitations.c.id == invitation_id)


def redeem(tx: Tx, invitation: Invitation, person: Person, account_id: int) -> Grant | None:
    """Use an invitation up and grant its role; None when somebody was quicker or it expired."""
    used = tx.execute(
        update(invitations)
        .where(
            invitations.c.id == invitation.id,
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > tx.now,
        )
        .values(used_at=tx.now, used_by=person.id)
    )
    if used.rowcount != 1:
        return None
    return give(
        tx, person.id, account_id, invitation.role, invitation.place, by=invitation.created_by,
        organisation_id=invitation.organisation_id, village=invitation.village,
        until=invitation.until,
    )  # fmt: skip


def give(
    tx: Tx,
    person_id: int,
    account_id: int,
    role: str,
    place: str,
    *,
    by: int | None,
    organisation_id: int = 0,
    village: str = "",
    until: datetime | None = None,
) -> Grant:
    """Grant a role; `by` is who gave it, None for the operator. One that ended is let go for it."""
    key = {
        "person_id": person_id,
        "role": role,
        "place": place,
        "organisation_id": organisation_id,
        "village": village,
    }
    tx.execute(
        update(grants)
        .where(
            *(grants.c[name] == value for name, value in key.items()),
            grants.c.revoked_at.is_(None),
            grants.c.until <= tx.now,
        )
        .values(revoked_at=tx.now)
    )
    row = {**key, "account_id": account_id, "given_by": by, "until": until}
    grant_id = tx.insert(grants, {**row, "given_at": tx.now})
    audit.record(
        tx, by or "operator", "grant.given", f"grant:{grant_id}",
        person=(None, person_id), role=(None, role), place=(None, place), until=(None, until),
    )  # fmt: skip
    return Grant(id=grant_id, **row)  # type: ignore[arg-type]  # its own fields, by name


def revoke(tx: Tx, grant_id: int, *, by: int | str) -> bool:
    """Take a role back; it counts from the next press. False when nobody holds it."""
    gone = tx.execute(
        update(grants)
        .where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    if gone.rowcount == 1:
        audit.record(tx, by, "grant.revoked", f"grant:{grant_id}", revoked=(False, True))
    return gone.rowcount == 1


def stands(tx: Tx, grant_id: int) -> bool:
    """Whether a grant still counts, kept so till the transaction ends."""
    found = tx.execute(
        select(grants.c.id)
        .where(grants.c.id == grant_id, counts_at(tx.now))
        .with_for_update(read=True)
    )
    return found.first() is not None


def get(tx: Tx, grant_id: int) -> Grant | None:
    """A live grant by its id, None when it was revoked or has ended."""
    row = tx.execute(_LIVE.where(grants.c.id == grant_id), {"now": tx.now}).one_or_none()
    return None if row is None else Grant(*row)


def held_at(tx: Tx, person_id: int, at: datetime) -> list[Grant]:
    """What a person held at a moment past, however it stands now."""
    rows = tx.execute(
        select(*(grants.c[name] for name in Grant.__dataclass_fields__))
        .where(
            grants.c.person_id == person_id,
            grants.c.given_at <= at,
            or_(grants.c.revoked_at.is_(None), grants.c.revoked_at > at),
            or_(grants.c.until.is_(None), grants.c.until > at),
        )
        .order_by(grants.c.id)
    )
    return [Grant(*row) for row in rows]


def represents(tx: Tx, person_id: int, organisation_id: int) -> bool:
    """Whether the commune has confirmed that a person acts for an organisation, and it counts."""
    return any(
        one.role == "cooperative_representative" and one.organisation_id == organisation_id
        for one in of_person(tx, person_id)
    )


def roster(
    tx: Tx, places: Collection[str], roles: Collection[str], limit: int, *, before: int | None
) -> list[tuple[Grant, str]]:
    """Live grants of these roles at these places with their holders' names, the newest first."""
    found = _LIVE.where(grants.c.place.in_(places), grants.c.role.in_(roles))
    if before is not None:
        found = found.where(grants.c.id < before)
    rows = tx.execute(
        found.add_columns(people.c.name)
        .join(people, people.c.id == grants.c.person_id)
        .order_by(grants.c.id.desc())
        .limit(limit),
        {"now": tx.now},
    )
    return [(Grant(*row[:-1]), row[-1] or "") for row in rows]


def everyone(tx: Tx) -> list[tuple[Grant, str]]:
    """Every live grant with its holder's name, for the operator."""
    rows = tx.execute(
        _LIVE.add_columns(people.c.name)
        .join(people, people.c.id == grants.c.person_id)
        .order_by(grants.c.id),
        {"now": tx.now},
    )
    return [(Grant(*row[:-1]), row[-1] or "") for row in rows]


def expiry(made_at: datetime) -> datetime:
    """When an invitation made then stops working."""
    return made_at + INVITATION_LIFE


def _invitation(tx: Tx, which: ColumnElement[bool]) -> Invitation | None:
    row = tx.execute(
        select(*(invitations.c[name] for name in Invitation.__dataclass_fields__)).where(
            which, invitations.c.used_at.is_(None), invitations.c.expires_at > tx.now
        )
    ).one_or_none()
    return None if row is None else Invitation(*row)


def _hash(token: str) -> str:
    return hashlib.sha256(token.strip().lower().encode()).hexdigest()
