"""My village's reports (báo cáo của bản): a village head sees how each stands, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import policy
from handlers.forms import Form
from handlers.menu import Entry
from handlers.officials import village_name
from handlers.roles import OF_A_VILLAGE
from handlers.turn import Turn
from storage import contributions
from storage.contributions import Contribution
from storage.grants import Grant

SHOWN = 4


def heading(turn: Turn) -> list[Grant]:
    """The villages of which this person is the head."""
    return [one for one in turn.grants if one.role in OF_A_VILLAGE and one.village]


def listing(turn: Turn) -> None:
    """The newest reports of the village."""
    _page(turn, None)


def older(turn: Turn) -> None:
    """The next page."""
    _page(turn, turn.state.get("village"))


def _page(turn: Turn, before: int | None) -> None:
    held = heading(turn)
    if not held:
        turn.say("village.not_yours")
        return
    found: list[Contribution] = []
    for grant in held:
        for place in _places(turn, grant):
            found += contributions.of_village(
                turn.tx, place, grant.village, SHOWN + 1, before=before
            )
    found.sort(key=lambda one: -one.id)
    seen = [one for one in found[:SHOWN] if policy.may(turn, "status", one) is not None]
    offers = []
    if len(found) > SHOWN:
        turn.state["village"] = found[SHOWN - 1].id
        offers.append(turn.typed("village_more"))
    names = ", ".join(village_name(turn, one.place, one.village) for one in held)
    turn.say("village.listing", offers, lines=[_line(turn, one) for one in seen], village=names)


def _places(turn: Turn, grant: Grant) -> list[str]:
    """The commune as it is and as it was: reports from before the change stand under that."""
    places = turn.world.places
    held = places.get(grant.place)
    now = places.successor(held)
    if turn.today < places.changed_on:
        return [held.key]
    return list({held.key: 0, now.key: 0} | {one.key: 0 for one in places.predecessors(held)})


def _line(turn: Turn, one: Contribution) -> str:
    values: dict[str, Any] = {
        "one": one,
        "kind": turn.world.words.label(f"kind.{one.kind}"),
        "state": turn.world.words.label(f"state.{one.state}"),
    }
    return turn.world.words.text("village.line", **values)


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"village": listing, "village_more": older}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("village", 4, lambda turn: bool(heading(turn))),)
