"""Who an announcement goes to (người nhận): the area, how many, who cannot be reached and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from handlers import policy
from handlers.policy import Where
from handlers.turn import Turn, World
from storage import grants, subscriptions
from storage.database import Tx
from storage.grants import Grant
from storage.subscriptions import Village


def area(turn: Turn, place: str) -> tuple[str, ...]:
    """The place, what lies under it and what these took over; () for the whole province."""
    places = turn.world.places
    unit = places.get(place)
    if unit.level == "province":
        return ()
    units = (unit, *places.under(unit))
    return tuple(one.key for unit in units for one in (unit, *places.predecessors(unit)))


def reach(
    tx: Tx, world: World, places: Sequence[str] = (), actors: Sequence[str] = ()
) -> tuple[int, dict[str, int]]:
    """(how many people, {why: how many of them cannot be reached})."""
    people, missed = 0, dict[str, int]()
    for one in subscriptions.groups(tx, _since(tx, world), places=places, actors=actors):
        people += one.people
        why = one.unreachable or (
            "window" if one.silent and one.channel == world.window.channel else ""
        )
        if why:
            missed[why] = missed.get(why, 0) + one.people
    return people, missed


def _since(tx: Tx, world: World) -> datetime:
    """Who has not written since then has long been silent."""
    return tx.now - world.window.silence


def villages(
    tx: Tx, world: World, places: Sequence[str], most: int, skip: int = 0
) -> list[Village]:
    """Where those live whom the loudspeaker must reach, the village with the most in front."""
    since = _since(tx, world)
    return subscriptions.unreached(tx, since, world.window.channel, most, skip, places=places)


def held(turn: Turn) -> list[Grant]:
    """The person's offices that may write to their area."""
    allowed = policy.roles("announce")
    return [grant for grant in turn.grants if grant.role in allowed]


def may_steer(turn: Turn, place: str) -> bool:
    """Whether this person may release and stop what goes to a place: its office or one above."""
    actions = ("announce", "announce_below")
    return any(policy.holding(turn, action, Where(place)) is not None for action in actions)


def may_steer_all(turn: Turn, places: Sequence[str]) -> bool:
    """Whether this person may release, stop and see what goes to an area, as `area` gives it."""
    return may_steer(turn, places[0] if places else turn.world.places.province(turn.today).key)


def seconds(turn: Turn, place: str) -> list[Grant]:
    """Who else may release what this person writes to a place, each person once: its own office
    first, then whoever stands above."""
    places = turn.world.places
    unit, found = places.get(place), dict[int, Grant]()
    while True:
        for role in policy.roles("announce"):
            for key in dict.fromkeys((unit.key, policy.valid(places, unit.key, turn.today).key)):
                for grant in grants.at_place(turn.tx, key, role):
                    found.setdefault(grant.person_id, grant)
        above = places.parent(unit)
        if above is None:
            found.pop(turn.person.id, None)
            return list(found.values())
        unit = above
