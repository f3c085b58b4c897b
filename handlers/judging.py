"""What the plan says of whoever was asked about, from what is stored and what was told just now.

`Now` is the conversation's note of it: place and year, whom (sort and name), `said` for this answer
alone, `skip` what was passed over.
"""

from __future__ import annotations

from typing import Any

from handlers import candidates, fact_values, standing, whom
from handlers.turn import Turn
from handlers.whom import Whom
from knowledge.awards import Awards, Verdict
from knowledge.villages import village_key
from storage import facts as stored
from storage.given_totals import Total

Now = dict[str, Any]


def judged(turn: Turn, now: Now) -> tuple[Verdict, ...] | None:
    """What the plan says of the subject; None when nothing is stored of him."""
    told = _facts(turn, now)
    if told is None:
        return None
    found = awards_of(turn).judge(told, until=turn.world.plan.ends)
    # A flag is a commune's: that nobody else can get it is nothing to be told of everybody.
    flags = standing.flags(turn.world.plan.awards)
    return tuple(one for one in found if now["whom"][0] == whom.COMMUNE or one.award not in flags)


def total_of(turn: Turn, now: Now) -> Total | None:
    """What the subject gave as verified, None for who is no contributor."""
    asked = Whom(*now["whom"])
    return candidates.total(turn, now["place"], now["year"], asked)


def _facts(turn: Turn, now: Now) -> dict[str, Any] | None:
    asked, place, year = Whom(*now["whom"]), now["place"], now["year"]
    told = stored.told(turn.tx, place, year)
    if asked.kind == whom.COMMUNE:
        found = candidates.commune_facts(turn, place, year)
    elif asked.kind == whom.VILLAGE:
        reached = stored.village(turn.tx, place, village_key(asked.name))
        found = standing.of_village(year, reached, told)
    else:
        total = candidates.total(turn, place, year, asked)
        if total is None:
            return None
        known = candidates.around(turn, place, year)
        found = candidates.contributor_facts(turn, place, year, total, known)
    said: dict[str, Any] = now["said"]
    return found | said


def missing(turn: Turn, found: tuple[Verdict, ...], now: Now) -> list[str]:
    """Facts that can still change a verdict and were not passed over, in the pack's order."""
    wanted = dict.fromkeys(name for one in found for name in one.missing)
    return [
        name
        for name in wanted
        if name not in now["skip"] and fact_values.can_ask(fact_values.fact(turn, name))
    ]


def awards_of(turn: Turn) -> Awards:
    """The awards of the plan. Raises LookupError when it has none."""
    awards = turn.world.plan.awards
    if awards is None:
        raise LookupError("a plan without awards")
    return awards


def place_name(turn: Turn, now: Now) -> str:
    """The commune asked about."""
    return turn.world.places.get(now["place"]).name
