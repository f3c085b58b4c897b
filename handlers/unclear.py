"""What says nothing that could be asked or done (tin không rõ ý): never twice the same words."""

from __future__ import annotations

from handlers.again import PERSON_AFTER
from handlers.turn import Turn
from knowledge.text import fold

MISSED = "missed"
"""In the conversation's state: how many such messages came in a row."""


def says_nothing(turn: Turn, text: str) -> bool:
    """A number, a yes or a no that answers no question: nothing the plan could be asked with."""
    folded = fold(text)
    words = turn.world.words
    return (
        folded.isdecimal()
        or folded in words.numbers
        or any(words.is_said(text, key) for key in ("agree", "disagree"))
    )


def say(turn: Turn, missed: int) -> None:
    """First what can be chosen, then an example, from the third time on a person."""
    turn.state[MISSED] = missed + 1
    key = "router.unclear_again" if missed == 1 else "router.unclear"
    text = turn.world.words.text(key)
    if missed >= PERSON_AFTER - 1:
        text += "\n" + turn.world.words.text("forms.person", contact=turn.world.officer_contact)
    turn.say_text(text, [turn.typed(key) for key in ("about", "report", "mine")])
