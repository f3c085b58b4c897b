"""Questions that need reckoning: what is read, what is answered, what is left alone."""

import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import awards, plan
from knowledge.awards import Awards
from knowledge.compose import fits
from knowledge.gifts import giver_of
from knowledge.plan import Plan
from knowledge.reading import read
from knowledge.reckoning import Reckoned, reckon
from knowledge.spoken import Item, Spoken, read_items

DATA = Path(__file__).parent / "data"
TODAY = date(2025, 3, 3)
MILLION = 1_000_000


@lru_cache(maxsize=1)
def pack() -> tuple[Plan, Awards]:
    return plan.load(), awards.load(plan.DEFAULT)


def spoken() -> Spoken:
    found = pack()[1].spoken
    assert found is not None
    return found


def asked(question: str, asker: str = "villager", today: date = TODAY) -> Reckoned | None:
    the_plan, the_awards = pack()
    return reckon(the_plan, the_awards, question, read(question, the_plan.lexicon), asker, today)


AMOUNTS = [
    ("80 triệu thì được gì", "anyone_1", 20),
    ("góp 20 triệu được bk k", "anyone_0", 30),
    ("ủng hộ 200 triệu có được bằng khen không", "anyone_2", 0),
    ("nhà em góp 60 triệu có được bằng khen không", "household_1", 40),
    ("hai vợ chồng em góp 120 triệu thì sao", "household_2", 0),
    ("gia đình tôi ủng hộ 45 triệu làm nhà văn hoá được khen gì", "household_0", 5),
    ("HTX em góp 120 triệu", "collective_1", 0),
    ("htx gop 90tr co duoc bang khen khong", "collective_0", 10),
    ("cty e ủng hộ 95tr có được bk k ạ", "collective_0", 5),
    ("công ty góp tám mươi triệu đã đủ mức bằng khen tập thể chưa", "collective_0", 20),
    ("doanh nghiep gop 1 ty dong thi duoc gi", "collective_1", 0),
    ("bản em góp 120 triệu làm đường", "collective_1", 0),
    ("cơ quan em góp 99 triệu thì thế nào", "collective_0", 1),
    ("HTX góp 60 triệu với 40 triệu tiền công thì được gì", "collective_1", 0),
    ("em góp 30 triệu với 20 triệu tiền công", "individual_1", 0),
    ("em góp 30 triệu và 15 triệu tiền công thì còn thiếu bao nhiêu", "individual_0", 5),
    ("em gop 50tr5 dc bk ko", "individual_1", 0),
    ("em góp 49.999.999đ được gì", "individual_0", 1 / MILLION),
    ("ông em góp 45 triệu còn thiếu bao nhiêu nữa", "individual_0", 5),
    ("một mình tôi ủng hộ 50 triệu làm cầu qua suối cho trẻ đi học", "individual_1", 0),
    ("doanh nhân đóng góp riêng 300 triệu", "individual_1", 0),
    ("năm 2024 em ủng hộ năm mươi triệu đồng", "individual_1", 0),
    ("em góp 80 triệu năm nay được gì", "individual_1", 0),
    ("em góp 60 triệu k", "individual_1", 0),
    ("em góp 30 triệu và 20 ngày công", "individual_days", 20),
    ("HTX em góp 70 triệu và 50 ngày công lao động", "collective_days", 30),
    ("em góp 60 triệu và 20 ngày công", "individual_1", 0),
]


@pytest.mark.parametrize(("question", "topic", "missing"), AMOUNTS)
def test_amounts(question: str, topic: str, missing: float) -> None:
    found = asked(question)
    assert found is not None
    assert (found.topic, found.missing) == (f"reckoned_{topic}", round(missing * MILLION))
    assert found.clauses[0] == "V.2.c"
    assert fits(found.text)
    for subject in found.subjects:
        line = "50 triệu" if subject == "individual" else "100 triệu"
        assert line in found.text
    told = [one.verdict for one in found.verdicts]
    if topic.endswith("_0"):
        assert "Giấy khen" in found.text
        assert "qualifies" not in told
    elif "days" not in topic:
        assert "cấp xét khen" in found.text.casefold()
    if topic in ("individual_1", "collective_1", "anyone_2"):
        assert set(told) == {"qualifies"}
    if topic.startswith("household"):
        assert "qualifies" not in told
        assert "không nói hộ" in found.text


