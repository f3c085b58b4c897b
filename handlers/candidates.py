"""Who could be put forward (người, hộ, tập thể) with what was verified of each in the year.

A page is a few people of one slice of reports, those who gave most first; what each gave is added
up exactly, whatever the slice. Which figure is reached is the plan's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from handlers import long_answers, standing, whom
from handlers.turn import Offer, Turn
from handlers.whom import Whom
from knowledge.awards import Quota, Verdict
from knowledge.text import fold
from storage import facts as stored
from storage import honours, totals
from storage.totals import Total

GROUPS: dict[str, tuple[str, ...]] = {
    "individuals": ("individual",),
    "households": ("household",),
    "collectives": ("collective", "cooperative", "enterprise"),
}
"""Who is listed together, by kinds of contributor."""
PAGE = 3
_RANK = ("qualifies", "quota", "needs_judgement", "needs_facts", "not_qualified")
THRESHOLD = "threshold"
Now = dict[str, Any]


def opening(group: str, state: Callable[[Turn], Now | None]) -> Callable[[Turn], None]:
    """A command that begins the list of a group."""

    def begin(turn: Turn) -> None:
        now = state(turn)
        if now is not None:
            now["list"] = {"group": group, "after": None, "from": 0}
            _page(turn, now)

    return begin


def following(state: Callable[[Turn], Now | None]) -> Callable[[Turn], None]:
    """The command that goes on with the list."""

    def more(turn: Turn) -> None:
        now = state(turn)
        if now is not None and "list" in now:
            _page(turn, now)
        elif now is not None:
            turn.say("ask.no_more")

    return more


def total(turn: Turn, place: str, year: int, asked: Whom) -> Total | None:
    """What somebody gave, as verified; a cooperative may have been told as a group of any sort."""
    if asked.kind in (whom.COMMUNE, whom.VILLAGE):
        return None
    collective = asked.kind in GROUPS["collectives"]
    kinds = [asked.kind, *GROUPS["collectives"]] if collective else [asked.kind]
    found = (
        totals.of_one(turn.tx, place, year, kind, fold(asked.name)) for kind in dict.fromkeys(kinds)
    )
    return next((one for one in found if one is not None), None)


def commune_facts(turn: Turn, place: str, year: int) -> dict[str, Any]:
    """The facts of a commune as the plan's awards take them."""
    unit = turn.world.places.get(place)
    above = turn.world.places.parent(unit)
    in_city = above is not None and above.level == "city"
    given = honours.given(turn.tx, place, _award_ids(turn))
    found = standing.of_commune(unit, year, stored.told(turn.tx, place, year), given, in_city)
    named = [one for one in given if one.award in _seated(turn)]
    # Seats are the commune's once, whichever year they were filled.
    return found | ({"nominees": len(named)} if named else {})


def contributor_facts(turn: Turn, place: str, year: int, one: Total) -> dict[str, Any]:
    """The facts of who gave, as the plan's awards take them."""
    given = honours.given(turn.tx, place, _award_ids(turn))
    return standing.of_contributor(
        one.contributor_kind,
        year,
        one,
        commune=stored.told(turn.tx, place, year),
        village=stored.village(turn.tx, place, one.village_key),
        ranked=[p for p in stored.ranked(turn.tx, place, year) if p.owner_key == one.key],
        given=[h for h in given if fold(h.recipient_name) == one.key],
    )


def spoken(turn: Turn, one: Total | None) -> str:
    """What was verified of somebody, in a few words."""
    if one is None:
        return ""
    return turn.world.words.text("awards.given", given=[asdict(each) for each in one.given])


def _page(turn: Turn, now: Now) -> None:
    at, place, year = now["list"], now["place"], now["year"]
    after = tuple(at["after"]) if at["after"] else None
    found, end = totals.of_slice(turn.tx, place, year, GROUPS[at["group"]], after)
    found.sort(key=lambda one: (-sum(each.vnd for each in one.given), one.key))
    shown = found[at["from"] : at["from"] + PAGE]
    offers, lines = [], []
    for each in shown:
        exact = totals.of_one(turn.tx, place, year, each.contributor_kind, each.key) or each
        lines.append((exact, spoken(turn, exact), _best(turn, place, year, exact)))
        asked = whom.asked(turn, Whom(each.contributor_kind, each.name))
        offers.append(Offer(each.name, asked))
    at["from"] += PAGE
    more = at["from"] < len(found) or end is not None
    if at["from"] >= len(found):
        at["after"], at["from"] = end, 0
    if more:
        offers.append(turn.typed("awards_more"))
    else:
        now.pop("list")
    text = turn.world.words.text(
        "awards.candidates", people=lines, place=turn.world.places.get(place).name, year=year,
        group=turn.world.words.label(f"group.{at['group']}"), seats=_seats(turn, place, year, at),
    )  # fmt: skip
    long_answers.say(turn, text, offers)


def _best(turn: Turn, place: str, year: int, one: Total) -> dict[str, Any]:
    """How he stands to the award with a figure that he comes nearest to."""
    awards = turn.world.plan.awards
    facts = contributor_facts(turn, place, year, one)
    found = awards.judge(facts, until=turn.world.plan.ends) if awards else ()
    figures = {each.award: awards.figures(each.award).get(THRESHOLD) for each in found if awards}
    with_figure = [each for each in found if figures[each.award] is not None]
    if awards is None or not with_figure:
        return {}
    best = min(with_figure, key=lambda e: (_RANK.index(e.verdict), figures[e.award]))
    return {
        "verdict": turn.world.words.label(f"verdict.{best.verdict}"),
        "figure": figures[best.award],
        "lacking": awards.lacking(best.award, facts),
    }


def _seats(turn: Turn, place: str, year: int, at: dict[str, Any]) -> Quota | None:
    """The commune's seats for people, shown with the people."""
    awards = turn.world.plan.awards
    if awards is None or at["group"] != "individuals":
        return None
    found: tuple[Verdict, ...] = awards.judge(
        commune_facts(turn, place, year), until=turn.world.plan.ends
    )
    return next((one.quota for one in found if one.quota), None)


def _award_ids(turn: Turn) -> list[str]:
    awards = turn.world.plan.awards
    return [rule.id for rule in awards.rules] if awards else []


def _seated(turn: Turn) -> set[str]:
    awards = turn.world.plan.awards
    rules = awards.rules if awards else ()
    return {rule.id for rule in rules if rule.seats and "commune" in rule.subjects}
