"""What a report begins with when a sentence told of it (điều đã kể): kind, how much, what for.

Only what is certain becomes an answer; the rest is asked. Everything is read back before it is
stored, like any other answer.
"""

from __future__ import annotations

import re
from typing import Any

from handlers import given
from handlers.forms import Answers, Unclear
from handlers.kinds import Kind, kinds
from handlers.telling import Telling
from handlers.turn import Turn
from handlers.words import means
from knowledge import quantities

_A_THING = re.compile(r"\d")


def answers(turn: Turn, telling: Telling) -> Answers:
    """The answers of a report that a sentence gives already."""
    found: Answers = {}
    kind = _kind(telling)
    if kind is not None:
        found["kind"] = kind.name
        what = _what(turn, kind, telling.amount)
        if what is not None:
            found[kind.questions[0].name] = what
    if telling.purpose and (kind is None or kind.purpose):
        found["purpose"] = purpose(turn, telling.purpose)
    return found


def say_heard(turn: Turn, told: Answers) -> None:
    """Say at once what was understood, where that is more than a kind."""
    what, meant = given.so_far(turn, told), told.get("purpose", "")
    kind = given.kind_of(told)
    if what or meant:
        what = what or (turn.world.words.label(f"kind.{kind.name}") if kind else "")
        turn.say("report.heard", what=what, purpose=meant)


def _kind(telling: Telling) -> Kind | None:
    """The one kind that is told of, None where there is none or are several."""
    named = set(telling.kinds)
    if not named:
        read = quantities.read(telling.amount)
        named = {read.kind} if read.kind else set()
    return kinds().get(named.pop()) if len(named) == 1 else None


def _what(turn: Turn, kind: Kind, amount: str) -> Any:
    """The answer to the kind's first question; None where it is not told, or not surely."""
    first = kind.questions[0]
    if first.free:
        amount = _thing(amount)
    if first.read is None or not amount:
        return None
    try:
        return first.read(turn, {}, amount)
    except Unclear:
        return None


def _thing(amount: str) -> str:
    """The thing that is counted: "ủng hộ bản 10 bao xi măng" → "10 bao xi măng"."""
    found = _A_THING.search(amount)
    return amount[found.start() :].rstrip(" ,.;") if found else ""


def purpose(turn: Turn, told: str) -> str:
    """What it was for: as one of what is offered, where it is the same, else as it was told."""
    words = turn.world.words
    offered = [words.label(f"purpose.{number}") for number in range(1, 5)]
    return next((one for one in offered if means(told, one)), told)
