"""The loudspeaker's list (loa bản): villages whose people no message reaches, for an officer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from handlers import audience
from handlers.menu import Entry
from handlers.releasing import of_area
from handlers.turn import Turn

SHOWN = 5


def own(turn: Turn) -> None:
    """ "loa bản": of the officer's own area."""
    held = audience.held(turn)
    if held:
        _page(turn, audience.area(turn, held[0].place), 0)
    else:
        turn.say("announce.not_allowed")


def of_one(turn: Turn, code: str) -> None:
    """Of an announcement's area."""
    found = of_area(turn, code)
    if found is None:
        turn.say("announce.no_such")
    else:
        _page(turn, found.places, 0)


def more(turn: Turn) -> None:
    """The next villages of the list shown last."""
    places, skip = turn.state.get("loud") or (None, 0)
    if places is None or not audience.may_steer_all(turn, places):
        own(turn)
    else:
        _page(turn, places, skip)


def _page(turn: Turn, places: Sequence[str], skip: int) -> None:
    found = audience.villages(turn.tx, turn.world, places, SHOWN + 1, skip)
    turn.state["loud"] = [list(places), skip + SHOWN]
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
