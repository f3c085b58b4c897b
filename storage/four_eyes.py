"""Four eyes: nobody decides on what he, his household or his organisation told, typed or made.

Every household he ever said was his counts, and whatever is told in his own name.

The same rule stands in the trigger `decisions_four_eyes`; here it is asked before anything is done.
"""

from __future__ import annotations

from sqlalchemy import bindparam, exists, or_, select

from storage.contributions import Contribution
from storage.database import Tx
from storage.schema import grants, household_members, people

_kin = household_members.alias("kin")
_SAME_HOUSE = exists().where(
    household_members.c.person_id == bindparam("officer"),
    or_(
        household_members.c.household_id == bindparam("household"),
        household_members.c.household_id.in_(
            select(_kin.c.household_id).where(
                _kin.c.person_id.in_([bindparam("reporter"), bindparam("contributor")])
            )
        ),
    ),
)
_SAME_NAME = exists().where(
    people.c.id == bindparam("officer"),
    people.c.name_key != "",
    people.c.name_key == bindparam("name"),
)
_SAME_ORGANISATION = exists().where(
    grants.c.person_id == bindparam("officer"),
    grants.c.organisation_id == bindparam("organisation"),
    grants.c.revoked_at.is_(None),
)
_OWN = select(or_(_SAME_HOUSE, _SAME_NAME, _SAME_ORGANISATION))
_BY_NAME = ("individual", "household")
"""Kinds of contributors whose name is a person's, his own or the head's."""


def is_own(tx: Tx, officer_id: int, one: Contribution) -> bool:
    """Whether a report is too near to an officer for him to decide on it."""
    if officer_id in (one.reporter_id, one.contributor_id, one.entered_by):
        return True
    near = {
        "officer": officer_id,
        "household": one.household_id,
        "name": one.contributor_key if one.contributor_kind in _BY_NAME else "",
        "reporter": one.reporter_id,
        "contributor": one.contributor_id,
        "organisation": one.organisation_id,
    }
    return bool(tx.execute(_OWN, near).scalar())
