"""Reporting for somebody who came in person (báo hộ): an official types, the person agrees.

The official is whom the bot writes to, but neither contributor nor verifier: another officer must
look. That the person agreed, how, and who heard it is kept as proof.
"""

from __future__ import annotations

import hashlib
from typing import Any

from handlers import policy
from handlers.contributor import GROUP, HOUSEHOLD, OTHER, OTHER_HOUSEHOLD, SELF
from handlers.forms import Answers, Question, Unclear, read_line
from handlers.policy import Where
from handlers.turn import Turn
from knowledge.villages import village_key
from storage import consents

ENTERED = "entered"
"""The answer that says so; its value is the place the official serves."""
PURPOSE = "entered"
"""Under this purpose the official keeps what he was told: it is no consent of his own."""
_read_line = read_line(2, 40)
SPOKEN, WRITTEN = "spoken", "written"


def place_of(turn: Turn) -> str | None:
    """The place for which this person may enter reports, None when for none."""
    for grant in turn.grants:
        where = policy.valid(turn.world.places, grant.place, turn.today).key
        if policy.holding(turn, "enter", Where(where, grant.village)) is not None:
            return where
    return None


def may_enter(turn: Turn, answers: Answers) -> bool:
    """Whether a report is the person's own to tell, or one he may still enter for its place."""
    if ENTERED not in answers:
        return True
    place: str = answers.get("commune") or answers[ENTERED]
    where = Where(place, village_key(answers.get("village") or ""))
    return policy.holding(turn, "enter", where) is not None


def read_village(turn: Turn, answers: Answers, text: str) -> str:
    """A village; entered for somebody else, one for which this person may do so."""
    line = _read_line(turn, answers, text)
    if not may_enter(turn, {**answers, "village": line}):
        raise Unclear("behalf.other_village", village=line)
    return line


def is_entered(_turn: Turn, answers: Answers) -> bool:
    """Whether the report is entered for somebody else by an official."""
    return ENTERED in answers


def _agreed(turn: Turn, _answers: Answers, value: Any) -> bool:
    if value in (SPOKEN, WRITTEN):
        return True
    turn.say("behalf.declined")
    return False


def who(answers: Answers) -> tuple[str, ...]:
    """By whom a report can be made: entered by an official, it is not by himself."""
    others = (OTHER, OTHER_HOUSEHOLD, GROUP)
    return others if ENTERED in answers else (SELF, HOUSEHOLD, *others)


def keep_consent(turn: Turn, answers: Answers, code: str) -> None:
    """Keep how the person agreed, to which text, heard by whom, for which report."""
    text = turn.world.words.text("behalf.consent", contact=turn.world.officer_contact)
    consents.give(
        turn.tx,
        turn.person.id,
        PURPOSE,
        text_version=hashlib.sha256(text.encode()).hexdigest(),
        account_id=turn.conversation.account_id,
        event_id=turn.message.event_id,
        choice=f"{answers['their_consent']} {code}",
    )


CONSENT = Question(
    "their_consent",
    when=is_entered,
    says="behalf.consent",
    offers=lambda turn, _: [
        turn.label(f"behalf.{how}", how) for how in (SPOKEN, WRITTEN, "declined")
    ],
    values=lambda turn, _: {"contact": turn.world.officer_contact},
    effect=_agreed,
    counts=False,
)
