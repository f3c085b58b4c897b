"""Who made a contribution (người góp), as the answers of a report name him."""

from __future__ import annotations

from typing import Any

from handlers.forms import Answers
from handlers.turn import Turn
from knowledge.text import fold
from storage import households, organisations

SELF, HOUSEHOLD, GROUP = "self", "household", "group"
OTHER, OTHER_HOUSEHOLD = "other", "other_household"


def of(turn: Turn, answers: Answers, name: str) -> dict[str, Any]:
    """What of a new contribution follows from who made it: its kind, its keys, whose it is."""
    household = answers["who"] in (HOUSEHOLD, OTHER_HOUSEHOLD)
    group = answers.get("group")
    return {
        "contributor_kind": group or ("household" if household else "individual"),
        "contributor_key": fold(name),
        "village_key": fold(answers["village"]),
        "household_id": _household(turn, answers, name) if household else None,
        "organisation_id": _organisation(turn, answers, group, name) if group else None,
    }


def _household(turn: Turn, answers: Answers, head: str) -> int:
    village = answers["village"]
    found = households.find_or_make(
        turn.tx, answers["commune"], village, head, village_key=fold(village), head_key=fold(head)
    )
    if answers["who"] == HOUSEHOLD:
        households.join(turn.tx, turn.person.id, found)
    return found


def _organisation(turn: Turn, answers: Answers, kind: str, name: str) -> int:
    return organisations.find_or_make(
        turn.tx, kind, answers["commune"], name, name_key=fold(name)
    ).id
