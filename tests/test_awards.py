"""The award calculator: own cases, its command, next steps, malformed facts, new packs."""

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot.commands import awards as command
from knowledge import awards, plan
from knowledge.plan import DEFAULT
from tests.award_cases import AWARDS, CASES, judge, variants

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
    seen: set[str] = set()
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


def test_all_that_matters_is_asked_for_when_nothing_is_known() -> None:
    names = set(AWARDS.schema.facts) - {"money_vnd_by_year"}
    nothing: dict[str, Any] = dict.fromkeys(sorted(names))
    found = judge({**nothing, "subject": "individual"})["merit_individual_contribution"]
    assert set(found.missing) == {
        *("year", "certificates_received", "money_vnd"),
        *("labour_vnd", "tech_transfer_vnd", "ocop_stars"),
        *("land_m2", "land_vnd", "in_kind_vnd"),
    }
    commune = judge({**nothing, "subject": "commune"})["flag_commune_ntm"]
    assert set(commune.missing) == {
        *("year", "level", "level_recognised", "year_attained"),
        *("flags_received", "basic_construction_debt"),
    }


def test_the_command_answers_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        '{"id": 1, "facts": {"subject": "district", "year": 2024, "level": "ntm", "nominees": 3}}',
        '{"id": 2, "facts": {"subject": "commune", "year": 2024, "level": "ntm", "nominees": 3}}',
        '{"id": 3, "facts": {"subject": "commune", "colour": "red"}}',
        '{"id": 4, "facts": []}',
        '{"id": 5}',
        "not json",
    ]
    monkeypatch.setattr(sys, "stdin", StringIO("\n".join(lines)))
    assert command.main(Namespace(jsonl=True)) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    first = {one["award"]: one for one in rows[0]["verdicts"]}
    people = first["merit_individuals_of_district"]
    assert set(people) == {"award", "verdict", "clauses", "conditions", "missing", "quota"}
    seats = {"seats": 20, "nominees": 3, "left": 17}
    assert people["quota"] == seats | {"province_seats": 5, "district_seats": 15}
    assert "quota" not in first["flag_district_ntm"]
    assert set(people["conditions"][0]) == {"text", "state", "clause"}
    second = {one["award"]: one for one in rows[1]["verdicts"]}
    quota = second["merit_individuals_of_commune"]["quota"]
    assert quota == {"seats": 5, "nominees": 3, "left": 2}
    assert [row.get("id") for row in rows] == [1, 2, 3, 4, 5, None]
    assert all(row["error"] for row in rows[2:])
    assert "colour" in rows[2]["error"]


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
