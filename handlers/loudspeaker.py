"""The loudspeaker's list (loa bản): villages whose people no message reaches, for an officer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from handlers import audience
from handlers.menu import Entry
from handlers.releasing import of_area
from handlers.turn import Turn

SHOWN = 5


def own(turn: Turn) -> None:
    """ "loa bản": of all the officer's own areas."""
    if audience.held(turn):
        _page(turn, _areas(turn), 0, "")
    else:
        turn.say("announce.not_allowed")


def of_one(turn: Turn, code: str) -> None:
    """Of an announcement's area."""
    found = of_area(turn, code)
    if found is None:
        turn.say("announce.no_such")
    else:
        _page(turn, list(found.places), 0, found.key)


def more(turn: Turn) -> None:
    """The next villages of the list shown last; from the first where it is not his any more."""
    code, places, skip = turn.state.get("loud_next") or ("", [], 0)
    if code and of_area(turn, code) is not None:
        _page(turn, places, skip, code)
    elif not code and audience.held(turn) and places == _areas(turn):
        _page(turn, places, skip, "")
    else:
        own(turn)


def _areas(turn: Turn) -> list[str]:
    """All the places this officer writes to, [] for the whole province."""
    areas = [audience.area(turn, grant.place) for grant in audience.held(turn)]
    every = [] if () in areas else [place for area in areas for place in area]
    return list(dict.fromkeys(every))


def _page(turn: Turn, places: Sequence[str], skip: int, code: str) -> None:
    """A page of an announcement's area, or of his own where there is no `code`."""
    found = audience.villages(turn.tx, turn.world, places, SHOWN + 1, skip)
    turn.state["loud_next"] = [code, list(places), skip + SHOWN]
    lines = [
        turn.world.words.text(
            "loudspeaker.line",
            village=one.name,
            place=turn.world.places.get(one.place).name if one.place else "",
            people=one.people,
        )
        for one in found[:SHOWN]
    ]
    offers = [turn.typed("loud_more")] if len(found) > SHOWN else []
    turn.say("loudspeaker.listing", offers, lines=lines, first=skip == 0)


FORMS = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"loud": own, "loud_more": more}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"loud_of": of_one}
MENU: tuple[Entry, ...] = (Entry("loud", 8, lambda turn: bool(audience.held(turn))),)
