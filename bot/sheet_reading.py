"""Reads a workbook of facts an officer sent in the chat: no turn waits for it, nothing of it is
kept but what it says.

    data → `read` (bounded, in a thread) → `judge` (a reader) → `tell` (the writer)

`tell` settles the row the file came by and says what came of it in one transaction, so that a
crash before it leaves the file to be fetched again, and one after it nothing to be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.fact_rows import as_stored
from bot.sheets import Row, Sheet, foreign, in_order, read_facts, say, too_many
from handlers import policy, workbook
from handlers.commune_year import ACTION
from handlers.policy import Where
from handlers.turn import World
from knowledge.zone import ZONE
from storage import facts, grants, media_jobs, people
from storage.database import Tx
from storage.facts import Change
from storage.media import Evidence

MOST_CHANGES = 300
"""More than a district tells of a year. They are recorded in one transaction, in a third of a
second, for which everybody else waits; the command line takes a province at once."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sheet comes to: rows that can be taken, rows that cannot, why, and what is news."""

    good: int
    bad: int
    problems: tuple[str, ...]
    changes: tuple[Change, ...]


def read(world: World, data: bytes, now: datetime) -> Sheet:
    """What the bytes say as of a moment, whatever they are; takes a while, but a bounded one."""
    awards = world.plan.awards
    if awards is None:
        return Sheet((), ())
    return read_facts(data, world.places, world.plan, awards, on=now.astimezone(ZONE).date())


def judge(tx: Tx, world: World, one: Evidence, sheet: Sheet) -> Judged:
    """Hold a sheet against its sender's rights and against what is stored."""
    strange = _foreign(tx, world, one, sheet.rows)
    units = {row.place: world.places.get(row.place) for row in strange}
    problems = in_order([*sheet.errors, *foreign(strange, units)])
    wrong = {
        (problem.sheet, line)
        for problem in problems
        for line in problem.lines or (problem.line,)
        if line
    }
    good = len(sheet.rows) - len(strange)
    changes: tuple[Change, ...] = ()
    if not problems:
        changes = tuple(facts.changes(tx, as_stored(sheet.rows)))
        if len(changes) > MOST_CHANGES:
            problems, changes = [too_many(len(changes), MOST_CHANGES)], ()
    return Judged(good, len(wrong), tuple(map(say, problems)), changes)


def tell(tx: Tx, world: World, one: Evidence, judged: Judged) -> None:
    """Settle the file and say what came of it, once."""
    if not media_jobs.done_with(tx, one):
        return
    if judged.problems:
        workbook.tell_wrong(
            tx, world, one, good=judged.good, bad=judged.bad, problems=judged.problems
        )
    else:
        workbook.tell_right(tx, world, one, good=judged.good, changes=judged.changes)


def _foreign(tx: Tx, world: World, one: Evidence, rows: Iterable[Row]) -> list[Row]:
    """The rows about places whose facts the sender does not keep."""
    held = grants.of_person(tx, people.of_account(tx, one.account_id))
    today = tx.now.astimezone(ZONE).date()
    told = list(rows)
    own = {
        place
        for place in {row.place for row in told}
        if policy.among(held, world.places, ACTION, Where(place), today)
    }
    return [row for row in told if row.place not in own]
