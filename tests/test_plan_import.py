"""The official document's clauses are found, kept for the operator and quoted word for word.

No sentence here is the plan's: the document of the shipped pack is made of the pack's own telling.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import plan_folder
from bot.__main__ import main
from bot.app import make_world
from bot.documents import docx, text
from bot.errors import BadUsage
from knowledge.ask import ask
from knowledge.compose import fits
from knowledge.official_text import LONGEST, Found, find
from knowledge.plan import DEFAULT, Plan, load, with_official
from tests import word_double as word
from tests.conftest import START, Fresh, HandClock
from tests.talk import talking

TINY = Path(__file__).parent / "data" / "plans" / "tinh-thu-2027-2029"
QUESTION = "cá nhân góp bao nhiêu thì được bằng khen"

HEAD = "UBND TỈNH SÔNG MƠ\n\nSố: 12/KH-UBND\n\nKẾ HOẠCH\n\nPhong trào “Sông Mơ xanh”\n\n"
TREES = "Điều 1. Các xã trong tỉnh trồng cây: mỗi xã trồng được 700 cây, đến năm 2029 thì xong."
REPORT = (
    "Điều 2. Xã gửi báo cáo về Sở Môi trường như sau:\n\n- Trước ngày 12/3 hằng năm;\n\n- Một bản."
)
PRIZE = "Điều 3. Xã nào trồng nhiều cây nhất thì được tặng 9 cuốn sách."
TAIL = "\n\nTrên đây là kế hoạch./.\n\nNơi nhận:\n\n- Các xã;\n\nKT. CHỦ TỊCH\n\nSùng A Dơ"
WHOLE = f"{HEAD}Tỉnh có nhiều đồi trọc, nên ban hành:\n\n{TREES}\n\n{REPORT}\n\n{PRIZE}{TAIL}"


@pytest.fixture
def tiny() -> Plan:
    """The invented plan."""
    return load(TINY)


def _find(plan: Plan, written: str) -> Found:
    return find(text.paragraphs(written.encode()), plan.clauses)


def _shipped() -> list[tuple[int | None, str, str]]:
    """An official document of the shipped pack in the pack's own words: level, label, text."""
    clauses = load().clauses
    told: list[tuple[int | None, str, str]] = [
        (None, "", "Năm 2022"), (None, "", "KẾ HOẠCH"), (None, "", "Phong trào 2021-2025"),
        *((None, "", line) for line in clauses["MO_DAU"].detail.split("\n")),
    ]  # fmt: skip
    begun: set[tuple[str, ...]] = set()
    for name, clause in clauses.items():
        path = tuple(name.split("."))
        if not re.fullmatch(r"[IVX]+", path[0]):
            continue
        for depth in range(1, len(path)):
            if path[:depth] not in begun:
                told.append((depth - 1, path[depth - 1], "Phần này gồm"))
                begun.add(path[:depth])
        first, *rest = clause.detail.split("\n")
        told += [(len(path) - 1, path[-1], first), *((None, "", line) for line in rest)]
    told.append((None, "", "Trên đây là kế hoạch."))
    told += [(None, "", line) for line in clauses["KET"].detail.split("\n")]
    told.append((None, "", "Nơi nhận:"))
    told += [(None, "", line) for line in clauses["NOI_NHAN"].detail.split("\n")]
    return [*told, (None, "", "TM. ỦY BAN NHÂN DÂN"), (None, "", "Phó Chủ tịch")]


def _typed() -> list[str]:
    return [
        f"{label}{')' if level == 2 else '.'} {said}" if label else said
        for level, label, said in _shipped()
    ]


def _word_file() -> bytes:
    """With the list numbers counted by Word."""
    body = [word.paragraph(said, level) for level, _, said in _shipped()]
    return word.docx(*body, numbers=word.outline())


# finding clauses


def test_a_clause_is_found_whole_and_word_for_word(tiny: Plan) -> None:
    found = _find(tiny, WHOLE)
    assert found == Found({"1": TREES, "2": REPORT.replace("\n\n", "\n"), "3": PRIZE}, (), ())


