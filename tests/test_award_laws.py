"""What must hold of verdicts for every case and every null: unknown is never no."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import award_facts, award_rules
from tests.award_cases import AWARDS, CASES, judge, variants, verdict


def constants() -> tuple[frozenset[int], frozenset[str]]:
    names: dict[str, int | str] = {"start": 2021, "end": 2025, "planned_end": 2025, "self": "x"}
    found = [award_rules.constants(rule, names | dict(rule.values)) for rule in AWARDS.rules]
    return (
        frozenset(one for numbers, _ in found for one in numbers),
        frozenset(one for _, words in found for one in words) | {rule.id for rule in AWARDS.rules},
    )


VALUES = {
    name: award_facts.samples(fact, *constants()) for name, fact in AWARDS.schema.facts.items()
}


def few(values: list[object]) -> list[object]:
    """Some of many, spread over all."""
    return values[:: max(1, len(values) // 6)]


def test_conditions_bear_the_verdict_out() -> None:
    for facts in variants():
        for one in judge(facts).values():
            states = [condition.state for condition in one.conditions]
            assert states
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
                assert set(states) == {"met"}
                assert one.missing == ()
            assert all(condition.text for condition in one.conditions)


def test_unknown_is_never_no() -> None:
    """A null may lead to "no" only where every value of that fact does."""
    for case in CASES:
        before = judge(case["facts"])
        for name in AWARDS.schema.facts:
            after = judge({**case["facts"], name: None})
            refused = {award for award, one in after.items() if one.verdict == "not_qualified"}
            assert all(before[award].verdict == "not_qualified" for award in refused), (case, name)
            if not refused or name not in case["facts"] or name == "subject":
                continue
            for value in few(VALUES[name]):
                told = judge({**case["facts"], name: value})
                assert all(told[award].verdict == "not_qualified" for award in refused)


def facts_of(subject: str) -> st.SearchStrategy[dict[str, Any]]:
    names = [name for name in AWARDS.schema.facts if name != "subject"]
    some = {
        name: st.one_of(st.none(), st.sampled_from(VALUES[name])) for name in names if VALUES[name]
    }
    return st.fixed_dictionaries({"subject": st.just(subject)}, optional=some)


ANY = st.sampled_from(sorted(AWARDS.schema.facts["subject"].words)).flatmap(facts_of)


@settings(max_examples=120, deadline=None)
@given(facts=ANY, data=st.data())
def test_a_no_with_nulls_is_a_no_for_all_they_could_be(facts: dict[str, Any], data: Any) -> None:
    refused = [a for a, one in judge(facts).items() if one.verdict == "not_qualified"]
    known = {
        name: data.draw(st.sampled_from(VALUES[name])) if value is None else value
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
        name: data.draw(st.sampled_from(VALUES[name])) if value is None else value
        for name, value in facts.items()
    }
    told = judge(known)
    for award, one in clear.items():
        assert told[award].verdict == one.verdict, (facts, known)


def test_what_is_missing_can_change_the_verdict_and_nothing_else_is_asked_for() -> None:
    for at, case in enumerate(CASES):
        for name in AWARDS.schema.facts if at % 6 == 0 else case["facts"]:
            if name == "subject":
                continue
            facts = {**case["facts"], name: None}
            if [key for key, value in facts.items() if value is None] != [name]:
                continue
            told = [judge({**facts, name: value}) for value in VALUES[name]]
            for award, one in judge(facts).items():
                verdicts = {found[award].verdict for found in told}
                if one.verdict == "needs_facts" and "labour_days" not in facts:
                    assert one.missing == (name,), (case["id"], name)
                    assert len(verdicts) > 1, (case["id"], name, award)
                if len(verdicts) == 1 and one.verdict != "needs_facts":
                    assert name not in one.missing


@settings(deadline=None)
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
