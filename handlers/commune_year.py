"""Of which commune, and of which year: the first two questions of whoever keeps a commune's facts.

Rights are asked of the policy each time; a commune that is not the official's is as if unknown.
"""

from __future__ import annotations

import re
from typing import Any

from handlers import policy
from handlers.forms import Answers, Question, Unclear
from handlers.policy import Where
from handlers.turn import Offer, Turn
from handlers.where_when import read_commune
from knowledge.text import fold

ACTION = "facts"
_COMMUNES = ("commune", "ward", "town")
_YEARS_OFFERED = 2


def may(turn: Turn, place: str) -> bool:
    """Whether this person keeps the facts of a place."""
    return policy.holding(turn, ACTION, Where(place)) is not None


def is_official(turn: Turn) -> bool:
    """Whether this person keeps any commune's facts."""
    return any(grant.role in policy.table()[ACTION] for grant in turn.grants)


def own_communes(turn: Turn) -> list[str]:
    """The communes this person holds a role in that lets him keep their facts."""
    held = [grant.place for grant in turn.grants if grant.role in policy.table()[ACTION]]
    places = turn.world.places
    return [
        one for one in dict.fromkeys(held) if places.get(one).level in _COMMUNES and may(turn, one)
    ]


def known(turn: Turn) -> Answers:
    """What need not be asked: the one commune of a commune's officer."""
    own = own_communes(turn)
    return {"commune": own[0]} if len(own) == 1 else {}


def years(turn: Turn) -> tuple[int, int]:
    """The first and last year facts can be told of."""
    plan = turn.world.plan
    return plan.starts.year, min(plan.ends, turn.today).year


def read_year(turn: Turn, _answers: Answers, text: str) -> int:
    """A year of the plan, not in the future."""
    first, last = years(turn)
    found = re.fullmatch(r"(?:nam )?(\d{4})", fold(text))
    if found is None or not first <= int(found[1]) <= last:
        raise Unclear("facts.year_unclear", earliest=first, latest=last)
    return int(found[1])


def questions(prefix: str) -> tuple[Question, Question]:
    """The two questions of a form; their words are the facts' own."""
    return (
        Question(
            "commune",
            says="facts.commune",
            read=_commune,
            offers=_own_offers,
            effect=still,
        ),
        Question(
            "year",
            says=f"{prefix}.year",
            read=read_year,
            offers=year_offers,
            values=lambda turn, answers: {"place": turn.world.places.get(answers["commune"]).name},
            effect=still,
        ),
    )


def still(turn: Turn, answers: Answers, value: Any) -> bool:
    """Ends a form when the right to it is gone: a role taken back counts from the next press."""
    place = answers.get("commune", value)
    if may(turn, place):
        return True
    turn.say("facts.not_yours")
    return False


def _commune(turn: Turn, answers: Answers, text: str) -> str:
    place = read_commune(turn, answers, text)
    if not may(turn, place):
        raise Unclear("facts.not_yours")
    return place


def _own_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    return [Offer(turn.world.places.get(one).name, one) for one in own_communes(turn)[:4]]


def year_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    """The newest years facts can be told of."""
    first, last = years(turn)
    newest = range(last, max(first, last - _YEARS_OFFERED + 1) - 1, -1)
    return [Offer(str(year), year) for year in newest]