def test_the_parts_without_a_label_are_found_by_their_place(tiny: Plan) -> None:
    named = {
        name: replace(tiny.clauses["3"], id=name, summary="Không có số.", detail="Không có số.")
        for name in ("SO_HIEU", "MO_DAU", "KET", "KY", "NOI_NHAN")
    }
    texts = find(text.paragraphs(WHOLE.encode()), {**tiny.clauses, **named}).texts
    assert texts["SO_HIEU"].split("\n")[1:] == [
        "Số: 12/KH-UBND", "KẾ HOẠCH", "Phong trào “Sông Mơ xanh”",
    ]  # fmt: skip
    assert texts["MO_DAU"] == "Tỉnh có nhiều đồi trọc, nên ban hành:"
    assert texts["KET"] == "Trên đây là kế hoạch./."
    assert texts["NOI_NHAN"] == "Nơi nhận:\n- Các xã;"
    assert texts["KY"] == "KT. CHỦ TỊCH\nSùng A Dơ"


def test_every_clause_of_the_shipped_pack_is_found_typed_or_counted_by_word() -> None:
    clauses = load().clauses
    typed = find(text.paragraphs("\n\n".join(_typed()).encode()), clauses)
    assert (set(typed.texts), typed.missing, typed.unlike) == (set(clauses), (), ())
    for name, said in typed.texts.items():
        if re.match(r"[IVX]+\.", name):
            label, _, rest = said.partition(" ")
            assert label[:-1] == name.split(".")[-1]
            assert rest.split() == clauses[name].detail.split(), name
    assert find(docx.paragraphs(_word_file()), clauses) == typed


def test_a_document_without_its_labels_gives_nothing() -> None:
    body = [word.paragraph(said) for _, _, said in _shipped()]
    found = find(docx.paragraphs(word.docx(*body)), load().clauses)
    assert found.texts == {}


@pytest.mark.parametrize(
    "heading",
    ["{n}. {t}", "{n}/ {t}", "{n}) {t}", "Mục {n}: {t}", "- {n}. {t}", "({n}) {t}", "{n} . {t}"],
)
def test_labels_as_offices_write_them(tiny: Plan, heading: str) -> None:
    written = WHOLE
    for number in "123":
        written = written.replace(f"Điều {number}. ", heading.format(n=number, t=""))
    assert set(_find(tiny, written).texts) == {"1", "2", "3"}


def test_a_list_inside_a_clause_is_part_of_it(tiny: Plan) -> None:
    inside = f"{TREES}\n\n1. Cây tre.\n\n2. Cây keo.\n\n3. Cây quế."
    found = _find(tiny, WHOLE.replace(TREES, inside))
    assert found.texts["1"] == inside.replace("\n\n", "\n")
    assert set(found.texts) == {"1", "2", "3"}


def test_a_table_of_contents_is_not_the_clauses(tiny: Plan) -> None:
    contents = "Điều 1. Trồng cây\n\nĐiều 2. Báo cáo\n\nĐiều 3. Thưởng\n\n"
    assert _find(tiny, contents + WHOLE).texts == _find(tiny, WHOLE).texts


def test_an_annex_with_labels_of_its_own_is_left_out(tiny: Plan) -> None:
    annex = "\n\nPHỤ LỤC\n\nĐiều 1. Mẫu.\n\nĐiều 2. Mẫu.\n\nĐiều 3. Mẫu."
    assert _find(tiny, WHOLE + annex).texts == _find(tiny, WHOLE).texts


def test_a_missing_clause_is_named_and_the_rest_found(tiny: Plan) -> None:
    found = _find(tiny, WHOLE.replace(REPORT, ""))
    assert (set(found.texts), found.missing, found.unlike) == ({"1", "3"}, ("2",), ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("9 cuốn", "8 cuốn"),
        (PRIZE, "Điều 3. Đường liên bản dài 9 km thì sửa hai lần mỗi mùa mưa."),
        ("9 cuốn sách", "9 cuốn sách" + " và hoa" * LONGEST),
    ],
)
def test_what_says_something_else_than_the_pack_is_not_quoted(
    tiny: Plan, old: str, new: str
) -> None:
    found = _find(tiny, WHOLE.replace(old, new))
    assert (set(found.texts), found.missing, found.unlike) == ({"1", "2"}, (), ("3",))


