"""Which unit a row means, by its name, the district beside it and the year it tells of.

Units reuse names when they change, so a row says itself which it means: with a district it is the
unit as it was while there were districts, without one the unit as it is. Before the change there
is nothing to tell apart, and the district only helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.sheets.cells import Wrong, shown
from bot.sheets.words import Words
from knowledge.places import Found, Places, Unit

_COMMUNES = frozenset({"commune", "ward", "town"})


class Units:
    """Looks up units for one file; remembers what it found, as files repeat names."""

    def __init__(self, places: Places, words: Words, today: date) -> None:
        self._places, self._words, self._today = places, words, today
        self._changed = places.changed_on
        self._found: dict[tuple[str, str, bool], Unit | Wrong] = {}

    def find(self, name: str, district: str, year: int) -> Unit:
        """The unit meant; `district` is "" where none is told. Raises Wrong."""
        over = self._today >= self._changed
        if over and not district and year < self._changed.year:
            raise self._wrong("district_needed", year=year)
        if over and district and year > self._changed.year:
            raise self._wrong("district_gone", day=self._day(), year=year)
        asked = (name, district, over)
        if asked not in self._found:
            try:
                self._found[asked] = self._look(name, district, over)
            except Wrong as wrong:
                self._found[asked] = wrong
        found = self._found[asked]
        if isinstance(found, Wrong):
            raise found
        return found

    def _look(self, name: str, district: str, over: bool) -> Unit:
        lookup, before = self._words.lookup, self._changed - timedelta(days=1)
        if district:
            text = lookup["old"].format(unit=name, district=district)
            return self._one(name, self._places.find(text, min(before, self._today)))
        if not over:
            return self._one(name, self._places.find(name, self._today))
        found = self._places.find(lookup["new"].format(unit=name), self._today)
        if found.result == "unit" and found.exact and not found.typed:
            return self._one(name, found)
        old = self._places.find(name, self._today)
        if old.result == "unit" and old.exact and old.typed:
            became = {"old": old.typed.name, "now": old.units[0].name}
            raise self._wrong("unit_became", day=self._day(), **became)
        return self._one(name, found if found.units else old)

    def _one(self, name: str, found: Found) -> Unit:
        told = shown(name)
        if not found.units:
            raise self._wrong("unit_above" if found.typed else "unit_unknown", told=told)
        if len(found.units) > 1:
            raise self._wrong("unit_many", told=told, choices=_listed(found.units))
        [unit] = found.units
        if found.result != "unit" or not found.exact:
            raise self._wrong("unit_near", told=told, choices=_listed(found.units))
        if unit.level not in _COMMUNES:
            raise self._wrong("unit_above", told=told)
        return unit

    def _wrong(self, name: str, **values: object) -> Wrong:
        return Wrong(self._words.problem(name, **values))

    def _day(self) -> str:
        return f"{self._changed:%d/%m/%Y}"


def _listed(units: Sequence[Unit]) -> str:
    return ", ".join(
        f"{unit.name} ({unit.district})" if unit.district else unit.name for unit in units
    )
