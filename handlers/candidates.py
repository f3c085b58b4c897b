"""Who could be put forward (người, hộ, tập thể) with what was verified of each in the year.

A page is a few people of one slice of reports, those who gave most first; what each gave is added
up exactly, whatever the slice. Which figure is reached is the plan's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from handlers import long_answers, standing, whom
from handlers.kinds import ranked
from handlers.standing import Facts
from handlers.turn import Offer, Turn
from handlers.whom import Whom
from knowledge.awards import Quota
from knowledge.text import fold
from storage import facts as stored
from storage import given_totals, honours
from storage.facts import Product
from storage.given_totals import Total
from storage.honours import Honour

GROUPS: dict[str, tuple[str, ...]] = {
    "individuals": ("individual",),
    "households": ("household",),
    "collectives": ("collective", "cooperative", "enterprise"),
}
"""Who is listed together, by kinds of contributor."""
PAGE = 3
THRESHOLD, STARS = "threshold", "stars"
"""Figures of an award, as the plan pack calls them."""
_UNTOLD: dict[str, Any] = {"stars": None, "figure": None, "lacking": 0}
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
        given_totals.of_one(turn.tx, place, year, kind, fold(asked.name), ranked())
        for kind in dict.fromkeys(kinds)
    )
    return next((one for one in found if one is not None), None)


def commune_facts(turn: Turn, place: str, year: int) -> dict[str, Any]:
    """The facts of a commune as the plan's awards take them."""
    unit = turn.world.places.get(place)
    above = turn.world.places.parent(unit)
    in_city = above is not None and above.level == "city"
    given = honours.given(turn.tx, place, _award_ids(turn))
    flags = standing.flags(turn.world.plan.awards)
    told = stored.told(turn.tx, place, year)
    found = standing.of_commune(unit, year, told, given, in_city, flags)
    named = [one for one in given if one.award in _seated(turn)]
    # Seats are the commune's once, whichever year they were filled.
    return found | ({"nominees": len(named)} if named else {})


@dataclass(frozen=True, slots=True)
class Around:
    """What is on record around the people of a commune, read once for all of them."""

    told: Mapping[str, object]
    given: Sequence[Honour]
    ranked: Sequence[Product]


def around(turn: Turn, place: str, year: int) -> Around:
    """What is on record of a commune's year."""
    return Around(
        stored.told(turn.tx, place, year),
        honours.given(turn.tx, place, _award_ids(turn)),
        stored.ranked(turn.tx, place, year),
    )


def contributor_facts(turn: Turn, place: str, year: int, one: Total, known: Around) -> Facts:
    """The facts of who gave, as the plan's awards take them."""
    household = one.contributor_kind == "household"
    return standing.of_contributor(
        one.contributor_kind,
        year,
        one,
        commune=known.told,
        village=stored.village(turn.tx, place, one.village_key) if household else None,
        ranked=[each for each in known.ranked if each.owner_key == one.key],
        given=[each for each in known.given if fold(each.recipient_name) == one.key],
    )


def spoken(turn: Turn, one: Total | None) -> str:
    """What was verified of somebody, in a few words."""
    if one is None:
        return ""
    return turn.world.words.text("awards.given", given=[asdict(each) for each in one.given])


def _page(turn: Turn, now: Now) -> None:
    at, place, year = now["list"], now["place"], now["year"]
    found, end = given_totals.of_slice(
        turn.tx, place, year, GROUPS[at["group"]], tuple(at["after"]) if at["after"] else None,
        skip=at["from"], most=PAGE + 1,
    )  # fmt: skip
    people, offers, known = [], [], around(turn, place, year)
    for who in found[:PAGE]:
        one = given_totals.of_one(turn.tx, place, year, who.contributor_kind, who.key, ranked())
        if one is not None:
            people.append((one, spoken(turn, one), _nearest(turn, place, year, one, known)))
            asked = whom.asked(turn, Whom(one.contributor_kind, one.name))
            offers.append(Offer(one.name, asked))
    same_slice = len(found) > PAGE
    at["from"], at["after"] = (at["from"] + PAGE, at["after"]) if same_slice else (0, end)
    if same_slice or end is not None:
        offers.append(turn.typed("awards_more"))
    else:
        now.pop("list")
    text = turn.world.words.text(
        "awards.candidates", people=people,
        place=turn.world.places.get(place).name, year=year,
        group=turn.world.words.label(f"group.{at['group']}"),
    )  # fmt: skip
    long_answers.say(turn, text, offers)


def _nearest(turn: Turn, place: str, year: int, one: Total, known: Around) -> dict[str, Any]:
    """The award's figure that he has reached or comes nearest to; nothing where part of what he
    gave has no value yet, so that it cannot be known."""
    awards = turn.world.plan.awards
    facts = contributor_facts(turn, place, year, one, known)
    rules = [
        rule
        for rule in (awards.rules if awards else ())
        if facts["subject"] in rule.subjects and THRESHOLD in rule.values
    ]
    if awards is None or not rules:
        return _UNTOLD
    lacking = {rule.id: awards.lacking(rule.id, facts) for rule in rules}
    best = min(rules, key=lambda rule: lacking[rule.id])
    stars = best.values.get(STARS)
    if isinstance(stars, int) and (facts.get("ocop_stars") or 0) >= stars:
        return {**_UNTOLD, "stars": stars}
    unvalued = any(each.unvalued for each in one.given if each.kind not in ranked())
    if lacking[best.id] and unvalued:
        return _UNTOLD
    return {**_UNTOLD, "figure": best.values[THRESHOLD], "lacking": lacking[best.id]}


def seats(turn: Turn, place: str, year: int) -> Quota | None:
    """The commune's seats for people."""
    awards = turn.world.plan.awards
    if awards is None:
        return None
    found = awards.judge(commune_facts(turn, place, year), until=turn.world.plan.ends)
    return next((one.quota for one in found if one.quota), None)


def _award_ids(turn: Turn) -> list[str]:
    awards = turn.world.plan.awards
    return [rule.id for rule in awards.rules] if awards else []


def _seated(turn: Turn) -> set[str]:
    awards = turn.world.plan.awards
    rules = awards.rules if awards else ()
    return {rule.id for rule in rules if rule.seats and "commune" in rule.subjects}
