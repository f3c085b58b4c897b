"""From what is stored to verdicts: not known is never no; only who keeps the facts sees them."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import long_answers, standing, whom
from handlers.fact_values import IN_YEAR
from handlers.standing import COMMUNE_FACTS, LISTED
from handlers.turn import World
from knowledge import awards as awards_of
from knowledge import places as places_of
from knowledge import plan as plan_of
from storage import facts, grants, people
from storage.database import Tx
from storage.facts import Fact, Product, Village
from storage.given_totals import Given, Total
from storage.honours import Honour
from tests.conftest import STORES, Fresh, HandClock
from tests.talk import talking

AWARDS, PLACES = awards_of.load(plan_of.DEFAULT), places_of.load()
FLAGS = standing.flags(AWARDS)
UNIT = PLACES.find("Xã Bình Lư", date(2025, 1, 2)).units[0]
WARD = PLACES.find("Phường Đông Phong", date(2025, 1, 2)).units[0]
REACHED = Village(UNIT.key, "Bản Nà Đon", "ban na don", 2024, "12/QĐ")

_TOLD: dict[str, st.SearchStrategy[Any]] = {
    name: st.booleans()
    if fact.kind == "flag"
    else st.sampled_from(sorted(fact.words))
    if fact.kind == "word"
    else st.integers(max(fact.low, 0), min(fact.high, 2030)).filter(lambda n: n < 150 or n > 1999)
    for name in COMMUNE_FACTS
    for fact in [AWARDS.schema.facts[name]]
}
_TOLD |= {LISTED.format(one): st.booleans() for one in ("flags_received", "certificates_received")}
_YEARS = st.integers(2021, 2025)
_HONOURS = st.lists(
    st.builds(
        Honour,
        st.sampled_from([*FLAGS, "merit_commune_top_criteria", "local_commendation"]),
        st.just(UNIT.key),
        st.sampled_from(["commune", "individual"]),
        st.just("Xã Bình Lư"),
        _YEARS,
        st.just("7/QĐ"),
    ),
    max_size=3,
)
_GIVEN = st.lists(
    st.builds(
        Given,
        st.sampled_from(["money", "labour", "land", "goods", "technology", "ocop", "a new kind"]),
        st.integers(0, 300_000_000),
        st.sampled_from([0.0, 1.5, 3.0, 4.0, 12.0]),
        st.integers(0, 2),
        st.integers(1, 3),
    ).filter(lambda one: one.kind != "ocop" or one.quantity <= 5),
    unique_by=lambda one: one.kind,
    max_size=6,
)


def _verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {one.award: one.verdict for one in AWARDS.judge(told)}


def _unit_of(ward: bool) -> Any:
    return WARD if ward else UNIT


@given(
    st.fixed_dictionaries({}, optional=_TOLD), st.sampled_from(sorted(_TOLD)), _YEARS, _HONOURS,
    st.booleans(), st.booleans(),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_taking_a_stored_fact_back_never_turns_a_verdict_against_a_commune(
    told: dict[str, Any], taken: str, year: int, given: list[Honour], ward: bool, city: bool
) -> None:
    unit = _unit_of(ward)
    before = _verdicts(standing.of_commune(unit, year, told, given, city, FLAGS))
    less = {name: value for name, value in told.items() if name != taken}
    after = _verdicts(standing.of_commune(unit, year, less, given, city, FLAGS))
    for award, verdict in after.items():
        assert verdict != "not_qualified" or before[award] == "not_qualified", (award, taken)


@given(_GIVEN, st.booleans(), _YEARS, st.sampled_from(["individual", "household", "cooperative"]))
@settings(max_examples=200, deadline=None)
def test_nor_against_a_contributor(
    amounts: list[Given], reached: bool, year: int, kind: str
) -> None:
    total = Total(kind, "pao", "Páo", "Bản Nà Đon", "ban na don", tuple(amounts))
    told: dict[str, object] = {"level": "ntm"} if reached else {}

    def judge(commune: dict[str, object], village: Village | None) -> dict[str, str]:
        return _verdicts(
            standing.of_contributor(kind, year, total, commune=commune, village=village)
        )

    before, after = judge(told, REACHED if reached else None), judge({}, None)
    for award, verdict in after.items():
        assert verdict != "not_qualified" or before[award] == "not_qualified", award


def test_what_has_no_value_yet_is_not_nought() -> None:
    days = Total("household", "dua", "Dua", "", "", (Given("labour", 0, 12.0, 1, 1),))
    told = standing.of_contributor("household", 2024, days, commune={}, village=None)
    assert (told["labour_vnd"], told["labour_days"]) == (None, 12.0)
    valued = Total("household", "dua", "Dua", "", "", (Given("labour", 900, 12.0, 0, 1),))
    told = standing.of_contributor("household", 2024, valued, commune={}, village=None)
    assert told["labour_vnd"] == 900


def test_the_flags_of_a_commune_are_the_plans() -> None:
    assert FLAGS == {"flag_commune_ntm": "ntm", "flag_commune_ntm_advanced": "ntm_advanced"}


def test_nothing_told_leaves_every_flag_open() -> None:
    found = _verdicts(standing.of_commune(UNIT, 2024, {}, [], False, FLAGS))
    assert {found[flag] for flag in FLAGS} == {"needs_facts"}


def test_a_flag_on_record_counts_and_one_given_to_somebody_else_does_not() -> None:
    told = {"level": "ntm", "year_attained": 2023, "level_recognised": True,
            "basic_construction_debt": False, LISTED.format("flags_received"): True}  # fmt: skip
    flag = Honour("flag_commune_ntm", UNIT.key, "commune", "Xã Bình Lư", 2023, "7/QĐ")
    other = Honour("flag_commune_ntm", UNIT.key, "individual", "Páo", 2023, "7/QĐ")
    assert _verdicts(standing.of_commune(UNIT, 2024, told, [other], False, FLAGS))[
        "flag_commune_ntm"
    ] == ("qualifies")
    assert _verdicts(standing.of_commune(UNIT, 2024, told, [flag], False, FLAGS))[
        "flag_commune_ntm"
    ] == ("not_qualified")


def test_a_product_on_record_counts_for_its_owner() -> None:
    honey = Product(UNIT.key, "Mật ong", "mat ong", "HTX Nà Đon", "htx na don", 2024, 4)
    told = standing.of_contributor(
        "cooperative", 2024, None, commune={}, village=None, ranked=[honey]
    )
    told["certificates_received"] = []
    assert _verdicts(told)["merit_collective_contribution"] == "qualifies"


def test_a_village_counts_from_the_year_it_reached_the_standard() -> None:
    before, after = (standing.of_village(year, REACHED, {})["level"] for year in (2023, 2024))
    assert (before, after) == (None, "ntm")


@pytest.mark.parametrize("store", STORES)
def test_a_question_left_open_is_not_asked_when_nothing_is_asked_about(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        for text in ("xã tôi được khen gì", "2024", "bổ sung số liệu xét khen", "menu"):
            talk.say("Hà", text)
        account = talk.write(lambda tx: people.find_account(tx, "terminal", "test", "Hà"))

        def forget(tx: Tx) -> None:
            opened = people.open_conversation(tx, "terminal", "test", "Hà")
            opened.state.pop("awards")
            people.save_state(tx, account or 0, opened.state)

        talk.write(forget)
        assert "cho năm nào" in talk.say("Hà", "tiếp tục")[0]


def test_since_the_districts_are_gone_no_district_is_assumed() -> None:
    unit = PLACES.find("Xã Bình Lư", date(2025, 9, 1)).units[0]
    assert standing.of_commune(unit, 2025, {}, [], False, FLAGS)["parent"] is None


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("xã tôi được khen gì?", "commune", ""),
        ("Xa toi duoc khen gi", "commune", ""),
        ("xã Bình Lư được khen gì", "commune", "xã Bình Lư"),
        ("bản Nà Đon được khen gì?", "village", "bản Nà Đon"),
        ("Hộ ông Giàng A Páo được khen gì", "household", "Giàng A Páo"),
        ("HTX Nà Đon có được khen không?", "cooperative", "Nà Đon"),
        ("bà Lò Thị Nga được thưởng gì", "individual", "Lò Thị Nga"),
        ("ai được khen gì", "list", ""),
    ],
)
def test_who_is_asked_about(
    text: str, kind: str, name: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    class Asking:
        pass

    asking: Any = Asking()
    asking.world = world
    assert whom.read(asking, text) == whom.Whom(kind, name)
    assert whom.read(asking, "góp 100 triệu được khen gì") is None
    assert whom.read(asking, "báo đóng góp") is None


@given(st.text(alphabet="aă .:\n-", max_size=3_000))
@settings(max_examples=100, deadline=None)
def test_every_part_of_a_long_answer_fits_and_nothing_is_lost(text: str) -> None:
    parts = long_answers.split(text)
    assert all(len(part) <= 600 and part.count("\n") < 8 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


SECRET = 97
"""A number that stands nowhere but in the fact."""
_ASKED = (
    "số liệu của xã", "nhập tiếp số liệu", "xét khen", "xem lại xét khen", "giải thích xét khen",
    "hình thức khen khác", "bổ sung số liệu xét khen", "danh sách xét khen", "xem cá nhân",
    "xem hộ gia đình", "xem tập thể", "xem tiếp danh sách", "xã tôi được khen gì",
    "xã Bình Lư được khen gì", "bản Nà Đon được khen gì", "2024", "1", "xem thêm",
)  # fmt: skip


def _as_if_she_had_looked(tx: Tx) -> None:
    account = people.find_account(tx, "terminal", "test", "Lan")
    looked = {"place": UNIT.key, "year": 2024, "whom": ["commune", ""], "said": {}, "skip": []}
    assert account is not None
    people.save_state(tx, account, {"awards": looked, "facts": [UNIT.key, 2024]})


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("role", "place"),
    [
        (None, ""),
        ("village_head", "Xã Bình Lư"),
        ("cooperative_representative", "Xã Bình Lư"),
        ("commune_officer", "Xã Bản Giang"),
        ("district_officer", "Huyện Sìn Hồ"),
        ("admin", "Tỉnh Lai Châu"),
    ],
)
def test_whoever_does_not_keep_a_communes_facts_sees_nothing_of_them(
    store: str, role: str | None, place: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        [held] = talk.write(lambda tx: grants.at_place(tx, UNIT.key, "commune_officer"))
        talk.write(
            lambda tx: facts.put(
                tx, Fact(UNIT.key, 2024, "criteria_total", SECRET), by=held.person_id
            )
        )
        if role is not None:
            talk.make_officer("Lan", place, role)
        else:
            talk.say("Lan", "menu")
        talk.write(_as_if_she_had_looked)
        for text in _ASKED:
            said = talk.say("Lan", text)
            assert not any(str(SECRET) in one for one in said)
        assert talk.write(lambda tx: facts.told(tx, UNIT.key, 2024)) == {"criteria_total": SECRET}


def test_no_more_criteria_in_a_year_than_in_all(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url("sqlite"), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        [held] = talk.write(lambda tx: grants.at_place(tx, UNIT.key, "commune_officer"))
        for name, value in (("level", "none"), ("criteria_total", 3), ("rank_in_district", 1)):
            fact = Fact(UNIT.key, 2024, name, value)
            talk.write(partial(facts.put, fact=fact, by=held.person_id))
        for text in ("xã tôi được khen gì?", "2024", "bổ sung số liệu xét khen"):
            said = talk.say("Hà", text)
        while "số tiêu chí hoàn thành trong năm?" not in said[0]:
            said = talk.say("Hà", "chưa rõ")
        assert talk.say("Hà", "4") == [world.words.text("facts.more_than_all", total=3)]
        talk.say("Hà", "3")
        assert talk.write(lambda tx: facts.told(tx, UNIT.key, 2024))[IN_YEAR] == 3


@pytest.mark.parametrize("store", STORES)
def test_a_role_taken_back_counts_from_the_next_press(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        talk.say("Hà", "xã tôi được khen gì")
        talk.say("Hà", "2024")
        talk.say("Hà", "số liệu của xã")
        talk.say("Hà", "2024")
        talk.press("Hà", "Tiêu chí")
        [held] = talk.write(lambda tx: grants.at_place(tx, UNIT.key, "commune_officer"))
        talk.write(lambda tx: grants.revoke(tx, held.id, by="operator"))
        assert "không thuộc phần việc" in talk.say("Hà", "17")[0]
        assert "không thuộc phần việc" in talk.say("Hà", "giải thích xét khen")[0]
        assert "Mục" in talk.say("Hà", "giải thích xét khen")[0]
        assert talk.write(lambda tx: facts.told(tx, UNIT.key, 2024)) == {}
