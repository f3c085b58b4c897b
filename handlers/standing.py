"""Where somebody stands towards the awards: what is stored, as facts `knowledge.awards` judges.

Pure. What nobody told is None, never no: a verdict may only turn against somebody on what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.kinds import kinds
from knowledge.awards import Awards
from knowledge.places import Unit
from storage.facts import Product, Village
from storage.given_totals import Given, Total
from storage.honours import Honour

LISTED = "{}_listed"
"""A stored fact: the list of flags or certificates already given to the commune is whole."""
COMMUNE_FACTS = (
    "level", "year_attained", "level_recognised", "criteria_total", "criteria_completed_in_year",
    "basic_construction_debt", "special_difficulty_commune",
    "rank_in_district", "rank_total_in_district", "tied",
)  # fmt: skip
"""What is stored of a commune for a year, by the names of the plan's facts."""
_COLLECTIVES = ("cooperative", "enterprise")
Facts = dict[str, Any]


def flags(awards: Awards | None) -> dict[str, str]:
    """The flags a plan has for communes, and the level each is given for."""
    return {
        rule.id: str(rule.values["flag"])
        for rule in (awards.rules if awards else ())
        if "flag" in rule.values and "commune" in rule.subjects
    }


def of_commune(
    unit: Unit,
    year: int,
    told: Mapping[str, object],
    given: Iterable[Honour],
    in_city: bool,
    levels: Mapping[str, str],
) -> Facts:
    """A commune, ward or town; `levels` as `flags` gives them."""
    own = [one for one in given if one.recipient_kind == unit.level]
    facts: Facts = {"subject": unit.level, "year": year}
    facts |= {name: told.get(name) for name in COMMUNE_FACTS}
    held = [{"level": levels[one.award], "year": one.year} for one in own if one.award in levels]
    merits = [{"award": one.award, "year": one.year} for one in own if one.award not in levels]
    for name, received in (("flags_received", held), ("certificates_received", merits)):
        whole = told.get(LISTED.format(name)) is True
        facts[name] = received if received or whole else None
    facts["parent"] = ("city" if in_city else "district") if unit.era == "old" else None
    if told.get("level") == "none":
        # Not having reached it, a commune has no year and no decision either.
        facts.pop("year_attained")
    return facts


def of_village(year: int, reached: Village | None, told: Mapping[str, object]) -> Facts:
    """A village (thôn, bản): one that is not on record may have reached the standard all the
    same, and what it gave together is not known."""
    reached = _by(year, reached)
    return {
        "subject": "village",
        "year": year,
        "level": "ntm" if reached else None,
        "level_recognised": True if reached and reached.decision else None,
        "year_attained": reached.year if reached else None,
        "special_difficulty_commune": told.get("special_difficulty_commune"),
        "certificates_received": None,
        "exemplary": None,
        "money_vnd": None,
    }


def of_contributor(
    kind: str,
    year: int,
    total: Total | None,
    *,
    commune: Mapping[str, object],
    village: Village | None,
    ranked: Iterable[Product] = (),
    given: Iterable[Honour] = (),
) -> Facts:
    """Who gave: by his contributor kind, what was verified, and what is on record around him."""
    subject = kind if kind in ("individual", "household") else "collective"
    facts: Facts = {"subject": subject, "year": year, "exemplary": None}
    if kind in _COLLECTIVES:
        facts["collective_kind"] = kind
    for one in total.given if total else ():
        facts |= _amount(one)
    stars = max((one.stars for one in ranked), default=0)
    if stars:
        facts["ocop_stars"] = max(stars, int(facts.get("ocop_stars") or 0))
    if subject == "individual":
        facts |= {"commune_level": commune.get("level"), "district_level": None}
    if subject == "household":
        facts["village_level"] = "ntm" if _by(year, village) else None
    received = [{"award": one.award, "year": one.year} for one in given]
    facts["certificates_received"] = received or None
    return facts


def _by(year: int, village: Village | None) -> Village | None:
    """The village as of a year: what it reached later says nothing of that year."""
    return village if village is not None and village.year <= year else None


def _amount(given: Given) -> Facts:
    kind = kinds().get(given.kind)
    if kind is None:
        return {}
    if kind.ranked:
        return {kind.weighs[1]: int(given.quantity)}
    money, measure = kind.weighs
    # Part of it has no value in money: the whole may be worth more than what was valued.
    facts: Facts = {money: None if given.unvalued else given.vnd} if money else {}
    return facts | ({measure: given.quantity} if measure else {})
