"""The law's clocks against days counted another way, and the arithmetic of awards in reach."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from typing import Any

import holidays
import pytest
import yaml

from handlers.kinds import Told, kinds
from handlers.turn import World
from knowledge import reach, rights, workdays
from knowledge.plan import DEFAULT
from knowledge.reach import Given

FIRST, LAST = date(2024, 1, 1), date(2030, 12, 31)
KINDS = {"see": 10, "copy": 10, "correct": 10, "withdraw": 15, "complain": 15, "erase": 20}
"""Days to be done, as read from the decree, without its prolongations."""
TET = [date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6),
       date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 2)]  # fmt: skip
"""The first day of each lunar year, from an almanac."""


def _worked() -> list[date]:
    """Every working day, from the calendar package and the pack's own days, one by one."""
    off = holidays.country_holidays("VN", years=range(2024, 2032))
    own: dict[Any, Any] = yaml.safe_load((DEFAULT / "holidays.yaml").read_text("utf-8"))["days"]
    named = {date.fromisoformat(str(day)): entry["state"] for day, entry in own.items()}
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 60)]
    made_up = set(off.weekend_workdays)
    return [
        day
        for day in days
        if named.get(day, "working" if day in made_up or (day.isoweekday() < 6 and day not in off)
                     else "off") == "working"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_day_of_seven_years_has_its_two_last_days(kind: str) -> None:
    calendar, worked = workdays.load(DEFAULT), _worked()
    day = FIRST
    while day <= LAST:
        after = bisect_right(worked, day)
        by = worked[bisect_right(worked, day + timedelta(days=KINDS[kind])) - 1]
        assert rights.due(calendar, kind, day) == (worked[after + 1], by), day
        day += timedelta(days=1)


def test_new_years_day_is_nobodys_last_day() -> None:
    calendar = workdays.load(DEFAULT)
    for tet in TET:
        for before in range(1, 8):
            answer_by, done_by = rights.due(calendar, "see", tet - timedelta(days=before))
            assert tet not in (answer_by, done_by)
            assert answer_by.isoweekday() < 6
    assert rights.due(calendar, "see", date(2025, 1, 2))[0] == date(2025, 1, 6)


def test_every_kind_asked_by_chat_has_its_clock() -> None:
    assert set(rights.terms()) == set(KINDS)
    assert {kind: term.done for kind, term in rights.terms().items()} == KINDS


TOLD = {
    "money": Told(vnd=2_000_000),
    "labour": Told(vnd=3_000_000, quantity=15.0),
    "land": Told(quantity=300.0),
    "goods": Told(details={"what": "50 bao xi măng"}),
    "technology": Told(vnd=5_000_000, details={"what": "ủ phân hữu cơ"}),
    "ocop": Told(quantity=4, details={"what": "miến dong", "year": 2024, "decision": "12/QĐ"},
                 made_on=date(2024, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_a_kinds_answers_come_back_from_what_they_told(name: str) -> None:
    kind = kinds()[name]
    told = TOLD[name]
    assert kind.tell(kind.again(told)) == told
    assert [one.name for one in kind.questions if one.name not in kind.again(told)] == []


def test_there_is_an_example_of_every_kind() -> None:
    assert set(TOLD) == set(kinds())


def test_what_has_no_known_value_is_not_known_in_the_sum() -> None:
    given = [
        Given(("money_vnd", ""), 4_500_000, 0.0, unvalued=False),
        Given(("labour_vnd", "labour_days"), 0, 12.0, unvalued=True),
        Given(("", "ocop_stars"), 0, 4.0, unvalued=True),
    ]
    assert reach.facts("individual", 2025, given) == {
        "subject": "individual", "year": 2025, "money_vnd": 4_500_000, "labour_vnd": None,
        "labour_days": 12, "ocop_stars": 4,
    }  # fmt: skip


def test_every_kind_weighs_facts_the_calculator_knows(world: World) -> None:
    awards = world.plan.awards
    assert awards is not None
    for kind in kinds().values():
        assert all(not fact or awards.label(fact) for fact in kind.weighs)
        assert any(kind.weighs)


def test_the_nearest_award_is_the_one_with_the_smallest_gap(world: World) -> None:
    awards = world.plan.awards
    assert awards is not None
    told: dict[str, object] = {"subject": "individual", "year": 2025, "money_vnd": 4_500_000}
    found = reach.reach(awards, told, until=world.plan.ends)
    assert found.next is not None
    assert found.next.award == "merit_individual_contribution"
    gap = awards.lacking("merit_individual_contribution", told)
    assert gap > 0
    rich = {**told, "money_vnd": 4_500_000 + gap}
    assert (
        awards.name("merit_individual_contribution")
        in reach.reach(awards, rich, until=world.plan.ends).reached
    )
