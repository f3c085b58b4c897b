"""Messages that ask nothing: small talk (chuyện xã giao) the pack knows, and mere beginnings:
"ad ơi", "cho hỏi", "hôm qua".
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.plan import Plan
from knowledge.reading import Reading
from knowledge.search import Hit

MOST_WORDS = 6


def is_small_talk(plan: Plan, hits: Sequence[Hit]) -> bool:
    """True for a greeting, a thank-you or the like, as the pack knows them."""
    limit = plan.thresholds.get("smalltalk", plan.thresholds["answer"])
    best = hits[0] if hits else None
    if best is None or best.likeness < limit:
        return False
    return plan.families[best.family].kind == "smalltalk"


def is_opening(plan: Plan, reading: Reading, hits: Sequence[Hit]) -> bool:
    """True when every word of a short message only calls, opens or says when, and none is anything
    the plan speaks of."""
    tokens, opening = reading.tokens, plan.lexicon.language.opening
    # What stands in the pack word for word is answered as it stands there.
    if (
        not 0 < len(tokens) <= MOST_WORDS
        or reading.concepts
        or " ".join(tokens) in plan.index.foreseen
    ):
        return False
    return all(token in opening for token in tokens) and not is_small_talk(plan, hits)