def test_another_plan_with_the_same_labels_is_not_taken_for_this_one() -> None:
    other = [f"{label}. Dạy bơi cho học sinh các xã ven sông." for _, label, _ in _shipped()]
    assert find(other, load().clauses).texts == {}


pieces = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["I.", "Điều 1.", "1. 700 cây", "a)", "Nơi nhận", "KT. A", "PHỤ LỤC"]),
    st.sampled_from([TREES, REPORT, PRIZE, "Trên đây là"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=15))
def test_any_paragraphs_give_only_what_stands_in_them(paragraphs: list[str]) -> None:
    clauses = load(TINY).clauses
    found = find(paragraphs, clauses)
    assert sorted([*found.texts, *found.missing, *found.unlike]) == sorted(clauses)
    whole = "\n".join(one.strip() for one in paragraphs if one.strip())
    assert all(said and said in whole for said in found.texts.values())


# quoting


def test_a_clause_is_quoted_instead_of_retold(tiny: Plan) -> None:
    plan = with_official(tiny, {"2": REPORT, "8": "Không có điều này."})
    report = ask(plan, "hạn báo cáo khi nào", today=date(2028, 3, 1))
    assert report.more == f"Nguyên văn Điều 2:\n{REPORT}"
    assert report.text == ask(tiny, "hạn báo cáo khi nào", today=date(2028, 3, 1)).text
    trees = ask(plan, "mỗi xã trồng mấy cây", today=date(2028, 3, 1))
    assert trees.more.endswith(f"Điều 1 kể đủ là:\n{tiny.clauses['1'].detail}")
    assert set(plan.clauses) == {"1", "2", "3"}


@pytest.mark.parametrize(
    ("quoted", "remarks"),
    [
        ("Tiềm thưởng do quỹ chi.", ["Bản in ghi “tiềm thưởng”, em hiểu là “tiền thưởng”."]),
        ("Hội đồng TĐKT xét tiền thưởng.", []),
        (
            "Hội đồng ĐKT theo đổi.",
            [
                "Bản in ghi “theo đổi”, em hiểu là “theo dõi”.",
                "Bản in ghi “ĐKT”, em hiểu là “TĐKT”.",
            ],
        ),
    ],
)
def test_a_misprint_is_quoted_with_a_remark(quoted: str, remarks: list[str]) -> None:
    plan = with_official(load(DEFAULT), {"V.5": quoted})
    told = ask(plan, "tiền thưởng lấy ở đâu", today=date(2025, 1, 2))
    assert told.more.split("\n")[-len(remarks) - 1 :] == [quoted, *remarks]


def test_both_packs_have_the_sentence_before_a_quote() -> None:
    for folder in (DEFAULT, TINY):
        assert fits(load(folder).words["quote"].format(label="x" * 80))


def test_a_long_clause_is_read_in_messages(
    tmp_path: Path, fresh_url: Fresh, clock: HandClock
) -> None:
    sentence = "Cá nhân góp từ 50 triệu đồng trở lên, có xác nhận của xã, thì được xét khen; "
    clause = "c) " + sentence * 20 + "\n" + "không có dấu ngắt câu " * 80
    assert len(clause) > 3_000
    plan_folder.keep(tmp_path, DEFAULT.name, {"V.2.c": clause.strip()}, "x.docx")
    with talking(fresh_url("sqlite"), make_world("", None, tmp_path), clock) as talk:
        said = talk.say("Páo", QUESTION)
        while "Xem thêm" in [one["label"] for one in talk.last["Páo"][-1]["choices"]]:
            said += talk.press("Páo", "Xem thêm")
    assert all(fits(one) for one in said)
    told = " ".join(" ".join(said).split())
    assert told.endswith(" ".join(f"Nguyên văn Mục V.2.c như sau: {clause}".split()))


# the command


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BOT_CLOCK", START.isoformat())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the wording is kept."""
    return plan_folder.official_file(tmp_path / "data", DEFAULT.name)


def _write(path: Path, paragraphs: list[str]) -> str:
    path.write_text("\n\n".join(paragraphs), "utf-8")
    return str(path)


