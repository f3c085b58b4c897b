"""A year's totals (tổng cả năm) of a person and what he told of his household.

How far the next award is goes with it.

The plan's figures and clauses are `knowledge.reach`'s and the pack's; a person decides.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers import ask, given
from handlers.forms import Form
from handlers.kinds import kinds
from handlers.menu import Entry
from handlers.turn import Turn
from knowledge import reach
from knowledge.reach import Given
from storage import households, totals
from storage.totals import Sum, Total


def year(turn: Turn) -> None:
    """This year's totals; last year's while nothing of this one is told."""
    household = households.of_person(turn.tx, turn.person.id)
    for number in (turn.today.year, turn.today.year - 1):
        own = totals.of_person(turn.tx, turn.person.id, number)
        ours = (
            []
            if household is None
            else totals.of_household(turn.tx, household, turn.person.id, number)
        )
        if own or ours:
            break
    else:
        turn.say("totals.nothing", year=turn.today.year)
        return
    said = [
        part
        for subject, found in (("individual", own), ("household", ours))
        if found
        for text in (_sums(turn, subject, found, number), _reach(turn, subject, found, number))
        for part in ask.split(text)
        if part
    ]
    ask.say_parts(turn, said)


def _sums(turn: Turn, who: str, found: list[Total], number: int) -> str:
    """What one of the two gave, as told and as verified."""
    told = [(one.kind, one.told) for one in found]
    return turn.world.words.text(
        "totals.sums", who=who, year=number,
        told=_listed(turn, told), verified=_listed(turn, _verified(found)),
    )  # fmt: skip


def _verified(found: list[Total]) -> list[tuple[str, Sum]]:
    return [(one.kind, one.verified) for one in found if one.verified.count]


def _reach(turn: Turn, subject: str, found: list[Total], number: int) -> str:
    """Which awards the verified figures reach, and what the text says the next one lacks."""
    awards, words = turn.world.plan.awards, turn.world.words
    if awards is None:
        return ""
    given_ = [_given(kind, sums) for kind, sums in _verified(found)]
    far = reach.reach(awards, reach.facts(subject, number, given_), until=turn.world.plan.ends)
    lines = [words.text("totals.reached", award=award) for award in far.reached]
    if far.next is not None:
        lines.append(words.text("totals.next", award=far.next.name))
        lines += [
            words.text("totals.lacks", line=line, clause=clause) for line, clause in far.next.lines
        ]
    return "\n".join(lines)


def _listed(turn: Turn, sums: list[tuple[str, Sum]]) -> str:
    known = kinds()
    parts = [
        given.total(
            turn, kind, one.vnd, one.most if known[kind].ranked else one.quantity, one.count
        )
        for kind, one in sorted(sums, key=lambda pair: known[pair[0]].order)
    ]
    return "; ".join(parts)


def _given(name: str, one: Sum) -> Given:
    kind = kinds()[name]
    quantity = one.most if kind.ranked else one.quantity
    return Given(kind.weighs, one.vnd, quantity, one.unvalued > 0)


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"totals": year}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
