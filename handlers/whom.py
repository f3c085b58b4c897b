"""Whom an official asks about: "xã tôi", "bản Nà Đon", "hộ ông Páo" … "được khen gì?"."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.turn import Turn
from knowledge.text import fold

COMMUNE, VILLAGE, LIST = "commune", "village", "list"
HEADS = (
    COMMUNE, VILLAGE, "household", "cooperative", "enterprise", "collective", "individual", LIST,
)  # fmt: skip
"""What can be asked about; each has its beginnings in `phrases/awards.yaml`."""
_TAIL = "whom.tail"


@dataclass(frozen=True, slots=True)
class Whom:
    """A sort of subject and its name, "" for the commune itself."""

    kind: str
    name: str = ""


def read(turn: Turn, text: str) -> Whom | None:
    """Who is asked about, None when a text asks nothing of the kind."""
    words = text.replace("?", " ").split()
    folded = [fold(word) for word in words]
    cut = _tail_at(turn, folded)
    if cut is None:
        return None
    found = (_headed(turn, kind, words[:cut], folded[:cut]) for kind in HEADS)
    return max(
        (one for one in found if one is not None), key=lambda one: one[0], default=(0, None)
    )[1]


def asked(turn: Turn, whom: Whom) -> str:
    """How somebody is asked about: what choosing him types."""
    words = turn.world.words
    return f"{words.said_for(f'whom.{whom.kind}')[0]} {whom.name} {words.said_for(_TAIL)[0]}"


def _tail_at(turn: Turn, folded: list[str]) -> int | None:
    """Where "được khen gì" begins."""
    for phrase in turn.world.words.said_for(_TAIL):
        tail = fold(phrase).split()
        for at in range(len(folded) - len(tail) + 1):
            if folded[at : at + len(tail)] == tail:
                return at
    return None


def _headed(turn: Turn, kind: str, words: list[str], folded: list[str]) -> tuple[int, Whom] | None:
    """How many words the longest fitting beginning has, and who it then is."""
    best: tuple[int, Whom] | None = None
    for phrase in turn.world.words.said_for(f"whom.{kind}"):
        head = fold(phrase).split()
        rest = " ".join(words[len(head) :])
        fits = kind == COMMUNE or bool(rest) != (kind == LIST)
        if folded[: len(head)] == head and fits and len(head) > (best or (0,))[0]:
            # Units are called by their whole names: "Bản Nà Đon", not "Nà Đon".
            name = " ".join(words) if rest and kind in (COMMUNE, VILLAGE) else rest
            best = len(head), Whom(kind, name)
    return best
