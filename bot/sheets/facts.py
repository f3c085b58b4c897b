"""What a workbook of commune facts says: typed rows, and what is wrong, each with its place.

Data only. `place` is a unit's key of knowledge.places; `line` is the row in the file, counted from
1, and no part of what two rows are compared by. Years are four digits, None is "not told".
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class CommuneFacts:
    """What is told of a commune (xã, phường, thị trấn) for one year; names as in awards.yaml."""

    place: str
    year: int
    level: str | None = None
    year_attained: int | None = None
    level_recognised: bool | None = None
    criteria_total: int | None = None
    criteria_completed_in_year: int | None = None
    basic_construction_debt: bool | None = None
    special_difficulty_commune: bool | None = None
    line: int = field(default=0, compare=False)

    def told(self) -> dict[str, object]:
        """The facts that are told, by the names `knowledge.awards` takes them under."""
        names = [one.name for one in fields(self) if one.name not in ("place", "year", "line")]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class Village:
    """A village (thôn, bản) that reached the standard; `decision` recognised it, where told."""

    place: str
    year: int
    name: str
    decision: str | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Product:
    """An OCOP product as it was ranked in a year."""

    place: str
    year: int
    name: str
    owner: str
    stars: int
    decision: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Honour:
    """An award already given. `award` is an id of awards.yaml, `recipient_kind` a subject of it."""

    place: str
    year: int
    award: str
    recipient_kind: str
    recipient: str
    decision: str
    line: int = field(default=0, compare=False)


Row = CommuneFacts | Village | Product | Honour


@dataclass(frozen=True, slots=True)
class Problem:
    """What must be changed before the file can be taken, as one Vietnamese sentence or two.

    `line` counts from 1, `column` is Excel's letter, `heading` what stands above it; 0 and "" where
    the whole sheet or file is meant. `lines` are all of several with the same problem.
    """

    text: str
    sheet: str = ""
    line: int = 0
    column: str = ""
    heading: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A workbook as read. A row with an error is not among `rows`; with any, keep none."""

    rows: tuple[Row, ...]
    errors: tuple[Problem, ...]
