"""Which of the offered choices (lựa chọn) a typed text means."""

from __future__ import annotations

import re
from typing import Any

from handlers.turn import Turn
from handlers.words import means
from knowledge import blanks
from knowledge.text import fold


def meant(turn: Turn, text: str) -> dict[str, Any] | None:
    """The offered choice a typed number, word or label means, politely wrapped or not."""
    words = turn.world.words
    plain = words.courtesy.without_particles(fold(text))
    number = words.numbers.get(re.sub(r"^(?:(?:so|chon|muc|cau) )+", "", plain))
    if number is not None and re.match(r"\s*[-−–]", text):
        number = None
    if number is not None:
        return turn.offered[number - 1] if 0 < number <= len(turn.offered) else None
    for said in (text, *words.courtesy.cores(text)):
        for one in turn.offered:
            if any(means(said, phrase) for phrase in (one["label"], *one.get("also", ()))):
                return one
    return None


def unknown(turn: Turn, text: str) -> dict[str, Any] | None:
    """The choice "chưa rõ", however somebody says that he does not know."""
    return next(iter(unknowns(turn)), None) if blanks.is_unknown(text) else None


def unknowns(turn: Turn) -> list[dict[str, Any]]:
    """What was offered to who does not know."""
    return [one for one in turn.offered if blanks.is_unknown(one["label"])]
