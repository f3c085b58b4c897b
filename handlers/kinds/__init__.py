"""Kinds of contribution (loại đóng góp): each file here is one kind, with its own questions.

A kind's sentences stand in `templates/<name>.j2` (each question by its name; `told`, `spelled` and
`correct`), its labels in `phrases/<name>.yaml`. A new kind is a new file with a `KIND` in it, its
template and its labels; nothing else changes. Nothing here stores, decides or knows a clause.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import import_module
from typing import Any

from handlers.forms import Answers, Question
from handlers.turn import Turn

WORTH = "report.worth"
"""How any kind asks for its value: the one question that who does not know leaves open."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the answers of a kind come to: a value in VND, what the kind counts, what belongs to it.

    `quantity` is in person-days, m² or stars, by kind; None where the kind counts nothing.
    `made_on` is told by a kind whose day is not asked.
    """

    vnd: int | None = None
    quantity: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    made_on: date | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `questions` before the common ones, and what is made of their answers.

    The first question is the one a reporter goes back to when he corrects "what"; the others fall
    with it. `correct` asks an officer for the right figure, `counts` says which of the two figures
    that is. A kind without `purpose` or `day` is not asked what for, or when. `again` undoes
    `tell`: the answers that tell this. `weighs` names the facts of the award calculator that its
    value and its quantity are, "" for none; of a kind that is `ranked` the highest quantity counts.
    """

    name: str
    order: int
    questions: tuple[Question, ...]
    tell: Callable[[Answers], Told]
    correct: Callable[[Turn, Answers, str], Any]
    counts: str
    again: Callable[[Told], Answers]
    weighs: tuple[str, str]
    ranked: bool = False
    purpose: bool = True
    day: bool = True
    rare: bool = False
    """Offered on the second page: five choices are the most one reads."""


def ranked() -> frozenset[str]:
    """The kinds of which the highest quantity counts, and not their sum."""
    return frozenset(name for name, kind in kinds().items() if kind.ranked)


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by name, in the order they are offered."""
    found = [
        import_module(f"{__name__}.{module.name}").KIND
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.order)}
