"""The award calculator: own cases, every trap of the plan's wording, and what must hold for all.

tests/data/awards_own.jsonl: {"id", "story", "facts", "expected": [{"award", "verdict", "accept",
"clauses", "reason", "missing"?, "quota"?}]}.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import award_facts, award_rules, awards, plan
from knowledge.awards import Verdict
from knowledge.plan import DEFAULT

AWARDS = awards.load(DEFAULT)
CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/awards_own.jsonl").read_text("utf-8").splitlines()
]
ALWAYS = {
    "commune": "flag_commune_ntm flag_commune_ntm_advanced merit_commune_top_criteria "
    "merit_individuals_of_commune local_commendation state_award",
    "ward": "flag_commune_ntm",
    "town": "flag_commune_ntm",
    "district": "flag_district_ntm merit_individuals_of_district",
    "city": "flag_district_ntm merit_individuals_of_district",
    "village": "merit_village merit_collective_contribution local_commendation",
    "collective": "merit_collective_contribution local_commendation",
    "individual": "merit_individual_contribution merit_individuals_of_commune "
    "merit_individuals_of_district local_commendation",
    "household": "merit_household_of_village merit_collective_contribution "
    "merit_individual_contribution local_commendation",
    "agency": "merit_at_review merit_collective_contribution state_award",
}


def judge(facts: dict[str, Any], **more: Any) -> dict[str, Verdict]:
    return {one.award: one for one in AWARDS.judge(facts, **more)}


def verdict(award: str, **facts: Any) -> str:
    return judge({"year": 2024, **facts})[award].verdict


def constants() -> tuple[frozenset[int], frozenset[str]]:
    names = {"start": 2021, "end": 2025, "planned_end": 2025, "self": "merit_village"}
    found = [award_rules.constants(rule, names | dict(rule.values)) for rule in AWARDS.rules]
    return (
        frozenset(one for numbers, _ in found for one in numbers),
        frozenset(one for _, words in found for one in words),
    )


def values_of(name: str) -> list[object]:
    return award_facts.samples(AWARDS.schema.facts[name], *constants())


# ---- cases ----


def test_there_are_enough_cases_and_no_two_alike() -> None:
    assert len(CASES) >= 150
    assert len({json.dumps(case["facts"], sort_keys=True) for case in CASES}) > 0.95 * len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    found = judge(case["facts"])
    for right in case["expected"]:
        one = found[right["award"]]
        assert one.verdict in right["accept"], (case["story"], right["reason"])
        assert set(right["clauses"]) <= set(one.clauses)
        if "missing" in right:
            assert set(one.missing) == set(right["missing"])
        if "quota" in right:
            quota = asdict(one.quota) if one.quota else {}
            assert {key: quota.get(key) for key in right["quota"]} == right["quota"]


@pytest.mark.parametrize("subject", ALWAYS)
def test_every_award_that_can_concern_a_subject_has_a_verdict(subject: str) -> None:
    assert set(judge({"subject": subject, "year": 2024})) >= set(ALWAYS[subject].split())


# ---- what must hold for every case and every null ----


def variants() -> Iterator[dict[str, Any]]:
    for case in CASES:
        yield case["facts"]
        for name in AWARDS.schema.facts:
            if name != "subject":
                yield {**case["facts"], name: None}


def test_conditions_bear_the_verdict_out() -> None:
    for facts in variants():
        for one in judge(facts).values():
            notes = {
                table.clause + table.name
                for rule in AWARDS.rules
                if rule.id == one.award
                for table in rule.tables
                if table.note
            }
            states = [condition.state for condition in one.conditions]
            assert "met" in states or "judgement" in states or "unmet" in states
            if one.verdict == "not_qualified":
                assert "unmet" in states
                assert one.missing == ()
                assert one.quota is None
            if one.verdict == "needs_judgement":
                assert "judgement" in states
            if one.verdict == "needs_facts":
                assert one.missing, facts
                assert "unknown" in states
            if one.verdict == "qualifies":
                assert set(states) <= {"met"} or notes
            assert all(condition.text for condition in one.conditions)


def test_unknown_is_never_no() -> None:
    """A null may lead to "no" only where every value of that fact does."""
    for case in CASES:
        before = judge(case["facts"])
        for name in AWARDS.schema.facts:
            after = judge({**case["facts"], name: None})
            refused = {award for award, one in after.items() if one.verdict == "not_qualified"}
            assert all(before[award].verdict == "not_qualified" for award in refused), (case, name)
            if not refused or name == "subject":
                continue
            for value in values_of(name)[:40]:
                told = judge({**case["facts"], name: value})
                assert all(told[award].verdict == "not_qualified" for award in refused)


def facts_of(subject: str) -> st.SearchStrategy[dict[str, Any]]:
    names = [name for name in AWARDS.schema.facts if name != "subject"]
    some = {
        name: st.one_of(st.none(), st.sampled_from(values_of(name)))
        for name in names
        if values_of(name)
    }
    return st.fixed_dictionaries({"subject": st.just(subject)}, optional=some)


ANY = st.sampled_from(sorted(ALWAYS)).flatmap(facts_of)


@settings(max_examples=120, deadline=None)
@given(facts=ANY, data=st.data())
def test_a_no_with_nulls_is_a_no_for_all_they_could_be(facts: dict[str, Any], data: Any) -> None:
    refused = [a for a, one in judge(facts).items() if one.verdict == "not_qualified"]
    known = {
        name: data.draw(st.sampled_from(values_of(name))) if value is None else value
        for name, value in facts.items()
    }
    told = judge(known)
    assert all(told[award].verdict == "not_qualified" for award in refused)


@settings(max_examples=120, deadline=None)
@given(facts=ANY, data=st.data())
def test_a_clear_verdict_with_nulls_stays_whatever_they_are(
    facts: dict[str, Any], data: Any
) -> None:
    clear = {
        award: one
        for award, one in judge(facts).items()
        if one.verdict in ("qualifies", "quota") or not one.missing
    }
    known = {
        name: data.draw(st.sampled_from(values_of(name))) if value is None else value
        for name, value in facts.items()
    }
    told = judge(known)
    for award, one in clear.items():
        assert told[award].verdict == one.verdict, (facts, known)


def test_what_is_missing_can_change_the_verdict_and_nothing_else_is_asked_for() -> None:
    for case in CASES:
        for name in AWARDS.schema.facts:
            if name == "subject":
                continue
            facts = {**case["facts"], name: None}
            if [key for key, value in facts.items() if value is None] != [name]:
                continue
            told = [judge({**facts, name: value}) for value in values_of(name)]
            for award, one in judge(facts).items():
                verdicts = {found[award].verdict for found in told}
                if one.verdict == "needs_facts" and "labour_days" not in facts:
                    assert one.missing == (name,), (case["id"], name)
                    assert len(verdicts) > 1, (case["id"], name, award)
                if len(verdicts) == 1 and one.verdict != "needs_facts":
                    assert name not in one.missing


# ---- plan_traps 3 to 9, a test a sentence ----


@pytest.mark.parametrize(
    ("facts", "right"),
    [
        ({"money_vnd": 50_000_000}, "qualifies"),
        ({"labour_vnd": 50_000_000}, "qualifies"),
        ({"money_vnd": 49_999_999}, "needs_judgement"),
        ({"money_vnd": 1}, "needs_judgement"),
        ({"labour_vnd": 49_999_999}, "needs_judgement"),
        ({"tech_transfer_vnd": 50_000_000}, "qualifies"),
        ({"tech_transfer_vnd": 49_999_999}, "not_qualified"),
        ({"ocop_stars": 3}, "qualifies"),
        ({"ocop_stars": 2}, "not_qualified"),
    ],
)
def test_fifty_million_may_belong_to_technology_transfer_alone(
    facts: dict[str, Any], right: str
) -> None:
    assert verdict("merit_individual_contribution", subject="individual", **facts) == right


@pytest.mark.parametrize(
    ("facts", "right"),
    [
        ({"money_vnd": 100_000_000}, "qualifies"),
        ({"labour_vnd": 100_000_000}, "qualifies"),
        ({"money_vnd": 99_999_999}, "not_qualified"),
        ({"money_vnd": 60_000_000, "labour_vnd": 40_000_000}, "qualifies"),
        ({"tech_transfer_vnd": 50_000_000}, "not_qualified"),
        ({"land_m2": 1}, "needs_judgement"),
        ({"land_m2": 1, "land_vnd": None}, "needs_judgement"),
        ({"money_vnd": 60_000_000, "land_vnd": 40_000_000}, "needs_judgement"),
        ({"in_kind_vnd": 100_000_000}, "needs_judgement"),
        ({"labour_days": 1}, "needs_facts"),
        ({"labour_days": 0.5, "labour_vnd": 0}, "needs_facts"),
        ({"labour_days": None, "money_vnd": 1}, "needs_facts"),
        ({"labour_days": 9, "labour_vnd": 100_000_000}, "qualifies"),
        ({"pledged_vnd": 900_000_000}, "not_qualified"),
        ({"money_vnd_by_year": {"2023": 50_000_000, "2024": 50_000_000}}, "needs_judgement"),
        ({"money_vnd_by_year": {"2023": 100_000_000}}, "qualifies"),
        ({"money_vnd_by_year": {"2024": None}}, "needs_facts"),
        ({"money_vnd_by_year": None}, "needs_facts"),
        ({"money_vnd": 50_000_000, "money_vnd_by_year": {"2023": 50_000_000}}, "not_qualified"),
        ({"money_vnd": 50_000_000, "money_vnd_by_year": {"2023": 60_000_000}}, "needs_judgement"),
    ],
)
def test_a_hundred_million_of_a_collective(facts: dict[str, Any], right: str) -> None:
    assert verdict("merit_collective_contribution", subject="collective", **facts) == right


def test_a_households_money_is_for_people_to_judge_under_both_lines() -> None:
    found = judge({"subject": "household", "year": 2024, "money_vnd": 120_000_000})
    for award in ("merit_individual_contribution", "merit_collective_contribution"):
        assert found[award].verdict == "needs_judgement"


def test_only_the_commune_with_most_criteria_is_annual() -> None:
    yearly = {"rank_in_district": 1, "criteria_completed_in_year": 3}
    for award, facts in {
        "merit_commune_top_criteria": {"subject": "commune", **yearly},
        "merit_village": {"subject": "village", "level": "ntm", "exemplary": True},
        "merit_collective_contribution": {"subject": "collective", "money_vnd": 10**9},
        "merit_household_of_village": {
            "subject": "household", "village_level": "ntm", "exemplary": True,
        },
        "merit_individual_contribution": {"subject": "individual", "money_vnd": 10**9},
    }.items():  # fmt: skip
        assert verdict(award, **facts) == "qualifies"
        again = verdict(award, **facts, certificates_received=[{"award": award, "year": 2022}])
        assert (again == "qualifies") == (award == "merit_commune_top_criteria")


@pytest.mark.parametrize(
    ("facts", "right"),
    [
        ({"rank_in_district": 1}, "qualifies"),
        ({"rank_in_district": 2}, "not_qualified"),
        ({"rank_in_district": 4, "rank_total_in_district": 1}, "needs_judgement"),
        ({"rank_in_district": 1, "tied": True}, "needs_judgement"),
        ({"rank_in_district": 1, "parent": "city"}, "needs_judgement"),
        ({"rank_in_district": 1, "parent": "Than Uyên"}, "qualifies"),
        ({"rank_in_district": 1, "basic_construction_debt": True}, "needs_judgement"),
    ],
)
def test_most_criteria_in_the_year(facts: dict[str, Any], right: str) -> None:
    assert verdict("merit_commune_top_criteria", subject="commune", **facts) == right


@pytest.mark.parametrize(
    ("award", "facts", "right"),
    [
        ("flag_commune_ntm", {"subject": "commune", "level": "ntm"}, "qualifies"),
        ("flag_commune_ntm_advanced", {"subject": "commune", "level": "ntm_advanced"}, "qualifies"),
        ("flag_district_ntm", {"subject": "district", "level": "ntm"}, "qualifies"),
        ("flag_district_ntm", {"subject": "city", "level": "ntm"}, "needs_judgement"),
        ("flag_commune_ntm", {"subject": "ward", "level": "ntm"}, "not_qualified"),
        ("flag_commune_ntm", {"subject": "town", "level": "ntm"}, "not_qualified"),
        ("flag_commune_ntm", {"subject": "village", "level": "ntm"}, "not_qualified"),
        ("flag_commune_ntm", {"subject": "collective"}, "not_qualified"),
    ],
)
def test_who_can_have_a_flag(award: str, facts: dict[str, Any], right: str) -> None:
    assert verdict(award, **facts) == right


@pytest.mark.parametrize(
    ("facts", "right"),
    [
        ({"flags_received": [{"level": "ntm"}]}, "needs_judgement"),
        ({"flags_received": [{"level": "ntm_advanced"}]}, "not_qualified"),
        ({"flags_received": [{"level": "ntm"}, {"level": "ntm_advanced"}]}, "not_qualified"),
        ({"flags_received": [{"level": "ntm_advanced", "year": 2018}]}, "needs_judgement"),
        ({"flags_received": [{"level": None}]}, "needs_facts"),
        ({"basic_construction_debt": True}, "needs_judgement"),
        ({"basic_construction_debt": None}, "needs_facts"),
        ({"level_recognised": False}, "needs_judgement"),
        ({"year": 2020}, "not_qualified"),
        ({"year": 2021}, "qualifies"),
        ({"year": 2025}, "qualifies"),
        ({"year": 2026}, "needs_judgement"),
        ({"year_attained": 2020}, "not_qualified"),
    ],
)
def test_the_flag_of_an_advanced_commune(facts: dict[str, Any], right: str) -> None:
    told = {"subject": "commune", "level": "ntm_advanced", **facts}
    assert verdict("flag_commune_ntm_advanced", **told) == right


def test_quotas_leave_people_to_be_picked() -> None:
    commune = judge({"subject": "commune", "year": 2024, "level": "ntm", "nominees": 7})
    found = commune["merit_individuals_of_commune"]
    assert found.verdict == "quota"
    assert found.quota is not None
    assert (found.quota.seats, found.quota.nominees, found.quota.left) == (5, 7, -2)
    assert any(one.state == "unmet" for one in found.conditions)
    district = judge({"subject": "district", "year": 2024, "level": "ntm", "nominees": 18})
    quota = district["merit_individuals_of_district"].quota
    assert quota is not None
    assert (quota.seats, quota.left) == (20, 2)
    assert (quota.province_seats, quota.district_seats) == (5, 15)


@pytest.mark.parametrize(
    ("facts", "right", "seats"),
    [
        ({"agency_level": "province"}, "quota", 2),
        ({"agency_level": "district"}, "quota", 2),
        ({"agency_level": "province", "standing_agency": True}, "quota", 4),
        ({"agency_level": "province", "standing_agency": None}, "quota", 2),
        ({"agency_level": "province_subunit"}, "needs_judgement", 2),
        ({"agency_level": "commune"}, "not_qualified", None),
        ({"agency_level": "province", "review": "none"}, "not_qualified", None),
        ({"agency_level": "province", "year": 2024}, "needs_judgement", 2),
    ],
)
def test_people_at_the_reviews(facts: dict[str, Any], right: str, seats: int | None) -> None:
    told = {"subject": "agency", "year": 2025, "review": "final", "exemplary": True, **facts}
    found = judge(told)["merit_at_review"]
    assert found.verdict == right
    assert (found.quota.seats if found.quota else None) == seats


def test_the_standing_agency_of_the_programme_is_said_to_be_unnamed() -> None:
    found = judge(
        {
            **{"subject": "agency", "year": 2025, "review": "final", "exemplary": True},
            **{"agency_level": "province", "standing_agency": True},
        }
    )["merit_at_review"]
    assert any(one.clause == "VII.1" and "không nêu tên" in one.text for one in found.conditions)


def test_giay_khen_is_always_left_to_people_and_for_those_who_miss() -> None:
    for facts in variants():
        found = judge(facts).get("local_commendation")
        assert found is None or found.verdict == "needs_judgement"
    reached = judge({"subject": "individual", "year": 2024, "money_vnd": 10**9})
    missed = judge({"subject": "individual", "year": 2024})
    assert reached["local_commendation"].conditions[1].state == "judgement"
    assert missed["local_commendation"].conditions[1].state == "met"
    household = judge({"subject": "household", "year": 2024})["local_commendation"]
    assert "không nhắc hộ gia đình" in household.conditions[0].text


def test_state_awards_are_outside_the_plan() -> None:
    for subject in ("commune", "agency"):
        assert verdict("state_award", subject=subject) == "needs_judgement"


# ---- the plan's end, malformed facts, words ----


def test_a_prolonged_plan_counts_and_says_so() -> None:
    facts = {"subject": "commune", "year": 2026, "level": "ntm"}
    assert judge(facts)["flag_commune_ntm"].verdict == "needs_judgement"
    found = judge(facts, until=date(2026, 12, 31))["flag_commune_ntm"]
    assert found.verdict == "qualifies"
    assert any("31/12/2026" in one.text for one in found.conditions)
    late = judge({**facts, "year": 2027}, until=date(2026, 12, 31))
    assert late["flag_commune_ntm"].verdict == "needs_judgement"
    assert judge(facts, until=date(2024, 1, 1)) == judge(facts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("money", 1),
        ("money_vnd", -1),
        ("money_vnd", "80 triệu"),
        ("money_vnd", 1.5),
        ("money_vnd", True),
        ("money_vnd", 10**400),
        ("land_m2", float("nan")),
        ("land_m2", float("inf")),
        ("year", "2024"),
        ("year", 24),
        ("level", "đạt"),
        ("level", 1),
        ("tied", "no"),
        ("tied", 0),
        ("ocop_stars", 6),
        ("flags_received", {"level": "ntm"}),
        ("flags_received", ["ntm"]),
        ("flags_received", [{"level": "x"}]),
        ("flags_received", [{"colour": "red"}]),
        ("certificates_received", [{"award": "merit_village", "year": "2022"}]),
        ("money_vnd_by_year", [1]),
        ("money_vnd_by_year", {"năm ngoái": 1}),
        ("money_vnd_by_year", {"2024": "x"}),
        ("subject", "province"),
    ],
)
def test_a_malformed_fact_is_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        AWARDS.judge({"subject": "individual", "year": 2024, name: value})


def test_a_subject_is_needed_but_may_be_unknown() -> None:
    with pytest.raises(ValueError, match="subject"):
        AWARDS.judge({"year": 2024})
    found = judge({"subject": None, "year": 2024, "level": "none"})
    assert set(found) == {rule.id for rule in AWARDS.rules}
    assert {one.verdict for one in found.values()} == {"needs_facts"}
    assert {one.missing for one in found.values()} == {("subject",)}


def test_every_clause_is_the_plans() -> None:
    clauses = plan.load(DEFAULT).clauses
    for rule in AWARDS.rules:
        assert rule.clause in clauses
        for table in rule.tables:
            assert {table.clause, *table.also} <= set(clauses)


def test_every_sentence_can_be_said_in_one_message() -> None:
    seen = set()
    for facts in variants():
        for one in AWARDS.judge(facts, until=date(2027, 1, 1)):
            seen.update(condition.text for condition in one.conditions)
        for step in AWARDS.missing_to_next(facts):
            seen.update(text for text, _ in step.lines)
    assert all(len(text) <= 240 and "{" not in text and "$" not in text for text in seen)
    assert all(text[0].isupper() and text.endswith(".") for text in seen)


def steps(**facts: Any) -> dict[str, tuple[tuple[str, str], ...]]:
    return {one.award: one.lines for one in AWARDS.missing_to_next({"year": 2024, **facts})}


def test_how_far_the_next_award_is() -> None:
    lines = steps(subject="collective", money_vnd=80_000_000)["merit_collective_contribution"]
    assert len(lines) == 1
    assert "20 triệu đồng" in lines[0][0]
    assert lines[0][1] == "V.2.c"
    odd = steps(subject="collective", money_vnd=99_999_999)["merit_collective_contribution"]
    assert "thiếu 1 đồng" in odd[0][0]
    mine = steps(subject="individual", money_vnd=30_000_000)["merit_individual_contribution"]
    assert "20 triệu đồng" in mine[0][0]
    commune = steps(subject="commune", level="ntm", basic_construction_debt=True)
    assert any(clause == "IV.3" for _, clause in commune["flag_commune_ntm"])


def test_the_way_to_an_award_asks_for_what_is_not_known() -> None:
    lines = steps(subject="commune", level="ntm", flags_received=None)["flag_commune_ntm"]
    assert lines == (("Cần cho biết thêm: đã nhận Cờ thi đua nào chưa.", "V.2.b"),)


def test_what_is_reached_or_closed_has_no_next_step() -> None:
    assert "flag_commune_ntm" not in steps(subject="commune", level="ntm")
    assert steps(subject="ward", level="ntm") == {}
    once = [{"award": "merit_collective_contribution", "year": 2022}]
    given_before = steps(subject="collective", certificates_received=once)
    assert "merit_collective_contribution" not in given_before
    assert "merit_individuals_of_commune" not in steps(subject="commune", level="ntm")


def test_names_and_labels_are_for_people() -> None:
    assert "Cờ thi đua" in AWARDS.name("flag_commune_ntm")
    assert AWARDS.label("labour_vnd")
    assert all(fact.label for fact in AWARDS.schema.facts.values())


# ---- against an oracle, and with another plan ----


@given(
    money=st.integers(0, 200_000_000),
    labour=st.integers(0, 200_000_000),
    goods=st.integers(0, 200_000_000),
    stars=st.integers(0, 5),
)
def test_a_collective_against_an_oracle(money: int, labour: int, goods: int, stars: int) -> None:
    if money + labour >= 100_000_000 or stars >= 3:
        right = "qualifies"
    else:
        right = "needs_judgement" if money + labour + goods >= 100_000_000 else "not_qualified"
    told = {"money_vnd": money, "labour_vnd": labour, "in_kind_vnd": goods, "ocop_stars": stars}
    assert verdict("merit_collective_contribution", subject="collective", **told) == right


NEW = """
words: {million: "{n}M", dong: "{n}d", ask: "{label}?"}
facts:
  subject: {kind: word, values: club school, label: who}
  year: {kind: whole, from: 1000, to: 9999, absent: unknown, label: when}
  trees: {kind: whole, absent: 0, label: trees}
  nominees: {kind: whole, label: how many}
