"""A form is an ordered list of questions; its state is its answers, by name.

The next question is the first that applies and has no answer. So going back drops the last answer,
correcting drops one, resuming asks the next question again, and an old button is simply checked
against what was offered. Answers are JSON values; nothing else about a form is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import again, ask, offered
from handlers.turn import Offer, Turn
from knowledge import blanks

Answers = dict[str, Any]

IDLE = timedelta(hours=20)
"""After a night, whatever arrives first is more likely a new thought than the missing answer."""
MAX_ANSWER = 200


class Unclear(Exception):
    """What was typed is no answer; the message key says what is needed, offers may narrow it."""

    def __init__(self, key: str, offers: Sequence[Offer] = (), **values: Any) -> None:
        super().__init__(key)
        self.key, self.offers, self.values = key, offers, values


def _no_offers(_turn: Turn, _answers: Answers) -> list[Offer]:
    return []


def _always(_turn: Turn, _answers: Answers) -> bool:
    return True


def _never(_turn: Turn, _text: str) -> bool:
    return False


def _no_values(_turn: Turn, _answers: Answers) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form.

    `read` turns typed text into a JSON value or raises Unclear; without it only what is offered
    counts. `free` means any text could be an answer, so that a question typed here is told apart by
    its form alone. `needs` names answers this one falls with. `effect` acts at once on an answer
    and returns False to end the form, None when nothing of the answer is to be kept. A question
    that `drops` takes as its answer the name of another answer to forget. `counts` tells whether it
    is one of "how many questions are left"; one that `reviews` falls with any other answer.
    """

    name: str
    read: Callable[[Turn, Answers, str], Any] | None = None
    offers: Callable[[Turn, Answers], list[Offer]] = _no_offers
    when: Callable[[Turn, Answers], bool] = _always
    values: Callable[[Turn, Answers], dict[str, Any]] = _no_values
    effect: Callable[[Turn, Answers, Any], bool | None] | None = None
    needs: tuple[str, ...] = ()
    free: bool = False
    drops: bool = False
    counts: bool = True
    reviews: bool = False
    says: str | Callable[[Answers], str] = ""
    """The message key, where it is not `form.name`; for some, one that answers decide."""


@dataclass(frozen=True, slots=True)
class Form:
    """A named list of questions and what is done with the answers."""

    name: str
    questions: tuple[Question, ...]
    finish: Callable[[Turn, Answers], None]
    let_go: Callable[[Turn, Answers], object] | None = None
    """What is done when the form is cancelled, where something was taken in hand for it."""
    gone: Callable[[Turn, Answers], bool] | None = None
    """Whether what the form is about is no more as it was, which it then says; no step without."""

    def next(self, turn: Turn, answers: Answers) -> Question | None:
        """The first question that applies and has no answer."""
        return next(
            (q for q in self.questions if q.name not in answers and q.when(turn, answers)), None
        )


def read_line(
    low: int, high: int, *, left_open: bool = False
) -> Callable[[Turn, Answers, str], str]:
    """A reader of one line of plain words, `low` to `high` characters; "" for "không biết" where
    the answer may be left open."""

    def read(_turn: Turn, _answers: Answers, text: str) -> str:
        line = " ".join(text.split())
        if blanks.is_blank(line):
            if left_open:
                return ""
            raise Unclear(again.NEEDED)
        if len(line) > high:
            raise Unclear("forms.too_long", most=high)
        if len(line) < low or not any(char.isalpha() for char in line):
            raise Unclear("forms.in_words")
        return line

    return read


def as_name(line: str) -> str:
    """A person's name typed without one capital, as it is written: "giàng a páo"."""
    return line.title() if line.islower() else line


def start(turn: Turn, form: Form, answers: Answers | None = None) -> None:
    """Open a form, or go on with it where it was left, and ask what comes next."""
    forms = turn.state.setdefault("forms", {})
    forms.setdefault(form.name, {"answers": answers or {}})
    turn.state["form"] = form.name
    _touch(turn, form)
    ask_next(turn, form)


def restart(turn: Turn, form: Form, answers: Answers) -> None:
    """Open a form about something else than before: what stood there is let go."""
    turn.state.get("forms", {}).pop(form.name, None)
    start(turn, form, answers)


def answers_of(turn: Turn, form: Form) -> Answers:
    """The answers so far."""
    answers: Answers = turn.state["forms"][form.name]["answers"]
    return answers


def is_idle(turn: Turn, form: Form) -> bool:
    """Whether the form was left long enough ago to ask whether it goes on."""
    return turn.now - touched(turn, form) > IDLE


def touched(turn: Turn, form: Form) -> datetime:
    """When the form was last worked on."""
    return datetime.fromisoformat(turn.state["forms"][form.name]["at"])


def worked_on(turn: Turn) -> datetime:
    """When the form that is open now was last worked on."""
    return datetime.fromisoformat(turn.state["forms"][turn.state["form"]]["at"])


def ask_next(turn: Turn, form: Form, before: str = "") -> None:
    """Ask the next question, with `before` in front of it, or finish."""
    if _is_over(turn, form):
        return
    answers = answers_of(turn, form)
    question = form.next(turn, answers)
    if question is None:
        close(turn, form)
        form.finish(turn, answers)
        return
    _put(turn, form, question, before=before)


