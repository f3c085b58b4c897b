"""A commune's facts (số liệu của xã) by chat: which year, what, one question a message; read back.

Not known is an answer of its own and stays not known. Rights are asked at every press.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from handlers import commune_year, fact_values, forms, workbook
from handlers.fact_questions import (
    EXCEL,
    GROUPS,
    HONOUR,
    MORE,
    PRODUCT,
    QUESTIONS,
    VILLAGE,
    group_of,
    recipient,
    recipient_kind,
)
from handlers.fact_values import UNKNOWN
from handlers.forms import Answers, Form
from handlers.menu import Entry
from handlers.turn import Turn
from knowledge.text import fold
from knowledge.villages import village_key
from storage import facts
from storage.facts import Fact, Product, Village
from storage.honours import Honour


def begin(turn: Turn) -> None:
    """Start entering or correcting; who keeps no commune's facts is told so."""
    if not commune_year.is_official(turn):
        turn.say("facts.not_an_official")
        return
    forms.restart(turn, FORM, commune_year.known(turn))


def go_on(turn: Turn) -> None:
    """The same commune and year once more."""
    last = turn.state.get("facts")
    if last and commune_year.may(turn, last[0]):
        forms.restart(turn, FORM, {"commune": last[0], "year": last[1]})
    else:
        begin(turn)


def enter_honour(turn: Turn, place: str, year: int) -> None:
    """Go straight to an honour already given."""
    answers = {"commune": place, "year": year, "group": MORE, "rare_group": HONOUR}
    forms.restart(turn, FORM, answers)


def _rows(turn: Turn, answers: Answers) -> Iterable[facts.Row]:
    place, year, group = answers["commune"], answers["year"], group_of(answers)
    if group == VILLAGE:
        name = answers["village_name"]
        return [Village(place, name, village_key(name), year, answers["decision"])]
    if group == PRODUCT:
        name, owner = answers["product_name"], answers["owner"]
        stars, decision = answers["stars"], answers["decision"]
        return [Product(place, name, fold(name), owner, fold(owner), year, stars, decision)]
    if group == HONOUR:
        kind, name = recipient_kind(turn, answers), recipient(turn, answers)
        return [Honour(answers["award"], place, kind, name, year, answers["decision"])]
    names = GROUPS[group]
    return [Fact(place, year, n, fact_values.stored(answers.get(n, UNKNOWN))) for n in names]


def _finish(turn: Turn, answers: Answers) -> None:
    if answers["year"] == EXCEL:
        workbook.begin(turn)
        return
    place = answers["commune"]
    if not commune_year.may(turn, place):
        turn.say("facts.not_yours")
        return
    changed = facts.take_in(turn.tx, _rows(turn, answers), by=turn.person.id)
    turn.state["facts"] = [place, answers["year"]]
    # Whoever was looking at what this commune can be commended for goes on with that.
    looked = turn.state.get("awards") or {}
    same = [looked.get("place"), looked.get("year")] == [place, answers["year"]]
    turn.say(
        "facts.kept" if changed else "facts.same",
        [turn.typed("facts_more"), turn.typed("awards_again" if same else "awards")],
        place=turn.world.places.get(place).name,
        year=answers["year"],
    )


FORM = Form("facts", QUESTIONS, _finish)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"facts": begin, "facts_more": go_on}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("facts", 6, commune_year.is_official),)