PEOPLE = [
    ("xã em đạt rồi, được mấy người", "commune_asked", "05 cá nhân", None),
    ("xa dat chuan thi duoc may nguoi nhan bang khen", "commune_asked", "05 cá nhân", None),
    ("xã đạt chuẩn cử 6 người được không", "commune_over", "thừa 1", -1),
    ("xã em đề nghị 5 người có được không", "commune_full", "vừa đủ", 0),
    ("xã nâng cao đề cử 3 người", "commune_within", "còn 2 chỗ", 2),
    ("huyện đạt chuẩn đề cử 22 người thì thừa mấy", "district_over", "thừa 2", -2),
    ("huyện Than Uyên về đích cử 20 người", "district_full", "20 cá nhân", 0),
    ("huyện em đạt chuẩn đề nghị 18 cá nhân còn mấy suất", "district_within", "còn 2 chỗ", 2),
    ("huyện đạt chuẩn được bao nhiêu cá nhân", "district_asked", "cấp huyện 15", None),
    ("sở em đề cử 3 người dịp tổng kết thì thừa mấy", "agency_over", "02 người", -1),
    ("khi sơ kết mỗi sở được đề nghị mấy người", "agency_asked", "02 người", None),
    ("phòng em cử 2 người lúc tổng kết", "agency_full", "vừa đủ", 0),
    ("sở em đề nghị 01 người khi tổng kết", "agency_within", "còn 1 chỗ", 1),
]


@pytest.mark.parametrize(("question", "topic", "said", "left"), PEOPLE)
def test_numbers_of_people(question: str, topic: str, said: str, left: int | None) -> None:
    found = asked(question)
    assert found is not None
    assert found.topic == f"reckoned_{topic}"
    assert said in found.text
    assert fits(found.text)
    assert found.clauses == ("V.2.c",)
    assert found.missing is None
    [verdict] = found.verdicts
    assert verdict.verdict == "quota"
    assert verdict.quota is not None
    assert verdict.quota.left == left


ALONE = [
    "80 triệu",
    "góp bao nhiêu thì được bằng khen",
    "thu nhập 200 triệu có được khen không",
    "em góp 60 triệu thì nộp hồ sơ ở đâu",
    "công ty góp 1 tỷ có được cờ thi đua không",
    "công ty hứa tài trợ 300 triệu có được khen không",
    "em được hỗ trợ 80 triệu có được khen không",
    "em không góp 2 triệu thì sao",
    "mỗi nhà góp 2 triệu có được khen không",
    "góp 3 năm, mỗi năm 20 triệu thì được gì",
    "năm ngoái góp 30 triệu và năm nay 30 triệu thì được gì",
    "em góp 80 triệu năm 2019 được gì",
    "em góp 30 triệu và vợ em góp 20 triệu thì được gì",
    "em góp 45 triệu thiếu 5 triệu có được không",
    "nhà em góp từ 50 triệu đến 60 triệu được gì",
    "em góp 60 triệu hay 70 triệu thì được bằng khen",
    "em góp 60 triệu cho hợp tác xã thì được gì",
    "em góp 60 triệu và 500m2 đất được gì",
    "em góp xi măng trị giá 60 triệu được gì",
    "HTX có OCOP 3 sao góp 60 triệu được gì",
    "nhà em góp 40 triệu với 20 ngày công",
    "góp 100 ngày công được gì",
    "xã em góp 120 triệu",
    "em chuyển giao kỹ thuật 80 triệu được gì",
    "nghe nói mức của cá nhân là 30 triệu đúng không",
    "xã chưa đạt chuẩn có được 5 người không",
    "5 người của xã là những ai",
    "sở em đề nghị 3 người có được không",
    "hai huyện cùng về đích thì khen mấy cá nhân",
    "huyện đề cử 6 người cấp tỉnh và 12 người cấp huyện",
    "xã đề cử 99999999999 người được không",
    "tỉnh ủng hộ xã 500 triệu được gì",
    "em bỏ 200 triệu mua máy cày được khen không",
    "được bằng khen thì được 5 triệu không",
    "em mới góp 60 triệu, chưa có bằng khen",
    "anh em góp 60 triệu được gì",
    "ba hộ góp 120 triệu được gì",
    "3 người góp 120 triệu được gì",
    "em góp 60 triệu làm đường nộp hồ sơ khi nào",
    "em góp 60 triệu làm đường ở tỉnh Sơn La thì được gì",
    "em góp 60 triệu cho chùa được gì",
    "công ty xây dựng cho bản cái cầu trị giá 250 triệu",
    "xã em chưa đạt thì được mấy người",
    "phường em đạt chuẩn cử 6 người",
    "we gave 80 million dong, what do we get",
    "",
    "k",
]


@pytest.mark.parametrize("question", ALONE)
def test_what_is_left_to_others(question: str) -> None:
    assert asked(question) is None


@pytest.mark.parametrize(
    ("asker", "topic"),
    [
        ("villager", "individual_1"),
        ("cooperative_representative", "collective_0"),
        ("enterprise_officer", "collective_0"),
        ("commune_officer", "individual_1"),
    ],
)
def test_who_asks_counts_when_nobody_is_named(asker: str, topic: str) -> None:
    found = asked("em góp 80 triệu thì được gì", asker)
    assert found is not None
    assert found.topic == f"reckoned_{topic}"
    named = asked("nhà em góp 80 triệu thì được gì", asker)
    assert named is not None
    assert named.topic == "reckoned_household_1"


