"""The queue (hàng chờ) by chat: what waits for this officer, filtered, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handlers import desk, given, offices, verify
from handlers.forms import Form
from handlers.kinds import kinds
from handlers.menu import Entry
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from knowledge.text import fold
from knowledge.villages import village_key
from storage import people, queue
from storage.contributions import Contribution
from storage.queue import Filter

SHOWN = 3
"""A page: two more choices are the next page and the filters."""
COUNTED = 100
WAYS = (
    ("by_kind", "by_village", "doubtful", "bulk", "other_ways"),
    ("newest", "mine", "raised", "everything"),
)
"""The ways to look at the queue, on two pages of choices."""
LIMITS = ("doubtful", "mine", "raised")
ONLY = (*LIMITS, "newest")


@dataclass(frozen=True, slots=True)
class View:
    """What of the queue is shown, kept in the conversation as JSON between two presses."""

    kind: str = ""
    village: str = ""
    doubtful: bool = False
    newest: bool = False
    mine: bool = False
    raised: bool = False
    page: int = 0


def view_of(turn: Turn) -> View:
    """The view this officer last chose."""
    return View(**turn.state.get("queue", {}))


def begin(turn: Turn) -> None:
    """All that waits, oldest first."""
    _show(turn, View())


def next_page(turn: Turn) -> None:
    """The next page of the view, from the first again after the last."""
    seen = view_of(turn)
    _show(turn, _changed(seen, page=seen.page + 1))


def waiting(turn: Turn, view: View, limit: int) -> list[Contribution]:
    """What waits for this officer in a view, in order; of his own places and raised to him."""
    wanted = Filter(
        kind=view.kind, village=view.village, doubtful=view.doubtful, newest=view.newest,
        holder=turn.person.id if view.mine else None,
    )  # fmt: skip
    places, found = turn.world.places, dict[int, Contribution]()
    for grant in desk.serves(turn):
        own = [] if view.raised else offices.own_places(places, grant, turn.today)
        below = offices.places_below(places, grant, turn.today)
        both = queue.at_places(turn.tx, own, wanted, limit)
        both += queue.raised(turn.tx, below, wanted, limit) if below else []
        found |= {one.id: one for one in both}
    ordered = sorted(found.values(), key=lambda one: (one.submitted_at, one.id))
    return (ordered[::-1] if view.newest else ordered)[:limit]


def spoken(turn: Turn, text: str) -> bool:
    """ "việc tiền bản Thẳm": a view in words. False when the text is none, or from no officer."""
    words = turn.world.words
    started = words.starts_with(text)
    if started is None or started[0] != "queue_of" or not desk.serves(turn):
        return False
    view = _read(turn, words.courtesy.name_in(started[1]), _villages(turn))
    if view is None:
        return False
    _show(turn, view)
    return True


def ways(turn: Turn) -> None:
    """How the queue can be looked at."""
    _say_ways(turn, 0)


def other_ways(turn: Turn) -> None:
    """The other ways to look at it."""
    _say_ways(turn, 1)


def by_kind(turn: Turn) -> None:
    """Which kinds wait, the most frequent first."""
    counted = Counter(one.kind for one in waiting(turn, View(), COUNTED))
    _say_parts(
        turn,
        "queue.by_kind",
        [turn.world.words.label(f"kind.{k}") for k, _ in counted.most_common(MAX_CHOICES)],
    )


def by_village(turn: Turn) -> None:
    """Which villages wait, the most frequent first."""
    counted = Counter(one.village for one in waiting(turn, View(), COUNTED))
    _say_parts(turn, "queue.by_village", [name for name, _ in counted.most_common(MAX_CHOICES)])


def line(turn: Turn, one: Contribution) -> str:
    """One report in one line."""
    holder = one.holder(turn.now)
    return turn.world.words.text(
        "verify.line", one=one, what=given.told(turn, one),
        holder=people.name_of(turn.tx, holder) if holder else "",
        where=turn.world.places.get(one.place).name if one.raised_at else one.village,
    )  # fmt: skip


def _show(turn: Turn, view: View) -> None:
    if not desk.serves(turn):
        turn.say("verify.not_an_officer")
        return
    found = waiting(turn, view, COUNTED)
    page = found[view.page * SHOWN : (view.page + 1) * SHOWN]
    if not page and found:
        view = _changed(view, page=0)
        page = found[:SHOWN]
    turn.state["queue"] = {name: value for name, value in _fields(view).items() if value}
    offers = [Offer(line(turn, one), turn.typing("open", one.code)) for one in page]
    words = turn.world.words
    if len(found) > SHOWN:
        offers.append(turn.label("queue_more", words.label("queue.next")))
    if len(found) > 1:
        offers.append(turn.typed("queue_ways"))
    elif turn.state["queue"]:
        offers.append(turn.typed("queue"))
    turn.say(
        "verify.queue", offers, count=len(found), most=COUNTED, shown=len(page),
        newest=view.newest, parts=_named(turn, view, page), page=view.page + 1,
        pages=-(-len(found) // SHOWN),
    )  # fmt: skip


def _say_ways(turn: Turn, page: int) -> None:
    if not desk.serves(turn):
        turn.say("verify.not_an_officer")
        return
    turn.say("queue.ways", [turn.typed(f"queue.{way}") for way in WAYS[page]])


def _say_parts(turn: Turn, key: str, names: list[str]) -> None:
    if not desk.serves(turn):
        turn.say("verify.not_an_officer")
        return
    begun = turn.world.words.label("queue.of")
    turn.say(key, [Offer(name, f"{begun} {name}") for name in names], shown=len(names))


def _only(name: str) -> Callable[[Turn], None]:
    return lambda turn: _show(turn, _changed(View(), **{name: True}))


def _named(turn: Turn, view: View, page: list[Contribution]) -> list[str]:
    """The view's limits in words."""
    words = turn.world.words
    kind = [words.label(f"kind.{view.kind}")] if view.kind else []
    village = [page[0].village if page else view.village] if view.village else []
    # The newest first is an order and no limit: the sentence itself says so.
    flags = [words.label(f"queue.{name}") for name in LIMITS if getattr(view, name)]
    return [*kind, *village, *flags]


