"""Administrative units: what people type as a place → the unit valid on a given day.

Reads `units.tsv` of a plan pack: one line per old commune with the unit it became; the header names
the day of the change. How addresses are taken apart lives in `knowledge.place_addresses`, how
names are compared in `knowledge.place_names`; nothing here knows
a person, a role or a report.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from knowledge.place_addresses import Address, parse
from knowledge.place_names import NameIndex, bare_name

Level = Literal["commune", "ward", "town", "district", "city", "province"]
Era = Literal["old", "new"]
DEFAULT = Path(__file__).parent / "plans" / "lai-chau-2021-2025"
# Lists longer than this are no help in a chat: the person is asked to write the name out instead.
MOST_OFFERED = 3
_LEVELS: dict[str, Level] = {
    "Xã": "commune",
    "Phường": "ward",
    "Thị trấn": "town",
    "Huyện": "district",
    "Thành phố": "city",
    "Tỉnh": "province",
}
_COMMUNE_LEVELS = frozenset({"commune", "ward", "town"})


@dataclass(frozen=True, slots=True)
class Unit:
    """An administrative unit (đơn vị hành chính) of one era.

    `key` is "<era>:<code>", because units since the change reuse codes of old ones. `district` is
    the full name of the district an old commune belonged to; `now` the key of what it became.
    """

    key: str
    code: str
    name: str
    district: str | None
    era: Era
    now: str | None
    level: Level


@dataclass(frozen=True, slots=True)
class Found:
    """What a typed place means. `units`: one for "unit", those to choose from for "ask".

    `exact` is false where a mistake in the spelling was looked past. `typed` is the old unit the
    person named when `units[0]` is the one it became, or a unit that is no longer valid.
    """

    result: Literal["unit", "ask", "unknown"]
    units: tuple[Unit, ...] = ()
    exact: bool = False
    typed: Unit | None = None


_UNKNOWN = Found("unknown")


class Places:
    """The units of one plan pack before and after the change; immutable after `load`."""

    def __init__(self, units: Iterable[Unit], changed_on: date) -> None:
        self.changed_on = changed_on
        self._units = {unit.key: unit for unit in units}
        self._district_keys = {
            unit.name: unit.key
            for unit in self._units.values()
            if unit.level in ("district", "city")
        }
        self._old_districts: dict[str, set[str]] = {}
        for unit in self._units.values():
            if unit.now and unit.district:
                self._old_districts.setdefault(unit.now, set()).add(unit.district)
        self._before: dict[str, list[Unit]] = {}
        for unit in self._units.values():
            if unit.now:
                self._before.setdefault(unit.now, []).append(unit)
        self._names = {
            era: NameIndex((unit.key, unit.name) for unit in self._communes(era))
            for era in ("old", "new")
        }
        self._upper = {
            level: NameIndex(
                (unit.key, unit.name)
                for unit in self._units.values()
                if unit.era == "old" and unit.level == level
            )
            for level in ("district", "city", "province")
        }

    def get(self, key: str) -> Unit:
        """The unit of a key; KeyError when there is none."""
        return self._units[key]

    def all(self) -> tuple[Unit, ...]:
        """Every unit of both eras."""
        return tuple(self._units.values())

    def successor(self, unit: Unit) -> Unit:
        """The unit that took over: of a district the province, of a new unit itself."""
        if unit.era == "new":
            return unit
        return self._units[unit.now] if unit.now else self._province("new")

    def predecessors(self, unit: Unit) -> tuple[Unit, ...]:
        """The old communes that became this one; the province as it was; none of an old unit."""
        if unit.era == "new" and unit.level == "province":
            return (self._province("old"),)
        return tuple(self._before.get(unit.key, ()))

    def parent(self, unit: Unit) -> Unit | None:
        """One level up: the district of an old commune, else the province; None above that."""
        if unit.level == "province":
            return None
        if unit.era == "old" and unit.district:
            return self._units[self._district_keys[unit.district]]
        return self._province(unit.era)

    def under(self, unit: Unit) -> tuple[Unit, ...]:
        """The communes, wards and towns that lie under a unit, in its own era."""
        return tuple(
            one
            for one in self._communes(unit.era)
            if unit.level == "province" or one.district == unit.name
        )

    def province(self, on: date) -> Unit:
        """The province as it is on a day."""
        return self._province(self._era(on))

    def communes(self, on: date) -> tuple[Unit, ...]:
        """All communes, wards and towns valid on a day, by name."""
        return tuple(sorted(self._communes(self._era(on)), key=lambda unit: bare_name(unit.name)))

    def find(self, text: str, on: date) -> Found:
        """Resolve what a person typed to the commune-level unit valid on a day.

        Districts, the city and the province are found when their level is typed with the name.
        From the day of the change an old name leads to the unit it became, with `typed` set; one
        that old and new units of different territory share is asked back. Never raises on any text.
        """
        for address in parse(text, self._upper):
            found = self._resolve(address, self._era(on))
            if found.result != "unknown" or found.typed:
                return found
        return _UNKNOWN

    def _resolve(self, address: Address, era: Era) -> Found:
        if address.upper:
            return self._resolve_upper(self._units[address.upper], era)
        eras: tuple[Era, ...] = ("old",) if era == "old" else ("new", "old")
        if era == "new" and address.era:
            eras = (address.era,)
        scored = [
            (cost, self._units[key])
            for each in eras
            for words in dict.fromkeys((address.words, address.whole))
            for cost, key in self._names[each].match(words)
        ]
        if not scored:
            return _UNKNOWN
        best = min(cost for cost, _ in scored)
        near = [unit for cost, unit in scored if cost <= best + _margin(best)]
        right_place = [unit for unit in near if self._fits(unit, address)]
        return self._decide(right_place or near, era, best, sure=bool(right_place))

    def _decide(self, named: list[Unit], era: Era, cost: float, sure: bool) -> Found:
        """Units that were named → units valid in the era, asked back unless just one is meant."""
        meant: dict[str, Unit | None] = {}
        for unit in named:
            now = unit if era == "old" else self.successor(unit)
            typed = (
                unit if now is not unit and bare_name(now.name) != bare_name(unit.name) else None
            )
            meant.setdefault(now.key, typed)
        units = tuple(self._units[key] for key in meant)
        if len(units) > MOST_OFFERED:
            return _UNKNOWN
        if len(units) > 1 or not sure or cost > NameIndex.SURE:
            return Found("ask", units)
        return Found("unit", units, exact=cost <= NameIndex.EXACT, typed=meant[units[0].key])

    def _resolve_upper(self, unit: Unit, era: Era) -> Found:
        if unit.level == "province":
            return Found("unit", (self._province(era),), exact=True)
        if era == "old":
            return Found("unit", (unit,), exact=True)
        return Found("unknown", typed=unit)

    def _fits(self, unit: Unit, address: Address) -> bool:
        """Whether the level and district typed beside the name can be this unit's."""
        if address.level and unit.level != address.level:
            return False
        if not address.district:
            return True
        district = self._units[address.district].name
        return district == unit.district or district in self._old_districts.get(unit.key, ())

    def _communes(self, era: Era) -> list[Unit]:
        return [u for u in self._units.values() if u.era == era and u.level in _COMMUNE_LEVELS]

    def _era(self, on: date) -> Era:
        return "old" if on < self.changed_on else "new"

    def _province(self, era: Era) -> Unit:
        return next(u for u in self._units.values() if u.era == era and u.level == "province")


