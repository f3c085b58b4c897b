"""The plan pack: it loads, it is consistent, faults are found, and a new plan needs no code."""

import shutil
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from knowledge.ask import ask
from knowledge.compose import fits
from knowledge.plan import DEFAULT, PlanError, check, load, prolonged

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
