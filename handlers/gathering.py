"""Which group an unanswered question joins: likeness, kept in memory a place at a time.

What is kept is rebuilt from storage, a little at each look so that no turn waits for it. It is only
a hint, and may lag behind another process: what counts is the group as stored, seen in the turn.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakKeyDictionary

from handlers.turn import Turn
from knowledge.alike import KEPT, Groups
from knowledge.place_names import bare_name
from knowledge.places import Places
from knowledge.reading import read
from knowledge.text import fold
from storage import questions

SLICE = 25
"""Questions read at one look: about as many milliseconds as a turn may take."""
MOST_QUESTIONS, MOST_PLACES = 2_000, 50
"""What is kept in mind: of each place so many, of so many places asked from last."""


@dataclass(slots=True)
class _Seen:
    groups: Groups
    after: int = 0
    counts: Counter[int] = field(default_factory=Counter)


_KEPT: WeakKeyDictionary[object, OrderedDict[str, _Seen]] = WeakKeyDictionary()
_ONE_AT_A_TIME = threading.Lock()


def join(turn: Turn, place: str, text: str) -> questions.Group | None:
    """The stored group of a place a question belongs to, None when it opens one of its own."""
    with _ONE_AT_A_TIME:
        found = _look(turn, place).groups.nearest(read(text, turn.world.plan.lexicon))
    group = questions.get(turn.tx, found) if found is not None else None
    if found is not None and (group is None or group.place != place):
        forget(turn, place)
        return None
    return group


def like(turn: Turn, group: questions.Group, most: int) -> list[questions.Group]:
    """Other open groups of its place that a person may find to ask the same, the likest first."""
    with _ONE_AT_A_TIME:
        seen = _look(turn, group.place)
        near = seen.groups.near(read(group.text, turn.world.plan.lexicon), most + 1)
    found = [questions.get(turn.tx, number) for number, _ in near if number != group.id]
    return [one for one in found if one is not None and one.answered_at is None][:most]


def warm(turn: Turn, place: str) -> None:
    """Read a little more of what is stored, in good time before it is needed."""
    with _ONE_AT_A_TIME:
        _look(turn, place)


def forget(turn: Turn, place: str) -> None:
    """What was kept of a place is no longer so: somebody moved a question."""
    with _ONE_AT_A_TIME:
        _KEPT.get(turn.tx.store, OrderedDict()).pop(place, None)


def _look(turn: Turn, place: str) -> _Seen:
    kept = _KEPT.setdefault(turn.tx.store, OrderedDict())
    seen = kept.get(place)
    if seen is None:
        lexicon = turn.world.plan.lexicon
        seen = kept[place] = _Seen(Groups(lexicon, _names(turn.world.places)))
        if len(kept) > MOST_PLACES:
            kept.popitem(last=False)
    kept.move_to_end(place)
    if seen.counts.total() < MOST_QUESTIONS:
        for one in questions.at_place(turn.tx, place, seen.after, SLICE):
            seen.after = one.id
            seen.counts[one.group_id] += 1
            if seen.counts[one.group_id] <= KEPT:
                seen.groups.add(one.group_id, read(one.text, turn.world.plan.lexicon))
    return seen


@lru_cache(maxsize=4)
def _names(places: Places) -> frozenset[str]:
    return frozenset(fold(bare_name(unit.name)) for unit in places.all())
