"""Which families may answer a question at all, by what it is about and which years it names.

How like a question a family is, `knowledge.search` says; which one answers, `knowledge.ask`.
"""

from __future__ import annotations

from collections.abc import Callable

from knowledge.lexicon import Lexicon
from knowledge.pack import RULES
from knowledge.plan import Plan
from knowledge.reading import Reading


def eligible(plan: Plan, reading: Reading) -> Callable[[str], bool]:
    """Which families may answer: not one whose needs are unmet, nor one of the plan's own when the
    question is about something else or about years the plan does not reach. The needs of a ruling
    are for the ruling alone: as a family it may be found by its examples as well."""
    concepts = reading.concepts
    outside = outside_of(plan.lexicon, concepts)
    late = max((year for year in reading.years if year > plan.ends.year), default=0)
    early = bool(reading.years) and max(reading.years) < plan.starts.year

    def may_answer(name: str) -> bool:
        family = plan.families[name]
        if RULES not in family.tags and not family.fits(concepts, reading.possible):
            return False
        if outside and not any(group & outside for group in family.needs):
            return False
        if early and family.kind == "answer" and "before" not in family.tags:
            return False
        if late and "after" not in family.tags:
            return "next_january" in family.tags and late == plan.ends.year + 1
        return True

    return may_answer


def outside_of(lexicon: Lexicon, concepts: frozenset[str]) -> set[str]:
    """Concepts in a question that the plan does not speak of, save in the company they may keep."""
    return {
        name
        for name in concepts
        if lexicon.groups.get(name) == "outside"
        and not lexicon.unless.get(name, frozenset()) & concepts
    }
