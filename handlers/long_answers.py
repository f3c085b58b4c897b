"""Answers longer than one message an official reads: in parts, the rest by "xem thêm"."""

from __future__ import annotations

from collections.abc import Sequence

from handlers import ask
from handlers.turn import Offer, Turn

MAX_CHARS, MAX_LINES = 600, 8
"""One message an official reads (chat manners)."""


def say(turn: Turn, text: str, offers: Sequence[Offer]) -> None:
    """Say the first part with its choices; there is room for one more among them."""
    parts = split(text)
    turn.state.pop("more", None)
    if len(parts) > 1:
        turn.state["more"] = parts[1:]
        offers = [*offers, turn.typed("more")]
    turn.say_text(parts[0], offers)


def split(text: str) -> list[str]:
    """In parts that fit, cut between lines: one line of a list is read together."""
    parts: list[str] = []
    for line in text.splitlines():
        joined = f"{parts[-1]}\n{line}" if parts else line
        if parts and len(joined) <= MAX_CHARS and joined.count("\n") < MAX_LINES:
            parts[-1] = joined
        else:
            parts += ask.split(line, MAX_CHARS, MAX_LINES)
    return parts
