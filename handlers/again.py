"""What is said when an answer was not understood (hỏi lại): never twice in a row the same words.

First what is needed; where that does not help, the same with an example (the reason's `…_again`) or
the question once more; from the third time on a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from handlers.turn import Offer, Turn

if TYPE_CHECKING:
    from handlers.forms import Unclear

NEEDED = "forms.needed"
"""What is raised when nothing was told ("không biết") and the answer may not be left open."""
PERSON_AFTER = 3
"""From this misunderstanding on a person is offered (chat manners, rule 9)."""
MISSES = "misses"
"""Among what is stored of a form: the reasons given in a row, the first words of each."""
_REASON = 40
_TOO_LONG = "forms.too_long"
"""A limit is not misunderstood: it is simply told again."""
Said = tuple[str, str]
"""A message key and its text."""


def wording(
    turn: Turn, stored: dict[str, Any], unclear: Unclear, asked: Said, choices: Sequence[Offer]
) -> str:
    """What to say when the answer to the question `asked` was `unclear`; `choices` are given where
    only these count. That it was said is noted in `stored`."""
    words = turn.world.words
    reason = NEEDED if unclear.key == NEEDED else _said(turn, unclear.key, unclear)
    before = _reasons(stored)
    stored[MISSES] = [*before, reason[:_REASON]]
    repeats = before[-1:] == [reason[:_REASON]] and unclear.key != _TOO_LONG
    if repeats and len(before) < PERSON_AFTER - 1:
        return _another_way(turn, unclear, asked, choices)
    if reason == NEEDED:
        needs = f"{asked[0]}_needed"
        reason = f"{words.text(needs if words.has(needs) else NEEDED)}\n{asked[1]}"
    if len(before) >= PERSON_AFTER - 1:
        reason += "\n" + words.text("forms.person", contact=turn.world.officer_contact)
    return reason


def _said(turn: Turn, key: str, unclear: Unclear) -> str:
    return turn.world.words.text(key, **unclear.values)


def _reasons(stored: dict[str, Any]) -> list[str]:
    """What was said so far; a form left open by an earlier version kept only how often."""
    misses = stored.get(MISSES, [])
    return misses[-PERSON_AFTER:] if isinstance(misses, list) else [""] * misses


def _another_way(turn: Turn, unclear: Unclear, asked: Said, choices: Sequence[Offer]) -> str:
    words = turn.world.words
    other = f"{unclear.key}_again"
    if words.has(other):
        return _said(turn, other, unclear)
    if choices:
        return words.text("forms.by_number", labels=[offer.label for offer in choices[:2]])
    return f"{words.text('forms.again')}\n{asked[1]}"