def _villages(turn: Turn) -> set[str]:
    """The villages of which something waits for this officer, by FOLD name."""
    places, found = turn.world.places, list[str]()
    for grant in desk.serves(turn):
        found += offices.own_places(places, grant, turn.today)
        found += offices.places_below(places, grant, turn.today)
    return queue.villages(turn.tx, found)


def _read(turn: Turn, rest: str, villages: set[str]) -> View | None:
    """The view that words describe; None when one of them describes none."""
    words = rest.split()
    for size in range(len(words), 0, -1):
        part = _part(turn, " ".join(words[:size]), villages)
        if part is None:
            continue
        if size == len(words):
            return View(**part)
        other = _read(turn, " ".join(words[size:]), villages)
        return None if other is None else _changed(other, **part)
    return None


def _part(turn: Turn, text: str, villages: set[str]) -> dict[str, Any] | None:
    words = turn.world.words
    kind = next((name for name in kinds() if words.is_said(text, f"kind.{name}")), None)
    if kind is not None:
        return {"kind": kind}
    only = next((name for name in ONLY if words.is_said(text, f"queue.{name}")), None)
    if only is not None:
        return {only: True}
    typed, name = fold(text), village_key(text)
    named = (key for key in sorted(villages) if key == name or key.endswith(f" {name}"))
    village = next(named, None)
    if (
        village is None
        and typed.split()[0] in fold(words.label("queue.village_words")).split()
        and len(typed.split()) > 1
    ):
        village = name
    return None if village is None else {"village": village}


def _fields(view: View) -> dict[str, Any]:
    return {name: getattr(view, name) for name in View.__dataclass_fields__}


def _changed(view: View, **to: Any) -> View:
    return View(**(_fields(view) | to))


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "queue": begin,
    "queue_next": next_page,
    "queue_ways": ways,
    "queue_other_ways": other_ways,
    "queue_by_kind": by_kind,
    "queue_by_village": by_village,
    **{f"queue_{name}": _only(name) for name in ONLY},
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"queue_of": verify.open_one}
MENU: tuple[Entry, ...] = (Entry("queue", 4, lambda turn: bool(desk.serves(turn))),)
