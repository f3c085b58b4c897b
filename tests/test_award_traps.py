"""The traps of the plan's wording (what each clause says and leaves open), a test a sentence."""

from typing import Any

import pytest

from tests.award_cases import judge, variants, verdict


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
    told = {"subject": "agency", "agency_level": "province", "standing_agency": True}
    at_review = {"year": 2025, "review": "final", "exemplary": True}
    found = judge({**told, **at_review})["merit_at_review"]
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
