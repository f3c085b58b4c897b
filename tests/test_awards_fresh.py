"""Award cases written from the plan's text before the calculator was run, each fact made unknown,
and what is still missing to the next award, worked out by hand.

tests/data/awards_fresh.jsonl has the form of awards_own.jsonl (tests/award_cases.py).
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.award_cases import AWARDS, judge

FRESH = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/awards_fresh.jsonl").read_text("utf-8").splitlines()
]
BOTH = (True, False)
LEVELS = ("none", "ntm", "ntm_advanced")
SUMS = (0, 1, 20_000_000, 49_999_999, 50_000_000, 99_999_999, 100_000_000, 500_000_000)
VALUES: dict[str, tuple[Any, ...]] = {
    "year": (2019, 2021, 2023, 2025, 2026),
    "level": LEVELS,
    "year_attained": (2018, 2021, 2025, 2026),
    "level_recognised": BOTH,
    "criteria_total": (0, 18, 19),
    "criteria_completed_in_year": (0, 1, 5),
    "rank_in_district": (1, 2, 9),
    "rank_total_in_district": (1, 2),
    "tied": BOTH,
    "highest_average_growth": BOTH,
    "parent": ("city", "district"),
    "flags_received": ([], [{"level": "ntm"}], [{"level": "ntm_advanced"}]),
    "certificates_received": (
        [],
        *([{"award": rule.id, "year": year}] for rule in AWARDS.rules for year in (2022, 2024)),
    ),
    "basic_construction_debt": BOTH,
    "exemplary": BOTH,
    "special_difficulty_commune": BOTH,
    "collective_kind": ("cooperative", "enterprise", "association"),
    "money_vnd": SUMS,
    "labour_vnd": SUMS,
    "labour_days": (0, 500),
    "land_m2": (0, 5000),
    "land_vnd": SUMS,
    "in_kind_vnd": SUMS,
    "tech_transfer_vnd": SUMS,
    "pledged_vnd": SUMS,
    "money_vnd_by_year": ({}, {"2022": 60_000_000, "2023": 60_000_000}, {"2022": 120_000_000}),
    "ocop_stars": (0, 2, 3, 5),
    "ocop_valid": BOTH,
    "ocop_owner": ("self", "cooperative", "household_business"),
    "ocop_note": ("submitted_not_ranked", "none"),
    "commune_level": LEVELS,
    "district_level": LEVELS,
    "village_level": LEVELS,
    "nominees": (1, 5, 21),
    "nominees_province_level": (5, 6),
    "nominees_district_level": (15, 16),
    "nominee_position": (1, 6),
    "nominated_from": ("province", "district", "commune"),
    "agency_level": ("province", "province_subunit", "district", "commune"),
    "standing_agency": BOTH,
    "review": ("none", "interim", "final"),
    "outside_province": BOTH,
}


@pytest.mark.parametrize("case", FRESH, ids=[case["id"] for case in FRESH])
def test_case(case: dict[str, Any]) -> None:
    found = judge(case["facts"])
    for right in case["expected"]:
        one = found[right["award"]]
        assert one.verdict == right["verdict"], (case["story"], right["reason"])
        assert set(right["clauses"]) <= set(one.clauses)
        if "missing" in right:
            assert set(one.missing) == set(right["missing"])
        if "quota" in right:
            quota = asdict(one.quota) if one.quota else {}
            assert {key: quota.get(key) for key in right["quota"]} == right["quota"]


def test_every_subject_award_and_fact_has_a_case() -> None:
    schema = AWARDS.schema.facts
    assert {case["facts"]["subject"] for case in FRESH} - {None} == schema["subject"].words
    named = {right["award"] for case in FRESH for right in case["expected"]}
    assert named == {rule.id for rule in AWARDS.rules}
    assert {key for case in FRESH for key in case["facts"]} == set(schema) == {*VALUES, "subject"}


def test_a_fact_made_unknown_is_never_guessed() -> None:
    for case in FRESH:
        facts = case["facts"]
        if facts["subject"] is None:
            continue
        for name in facts.keys() - {"subject"}:
            told = [judge({**facts, name: value}) for value in VALUES[name]]
            told += [judge(facts)] if facts[name] is not None else []
            for award, one in judge({**facts, name: None}).items():
                could_be = {found[award].verdict for found in told}
                where = (case["id"], name, award, could_be)
                if one.verdict in ("not_qualified", "qualifies", "quota"):
                    assert could_be == {one.verdict}, where
                if len(could_be) > 1:
                    assert name in one.missing, where


MILLION = 1_000_000
COLLECTIVE, INDIVIDUAL = "merit_collective_contribution", "merit_individual_contribution"
HOUSEHOLD, TOP = "merit_household_of_village", "merit_commune_top_criteria"
BY_YEAR = {"2022": 40 * MILLION, "2023": 40 * MILLION, "2024": 40 * MILLION}
ONCE = [{"award": COLLECTIVE, "year": 2022}]
NEXT: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("collective", {"money_vnd": 80 * MILLION}, COLLECTIVE, "thiếu 20 triệu đồng"),
    ("collective", {"money_vnd": 99_999_999}, COLLECTIVE, "thiếu 1 đồng"),
    ("collective", {"money_vnd": 60 * MILLION, "labour_vnd": 30 * MILLION}, COLLECTIVE, "10 triệu"),
    ("collective", {"ocop_stars": 2}, COLLECTIVE, "100 triệu đồng bằng tiền hoặc công"),
    ("collective", {"ocop_stars": 2}, COLLECTIVE, "OCOP từ 3 sao"),
    ("collective", {"money_vnd": 50 * MILLION, "land_vnd": 80 * MILLION}, COLLECTIVE, "50 triệu"),
    (
        "collective",
        {"money_vnd": 70 * MILLION, "in_kind_vnd": 40 * MILLION},
        COLLECTIVE,
        "30 triệu",
    ),
    (
        "collective",
        {"money_vnd": 40 * MILLION, "money_vnd_by_year": BY_YEAR},
        COLLECTIVE,
        "60 triệu",
    ),
    ("collective", {"tech_transfer_vnd": 150 * MILLION}, COLLECTIVE, "thêm 100 triệu"),
    ("collective", {"pledged_vnd": 200 * MILLION}, COLLECTIVE, "thiếu 100 triệu đồng"),
    ("collective", {"pledged_vnd": 200 * MILLION}, COLLECTIVE, "tiền hứa chưa tính"),
    ("collective", {"land_m2": 500, "money_vnd": 5 * MILLION}, COLLECTIVE, "95 triệu đồng"),
    ("collective", {"ocop_stars": 4, "ocop_valid": False}, COLLECTIVE, "thêm 100 triệu đồng"),
    ("collective", {"money_vnd": None}, COLLECTIVE, "số tiền đã góp"),
    ("collective", {"money_vnd": 30 * MILLION, "labour_days": 9}, COLLECTIVE, "trị giá bao nhiêu"),
    ("collective", {"money_vnd": 120 * MILLION}, COLLECTIVE, None),
    ("collective", {"certificates_received": ONCE}, COLLECTIVE, None),
    ("collective", {"year": 2020, "money_vnd": 80 * MILLION}, COLLECTIVE, None),
    ("individual", {"money_vnd": 30 * MILLION}, INDIVIDUAL, "thêm 20 triệu đồng"),
    ("individual", {"money_vnd": 30 * MILLION, "labour_vnd": 19 * MILLION}, INDIVIDUAL, "1 triệu"),
    ("individual", {"tech_transfer_vnd": 30 * MILLION}, INDIVIDUAL, "20 triệu đồng"),
    ("individual", {}, INDIVIDUAL, "50 triệu đồng"),
    ("individual", {"land_m2": 1000}, INDIVIDUAL, "50 triệu đồng"),
    ("individual", {"in_kind_vnd": 70 * MILLION}, INDIVIDUAL, "thêm 50 triệu đồng"),
    ("individual", {"ocop_stars": 4, "ocop_owner": "cooperative"}, INDIVIDUAL, "50 triệu đồng"),
    ("individual", {"commune_level": "none"}, "merit_individuals_of_commune", "Xã cần đạt chuẩn"),
    ("individual", {"commune_level": "ntm"}, "merit_individuals_of_commune", None),
    ("household", {"money_vnd": 30 * MILLION}, COLLECTIVE, "thiếu 70 triệu đồng"),
    ("household", {"money_vnd": 30 * MILLION}, INDIVIDUAL, "thêm 20 triệu đồng"),
    ("household", {"village_level": "none", "exemplary": True}, HOUSEHOLD, "Bản cần đạt chuẩn"),
    ("village", {"level": "ntm", "exemplary": None}, "merit_village", "tiêu biểu"),
    ("village", {"level": "none", "exemplary": True}, "merit_village", "Bản cần đạt chuẩn"),
    ("commune", {"criteria_total": 17}, "flag_commune_ntm", "Xã cần đạt chuẩn"),
    ("commune", {"level": "ntm"}, "flag_commune_ntm_advanced", "nâng cao"),
    ("commune", {"level": "ntm", "flags_received": [{"level": "ntm"}]}, "flag_commune_ntm", None),
    ("commune", {"rank_in_district": 2, "rank_total_in_district": 1}, TOP, "trong năm"),
    ("district", {"level": "none"}, "flag_district_ntm", "được công nhận"),
    ("district", {"level": "ntm", "basic_construction_debt": True}, "flag_district_ntm", "nợ đọng"),
    ("agency", {"agency_level": "province"}, "merit_at_review", "2025"),
    ("agency", {"agency_level": "commune", "review": "final"}, "merit_at_review", None),
    ("ward", {"level": "ntm"}, "flag_commune_ntm", None),
]


@pytest.mark.parametrize(("subject", "facts", "award", "said"), NEXT)
def test_what_is_missing_to_the_next_award(
    subject: str, facts: dict[str, Any], award: str, said: str | None
) -> None:
    steps = AWARDS.missing_to_next({"year": 2024, "subject": subject, **facts})
    lines = {step.award: " ".join(text for text, _ in step.lines) for step in steps}
    if said is None:
        assert award not in lines
    else:
        assert said in lines[award]


def test_what_is_lacking_in_money() -> None:
    told = {"subject": "collective", "year": 2024, "money_vnd": 80 * MILLION}
    assert AWARDS.lacking(COLLECTIVE, told) == 20 * MILLION
    assert AWARDS.lacking(COLLECTIVE, {**told, "labour_vnd": 20 * MILLION}) == 0
    assert AWARDS.lacking("merit_village", told) == 0
    assert AWARDS.figures(COLLECTIVE)["threshold"] == 100 * MILLION
    assert AWARDS.figures("no_award") == {}
