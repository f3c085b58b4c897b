"""How far the next award is (còn thiếu gì): verified sums of a year into facts, facts into a step.

Nothing here promises: what is reached by the figures is still for people to decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.awards import Awards, Step

REACHED = ("qualifies", "quota")


@dataclass(frozen=True, slots=True)
class Given:
    """What was verified of one kind in a year. `weighs` names the facts its value and its quantity
    are, "" for none; `unvalued` tells that some of it was not worth a known sum."""

    weighs: tuple[str, str]
    vnd: int
    quantity: float
    unvalued: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """Awards that the figures reach, by name, and the nearest of those they do not."""

    reached: tuple[str, ...]
    next: Step | None


def facts(subject: str, year: int, given: Iterable[Given]) -> dict[str, object]:
    """The award calculator's facts of an "individual" or a "household"; a value that is not known
    of a part is not known of the whole."""
    told: dict[str, object] = {"subject": subject, "year": year}
    for one in given:
        value, quantity = one.weighs
        if value:
            told[value] = None if one.unvalued else one.vnd
        if quantity:
            told[quantity] = int(one.quantity) if one.quantity.is_integer() else one.quantity
    return told


def reach(awards: Awards, told: dict[str, object], *, until: date) -> Reach:
    """What the figures reach and what comes next: where a sum is lacking the smallest, else what
    lacks least. `until` is the last day of the plan, prolonged or not."""
    reached = [
        awards.name(one.award) for one in awards.judge(told, until=until) if one.verdict in REACHED
    ]
    steps = awards.missing_to_next(told, until=until)

    def distance(step: Step) -> tuple[bool, int, int]:
        gap = awards.lacking(step.award, told)
        return gap == 0, gap, len(step.lines)

    return Reach(tuple(reached), min(steps, key=distance, default=None))
