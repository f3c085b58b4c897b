"""Offices (cơ quan): which places a grant covers, and who serves a place or the level above it."""

from __future__ import annotations

from datetime import date

from handlers import policy
from handlers.roles import LEVELS
from knowledge.places import Places, Unit
from storage import grants
from storage.database import Tx
from storage.grants import Grant


def own_places(places: Places, grant: Grant, on: date) -> list[str]:
    """The keys of the communes a grant decides for: its place and what that took over."""
    held = places.get(grant.place)
    if "own" not in policy.granted("claim", grant.role):
        return []
    before = places.predecessors(held) if on >= places.changed_on else ()
    return [held.key, *(unit.key for unit in before)]


def places_below(places: Places, grant: Grant, on: date) -> list[str]:
    """The keys of the communes from which reports are raised to this grant."""
    if "raised" not in policy.granted("claim", grant.role):
        return []
    found: list[str] = []
    for unit in places.communes(on):
        above = policy.level_above(places, unit.key, on)
        if above is not None and _same_office(places, above, grant.place):
            found += [unit.key, *(before.key for before in places.predecessors(unit))]
    return found


def officers(tx: Tx, places: Places, place: str, on: date) -> list[Grant]:
    """Who verifies reports of a place, each account once."""
    keys = dict.fromkeys((place, policy.valid(places, place, on).key))
    return _holders(tx, list(keys), "own")


def officers_above(tx: Tx, places: Places, place: str, on: date) -> list[Grant]:
    """Who serves one level above a place, each account once."""
    above = policy.level_above(places, place, on)
    if above is None:
        return []
    keys = [above.key, *(unit.key for unit in places.predecessors(above))]
    return _holders(tx, keys, "raised")


def _holders(tx: Tx, keys: list[str], relation: str) -> list[Grant]:
    roles = [role for role in LEVELS if relation in policy.granted("claim", role)]
    found = [grant for key in keys for role in roles for grant in grants.at_place(tx, key, role)]
    return list({grant.account_id: grant for grant in found}.values())


def _same_office(places: Places, unit: Unit, held: str) -> bool:
    return held in (unit.key, *(before.key for before in places.predecessors(unit)))
