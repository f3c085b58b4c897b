"""What an office asked a reporter (hỏi thêm): his next words answer it, without any command.

They are read back before they are sent, and better words said then take their place; what is an
order, a question or small talk is no answer. While a form is open its question comes first, and a
text that could be either is asked about. Any chat of the person's will do; the one that was asked
is told of an answer from another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers import ask, decided, forms, overdue
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from storage import contributions, people, verification
from storage.contributions import Contribution
from storage.errors import Conflict

MEANT = "meant"
"""In the conversation's state: what was meant for the form that was open; "" for nothing."""
DECLINED = "asked_declined"
"""In the conversation's state: when the person last said that his words were no answer."""
MIN_TOLD = 5
OFFICE, FORM_ASKED = "office", "form"
SEND, NOT_THAT = "send", "not_that"


def waiting(turn: Turn) -> Contribution | None:
    """The report an office has asked about and that waits for this person's answer."""
    one = contributions.asked_about(turn.tx, turn.person.id)
    if one is None:
        return None
    declined = turn.state.get(DECLINED)
    if declined is not None and datetime.fromisoformat(declined) >= one.updated_at:
        return None
    return one


def offer(turn: Turn, text: str) -> bool:
    """Read the text back as the answer before it is sent; False when nothing was asked or it is
    small talk or too short for one."""
    one = waiting(turn) if _could_answer(text) else None
    if one is None or ask.is_small_talk(turn, text):
        return False
    forms.restart(turn, READ_BACK, {"id": one.id, "told": text})
    return True


def _sent(turn: Turn, answers: Answers) -> None:
    if answers["confirm"] == SEND:
        answer(turn, contributions.get(turn.tx, answers["id"]), answers["told"])
    else:
        turn.state[DECLINED] = turn.now.isoformat()
        turn.say("asked.kept", code=contributions.get(turn.tx, answers["id"]).code)


def _read_anew(turn: Turn, answers: Answers, text: str) -> str:
    """Better words than those read back: what is open is this very answer."""
    if not _could_answer(text) or ask.is_question(text) or ask.is_small_talk(turn, text):
        raise Unclear("forms.choose", _send_offers(turn, answers))
    return text


def _told_anew(_turn: Turn, answers: Answers, value: Any) -> bool | None:
    if value in (SEND, NOT_THAT):
        return True
    answers["told"] = value
    return None


def _send_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    return [turn.label(SEND), turn.label(NOT_THAT)]


def ask_which(turn: Turn, text: str) -> bool:
    """In the middle of a form: ask what the text answers. False when no office is waiting."""
    if turn.state["form"] in (FORM.name, READ_BACK.name) or not _could_answer(text):
        return False
    one = waiting(turn)
    if one is None or _is_elsewhere(turn, one) or forms.worked_on(turn) > one.updated_at:
        # What he did in the form since, or that he was asked in another chat, tells that the form
        # is what he is at.
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
    _say_sent(turn, again, told)
    decided.tell_officers(
        turn, again, "verify.supplemented", above=again.raised_at is not None, added=told
    )


def _say_sent(turn: Turn, one: Contribution, told: str) -> None:
    """Here that it is sent; in the chat that was asked, that it need not be answered any more."""
    words, place = turn.world.words, turn.world.places.get(one.place).name
    back = ""
    if _is_elsewhere(turn, one):
        back = words.label(f"channel.{people.channel_of(turn.tx, one.account_id)}")
        here = words.label(f"channel.{turn.message.channel}")
        turn.push(one.account_id, "asked.elsewhere", code=one.code, where=here, told=told)
    turn.say("mine.supplemented", one=one, place=place, back=back)


def _is_elsewhere(turn: Turn, one: Contribution) -> bool:
    """Whether the office asked in another chat of the person's."""
    return one.account_id != turn.conversation.account_id


def _could_answer(text: str) -> bool:
    return len(text) >= MIN_TOLD and any(char.isalpha() for char in text)


def _which(turn: Turn, answers: Answers) -> dict[str, str]:
    return {"code": contributions.get(turn.tx, answers["id"]).code}


def _read_back(turn: Turn, answers: Answers) -> dict[str, str]:
    """The answer, and what was asked where he has not read it in this chat."""
    one = contributions.get(turn.tx, answers["id"])
    last = verification.last_decision(turn.tx, one.id) if _is_elsewhere(turn, one) else None
    return {"code": one.code, "told": answers["told"], "asks": last.reason if last else ""}


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
READ_BACK = Form(
    "answer_asked",
    (
        Question(
            "confirm",
            says="asked.read_back",
            read=_read_anew,
            offers=_send_offers,
            values=_read_back,
            effect=_told_anew,
        ),
    ),
    _sent,
)
FORMS = (FORM, READ_BACK)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
