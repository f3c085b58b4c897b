"""Correcting one's own data (sửa dữ liệu) and taking a consent back (rút đồng ý)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import contributor, forms, mine
from handlers.consent import PURPOSES, REMIND, REPORT
from handlers.data import ask_for, do_at_once
from handlers.forms import Answers, Form, Question, read_line
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from handlers.where_when import read_commune
from knowledge.text import fold
from storage import consents, households, people, requests, subscriptions, withdrawals

NAME, VILLAGE, REPORTS = "name", "village", "reports"
MIN_LINE, MAX_NAME, MAX_VILLAGE = 2, 60, 40


def fix(turn: Turn) -> None:
    """Ask what is wrong."""
    forms.restart(turn, FIX, {})


def withdraw(purpose: str) -> Callable[[Turn], None]:
    """A beginning for taking back the consent to one purpose."""

    def start(turn: Turn) -> None:
        if consents.has(turn.tx, turn.person.id, purpose):
            forms.restart(turn, WITHDRAW, {"purpose": purpose})
        else:
            turn.say("data.not_agreed", purpose=turn.world.words.label(f"purpose_of.{purpose}"))

    return start


def _what(turn: Turn, _answers: Answers) -> list[Offer]:
    in_household = households.of_person(turn.tx, turn.person.id) is not None
    names = [NAME, *([VILLAGE] if in_household else []), REPORTS]
    return [turn.label(f"data_fix.{name}", name) for name in names]


def _chosen(turn: Turn, _answers: Answers, value: Any) -> bool:
    if value == REPORTS:
        mine.listing(turn)
        return False
    return True


def _is(what: str) -> Callable[[Turn, Answers], bool]:
    return lambda _turn, answers: answers.get("what") == what


def _fixed(turn: Turn, answers: Answers) -> None:
    if answers["what"] == NAME:
        people.rename(turn.tx, turn.person, answers["name"], fold(answers["name"]))
    else:
        _move(turn, answers["commune"], answers["village"])
    do_at_once(turn, "correct")
    turn.say("data.fixed", [turn.typed("data_see")])


def _move(turn: Turn, place: str, village: str) -> None:
    """The same head of household in another village."""
    held = households.of_person(turn.tx, turn.person.id)
    if held is None:
        return
    head = households.head_of(turn.tx, held)
    households.join(turn.tx, turn.person.id, contributor.home(turn, place, village, head))


def _undecided(turn: Turn, answers: Answers) -> dict[str, Any]:
    purpose = answers["purpose"]
    open_ = withdrawals.undecided(turn.tx, turn.person.id) if purpose == REPORT else []
    return {
        "purpose": turn.world.words.label(f"purpose_of.{purpose}"),
        "reports": purpose == REPORT,
        "count": len(open_),
    }


def _withdrawn(turn: Turn, answers: Answers) -> None:
    purpose = answers["purpose"]
    if answers["confirm"] != "withdraw_consent":
        turn.say("data.kept", [turn.typed("data")])
        return
    number = ask_for(turn, "withdraw")
    consents.withdraw(turn.tx, turn.person.id, purpose)
    if purpose == REMIND:
        subscriptions.end(turn.tx, turn.person.id)
    if purpose == REPORT:
        withdrawals.withdraw_undecided(turn.tx, turn.person.id)
    requests.finish(turn.tx, number, purpose, by="machine")
    turn.say(
        "data.withdrawn", [turn.typed("data")],
        purpose=turn.world.words.label(f"purpose_of.{purpose}"), reports=purpose == REPORT,
    )  # fmt: skip


FIX = Form(
    "data_fix",
    (
        Question("what", says="data.what", offers=_what, effect=_chosen),
        Question(
            "name", says="data.name", when=_is(NAME), read=read_line(MIN_LINE, MAX_NAME), free=True
        ),
        Question("commune", says="report.commune", when=_is(VILLAGE), read=read_commune),
        Question(
            "village", says="data.village", when=_is(VILLAGE),
            read=read_line(MIN_LINE, MAX_VILLAGE), free=True,
        ),
    ),
    _fixed,
)  # fmt: skip
WITHDRAW = Form(
    "data_withdraw",
    (
        Question(
            "confirm",
            says="data.withdraw",
            offers=lambda turn, _: [turn.label("withdraw_consent"), turn.label("keep_consent")],
            values=_undecided,
        ),
    ),
    _withdrawn,
)
FORMS = (FIX, WITHDRAW)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "data_fix": fix,
    **{f"data_withdraw_{one}": withdraw(one) for one in PURPOSES},
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
