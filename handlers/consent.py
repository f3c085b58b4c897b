"""Asking for consent (xin sự đồng ý), one purpose at a time: what is told, what counts as yes.

Nothing is chosen beforehand, silence and every other word leave things as they were, and what is
not needed for a report is never asked in its form. Whoever is under age brings a guardian.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from handlers import forms
from handlers.forms import Answers, Form, Question, read_line
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from knowledge import rights
from knowledge.text import clean
from storage import consents

REPORT, REMIND, PRAISE = "report", "remind", "praise"
"""Being able to report; being reminded of deadlines; being named when somebody is praised."""
PURPOSES = (REPORT, REMIND, PRAISE)
PARTS = {
    REPORT: ("controller", "fields", "uses", "retention", "rights"),
    REMIND: ("controller", "rights"),
    PRAISE: ("controller", "rights"),
}
"""What "xem thêm" shows of each purpose, a template of `consent.j2` each."""
MIN_NAME, MAX_NAME = 2, 60
AGREE, REFUSE, MINOR, MORE, OF_AGE = "agree", "disagree", "minor", "more", "of_age"
_READ = "consent_read"
"""How many parts were shown so far; it stands among the answers of the open form."""


def parts(turn: Turn, purpose: str) -> list[str]:
    """The text of a purpose in the messages it is shown in, the question first."""
    said = {
        "contact": turn.world.officer_contact,
        "province": turn.world.plan.province,
        "days": rights.terms()["see"].answer,
    }
    names = (purpose, *PARTS[purpose])
    return [turn.world.words.text(f"consent.{name}", **said) for name in names]


def version(turn: Turn, purpose: str) -> str:
    """The hash of the whole text of a purpose, as anyone who reads to its end sees it."""
    return hashlib.sha256("\n".join(parts(turn, purpose)).encode()).hexdigest()


def questions(purpose: str) -> tuple[Question, ...]:
    """The questions a form asks before it uses what the purpose covers; none once agreed."""

    def open_(turn: Turn, _answers: Answers) -> bool:
        return not consents.has(turn.tx, turn.person.id, purpose)

    def offers(turn: Turn, answers: Answers) -> list[Offer]:
        found = [turn.label(AGREE), turn.label(MINOR), turn.label(REFUSE)]
        if answers.get(_READ, 0) < len(PARTS[purpose]):
            found.append(turn.label(MORE))
        return found

    def answered(turn: Turn, answers: Answers, value: Any) -> bool | None:
        if value == MORE:
            answers[_READ] = answers.get(_READ, 0) + 1
            turn.say_text(parts(turn, purpose)[answers[_READ]])
            return None
        return True if value == MINOR else said(turn, answers, value)

    def named(_turn: Turn, answers: Answers, value: Any) -> bool | None:
        if value == OF_AGE:
            answers.pop("consent", None)
            return None
        return True

    def said(turn: Turn, answers: Answers, value: Any) -> bool | None:
        if value not in (AGREE, REFUSE):
            # A button of the question before: the consent was taken back in between.
            return None
        guardian = answers.pop("guardian_name", "")
        for name in ("consent", _READ):
            answers.pop(name, None)
        if value != AGREE:
            turn.say(f"consent.declined_{purpose}")
            return False
        consents.give(
            turn.tx,
            turn.person.id,
            purpose,
            text_version=version(turn, purpose),
            account_id=turn.conversation.account_id,
            event_id=turn.message.event_id,
            choice=clean(turn.message.choice or turn.message.text, 80),
            guardian=guardian,
        )
        # Whether it is given is read from storage at every step, so that taking it back counts.
        return None

    return (
        Question(
            "consent",
            when=open_,
            offers=offers,
            values=lambda turn, _: {"contact": turn.world.officer_contact},
            effect=answered,
            says=lambda answers: f"consent.{'again' if answers.get(_READ) else purpose}",
            counts=False,
        ),
        Question(
            "guardian_name",
            when=open_,
            read=read_line(MIN_NAME, MAX_NAME),
            offers=lambda turn, _: [turn.label(OF_AGE)],
            effect=named,
            says="consent.guardian_name",
            needs=("consent",),
            free=True,
            counts=False,
        ),
        Question(
            "guardian",
            when=open_,
            offers=lambda turn, _: [turn.label(AGREE), turn.label(REFUSE)],
            effect=said,
            says="consent.guardian",
            needs=("guardian_name",),
            counts=False,
        ),
    )


PRAISED = Form(
    PRAISE,
    questions(PRAISE),
    lambda turn, _answers: turn.say(f"consent.given_{PRAISE}", [turn.typed("data")]),
)
FORMS = (PRAISED,)


def praise_offer(turn: Turn, person_id: int) -> list[tuple[str, str]]:
    """What a push about a verified report offers besides: (label, what it types), at most one."""
    if consents.has(turn.tx, person_id, PRAISE):
        return []
    label = turn.world.words.label("praise")
    return [(label, label)]


COMMANDS: dict[str, Callable[[Turn], None]] = {
    PRAISE: lambda turn: forms.restart(turn, PRAISED, {}),
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