def test_an_imported_document_is_quoted(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ke hoach.docx").write_bytes(_word_file())
    assert main(["ask", QUESTION]) == 0
    assert "Nguyên văn" not in capsys.readouterr().out
    assert main(["plan", "import", str(tmp_path / "ke hoach.docx")]) == 0
    said = capsys.readouterr()
    assert "45/45" in said.out
    assert str(kept) in said.out
    assert said.err == ""
    assert main(["ask", QUESTION]) == 0
    assert "Nguyên văn Mục V.2.c như sau:\nc) " in capsys.readouterr().out


def test_what_is_kept_is_this_users_alone(tmp_path: Path, kept: Path) -> None:
    assert main(["plan", "import", _write(tmp_path / "x.txt", _typed())]) == 0
    assert kept.stat().st_mode & 0o077 == 0
    for folder in (kept.parent, kept.parent.parent, tmp_path / "data"):
        assert folder.stat().st_mode & 0o077 == 0
    assert list(kept.parent.iterdir()) == [kept]


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "import", "--dry-run", _write(tmp_path / "x.txt", _typed())]) == 0
    assert "45/45" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


def test_what_is_missing_or_different_is_told_and_the_rest_kept(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = [one.replace("50 triệu", "60 triệu") for one in _typed()]
    at = next(at for at, one in enumerate(changed) if one.startswith("VI."))
    assert main(["plan", "import", _write(tmp_path / "x.txt", changed[: at + 2])]) == 0
    said = capsys.readouterr().out
    [missing] = [line for line in said.splitlines() if line.startswith("Không thấy: ")]
    assert "Mục VI.2, Mục VII.1" in missing
    [unlike] = [line for line in said.splitlines() if line.startswith("Khác với")]
    assert "Mục V.2.c" in unlike
    texts = plan_folder.kept(tmp_path / "data", DEFAULT.name)
    assert "V.2.b" in texts
    assert not {"V.2.c", "VI.2"} & set(texts)
    assert kept.exists()


def test_a_document_with_less_than_half_of_the_clauses_is_refused(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "import", _write(tmp_path / "x.txt", [WHOLE])]) == 1
    assert "không ghi gì" in capsys.readouterr().out
    assert not kept.exists()


@pytest.mark.parametrize("name", ["nowhere.docx", ".", "x.pdf", "x\0y"])
def test_what_cannot_be_read_is_one_line(
    name: str, tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7")
    assert main(["plan", "import", name]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert not kept.exists()


def test_a_dry_check_makes_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "check", str(DEFAULT), "--dry-run"]) == 2
    assert "plan import" in capsys.readouterr().err


def test_a_new_import_takes_the_place_of_the_old_one_or_leaves_it(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_folder.keep(tmp_path / "data", DEFAULT.name, {"I.1.a": "cũ"}, "cũ.txt")
    before = kept.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    document = _write(tmp_path / "x.txt", _typed())
    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", full)
        assert main(["plan", "import", document]) == 2
    assert "BOT_DATA_DIR" in capsys.readouterr().err
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]
    assert main(["plan", "import", document]) == 0
    assert plan_folder.kept(tmp_path / "data", DEFAULT.name)["I.1.a"] != "cũ"


# what is kept


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"5",
    b'{"clauses": 5}',
    b'{"clauses": {"I.1.a": 5}}',
    b"\xff",
    b"[" * 9_999,
]


@pytest.mark.parametrize("content", DAMAGED, ids=repr)
def test_damaged_wording_is_one_line(
    content: bytes, tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_folder.keep(tmp_path / "data", DEFAULT.name, {}, "x")
    kept.write_bytes(content)
    assert main(["ask", "chào"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "plan import" in said.err
    assert len(said.err.splitlines()) == 1
    with pytest.raises(BadUsage):
        make_world("", None, tmp_path / "data")


def test_without_an_import_the_plan_is_the_packs(tmp_path: Path) -> None:
    assert plan_folder.load_plan(tmp_path).clauses == load().clauses
    (tmp_path / "plan").write_text("no folder")
    assert plan_folder.load_plan(tmp_path).clauses == load().clauses
    assert plan_folder.load_plan(tmp_path, date(2026, 12, 31)).ends == date(2026, 12, 31)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=50)))
@settings(max_examples=50, deadline=None)
def test_what_is_kept_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    plan_folder.keep(folder, "p", texts, "x")
    assert plan_folder.kept(folder, "p") == texts
