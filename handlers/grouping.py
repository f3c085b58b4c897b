"""Putting questions right (gộp, tách): an official says which ask the same and which do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import forms, gathering
from handlers.answering import visible
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.turn import Turn
from handlers.words import is_number
from storage import questions

PAIR = 2


def split(turn: Turn, typed: str) -> None:
    """Another question than the rest of its group: read it back before it is taken out."""
    one = questions.question(turn.tx, int(typed))
    group = visible(turn, one.group_id) if one else None
    if one is None or group is None or group.answered_at is not None or group.count < PAIR:
        turn.say("answering.no_such")
        return
    forms.restart(turn, SPLIT, {"id": one.id, "group": group.id})


def merge(turn: Turn, typed: str) -> None:
    """Two groups that ask the same: read both back before they are one."""
    gone, kept = (visible(turn, int(number)) for number in typed.split())
    if gone is None or kept is None or gone.id == kept.id:
        turn.say("answering.no_such")
        return
    forms.restart(turn, MERGE, {"id": gone.id, "into": kept.id})


def _split_values(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = questions.question(turn.tx, answers["id"])
    group = questions.get(turn.tx, answers["group"])
    return {"text": one.text if one else "", "rest": group.text if group else ""}


def _split(turn: Turn, answers: Answers) -> None:
    group = visible(turn, answers["group"])
    if group is not None:
        questions.lock(turn.tx, group.place)
    one = questions.question(turn.tx, answers["id"])
    now = questions.get(turn.tx, answers["group"])
    fits = one is not None and now is not None and one.group_id == now.id and now.count >= PAIR
    if group is None or one is None or now is None or not fits or now.answered_at is not None:
        turn.say("answering.no_such")
        return
    made = questions.split(turn.tx, one, by=turn.person.id)
    gathering.forget(turn, group.place)
    turn.say(
        "grouping.split_done",
        [turn.label("open", turn.typing("question", str(made.id))), turn.typed("unanswered")],
        text=one.text,
    )


def _merge_values(turn: Turn, answers: Answers) -> dict[str, Any]:
    both = (questions.get(turn.tx, answers[name]) for name in ("id", "into"))
    gone, kept = ((one.text if one else "") for one in both)
    return {"text": gone, "rest": kept}


def _merge(turn: Turn, answers: Answers) -> None:
    gone, kept = visible(turn, answers["id"]), visible(turn, answers["into"])
    if gone is None or kept is None:
        turn.say("answering.no_such")
        return
    questions.lock(turn.tx, kept.place)
    if not questions.merge(turn.tx, gone, kept, by=turn.person.id):
        turn.say("answering.no_such")
        return
    gathering.forget(turn, kept.place)
    turn.say(
        "grouping.merge_done",
        [turn.label("open", turn.typing("question", str(kept.id))), turn.typed("unanswered")],
        count=gone.count + kept.count,
    )


def _are_two(text: str) -> bool:
    parts = text.split()
    return len(parts) == PAIR and all(map(is_number, parts))


def _form(name: str, values: Callable[[Turn, Answers], dict[str, Any]], done: Any) -> Form:
    confirm = Question(
        "confirm",
        offers=lambda turn, _: [turn.label(f"{name}_yes"), turn.label("cancel")],
        values=values,
        says=f"grouping.{name}",
    )
    return Form(f"{name}_questions", (confirm,), done)


SPLIT = _form("split", _split_values, _split)
MERGE = _form("merge", _merge_values, _merge)
FORMS = (SPLIT, MERGE)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"split": split, "merge": merge}
READS: dict[str, Callable[[str], bool]] = {"split": is_number, "merge": _are_two}
MENU: tuple[Entry, ...] = ()
