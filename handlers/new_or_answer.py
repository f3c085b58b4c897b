"""A gift told while an office waits for an answer about one of that kind: is it the answer, or new?

Asked only of who said before that his words were no answer; else they are read back as one.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers import asked, forms, report, told
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.telling import Telling
from handlers.turn import Turn
from storage import contributions

OFFICE, NEW = "office", "new"


def ask(turn: Turn, text: str, gift: Telling) -> bool:
    """Ask which it is; False when no office waits about a gift of this kind."""
    one = contributions.asked_about(turn.tx, turn.person.id)
    answers = told.answers(turn, gift)
    if one is None or answers.get("kind") != one.kind:
        return False
    forms.restart(turn, FORM, {"id": one.id, "told": text, "begins": answers})
    return True


def _finish(turn: Turn, answers: Answers) -> None:
    if answers["which"] == OFFICE:
        asked.answer(turn, contributions.get(turn.tx, answers["id"]), answers["told"])
    else:
        report.begin_with(turn, answers["begins"])


FORM = Form(
    "new_or_answer",
    (
        Question(
            "which",
            says="asked.new_or_answer",
            offers=lambda turn, _: [
                turn.label(f"asked.{OFFICE}", OFFICE),
                turn.label("report_new", NEW),
            ],
            values=lambda turn, answers: {"code": contributions.get(turn.tx, answers["id"]).code},
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
