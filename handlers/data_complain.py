"""Complaints about one's data (phản ánh): told in a sentence, answered by the province's officers.

Who may read and answer them, `policy.yaml` says; every other request they see with its last day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import data, forms, policy
from handlers.forms import Answers, Form, Question, read_line
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from storage import grants, requests
from storage.requests import COMPLAIN as COMPLAINT
from storage.requests import Request

ACTION = "requests"
SHOWN = 4
MIN_TEXT, MAX_TEXT = 5, 200


def complain(turn: Turn) -> None:
    """Ask what is wrong."""
    forms.restart(turn, COMPLAIN, {})


def may(turn: Turn) -> bool:
    """Whether whoever writes looks after requests."""
    return any(policy.allows(ACTION, grant.role, {"own"}) for grant in turn.grants)


def waiting(turn: Turn) -> None:
    """What is not done yet, the most urgent first; a complaint can be opened."""
    if not may(turn):
        turn.say("data.not_for_you")
        return
    found = requests.waiting(turn.tx, SHOWN)
    words = turn.world.words
    offers = [
        Offer(words.text("data_answer.line", request=one, kind=words.label(f"request.{one.kind}")),
              turn.typing("data_answer", str(one.id)))
        for one in found
    ]  # fmt: skip
    turn.say("data_answer.waiting", offers, shown=len(offers))


def open_one(turn: Turn, typed: str) -> None:
    """Open a complaint to answer it."""
    one = _find(turn, typed)
    if one is None or not may(turn):
        turn.say("data.not_for_you")
    elif one.done_at is not None or one.kind != COMPLAINT:
        turn.say("data_answer.nothing_to_do", request=one)
    else:
        forms.restart(turn, ANSWER, {"id": one.id})


def _find(turn: Turn, typed: str) -> Request | None:
    return requests.find(turn.tx, int(typed)) if typed.isdecimal() and len(typed) < 10 else None


def _told(turn: Turn, answers: Answers) -> None:
    number = data.ask_for(turn, COMPLAINT, answers["text"])
    one = requests.find(turn.tx, number)
    told = [grant for role in policy.roles(ACTION) for grant in grants.with_role(turn.tx, role)]
    # Who looks after requests in two roles hears of one once.
    for officer in {grant.account_id: grant for grant in told}.values():
        turn.push(
            officer.account_id, "data_answer.arrived",
            [(turn.world.words.label("open"), turn.typing("data_answer", str(number)))],
            request=one,
        )  # fmt: skip
    turn.say("data.complained", request=one, contact=turn.world.officer_contact)


def _answered(turn: Turn, answers: Answers) -> None:
    one = requests.find(turn.tx, answers["id"])
    if one is None or not may(turn):
        turn.say("data.not_for_you")
        return
    text = turn.world.words.text("data_answer.outcome", request=one, answer=answers["text"])
    if not requests.finish(turn.tx, one.id, text, by=turn.person.id):
        turn.say("data_answer.nothing_to_do", request=one)
        return
    turn.push(one.account_id, "data.answered", answer=answers["text"])
    turn.say("data_answer.done", [turn.typed("data_requests")])


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {"request": requests.find(turn.tx, answers["id"])}


COMPLAIN = Form(
    "data_complain",
    (Question("text", says="data.complain", read=read_line(MIN_TEXT, MAX_TEXT)),),
    _told,
)
ANSWER = Form(
    "data_answer",
    (Question("text", read=read_line(MIN_TEXT, MAX_TEXT), values=_values),),
    _answered,
)
FORMS = (COMPLAIN, ANSWER)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "data_complain": complain,
    "data_requests": waiting,
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"data_answer": open_one}
MENU: tuple[Entry, ...] = (Entry("data_requests", 8, may),)
READS: dict[str, Callable[[str], bool]] = {"data_answer": lambda _: True}