def _margin(cost: float) -> float:
    """How much worse another name must be to be ruled out: the more repair, the more doubt."""
    if cost <= NameIndex.EXACT:
        return 0.0
    return 0.5 if cost < 2 else 1.0


def _level(name: str) -> Level:
    return next(level for word, level in _LEVELS.items() if name.startswith(f"{word} "))


@lru_cache(maxsize=8)
def load(folder: Path = DEFAULT) -> Places:
    """Read `units.tsv` of a plan pack. The header's "code_since_<day>" says when units changed.

    Raises OSError when the file is missing, KeyError or ValueError when it is malformed.
    """
    with (folder / "units.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    since = next(name for name in rows[0] if name.startswith("code_since_")).removeprefix(
        "code_since_"
    )
    units: dict[str, Unit] = {}

    def add(era: Era, code: str, name: str, district: str | None = None, now: str = "") -> None:
        key = f"{era}:{code}"
        units[key] = Unit(key, code, name, district, era, now or None, _level(name))

    for row in rows:
        code_now = row[f"code_since_{since}"]
        add("old", row["province_code"], row["province"])
        add("new", row["province_code"], row["province"])
        add("old", row["district_code"], row["district"])
        add("old", row["old_code"], row["old_unit"], row["district"], f"new:{code_now}")
        add("new", code_now, row[f"unit_since_{since}"])
    return Places(units.values(), date.fromisoformat(since))
