"""What a workbook would change (thay đổi) from what to what, by place and year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from handlers import fact_values
from handlers.turn import World
from storage.facts import Change, Fact, Product, Row, Village
from storage.honours import Honour

KINDS = ("fact", "village", "product", "honour")
"""In the order they are counted."""


def counted(world: World, changes: Iterable[Change]) -> str:
    """ "3 số liệu, 2 bản đạt chuẩn"."""
    numbers = Counter(_kind(one.row) for one in changes)
    counts = [(numbers[kind], world.words.label(f"changed.{kind}")) for kind in KINDS]
    return world.words.text("workbook.counts", counts=[one for one in counts if one[0]])


def lines(world: World, changes: Iterable[Change]) -> Iterator[str]:
    """A heading for each place and year, and a line for each change there."""
    groups: dict[tuple[str, int], list[Change]] = {}
    for one in changes:
        groups.setdefault((one.row.place, one.row.year), []).append(one)
    for (place, year), those in groups.items():
        name = world.places.get(place).name
        yield world.words.text("workbook.heading", place=name, year=year)
        for one in those:
            yield _line(world, one)


def _kind(row: Row) -> str:
    match row:
        case Fact():
            return "fact"
        case Village():
            return "village"
        case Product():
            return "product"
    return "honour"


def _line(world: World, change: Change) -> str:
    row, words = change.row, world.words
    if isinstance(row, Fact):
        return _fact(world, row, change.before)
    awards, kind = world.plan.awards, _kind(row)
    after = {name: getattr(row, name) for name in _SHOWN[kind]}
    moved = [
        (words.label(f"column.{name}"), change.before[name], value)
        for name, value in after.items()
        if name in change.before and change.before[name] != value
    ]
    award = awards.name(row.award) if isinstance(row, Honour) and awards is not None else ""
    return words.text(f"workbook.{kind}", row=row, new=not change.before, moved=moved, award=award)


_SHOWN: Mapping[str, tuple[str, ...]] = {
    "village": ("name", "year", "decision"),
    "product": ("name", "owner", "stars", "decision"),
    "honour": ("decision_number",),
}
"""What of a row can be another than before."""


def _fact(world: World, row: Fact, before: Mapping[str, object]) -> str:
    awards = world.plan.awards
    if awards is None:
        raise KeyError(row.field)
    one = awards.schema.facts[row.field]
    return world.words.text(
        "workbook.fact",
        label=one.label,
        before=fact_values.shown(world.words, one, before.get("value")),
        after=fact_values.shown(world.words, one, row.value),
    )
