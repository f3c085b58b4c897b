"""What somebody can be commended for (xét khen), for officials: from what is stored and verified.

Villagers get the plan's general answer; stored facts are only for who keeps them. No verdict here
is a promise: a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import (
    ask,
    candidates,
    commune_year,
    fact_values,
    facts,
    forms,
    long_answers,
    standing,
    whom,
)
from handlers.fact_values import NONE_GIVEN, SOME_GIVEN, UNKNOWN
from handlers.forms import Answers, Form, Question
from handlers.judging import Now, awards_of, judged, place_name, total_of
from handlers.judging import missing as missing_of
from handlers.menu import Entry
from handlers.turn import Turn
from handlers.whom import Whom
from knowledge.awards import Verdict
from storage import facts as stored

STATE = "awards"
"""Of whom, where and which year was last asked, and what was told for that answer alone."""


def take(turn: Turn, text: str) -> bool:
    """Answer an official who asks about his commune or its people; False when it is not that."""
    asked = whom.read(turn, text)
    if asked is None or turn.world.plan.awards is None:
        return False
    last = turn.state.get(STATE)
    if (
        last
        and asked.kind not in (whom.COMMUNE, whom.LIST)
        and commune_year.may(turn, last["place"])
    ):
        _remember(turn, last["place"], last["year"], asked)
        show(turn)
        return True
    if not commune_year.is_official(turn):
        return False
    if asked.kind == whom.COMMUNE and asked.name:
        return _ask_of_commune(turn, asked.name)
    _ask(turn, asked)
    return True


def begin(turn: Turn) -> None:
    """From the menu: the official's commune."""
    if turn.world.plan.awards is None or not commune_year.is_official(turn):
        ask.answer(turn, turn.world.words.text("awards.general"))
        return
    _ask(turn, Whom(whom.COMMUNE))


def show(turn: Turn) -> None:
    """The verdicts, in plain words, as far as what is known goes."""
    now = _state(turn)
    if now is None:
        return
    awards, asked = awards_of(turn), Whom(*now["whom"])
    found = judged(turn, now)
    if found is None:
        turn.say("awards.nobody", name=asked.name, place=place_name(turn, now), year=now["year"])
        return
    missing = bool(missing_of(turn, found, now))
    offers = [turn.typed("awards_why")]
    offers += [turn.typed("awards_missing")] if missing else []
    offers += [turn.typed("awards_list")] if asked.kind == whom.COMMUNE else []
    text = turn.world.words.text(
        "awards.verdicts",
        who=asked.name or place_name(turn, now), year=now["year"],
        total=candidates.spoken(turn, total_of(turn, now)),
        verdicts=[(awards.name(one.award), _in_words(turn, one), one.quota) for one in found],
        missing=missing,
    )  # fmt: skip
    long_answers.say(turn, text, offers)


def why(turn: Turn) -> None:
    """One award after another: condition by condition, with its clause."""
    now = _state(turn)
    found = judged(turn, now) if now else None
    if now is None or not found:
        return
    at = now.get("at", 0) % len(found)
    now["at"] = at + 1
    one, awards = found[at], awards_of(turn)
    offers = [turn.typed("awards_next")] if len(found) > 1 else []
    text = turn.world.words.text(
        "awards.why",
        name=awards.name(one.award), verdict=_in_words(turn, one),
        conditions=[
            (turn.world.words.label(f"condition.{each.state}"), each.text, each.clause)
            for each in one.conditions
        ],
        needed=[awards.label(name) for name in one.missing],
    )  # fmt: skip
    long_answers.say(turn, text, offers)


def fill(turn: Turn) -> None:
    """Ask for the next fact that can still change a verdict."""
    now = _state(turn)
    found = judged(turn, now) if now else None
    if now is None or found is None:
        return
    missing = missing_of(turn, found, now)
    if missing:
        names = [awards_of(turn).name(one.award) for one in found if missing[0] in one.missing]
        forms.restart(turn, FACT, {"fact": missing[0], "for": names[0], "more": len(names) - 1})
    else:
        show(turn)


def listing(turn: Turn) -> None:
    """Of whom to see the verified totals."""
    if turn.state.get(STATE) is None and commune_year.is_official(turn):
        _ask(turn, Whom(whom.LIST))
    elif (now := _state(turn)) is not None:
        groups = [turn.typed(f"awards_{one}") for one in candidates.GROUPS]
        seats = candidates.seats(turn, now["place"], now["year"])
        turn.say(
            "awards.which_group", groups,
            place=place_name(turn, now), year=now["year"], seats=seats,
        )  # fmt: skip


