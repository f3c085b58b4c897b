"""Four eyes: nobody decides on what he, his household or his organisation told, typed or made.

The same rule stands in the trigger `decisions_four_eyes`; here it is asked before anything is done.
"""

from __future__ import annotations

from sqlalchemy import bindparam, exists, or_, select

from storage.contributions import Contribution
from storage.database import Tx
from storage.schema import grants, people

_kin = people.alias("kin")
_SAME_HOUSE = select(people.c.id).where(
    people.c.id == bindparam("officer"),
    or_(
        people.c.household_id == bindparam("household"),
        people.c.household_id.in_(
            select(_kin.c.household_id).where(
                _kin.c.id.in_([bindparam("reporter"), bindparam("contributor")])
            )
        ),
    ),
)
_SAME_ORGANISATION = exists().where(
    grants.c.person_id == bindparam("officer"),
    grants.c.organisation_id == bindparam("organisation"),
    grants.c.revoked_at.is_(None),
)
_OWN = select(or_(exists(_SAME_HOUSE), _SAME_ORGANISATION))


def is_own(tx: Tx, officer_id: int, one: Contribution) -> bool:
    """Whether a report is too near to an officer for him to decide on it."""
    if officer_id in (one.reporter_id, one.contributor_id, one.entered_by):
        return True
    near = {
        "officer": officer_id,
        "household": one.household_id,
        "reporter": one.reporter_id,
        "contributor": one.contributor_id,
        "organisation": one.organisation_id,
    }
    return bool(tx.execute(_OWN, near).scalar())
