"""Reading back (đọc lại): the last two questions of any report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from handlers.forms import Answers, Question
from handlers.turn import Turn


def review(
    fields: Callable[[Answers], Sequence[str]], values: Callable[[Turn, Answers], dict[str, Any]]
) -> tuple[Question, Question]:
    """The last two questions of a report: read back and send, or name the answer to correct."""
    confirm = Question(
        "confirm",
        offers=lambda turn, _: [turn.label("send"), turn.label("fix"), turn.label("cancel")],
        values=values,
        counts=False,
        reviews=True,
    )
    fix = Question(
        "fix",
        when=lambda _, answers: answers.get("confirm") == "fix",
        offers=lambda turn, answers: [
            turn.label(f"field.{name}", name) for name in fields(answers)
        ],
        drops=True,
        counts=False,
        reviews=True,
    )
    return confirm, fix