def _fact(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = fact_values.fact(turn, answers["fact"])
    now = turn.state[STATE]
    return {
        "label": one.label,
        "who": now["whom"][1] or place_name(turn, now),
        "year": now["year"],
        "typed": one.kind in ("whole", "measure"),
        "zero": one.low == 0,
        "award": answers["for"],
        "more": answers["more"],
    }


def _read(turn: Turn, answers: Answers, text: str) -> Any:
    one, now = fact_values.fact(turn, answers["fact"]), turn.state[STATE]
    value = fact_values.read(turn, answers, one, text)
    known = stored.told(turn.tx, now["place"], now["year"]) | now["said"]
    return fact_values.checked(one.name, value, now["year"], known)


def _told(turn: Turn, answers: Answers) -> None:
    now = _state(turn)
    if now is None:
        return
    name, value = answers["fact"], answers["value"]
    place, year = now["place"], now["year"]
    if value == UNKNOWN:
        now["skip"].append(name)
    elif value == SOME_GIVEN:
        if commune_year.may(turn, place):
            facts.enter_honour(turn, place, year)
            return
        now["skip"].append(name)
    elif now["whom"][0] != whom.COMMUNE or not commune_year.may(turn, place):
        now["said"][name] = [] if value == NONE_GIVEN else value
    elif value == NONE_GIVEN:
        listed = stored.Fact(place, stored.ANY_YEAR, standing.LISTED.format(name), True)
        stored.put(turn.tx, listed, by=turn.person.id)
    elif name in standing.COMMUNE_FACTS:
        stored.put(turn.tx, stored.Fact(place, year, name, value), by=turn.person.id)
    fill(turn)


def _ask(turn: Turn, asked: Whom) -> None:
    answers = {"kind": asked.kind, "name": asked.name, **commune_year.known(turn)}
    forms.restart(turn, FORM, answers)


def _ask_of_commune(turn: Turn, name: str) -> bool:
    """Of a commune by its name; of one that is not his an official hears what the plan says."""
    found = turn.world.places.find(name, turn.today)
    if found.result != "unit" or not commune_year.may(turn, found.units[0].key):
        return False
    answers = {"kind": whom.COMMUNE, "name": "", "commune": found.units[0].key}
    forms.restart(turn, FORM, answers)
    return True


def _finish(turn: Turn, answers: Answers) -> None:
    asked = Whom(answers["kind"], answers["name"])
    listed = asked.kind == whom.LIST
    subject = Whom(whom.COMMUNE) if listed else asked
    _remember(turn, answers["commune"], answers["year"], subject)
    if listed:
        listing(turn)
    else:
        show(turn)


def _remember(turn: Turn, place: str, year: int, asked: Whom) -> None:
    turn.state[STATE] = {
        "place": place, "year": year, "whom": [asked.kind, asked.name], "said": {}, "skip": [],
    }  # fmt: skip


def _state(turn: Turn) -> Now | None:
    """What was asked about, if this person may still see it; else he is told."""
    now: Now | None = turn.state.get(STATE)
    if now is None:
        begin(turn)
        return None
    if not commune_year.may(turn, now["place"]):
        turn.state.pop(STATE)
        turn.say("facts.not_yours")
        return None
    return now


def _in_words(turn: Turn, one: Verdict) -> str:
    return turn.world.words.label(f"verdict.{one.verdict}")


FORM = Form("standing", commune_year.questions("awards"), _finish)
FACT = Form(
    "standing_fact",
    (
        Question(
            "value",
            # Parked and resumed when nothing is asked about any more, it has no question left.
            when=lambda turn, _: STATE in turn.state,
            says="awards.ask",
            read=_read,
            offers=lambda turn, answers: fact_values.offers(
                turn, fact_values.fact(turn, answers["fact"])
            ),
            values=_fact,
        ),
    ),
    _told,
)
FORMS = (FORM, FACT)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "awards": begin,
    "awards_again": show,
    "awards_why": why,
    "awards_next": why,
    "awards_missing": fill,
    "awards_list": listing,
    **{f"awards_{group}": candidates.opening(group, _state) for group in candidates.GROUPS},
    "awards_more": candidates.following(_state),
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("awards", 7, commune_year.is_official),)
