"""Nobody decides on his own: every pair of people, the program's rule and the database's alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from storage import holds, verification
from storage.contributions import Contribution, get
from storage.database import Database, Tx
from storage.four_eyes import is_own
from storage.households import find_or_make as household
from storage.organisations import find_or_make as organisation
from storage.schema import contributions, decisions, grants, household_members, people
from tests.conftest import START, STORES, Fresh
from tests.stock import HERE, officer, report, villager

PEOPLE = 4
FEW, MANY = 400, 5_000
OFFICER, OTHER = "lo thi ha", "giang a pao"


@dataclass(frozen=True, slots=True)
class Case:
    """Who is who by number, 0 for nobody; the officer is person 1. `houses` are all that each ever
    said were his; the gift is told in the name `named`."""

    reporter: int
    contributor: int
    entered_by: int
    houses: tuple[frozenset[int], ...]
    house: int
    kind: str
    named: str
    organisation: int
    represents: int
    represented_before: bool


def _expected(case: Case) -> bool:
    """The rule in words: himself, his name, any household he ever had, the organisation he
    represents."""
    if 1 in (case.reporter, case.contributor, case.entered_by):
        return True
    if case.named == OFFICER and case.kind in ("individual", "household"):
        return True
    near = {case.house}
    for who in (case.reporter, case.contributor):
        near |= case.houses[who - 1] if who else frozenset()
    if case.houses[0] & near:
        return True
    speaks_for = case.represents if not case.represented_before else 0
    return bool(speaks_for) and speaks_for == case.organisation


cases = st.builds(
    Case,
    reporter=st.integers(1, PEOPLE),
    contributor=st.integers(0, PEOPLE),
    entered_by=st.sampled_from([0, 0, *range(1, PEOPLE + 1)]),
    houses=st.tuples(*[st.frozensets(st.integers(1, 3), max_size=2)] * PEOPLE),
    house=st.integers(0, 3),
    kind=st.sampled_from(["individual", "household", "cooperative"]),
    named=st.sampled_from(["", OTHER, OTHER, OFFICER]),
    organisation=st.integers(0, 2),
    represents=st.integers(0, 2),
    represented_before=st.booleans(),
)


class World:
    """Four people, three households, two organisations, one report; arranged anew for each case."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.grant = officer(tx, "p1")
        everybody = [villager(tx, f"p{number}") for number in range(1, PEOPLE + 1)]
        self.ids = [None, *(one.person.id for one in everybody)]
        self.houses: list[int | None] = [None] + [
            household(
                tx, HERE, "Bản", f"Hộ {n}", place_key=HERE, village_key="ban", head_key=f"ho {n}"
            )
            for n in (1, 2, 3)
        ]
        self.organisations: list[int | None] = [None] + [
            organisation(tx, "cooperative", HERE, f"HTX {n}", name_key=f"htx {n}").id
            for n in (1, 2)
        ]
        self.one = report(tx, everybody[1])

    def arrange(self, case: Case) -> Contribution:
        """The report and the people as the case has them."""
        for number, houses in enumerate(case.houses, start=1):
            for house in houses:
                row = {"person_id": self.ids[number], "household_id": self.houses[house]}
                self.tx.execute(insert(household_members), {**row, "since": START})
        is_officer = people.c.id == self.ids[1]
        self.tx.execute(
            update(people).where(is_officer).values(name_key=OFFICER if case.named else "")
        )
        changed = {
            "reporter_id": self.ids[case.reporter],
            "contributor_id": self.ids[case.contributor],
            "entered_by": self.ids[case.entered_by],
            "household_id": self.houses[case.house],
            "contributor_kind": case.kind,
            "contributor_key": case.named,
            "organisation_id": self.organisations[case.organisation],
        }
        self.tx.execute(update(contributions).values(**changed))
        if case.represents:
            given_to = {
                "person_id": self.ids[1], "account_id": self.grant.account_id,
                "role": "cooperative_representative", "place": HERE, "given_at": START,
                "organisation_id": self.organisations[case.represents],
                "revoked_at": START if case.represented_before else None,
            }  # fmt: skip
            self.tx.execute(insert(grants), given_to)
        return get(self.tx, self.one.id)

    def trigger_refuses(self) -> bool:
        """Whether the database itself refuses the officer's decision, put in by hand."""
        row = {
            "contribution_id": self.one.id, "version": 2, "officer_id": self.ids[1],
            "grant_id": self.grant.id, "state": "verified", "reason": "", "at": START,
        }  # fmt: skip
        attempt = self.tx.connection.begin_nested()
        refused = ""
        try:
            self.tx.connection.execute(insert(decisions), row)
        except DBAPIError as fault:
            refused = str(fault)
        attempt.rollback()
        return "nobody decides on his own" in refused


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("store", STORES)
def test_nobody_decides_on_his_own(store: str, examples: int, fresh_url: Fresh) -> None:
    database = Database(fresh_url(store))
    with database.connect_for_writing() as connection:
        outer = connection.begin()
        world = World(Tx(connection, START))
        seen = {True: 0, False: 0}

        @settings(
            max_examples=examples, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(cases)
        def hold(case: Case) -> None:
            attempt = connection.begin_nested()
            try:
                one = world.arrange(case)
                own = _expected(case)
                seen[own] += 1
                assert is_own(world.tx, world.grant.person_id, one) == own
                assert world.trigger_refuses() == own
                if own:
                    with pytest.raises(verification.OwnReport):
                        verification.verify(world.tx, one, world.grant, 5)
                    with pytest.raises(verification.OwnReport):
                        holds.claim(world.tx, one, world.grant, START + timedelta(minutes=15))
            finally:
                attempt.rollback()

        hold()
        outer.rollback()
    database.dispose()
    assert min(seen.values()) > examples // 20
