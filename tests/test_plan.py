"""The plan pack: it loads, it is consistent, faults are found, and a new plan needs no code."""

import shutil
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from handlers.ask import split
from knowledge.ask import ask
from knowledge.compose import MOST_DETAILED, compose, fits
from knowledge.pack import PlanError
from knowledge.plan import DEFAULT, check, load, prolonged
from knowledge.reading import read

TINY = Path(__file__).parent / "data" / "plans" / "tinh-thu-2027-2029"
UNNUMBERED = {"SO_HIEU", "MO_DAU", "KET", "KY", "NOI_NHAN"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the tiny pack in which faults can be planted."""
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def plant(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_pack_is_consistent() -> None:
    assert check(DEFAULT) == []


def test_every_clause_of_the_plan_is_there() -> None:
    clauses = load().clauses
    assert set(clauses) >= UNNUMBERED
    counts = {"I": 5, "II": 4, "III": 5, "IV": 8, "V": 9, "VI": 2, "VII": 7}
    for part, count in counts.items():
        found = [name for name in clauses if name.split(".")[0] == part]
        assert len(found) == count, found


def test_a_plan_cannot_be_changed() -> None:
    plan = load(TINY)
    with pytest.raises(FrozenInstanceError):
        plan.title = "khác"  # type: ignore[misc]  # the point of the test


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="nowhere"):
        load(tmp_path / "nowhere")
    assert len(check(tmp_path / "nowhere")) == 1


def test_a_new_plan_needs_no_code() -> None:
    assert check(TINY) == []
    plan = load(TINY)
    today = date(2028, 3, 1)
    trees = ask(plan, "mỗi xã trồng mấy cây", today=today)
    assert (trees.decision, trees.clauses) == ("answer", ("1",))
    assert "700" in trees.text
    assert "Điều 1" in trees.text
    assert ask(plan, "thưởng mấy tiền vậy", today=today).decision == "unknown"
    report = ask(plan, "hạn báo cáo khi nào", today=today)
    assert "thứ Bảy 11/03/2028, còn 10 ngày" in report.text
    assert "thứ Sáu 10/03/2028" in report.text
    assert "hết giai đoạn" in ask(plan, "hạn báo cáo khi nào", today=date(2030, 1, 1)).text


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("answers.yaml", 'clauses: "1"', 'clauses: "8"', "cites 8"),
        ("answers.yaml", "700 cây đến", "800 cây đến", "says 800"),
        ("answers.yaml", "office: so_moi_truong", "office: so_la", "so_la"),
        ("answers.yaml", "phần thưởng là gì", "hạn báo cáo là khi nào", "stands under both"),
        ("answers.yaml", "  kind: unknown", "  kind: unknown\n  needs: rung", "rung"),
        ("answers.yaml", "  kind: unknown", "  kind: perhaps", "unknown kind"),
        ("answers.yaml", "được tặng 9 cuốn", "được tặng" + " rất nhiều" * 40 + " 9 cuốn", "300"),
        ("answers.yaml", "  kind: unknown", "  kind: choose", "two or three readings"),
        ("plan.yaml", "  office: so_moi_truong", "  office: so_khac", "office to ask"),
        ("plan.yaml", "  wrong: ", "  right: ", "wrong"),
        ("plan.yaml", "starts: 2027-01-01", "starts: 2037-01-01", "ends before"),
        ("clauses.yaml", '"3":', '"4":\n  heading: Khác\n  summary: Khác.\n"3":', "leads to 4"),
        ("glossary.yaml", "concepts:", "notions:", "cannot be read"),
        ("clauses.yaml", "  detail: Xã trồng nhiều", "  told: Xã trồng nhiều", "3 has no detail"),
        ("clauses.yaml", "cho đủ 700 cây", "cho đủ 800 cây", "detail of 1 says 800"),
        ("clauses.yaml", "cho đủ 700 cây", "cho đủ cây", "detail of 1 leaves out 700"),
        ("clauses.yaml", "ngày 12/03, tức", "hạn, tức", "detail of 2 leaves out 12/3"),
        ("clauses.yaml", "ngày cuối là 11/03", "ngày cuối là 10/03", "detail of 2 says 10/3"),
        ("clauses.yaml", "loại cây gì", "loại cây" + " gì" * 120, "a line of its detail"),
        ("plan.yaml", "  detail: ", "  details: ", "no sentence detail"),
    ],
)
def test_check_finds_planted_faults(copied: Path, name: str, old: str, new: str, said: str) -> None:
    plant(copied, name, old, new)
    found = check(copied)
    assert any(said in problem for problem in found), found


def test_first_messages_fit_on_any_day() -> None:
    plan = load()
    for family in plan.families.values():
        for today in (date(2023, 12, 20), date(2025, 1, 2), date(2025, 7, 2), date(2026, 11, 23)):
            answer = ask(plan, family.ask[0], today=today)
            assert fits(answer.text), (family.id, answer.text)


def test_a_prolonged_plan_says_so_in_every_answer() -> None:
    plan = load()
    longer = prolonged(plan, date(2026, 12, 31))
    answer = ask(longer, "hạn xã nộp hồ sơ khen", today=date(2026, 11, 23))
    assert "31/12/2026" in f"{answer.text} {answer.more}"
    assert "hết giai đoạn" not in f"{answer.text} {answer.more}"
    assert prolonged(plan, date(2025, 12, 31)) is plan


def test_every_answer_ends_with_its_clauses_whole() -> None:
    plan = load()
    for family in plan.families.values():
        more = compose(plan, family, None, date(2025, 1, 2))[1]
        told = [name for name in plan.clauses if plan.clauses[name].detail in more]
        if family.kind == "answer":
            whole = family.clauses[:MOST_DETAILED]
            assert set(told) == set(whole), family.id
            assert more.endswith(plan.clauses[whole[-1]].detail), family.id
            places = [more.index(plan.clauses[name].detail) for name in whole]
            assert places == sorted(places), family.id
        else:
            assert told == [], family.id


def test_of_many_clauses_the_first_two_are_told_whole() -> None:
    plan = load()
    land = plan.families["land_donation"]
    more = compose(plan, land, None, date(2025, 1, 2))[1]
    told = [plan.clauses[name].detail in more for name in land.clauses]
    assert told == [True, True, False]


def test_a_detail_is_introduced_and_comes_after_the_rest() -> None:
    tiny = load(TINY)
    report = ask(tiny, "hạn báo cáo khi nào", today=date(2030, 1, 1))
    assert report.more == f"Điều 2 kể đủ là:\n{tiny.clauses['2'].detail}"
    money = ask(tiny, "có tiền thưởng không", today=date(2028, 1, 1))
    assert (money.decision, money.clauses, money.more) == ("unknown", ("3",), "")


def test_what_the_answer_tells_already_is_not_told_twice() -> None:
    tiny = load(TINY)
    prize = ask(tiny, "phần thưởng là gì", today=date(2028, 1, 1))
    assert tiny.clauses["3"].detail in prize.text
    assert prize.more == ""


def test_english_leads_and_the_vietnamese_detail_follows() -> None:
    plan = load()
    family = plan.families["flag_who"]
    english = read("who gets the emulation flag", plan.lexicon)
    text, more = compose(plan, family, english, date(2025, 1, 2))
    assert text.startswith(family.english)
    assert more.startswith(family.text)
    assert more.endswith(plan.clauses["V.2.b"].detail)


def test_every_part_of_xem_them_is_one_message() -> None:
    plan = load()
    for family in plan.families.values():
        more = compose(plan, family, None, date(2026, 11, 23))[1]
        parts = split(more)
        assert all(fits(part) for part in parts), family.id
        assert "".join("".join(parts).split()) == "".join(more.split()), family.id


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("MO_DAU", "54-KL/TW|25/2021/QH15|263/QĐ-TTg|587/QĐ-TTg|2016-2020|Bộ Chính trị|Quốc hội"),
        ("I.1.b", "57,5%|4 xã|15 tiêu chí|02 huyện|Tam Đường|Than Uyên|25%|lần thứ XIV"),
        ("II.3", "98-KL/TU|đô thị văn minh|8 mục tiêu|hội quần chúng|thi đua yêu nước"),
        ("II.4", "lộ trình|khối thi đua|bức thiết|xã hội hóa|ý kiến của Nhân dân|duy trì"),
        ("III.2", "người đứng đầu|nhân rộng|chấm điểm|đột phá|theo dõi tiến độ"),
        ("III.5", "bám cơ sở|công nhân|thành viên hợp tác xã|đất đai"),
        ("IV.1", "Trưởng Ban Chỉ đạo|tấm gương đạo đức Hồ Chí Minh|cơ chế, chính sách|chiến sỹ"),
        ("IV.2", "chuyển đổi số|kinh tế tuần hoàn|biến đổi khí hậu|du lịch|làng nghề|nợ đọng"),
        ("V.2.c", "100 triệu|50 triệu|20 cá nhân|15 cá nhân|05 cá nhân|02 người|4 người|3 sao"),
        ("V.3", "trước ngày 15/01|trước ngày 31/01|chỉ tiêu thi đua|cuối năm"),
        ("V.4.b", "05/01|10/01|15/01|20/01|Phòng Nội vụ|qua Sở Nội vụ|thị trấn|doanh nghiệp"),
        ("VII.1", "06 tháng|01 năm|02 năm|05 năm|chỉ đạo điểm|điển hình tiên tiến|thẩm định"),
        ("NOI_NHAN", "Trung ương|HĐND|Báo Lai Châu|PTTH|V, HC, CB|Th3"),
    ],
)
def test_a_detail_leaves_nothing_of_its_clause_out(clause: str, said: str) -> None:
    detail = load().clauses[clause].detail.casefold()
    assert [word for word in said.split("|") if word.casefold() not in detail] == []


def test_slips_of_the_printed_plan_are_not_repeated() -> None:
    told = " ".join(clause.detail for clause in load().clauses.values()).casefold()
    slips = ("trường ban", "tiềm thưởng", "theo đổi", " đkt", "công sức đất đai", "nhiệm kỳ")
    assert [slip for slip in slips if slip in told] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("deadlines.yaml", "clause: V.3", "clause: V.9", "there is no clause V.9"),
        ("awards.yaml", "clause: V.2.b", "clause: V.2.z", "there is no clause V.2.z"),
        ("deadlines.yaml", "actor:", "acter:", "deadlines.yaml"),
    ],
)
def test_check_reads_awards_and_deadlines_too(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    pack = Path(shutil.copytree(DEFAULT, tmp_path / "pack"))
    text = (pack / name).read_text("utf-8")
    assert old in text
    (pack / name).write_text(text.replace(old, new, 1), "utf-8")
    assert any(said in problem for problem in check(pack))
