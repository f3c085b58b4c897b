"""Erasing one's own data (xóa dữ liệu): what goes and what stays is told first, then done.

Whoever has erased and writes again is somebody new, and the farewell is said to that somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import data, forms
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.turn import Turn
from storage import erasure, people, requests
from storage.requests import ERASE

CONFIRMED = "confirmed"


def begin(turn: Turn) -> None:
    """Say what will go and what must stay, and ask for the word."""
    forms.restart(turn, FORM, {})


def _values(turn: Turn, _answers: Answers) -> dict[str, Any]:
    held = erasure.held(turn.tx, turn.person.id)
    return {"held": held.files, "open": held.open}


def _confirmed(turn: Turn, _answers: Answers, text: str) -> str:
    if not turn.world.words.is_said(text, "erase_all"):
        raise Unclear("data.erase_how")
    return CONFIRMED


def _erase(turn: Turn, _answers: Answers) -> None:
    left = erasure.held(turn.tx, turn.person.id).files
    # What is kept of the request is its kind and its times.
    number = data.ask_for(turn, ERASE)
    erasure.begin(turn.tx, turn.person.id)
    turn.become(
        people.open_conversation(
            turn.tx, turn.message.channel, turn.message.account, turn.message.sender
        )
    )
    asked = requests.say_farewell_to(turn.tx, number, turn.conversation.account_id)
    turn.say("data.erased", held=left, done_by=asked.done_by)


FORM = Form(
    "data_erase",
    (Question("confirm", says="data.erase", read=_confirmed, values=_values),),
    _erase,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"data_erase": begin}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
