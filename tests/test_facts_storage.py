"""What officials told of a commune, and what people gave, as storage keeps and adds it up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from knowledge.text import fold
from storage import audit, facts, given_totals, honours
from storage.database import Database, Tx
from storage.facts import Fact, Product, Village
from storage.honours import Honour
from storage.schema import audit as audit_table
from storage.schema import audit_values, contributions
from tests.conftest import START, STORES, Fresh
from tests.stock import ELSEWHERE, HERE, officer, opened, report, villager
from tests.test_query_plans import Plans, _fill, _listening

HOI = Village(HERE, "Bản Hoi Nặm", "ban hoi nam", 2024, "12/QĐ-UBND")
HONEY = Product(HERE, "Mật ong", "mat ong", "HTX Nà Đon", "htx na don", 2024, 3, "9/QĐ")
FLAG = Honour("flag_commune_ntm", HERE, "commune", "Xã Bình Lư", 2023, "7/QĐ")


def _by(tx: Tx) -> int:
    return officer(tx).person_id


def _changes(tx: Tx, action: str) -> list[str]:
    found = (
        select(audit_values.c.value)
        .join(audit_table, audit_table.c.seq == audit_values.c.seq)
        .where(audit_table.c.action == action)
        .order_by(audit_values.c.seq, audit_values.c.field)
    )
    return [row.value for row in tx.execute(found)]


def test_a_fact_told_corrected_and_taken_back(database: Database) -> None:
    with database.writing(START) as tx:
        by = _by(tx)
        assert facts.put(tx, Fact(HERE, 2024, "criteria_total", 17), by=by)
        assert not facts.put(tx, Fact(HERE, 2024, "criteria_total", 17), by=by)
        assert facts.put(tx, Fact(HERE, 2024, "criteria_total", 18), by=by)
        assert facts.put(tx, Fact(HERE, 2024, "basic_construction_debt", False), by=by)
        assert facts.told(tx, HERE, 2024) == {
            "criteria_total": 18,
            "basic_construction_debt": False,
        }
        assert facts.told(tx, HERE, 2023) == facts.told(tx, ELSEWHERE, 2024) == {}
        assert facts.put(tx, Fact(HERE, 2024, "criteria_total", None), by=by)
        assert not facts.put(tx, Fact(HERE, 2024, "criteria_total", None), by=by)
        assert "criteria_total" not in facts.told(tx, HERE, 2024)
    with database.reading(START) as tx:
        changes = _changes(tx, "fact.told")
        assert [one for one in changes if one not in ("[2024, 2024]", "[null, false]")] == [
            "[null, 17]", "[17, 18]", "[18, null]",
        ]  # fmt: skip
        assert list(audit.verify(tx)) == []


def test_no_and_nought_are_told_apart(database: Database) -> None:
    with database.writing(START) as tx:
        by = _by(tx)
        facts.put(tx, Fact(HERE, 2024, "level_recognised", False), by=by)
        assert facts.put(tx, Fact(HERE, 2024, "level_recognised", 0), by=by)


def test_a_fact_of_no_single_year_holds_in_each(database: Database) -> None:
    with database.writing(START) as tx:
        facts.put(tx, Fact(HERE, facts.ANY_YEAR, "honours_listed", True), by=_by(tx))
        assert facts.told(tx, HERE, 2024) == facts.told(tx, HERE, 2022) == {"honours_listed": True}


def test_everything_is_taken_in_once_and_given_out_again(database: Database) -> None:
    rows: list[facts.Row] = [Fact(HERE, 2024, "level", "ntm"), HOI, HONEY, FLAG]
    with database.writing(START) as tx:
        by = _by(tx)
        assert facts.take_in(tx, rows, by=by) == 4
        assert facts.take_in(tx, rows, by=by) == 0
        assert facts.everything(tx, [ELSEWHERE, HERE]) == rows
        assert facts.village(tx, HERE, "ban hoi nam") == HOI
        assert facts.village(tx, ELSEWHERE, "ban hoi nam") is None
        assert facts.ranked(tx, HERE, 2024) == [HONEY]
        assert facts.ranked(tx, HERE, 2023) == []


def test_all_or_nothing(database: Database) -> None:
    def take_in_and_fail() -> None:
        with database.writing(START) as tx:
            facts.take_in(tx, [HOI, HONEY], by=_by(tx))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in_and_fail()
    with database.reading(START) as tx:
        assert facts.everything(tx, [HERE]) == []


def test_a_correction_replaces_and_says_what_stood_there(database: Database) -> None:
    with database.writing(START) as tx:
        by = _by(tx)
        facts.take_in(tx, [HOI, FLAG], by=by)
        later = Village(HERE, "Bản Hoi Nặm", "ban hoi nam", 2023, "12/QĐ-UBND")
        right = Honour("flag_commune_ntm", HERE, "commune", "Xã Bình Lư", 2023, "8/QĐ")
        assert facts.take_in(tx, [later, right], by=by) == 2
        assert facts.villages(tx, HERE) == [later]
        assert [one.decision_number for one in honours.at_place(tx, HERE)] == ["8/QĐ"]
    with database.reading(START) as tx:
        assert "[2024, 2023]" in _changes(tx, "village.reached")
        assert '["7/QĐ", "8/QĐ"]' in _changes(tx, "honour.corrected")


def test_the_operator_is_one_person_and_nobody_who_chats(database: Database) -> None:
    with database.writing(START) as tx:
        chats = villager(tx)
        from storage import people

        people.rename(tx, chats.person, "Lan", fold("Lan"))
        operator = facts.operator(tx, "Lan")
        assert operator != chats.person.id
        assert facts.operator(tx, "Lan") == operator


def _verified(tx: Tx, vnd: int | None, quantity: float | None = None, **told: object) -> int:
    changes = {"made_on": date(2024, 5, 1), "contributor_key": "pao", **told}
    one = report(tx, None, **changes)
    tx.execute(
        update(contributions)
        .where(contributions.c.id == one.id)
        .values(state="verified", verified_vnd=vnd, verified_quantity=quantity)
    )
    return one.id


def test_totals_by_contributor_and_kind(database: Database) -> None:
    with database.writing(START) as tx:
        _verified(tx, 2_000_000)
        _verified(tx, 3_000_000)
        _verified(tx, None, 4.5, kind="labour")
        _verified(tx, 900_000, 3.0, kind="labour")
        _verified(tx, None, 3.0, kind="ocop")
        _verified(tx, None, 4.0, kind="ocop")
        _verified(tx, 7_000_000, made_on=date(2023, 12, 31))
        _verified(tx, 5_000_000, place=ELSEWHERE)
        _verified(tx, 6_000_000, contributor_kind="household")
        report(tx, made_on=date(2024, 5, 1), contributor_key="pao")
        one = given_totals.of_one(tx, HERE, 2024, "individual", "pao", {"ocop"})
        assert one is not None
        assert [(g.kind, g.vnd, g.quantity, g.unvalued, g.count) for g in one.given] == [
            ("labour", 900_000, 7.5, 1, 2),
            ("money", 5_000_000, 0.0, 0, 2),
            ("ocop", 0, 4.0, 2, 2),
        ]
        found, end = given_totals.of_slice(tx, HERE, 2024, ["individual"], None, skip=0, most=9)
        assert (found, end) == ([given_totals.Who("individual", "pao")], None)
        assert given_totals.of_one(tx, HERE, 2024, "individual", "ai khac", {"ocop"}) is None


def test_slices_follow_each_other_and_leave_nobody_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given_totals, "SLICE", 3)
    with database.writing(START) as tx:
        for number in range(7):
            _verified(tx, 1_000, contributor_key=f"nguoi {number}")
    with database.writing(START + timedelta(days=1)) as tx:
        _verified(tx, 1_000, contributor_key="nguoi 7")
        keys, after, slices = [], None, 0
        while slices == 0 or after is not None:
            found, after = given_totals.of_slice(
                tx, HERE, 2024, ["individual"], after, skip=0, most=9
            )
            keys += [one.key for one in found]
            slices += 1
    assert sorted(keys) == [f"nguoi {number}" for number in range(8)]
    assert slices == 3


def test_who_gave_most_in_a_slice_comes_first(database: Database) -> None:
    with database.writing(START) as tx:
        for number, key in enumerate(("a", "b", "c", "b")):
            _verified(tx, 1_000 + number, contributor_key=key)
        _verified(tx, None, 3.0, kind="labour", contributor_key="d")
        found = [
            given_totals.of_slice(tx, HERE, 2024, ["individual"], None, skip=skip, most=2)[0]
            for skip in (0, 2, 4)
        ]
    assert [[one.key for one in page] for page in found] == [["b", "c"], ["a", "d"], []]


@pytest.mark.parametrize("store", STORES)
def test_no_statement_walks_through_a_table(store: str, fresh_url: Fresh) -> None:
    with opened(fresh_url(store)) as [database]:
        with database.writing(START) as tx:
            _fill(tx)
            by = _by(tx)
        with _listening(database) as sent, database.writing(START) as tx:
            facts.take_in(tx, [Fact(HERE, 2024, "level", "ntm"), HOI, HONEY, FLAG], by=by)
            facts.told(tx, HERE, 2024)
            facts.villages(tx, HERE)
            assert honours.given(tx, HERE, ["flag_commune_ntm", "state_award"]) == [FLAG]
            assert honours.given(tx, ELSEWHERE, ["flag_commune_ntm"]) == []
            facts.ranked(tx, HERE, 2024)
            facts.village(tx, HERE, "ban hoi nam")
            given_totals.of_one(tx, HERE, 2024, "individual", "pao", {"ocop"})
            given_totals.of_slice(
                tx, HERE, 2024, ["individual"], (START.isoformat(), 1), skip=2, most=4
            )
        plans = Plans(store)
        with database.connect_for_writing() as connection:
            plans.explain(Tx(connection, START), sent)
        assert plans.scans() == {}
        ends = next(p for s, p in plans.of.items() if s.startswith("SELECT contributions.subm"))
        sort = {"sqlite": "TEMP B-TREE", "postgresql": "Sort"}[store]
        assert sort not in ends
