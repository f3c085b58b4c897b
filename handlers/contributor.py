"""Who made a contribution (người góp), as the answers of a report name him."""

from __future__ import annotations

from typing import Any

from handlers.forms import Answers, as_name, read_line
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from handlers.where_when import place_key
from knowledge.text import fold
from knowledge.villages import village_key
from storage import households, organisations, representations

SELF, HOUSEHOLD, GROUP = "self", "household", "group"
OTHER, OTHER_HOUSEHOLD = "other", "other_household"
_read_words = read_line(2, 60)


def of(turn: Turn, answers: Answers, name: str) -> dict[str, Any]:
    """What of a new contribution follows from who made it: its kind, its keys, whose it is."""
    household = answers["who"] in (HOUSEHOLD, OTHER_HOUSEHOLD)
    group = answers.get("group")
    return {
        "contributor_kind": group or ("household" if household else "individual"),
        "contributor_key": fold(name),
        "village_key": village_key(answers["village"]),
        "household_id": _household(turn, answers, name) if household else None,
        "organisation_id": _organisation(turn, answers, group, name) if group else None,
    }


def _household(turn: Turn, answers: Answers, head: str) -> int:
    found = home(turn, answers["commune"], answers["village"], head)
    if answers["who"] == HOUSEHOLD:
        households.reported_for(turn.tx, turn.person.id, found)
    return found


def home(turn: Turn, place: str, village: str, head: str) -> int:
    """The id of the household that is told so."""
    return households.find_or_make(
        turn.tx, place, village, head,
        place_key=place_key(turn, place), village_key=village_key(village), head_key=fold(head),
    )  # fmt: skip


def _organisation(turn: Turn, answers: Answers, kind: str, name: str) -> int:
    return organisations.find_or_make(
        turn.tx, kind, answers["commune"], name, name_key=fold(name)
    ).id


def name_offers(turn: Turn, answers: Answers) -> list[Offer]:
    """The organisations this person is confirmed to represent; others are typed."""
    if answers.get("who") != GROUP:
        return []
    return [
        Offer(turn.world.words.text("representatives.of_mine", name=one.name), one.name)
        for one in representations.of_person(turn.tx, turn.person.id, MAX_CHOICES)
        if (one.kind, one.place) == (answers["group"], answers["commune"])
    ]


def read_name(turn: Turn, answers: Answers, text: str) -> str:
    """Whoever made the contribution, or told of it; a person's name gets its capitals."""
    line = _read_words(turn, answers, turn.world.words.courtesy.name_in(text))
    of_a_group = answers.get("who") == GROUP and "name" not in answers
    return line if of_a_group else as_name(line)
