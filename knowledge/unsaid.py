"""What a plan does not say: the rulings of a pack, and what is asked beyond what a family tells.

Only deciding that a question goes beyond the plan lives here; `knowledge.ask` words the refusal.
"""

from __future__ import annotations

from knowledge.eligibility import outside_of
from knowledge.lexicon import OVERLAYS
from knowledge.pack import Family
from knowledge.plan import Plan
from knowledge.reading import Reading
from knowledge.search import Hit

_SAID_SO = 0.90
"""A question this like an example of another family was foreseen there: no ruling overrides it."""


_FAR_ABOVE, _ABOVE = 0.30, 0.15
"""How far what the plan tells must lie above all it leaves unsaid for a word not to count: of a
whole ruling, and of a single thing asked ("tốt nhất" in a question about one household)."""

_LIKE_ENOUGH = 0.60
"""… and how like an example the question must be, for a whole ruling not to count."""


_LIKE, _SURE = 0.37, 0.46
"""Below both, what is unsaid was found by a few shared words: its reason would not fit."""


def ruling(plan: Plan, reading: Reading, hits: list[Hit]) -> Family | None:
    """The ruling that fits the question best, or None. More needs met are more to the point."""
    concepts = reading.concepts
    groups = plan.lexicon.groups
    if not any(groups.get(name) in OVERLAYS for name in concepts):
        return None
    rulings = map(plan.families.__getitem__, plan.rulings)
    outside = outside_of(plan.lexicon, concepts)
    elsewhere = bool(outside) and beyond(plan, reading) is not None
    fitting = [
        family
        for family in rulings
        if family.fits(concepts)
        # What is not the plan's at all ("xe khách mấy giờ chạy") is no matter of its rulings.
        and (not elsewhere or any(group & outside for group in family.needs))
    ]
    if not fitting:
        return None
    if hits and hits[0].likeness >= _SAID_SO and plan.families[hits[0].family].kind != "unknown":
        return None
    if hits and hits[0].likeness >= _LIKE_ENOUGH and told_by_far(plan, hits, _FAR_ABOVE):
        return None
    order = {hit.family: -at for at, hit in enumerate(hits)}
    return max(fitting, key=lambda family: (len(family.needs), order.get(family.id, -len(hits))))


def nearest_unsaid(plan: Plan, hits: list[Hit]) -> Family | None:
    """Among the families found, the first that tells people this is not in the plan, or None."""
    for hit in hits:
        if plan.families[hit.family].kind == "unknown" and not hit.untold and hit.asked:
            return plan.families[hit.family]
    return None


def is_untold(plan: Plan, hits: list[Hit]) -> bool:
    """True when the best family found cannot tell what is asked, and does not stand out either."""
    return bool(hits[0].untold) and not told_by_far(plan, hits, _ABOVE)


def told_by_far(plan: Plan, hits: list[Hit], distance: float) -> bool:
    """True when the best family that tells something beats every unsaid one found by a distance."""
    told, unsaid = 0.0, 0.0
    for hit in hits:
        if plan.families[hit.family].kind == "unknown":
            unsaid = max(unsaid, hit.score)
        else:
            told = max(told, hit.score)
    return told - unsaid > distance


def beyond(plan: Plan, reading: Reading) -> Family | None:
    """The refusal of what is not the plan's at all, such as another province's, or None."""
    outside = outside_of(plan.lexicon, reading.concepts)
    if not outside:
        return None
    return next(
        (
            family
            for family in plan.families.values()
            if any(group & outside for group in family.needs) and family.fits(reading.concepts)
        ),
        None,
    )


def is_far(family: Family, hit: Hit, reading: Reading) -> bool:
    """True when what is unsaid has too little to do with the question to be the reason given."""
    asked = family.needs and family.fits(reading.concepts, reading.possible)
    return not asked and hit.likeness < _LIKE and hit.score < _SURE