conditions:
  planted:
    clause: "2"
    unknown: Trees unknown.
    cases:
      - {when: {trees: ">= $enough"}, state: met, text: "{enough} trees."}
      - {state: unmet, text: Too few., step: "{gap} more."}
  in_time:
    clause: "1"
    cases:
      - {when: {year: "< $start"}, state: unmet, text: Before.}
      - {state: met, text: In time.}
awards:
  green_badge:
    name: Green badge
    clause: "2"
    subjects: club school
    best: quota
    values: {enough: 700, seats: 9}
    gaps: {gap: trees enough}
    seats: {seats: {}}
    conditions: planted in_time
"""


def new_pack(folder: Path, text: str = NEW) -> Path:
    (folder / "plan.yaml").write_text("starts: 2027-01-01\nends: 2029-12-31\n")
    (folder / "awards.yaml").write_text(text)
    return folder


def test_a_new_plan_needs_no_code(tmp_path: Path) -> None:
    found = awards.load(new_pack(tmp_path))
    [one] = found.judge({"subject": "club", "year": 2028, "trees": 700, "nominees": 4})
    assert one.verdict == "quota"
    assert one.quota is not None
    assert one.quota.left == 5
    assert found.judge({"subject": "club", "year": 2026, "trees": 900})[0].clauses == ("2", "1")
    [step] = found.missing_to_next({"subject": "club", "year": 2028, "trees": 650})
    assert step.lines == (("50 more.", "2"),)
    assert found.judge({"subject": "club", "year": 2028, "trees": None})[0].missing == ("trees",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("state: met, text: In time.", "state: maybe", "maybe"),
        ("      - {state: met, text: In time.}\n", "", "in_time"),
        ("conditions: planted in_time", "conditions: planted late", "late"),
    ],
)
def test_a_broken_pack_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in NEW
    with pytest.raises(ValueError, match=said):
        awards.load(new_pack(tmp_path, NEW.replace(old, new)))
