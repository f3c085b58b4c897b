"""What is said when an answer was not understood (hỏi lại): never twice in a row the same words.

First what is needed; where that does not help, the question once more with an example; from the
third time on a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.turn import Offer, Turn

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
    turn: Turn, stored: dict[str, Any], said: Said, asked: Said, choices: Sequence[Offer]
) -> str:
    """What to say for the reason `said` in the way of the question `asked`; `choices` are given
    where only these count. That it was said is noted in `stored`."""
    words = turn.world.words
    before = _reasons(stored)
    reason = (said[1] or said[0])[:_REASON]
    stored[MISSES] = [*before, reason]
    repeats = before[-1:] == [reason] and said[0] != _TOO_LONG
    if repeats and len(before) < PERSON_AFTER - 1:
        return _another_way(turn, said[0], asked, choices)
    text = said[1]
    if said[0] == NEEDED:
        needs = f"{asked[0]}_needed"
        text = f"{words.text(needs if words.has(needs) else NEEDED)}\n{asked[1]}"
    if len(before) >= PERSON_AFTER - 1:
        text += "\n" + words.text("forms.person", contact=turn.world.officer_contact)
    return text


def _reasons(stored: dict[str, Any]) -> list[str]:
    """What was said so far; a form left open by an earlier version kept only how often."""
    misses = stored.get(MISSES, [])
    return misses[-PERSON_AFTER:] if isinstance(misses, list) else [""] * misses


def _another_way(turn: Turn, key: str, asked: Said, choices: Sequence[Offer]) -> str:
    words = turn.world.words
    if key == NEEDED:
        return words.text("forms.needed_again")
    if choices:
        return words.text("forms.choose_again", labels=[offer.label for offer in choices[:2]])
    example = f"{asked[0]}_example"
    shown = f"\n{words.text(example)}" if words.has(example) else ""
    return f"{words.text('forms.again')}\n{asked[1]}{shown}"