def test_the_plans_notes_and_its_prolonging() -> None:
    question = "huyện đạt chuẩn đề cử 22 người thì thừa mấy"
    before, after = asked(question), asked(question, today=date(2025, 8, 1))
    assert before is not None
    assert after is not None
    assert "không còn cấp huyện" not in before.text + before.more
    assert "không còn cấp huyện" in after.text + after.more
    the_plan, the_awards = pack()
    longer = plan.prolonged(the_plan, date(2026, 12, 31))
    gift = "HTX em góp 120 triệu"
    reading = read(gift, the_plan.lexicon)
    late = date(2026, 5, 5)
    found = reckon(longer, the_awards, gift, reading, "villager", late)
    assert found is not None
    assert [one.verdict for one in found.verdicts] == ["qualifies"]
    assert "31/12/2026" in found.text + found.more
    assert asked(gift, today=late) is not None


def labelled() -> list[dict[str, Any]]:
    names = ("questions_own", "questions_blind_a", "questions_blind_b")
    files = [DATA / f"{name}.jsonl" for name in names]
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


def test_labelled_questions_are_answered_rightly_or_not_at_all() -> None:
    answered = [(one, found) for one in labelled() if (found := asked(one["q"]))]
    assert len(answered) >= 30
    for question, found in answered:
        whole = f"{found.text}\n{found.more}".casefold()
        assert question["kind"] == "in_plan", question["q"]
        assert found.clauses[0] in {*question["clauses"], *question["may_cite"]}, question["q"]
        for group in question["must_contain"]:
            assert any(fact.casefold() in whole for fact in group), (question["q"], group)
        assert not any(said.casefold() in whole for said in question["must_not_contain"])


OF_AMOUNTS = {
    *("amount_unclear", "individual_money", "individual_below", "merit_household_money"),
    *("collective_money", "collective_below", "quota_commune", "quota_district", "quota_review"),
}


def test_questions_of_other_families_are_left_alone() -> None:
    for family in pack()[0].families.values():
        if family.id not in OF_AMOUNTS:
            assert [ask for ask in family.ask if asked(ask)] == [], family.id


def test_every_sentence_fits_and_cites_clauses_of_the_plan() -> None:
    the_plan, _ = pack()
    for entry in spoken().sentences.values():
        assert set(entry["clauses"].split()) <= set(the_plan.clauses)
        assert entry["clauses"].startswith("V.2.c")
    givers = ("tôi", "nhà em", "HTX em", "bản em", "cơ quan em", "")
    sums = ("1.234.567", "49.999.999", "50.000.001", "99.999.999", "99.999.999.999")
    seen = set()
    for giver in givers:
        for amount in sums:
            for more in ("", " và 1.111.111 đồng tiền công", " và 17 ngày công"):
                found = asked(f"{giver} góp {amount} đồng{more} thì được gì")
                if found:
                    seen.add(found.topic.removeprefix("reckoned_"))
                    assert fits(found.text), found.text
    people = {topic for _, topic, _, _ in PEOPLE}
    assert seen | people == set(spoken().sentences)
    assert set(spoken().money) >= set(spoken().like)
    assert spoken().shut | spoken().open <= set(the_plan.lexicon.groups)


def test_a_pack_that_reckons_nothing_answers_nothing(tmp_path: Path) -> None:
    for name in ("awards.yaml", "plan.yaml"):
        text = (plan.DEFAULT / name).read_text("utf-8")
        (tmp_path / name).write_text(text.partition("\nreckoning:")[0], "utf-8")
    the_plan, _ = pack()
    bare = awards.load(tmp_path)
    question = "HTX em góp 120 triệu"
    reading = read(question, the_plan.lexicon)
    assert reckon(the_plan, bare, question, reading, "villager", TODAY) is None


def test_items_are_read_in_order() -> None:
    found = read_items("em góp 30 triệu với 20 ngày công lao động", spoken())
    assert found[-3:] == [Item("money", 30 * MILLION), Item("join"), Item("days", 20)]
    assert giver_of(found, "") == "individual"
    assert read_items("em góp phân bón 30 triệu", spoken()) == []


QUESTIONS = [*(question for question, *_ in AMOUNTS), *(question for question, *_ in PEOPLE)]
WORDS = st.sampled_from(sorted({"²", "½", *(word for one in QUESTIONS for word in one.split())}))


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)))
def test_nothing_is_raised_and_what_is_said_fits(question: str) -> None:
    found = asked(question)
    assert found is None or (fits(found.text) and found.clauses[0] == "V.2.c")
