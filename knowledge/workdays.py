"""Working days (ngày làm việc) of the state sector: weekends, public holidays, swapped days.

Public holidays and Tết come from the `holidays` package; days it does not know, from the dated
overrides in a pack's holidays.yaml, which win. That a limit moves because of a day off is nowhere
in the plan: what is computed here is advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from knowledge.lexicon import read_yaml

Years = Mapping[int, tuple[frozenset[int], frozenset[int]]]
SATURDAY = 5
COUNTRY = "VN"
"""Whose public holidays count where a pack says nothing else."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A country's working days. `overrides` maps a day to whether it is worked on; `known` holds
    years worked out before, for each its days off and its weekend days worked, as ordinals."""

    country: str
    overrides: Mapping[date, bool]
    known: Years = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """True when state offices work on that day."""
        if day in self.overrides:
            return self.overrides[day]
        off, worked = self.known.get(day.year) or public_days(self.country, day.year)
        number = day.toordinal()
        return number in worked or (day.weekday() < SATURDAY and number not in off)

    def last_working(self, day: date) -> date:
        """The day itself when it is a working day, else the last working day before it."""
        while not self.is_working(day):
            day -= timedelta(days=1)
        return day


def load(folder: Path) -> Calendar:
    """Read a pack's holidays.yaml, if any. Raises ValueError for an unknown day or state."""
    path = folder / "holidays.yaml"
    if not path.exists():
        return Calendar(COUNTRY, {})
    raw = read_yaml(path)
    overrides = {}
    for day, entry in raw.get("days", {}).items():
        if entry["state"] not in ("off", "working"):
            raise ValueError(f"holidays.yaml: {day}: unknown state {entry['state']}")
        overrides[date.fromisoformat(day)] = entry["state"] == "working"
    return Calendar(raw["country"], overrides)


@lru_cache(maxsize=64)
def public_days(country: str, year: int) -> tuple[frozenset[int], frozenset[int]]:
    """Days off and weekend days worked instead, in one year, as ordinals."""
    # Loaded here: it takes a quarter of a second, and a plan's own years are known beforehand.
    import holidays

    found = holidays.country_holidays(country, years=year)
    worked = (day for day in found.weekend_workdays if day.year == year)
    return frozenset(day.toordinal() for day in found), frozenset(day.toordinal() for day in worked)
