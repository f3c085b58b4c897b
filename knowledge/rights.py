"""Data rights (quyền của chủ thể dữ liệu): by when a request must be answered and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from knowledge.lexicon import read_yaml
from knowledge.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Term:
    """What the law leaves for one kind of request: working days to answer, days to be done."""

    answer: int
    done: int
    basis: str


@cache
def terms() -> Mapping[str, Term]:
    """Every kind of request with its terms, from `rights.yaml`."""
    raw = read_yaml(Path(__file__).with_name("rights.yaml"))
    return {
        kind: Term(int(entry["answer"]), int(entry["done"]), entry["basis"])
        for kind, entry in raw.items()
    }


def due(calendar: Calendar, kind: str, asked: date) -> tuple[date, date]:
    """The last day to answer and the last working day to be done; the day of asking counts not.

    Raises KeyError for a kind that `rights.yaml` does not have.
    """
    term = terms()[kind]
    return (
        working_days_after(calendar, asked, term.answer),
        # A last day that is a day off is no use to who does the work, so it is moved to the front.
        calendar.last_working(asked + timedelta(days=term.done)),
    )


def working_days_after(calendar: Calendar, day: date, count: int) -> date:
    """The `count`-th working day after a day."""
    while count:
        day += timedelta(days=1)
        count -= calendar.is_working(day)
    return day