def take(
    turn: Turn,
    form: Form,
    text: str,
    chosen: dict[str, Any] | None,
    otherwise: Callable[[Turn, str], bool] = _never,
) -> None:
    """One message into an open form: an answer, a question in between, or nothing usable.

    A text that need not be meant for this form is first offered to `otherwise`.
    """
    if _is_over(turn, form):
        return
    answers = answers_of(turn, form)
    question = form.next(turn, answers)
    if question is None:
        ask_next(turn, form)
        return
    chosen = chosen or offered.meant(turn, text) or offered.unknown(turn, text)
    if chosen is not None:
        _answer(turn, form, question, chosen["value"])
        return
    blank = blanks.is_blank(text)
    if question.free and not blank and ask.is_question(text):
        _in_between(turn, form, text)
        return
    if question.free and otherwise(turn, text):
        return
    try:
        if len(text) > MAX_ANSWER:
            raise Unclear("forms.too_long", most=MAX_ANSWER)
        if question.read is None:
            raise Unclear("forms.choose")
        value = question.read(turn, answers, text)
    except Unclear as unclear:
        if not blank and ask.is_question(text):
            _in_between(turn, form, text)
        elif not otherwise(turn, text):
            needed = blank and question.read is not None and not offered.unknowns(turn)
            _ask_again(turn, form, question, Unclear(again.NEEDED) if needed else unclear)
        return
    _answer(turn, form, question, value)


def is_free(turn: Turn, form: Form) -> bool:
    """Whether any text could be the answer that is waited for."""
    question = form.next(turn, answers_of(turn, form))
    return question is not None and question.free


def back(turn: Turn, form: Form) -> None:
    """Drop the last answer and ask for it again."""
    answers = answers_of(turn, form)
    given = [q for q in form.questions if q.name in answers and q.counts]
    if given:
        drop(form, answers, given[-1].name)
    else:
        turn.say("forms.at_the_start")
    _touch(turn, form)
    ask_next(turn, form)


def cancel(turn: Turn, form: Form) -> None:
    """Stop and keep nothing."""
    if form.let_go is not None:
        form.let_go(turn, answers_of(turn, form))
    close(turn, form)
    turn.say("forms.cancelled")


def close(turn: Turn, form: Form) -> None:
    """Forget a form's state; one that was parked earlier waits for "tiếp tục"."""
    turn.state.get("forms", {}).pop(form.name, None)
    turn.state["form"] = None


def _is_over(turn: Turn, form: Form) -> bool:
    """Whether the form has nothing to be about any more; it is closed then."""
    over = form.gone is not None and form.gone(turn, answers_of(turn, form))
    if over:
        close(turn, form)
    return over


def park(turn: Turn) -> None:
    """Leave the open form as it is and talk of something else."""
    turn.state["form"] = None


def drop(form: Form, answers: Answers, name: str) -> None:
    """Forget an answer, those that fall with it, and the review made of it."""
    answers.pop(name, None)
    for question in form.questions:
        if question.name in answers and (name in question.needs or question.reviews):
            drop(form, answers, question.name)


def _answer(turn: Turn, form: Form, question: Question, value: Any) -> None:
    if value == "cancel":
        cancel(turn, form)
        return
    answers = answers_of(turn, form)
    keep = question.effect(turn, answers, value) if question.effect is not None else True
    if keep is False:
        close(turn, form)
        return
    if question.drops:
        drop(form, answers, value)
    elif keep:
        answers[question.name] = value
    turn.state["forms"][form.name].pop(again.MISSES, None)
    _touch(turn, form)
    ask_next(turn, form)


def _put(turn: Turn, form: Form, question: Question, *, before: str = "") -> None:
    answers = answers_of(turn, form)
    _, text, pictures = _said(turn, form, question)
    turn.say_text(f"{before}\n{text}".strip(), question.offers(turn, answers), pictures)


def _said(
    turn: Turn, form: Form, question: Question, **more: Any
) -> tuple[str, str, Sequence[int]]:
    """A question's message key, its text, and the pictures shown with it."""
    answers = answers_of(turn, form)
    left = sum(q.counts and q.name not in answers and q.when(turn, answers) for q in form.questions)
    values = {"answers": answers, "left": left, **question.values(turn, answers), **more}
    says = question.says(answers) if callable(question.says) else question.says
    key = says or f"{form.name}.{question.name}"
    return key, turn.world.words.text(key, **values), values.get("pictures", ())


def _ask_again(turn: Turn, form: Form, question: Question, unclear: Unclear) -> None:
    stored = turn.state["forms"][form.name]
    _touch(turn, form)
    offers = unclear.offers or question.offers(turn, answers_of(turn, form))
    unclear.values["offers"] = len(offers)
    asked = _said(turn, form, question, left=0)[:2]
    choices = offers if question.read is None else unclear.offers
    text = again.wording(turn, stored, unclear, asked, choices)
    turn.say_text(text, offers)


def _in_between(turn: Turn, form: Form, text: str) -> None:
    ask.answer(turn, text, in_form=True)
    question = form.next(turn, answers_of(turn, form))
    if question is not None:
        _put(turn, form, question, before=turn.world.words.text("forms.go_on"))


def _touch(turn: Turn, form: Form) -> None:
    turn.state["forms"][form.name]["at"] = turn.now.isoformat(timespec="seconds")
