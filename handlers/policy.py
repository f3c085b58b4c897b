"""Who may do what (phân quyền): one table, `policy.yaml`, asked at every press and every page.

Nothing else decides on rights. What the table does not name is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from handlers.turn import Turn
from knowledge.places import Places, Unit
from storage.contributions import Contribution
from storage.grants import Grant


@dataclass(frozen=True, slots=True)
class Where:
    """What is looked at: whose place it is, in which village (its key), raised to the level above
    since when."""

    place: str
    village: str = ""
    raised_at: datetime | None = None


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """The policy as read: action → {"states"?: […], role: relation}."""
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("policy.yaml").read_text("utf-8")
    )
    return loaded


def allows(action: str, role: str, relations: Iterable[str], state: str | None = None) -> bool:
    """Whether a role may do this, given how its place stands to the object's."""
    rule = table()[action]
    if "states" in rule and state not in rule["states"]:
        return False
    wanted: str | None = rule.get(role)
    return wanted is not None and wanted in relations


def granted(action: str, role: str) -> tuple[str, ...]:
    """Under which relations a role may ever do this."""
    wanted: str | None = table()[action].get(role)
    return () if wanted is None else (wanted,)


def roles(action: str) -> list[str]:
    """Every role that may do this somewhere."""
    return [name for name in table()[action] if name != "states"]


def relations(places: Places, grant: Grant, where: Where, on: date) -> set[str]:
    """How a grant's place stands to an object's, as of a day: names as in `policy.yaml`."""
    held, now = places.get(grant.place), valid(places, where.place, on)
    if held.level == "province":
        # The province is the same office before and after; a district or commune that is gone is
        # not: whoever served there has no wider rights in what took it over.
        held = valid(places, held.key, on)
    found: set[str] = set()
    if held.key in (where.place, now.key):
        found.add("own")
        if grant.village and grant.village == where.village:
            found.add("village")
    above = places.parent(now)
    if above is not None and above.key == held.key:
        found.add("above")
        if where.raised_at is not None:
            found.add("raised")
    while above is not None:
        if above.key == held.key:
            found.add("under")
        above = places.parent(above)
    return found


def holding(turn: Turn, action: str, where: Where, state: str | None = None) -> Grant | None:
    """The person's grant that allows this, None when none does."""
    return among(turn.grants, turn.world.places, action, where, turn.today, state)


def among(
    grants: Iterable[Grant],
    places: Places,
    action: str,
    where: Where,
    on: date,
    state: str | None = None,
) -> Grant | None:
    """The first of these grants that allows this on a day, None when none does."""
    for grant in grants:
        if allows(action, grant.role, relations(places, grant, where, on), state):
            return grant
    return None


def may(turn: Turn, action: str, one: Contribution) -> Grant | None:
    """The person's grant that allows this on a report as it stands, None when none does."""
    return holding(turn, action, Where(one.place, one.village_key, one.raised_at), one.state)


def level_above(places: Places, place: str, on: date) -> Unit | None:
    """The unit one level above, as of a day: till 30/06/2025 the district, since then the
    province."""
    return places.parent(valid(places, place, on))


def valid(places: Places, place: str, on: date) -> Unit:
    """The unit that a place is on a day: itself, or what took it over."""
    unit = places.get(place)
    return unit if on < places.changed_on else places.successor(unit)
