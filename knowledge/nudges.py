"""Nudges (lời nhắc): on which days whom a deadline is brought to mind, from deadlines.yaml.

Lead times count to the last day. Pure: who wants to be reminded, and has been, is told by the
caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from knowledge.deadlines import Deadline, Deadlines
from knowledge.lexicon import read_yaml

VILLAGER = "villager"
A_YEAR = timedelta(days=400)
"""Whatever comes back every year comes within it, with its longest lead time."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One deadline brought to mind on one day to one kind of people; `actor` is a role, or
    villager."""

    deadline: Deadline
    actor: str
    lead_days: int
    on: date

    @property
    def key(self) -> tuple[str, int, int]:
        """What is sent once to a person: deadline, its year, lead days."""
        return self.deadline.id, self.deadline.due.year, self.lead_days


@dataclass(frozen=True, slots=True)
class Nudges:
    """The nudges of a plan pack. `follows` is the role whose limits villagers are told of."""

    deadlines: Deadlines
    office: frozenset[int]
    villager: frozenset[int]
    follows: str
    until: date | None = None

    @property
    def actors(self) -> tuple[str, ...]:
        """Everyone there is something to remind of: the deadlines' roles, and villagers."""
        roles = dict.fromkeys(rule.role for rule in self.deadlines.rules)
        return (*roles, VILLAGER)

    def between(self, first: date, last: date) -> tuple[Nudge, ...]:
        """All nudges that fall on a day from `first` to `last`, earliest first."""
        years = range(first.year, last.year + 2)
        found = [
            nudge
            for year in years
            for deadline in self.deadlines.in_year(year, until=self.until)
            for nudge in self._of(deadline)
            if first <= nudge.on <= last
        ]
        return tuple(sorted(found, key=lambda one: (one.on, one.deadline.due, one.actor)))

    def on(self, day: date) -> tuple[Nudge, ...]:
        """The nudges of one day."""
        return self.between(day, day)

    def is_last(self, shown: Collection[Nudge]) -> bool:
        """Whether the plan, as far as it runs, has nothing more behind these for their actors."""
        actors = {one.actor for one in shown}
        latest = max(one.deadline.due for one in shown)
        ahead = self.between(latest, latest + A_YEAR)
        return not any(one.actor in actors and one.deadline.due > latest for one in ahead)

    def _of(self, deadline: Deadline) -> Iterator[Nudge]:
        working = deadline.last_working_day
        leads = self.office | ({(deadline.due - working).days} if working else set())
        for lead in leads:
            yield Nudge(deadline, deadline.actor_role, lead, deadline.due - timedelta(days=lead))
        if deadline.actor_role == self.follows and deadline.last_day:
            for lead in self.villager:
                yield Nudge(deadline, VILLAGER, lead, deadline.due - timedelta(days=lead))


def due(
    nudges: Iterable[Nudge],
    today: date,
    actors: Mapping[str, date],
    told: Collection[tuple[str, int, int]],
) -> tuple[list[Nudge], list[Nudge]]:
    """(what to say, what counts as said with it) to one person on a day.

    `actors` is what he is reminded as, each since when; `told` the keys he has heard. What was
    missed is said once, as the deadline stands today, if it is still ahead and was not due before
    he asked to be reminded.
    """
    owed = [
        nudge
        for nudge in nudges
        if nudge.actor in actors
        and actors[nudge.actor] <= nudge.on <= today <= nudge.deadline.due
        and nudge.key not in told
    ]
    newest: dict[tuple[str, int], Nudge] = {}
    for nudge in owed:
        same = (nudge.deadline.id, nudge.deadline.due.year)
        if same not in newest or nudge.lead_days < newest[same].lead_days:
            newest[same] = nudge
    said = sorted(newest.values(), key=lambda one: (one.deadline.due, one.deadline.id))
    return said, owed


def load(folder: Path, deadlines: Deadlines, until: date | None = None) -> Nudges:
    """Read the lead times of a pack. Raises ValueError for one that is not understood."""
    raw = read_yaml(folder / "deadlines.yaml")
    try:
        leads = {
            name: frozenset(int(day) for day in raw["leads"][name].split())
            for name in ("office", VILLAGER)
        }
        follows = str(raw["villager_follows"])
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"deadlines.yaml: leads: {type(wrong).__name__}: {wrong}") from wrong
    return Nudges(deadlines, leads["office"], leads[VILLAGER], follows, until)
