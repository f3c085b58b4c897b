"""Where and when something was given: readers and offers for the questions any form may ask."""

from __future__ import annotations

from datetime import timedelta

from handlers.forms import Answers, Unclear
from handlers.turn import Offer, Turn
from knowledge import dates
from storage import contributions


def read_day(turn: Turn, _answers: Answers, text: str) -> str:
    """The day something was given, as an ISO date."""
    found = dates.read(text, turn.today)
    if found.result == "month":
        raise Unclear("report.day_of_month", month=found.echo)
    if found.result != "date" or found.value is None:
        raise Unclear("report.day_unclear", why=found.why)
    return found.value.isoformat()


def day_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    """Today and yesterday."""
    yesterday = turn.today - timedelta(days=1)
    return [
        turn.label("today", turn.today.isoformat()),
        turn.label("yesterday", yesterday.isoformat()),
    ]


def read_commune(turn: Turn, _answers: Answers, text: str) -> str:
    """The key of a commune, ward or town of today; an old or unsure name is asked about."""
    found = turn.world.places.find(text, turn.today)
    units = [unit for unit in found.units if unit.level in ("commune", "ward", "town")]
    if not units:
        raise Unclear("report.commune_unknown")
    if found.result == "unit" and found.typed is not None:
        offers = [Offer(place_label(turn, units[0].key), units[0].key)]
        raise Unclear("report.commune_now", offers, old=found.typed.name, now=units[0].name)
    if found.result == "unit" and found.exact:
        return units[0].key
    offers = [Offer(place_label(turn, unit.key), unit.key) for unit in units[:4]]
    raise Unclear("report.commune_which", offers)


def place_label(turn: Turn, key: str) -> str:
    """A unit as people tell it apart: with its district while there were districts."""
    unit = turn.world.places.get(key)
    return f"{unit.name} ({unit.district})" if unit.district else unit.name


def place_key(turn: Turn, key: str) -> str:
    """The key of what a unit became: the same for what is told before and after the change."""
    return turn.world.places.successor(turn.world.places.get(key)).key


def commune_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    """Where this person's last report was."""
    last = contributions.of_reporter(turn.tx, turn.person.id, 1)
    valid = {unit.key for unit in turn.world.places.communes(turn.today)}
    return [Offer(place_label(turn, one.place), one.place) for one in last if one.place in valid]


def village_offers(turn: Turn, answers: Answers) -> list[Offer]:
    """The village of this person's last report, in the same commune."""
    last = contributions.of_reporter(turn.tx, turn.person.id, 1)
    return [Offer(one.village, one.village) for one in last if one.place == answers["commune"]]
