"""What an office asked a reporter (hỏi thêm): his next message answers it, without any command.

Only the very next one: after that he talks of something else, and answers by "bổ sung". While a
form is open its question comes first, and a text that could be either is asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from handlers import decided, forms, overdue
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.turn import Turn
from storage import contributions, verification
from storage.contributions import Contribution
from storage.errors import Conflict

MEANT = "meant"
"""In the conversation's state: what was meant for the form that was open; "" for nothing."""
MIN_TOLD = 5
OFFICE, FORM_ASKED = "office", "form"


def waiting(turn: Turn) -> Contribution | None:
    """The report an office has asked about since this person last wrote."""
    one = contributions.asked_about(turn.tx, turn.person.id)
    if one is None or one.account_id != turn.conversation.account_id:
        return None
    if turn.talked is not None and datetime.fromisoformat(turn.talked) >= one.updated_at:
        return None
    return one


def take(turn: Turn, text: str) -> bool:
    """Take the text for the answer; False when nothing was asked or it is too short for one."""
    one = waiting(turn) if _could_answer(text) else None
    if one is None:
        return False
    answer(turn, one, text)
    return True


def ask_which(turn: Turn, text: str) -> bool:
    """In the middle of a form: ask what the text answers. False when no office is waiting."""
    if turn.state["form"] == FORM.name or not _could_answer(text):
        return False
    one = waiting(turn)
    if one is None:
        return False
    forms.restart(turn, FORM, {"id": one.id, "told": text, "back": turn.state["form"]})
    return True


def answer(turn: Turn, one: Contribution, told: str) -> None:
    """The reporter adds what was asked for; same code, back into the queue."""
    words = turn.world.words
    try:
        again = verification.supplement(turn.tx, one, turn.person.id, told)
    except Conflict:
        now = contributions.get(turn.tx, one.id)
        turn.say("mine.nothing_asked", code=now.code, state=words.label(f"state.{now.state}"))
        return
    overdue.plan(turn, again)
    turn.say("mine.supplemented", one=again, place=turn.world.places.get(again.place).name)
    decided.tell_officers(
        turn, again, "verify.supplemented", above=again.raised_at is not None, added=told
    )


def _could_answer(text: str) -> bool:
    return len(text) >= MIN_TOLD and any(char.isalpha() for char in text)


def _which(turn: Turn, answers: Answers) -> dict[str, str]:
    return {"code": contributions.get(turn.tx, answers["id"]).code}


def _finish(turn: Turn, answers: Answers) -> None:
    for_office = answers["which"] == OFFICE
    if for_office:
        answer(turn, contributions.get(turn.tx, answers["id"]), answers["told"])
    if answers["back"] in turn.state.get("forms", {}):
        turn.state["form"] = answers["back"]
        turn.state[MEANT] = "" if for_office else answers["told"]


FORM = Form(
    "asked",
    (
        Question(
            "which",
            offers=lambda turn, _: [
                turn.label(f"asked.{which}", which) for which in (OFFICE, FORM_ASKED)
            ],
            values=_which,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
