"""Plain sentences of villagers: what is told, called or left open, and what stays a question.

The tables were written before the readers; their first lines say what was seen of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from handlers import ask, told
from handlers.gift_grammar import row_of
from handlers.kinds import kinds
from handlers.router import OWN
from handlers.telling import MOST_WORDS, Telling
from handlers.turn import World
from knowledge import ask as brain
from knowledge.blanks import is_blank, is_unknown
from knowledge.plan import DEFAULT
from knowledge.questions import is_question
from knowledge.text import fold
from storage.database import Database
from tests.conftest import START
from tests.stage import staged

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t")[1:] for line in lines if not line.startswith("#")]


def sorted_rows(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


GIFTS, COMMANDS = rows("plain_gifts.tsv"), rows("plain_commands.tsv")
BLANKS, UNSURE = rows("plain_blanks.tsv"), sorted_rows("plain_unsure.tsv")
QUESTIONS = [text for (text,) in rows("plain_questions.tsv")]


def telling(world: World, text: str) -> Telling | None:
    return None if is_question(text) else world.words.tells_of(text)


def answers(world: World, text: str) -> dict[str, Any]:
    gift = telling(world, text)
    assert gift is not None
    turn: Any = SimpleNamespace(world=world)
    return told.answers(turn, gift)


def plain(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize(("text", "way", "kind", "value", "purpose"), GIFTS)
def test_what_is_told_of_a_gift(
    world: World, text: str, way: str, kind: str, value: str, purpose: str
) -> None:
    gift = telling(world, text)
    assert ("answers" if gift is None else "begins" if gift.sure else "offers") == way
    found = answers(world, text) if gift is not None else {}
    assert found.get("kind", "-") == kind
    first = kinds()[kind].questions[0].name if kind != "-" else ""
    allowed = {value.removesuffix("?"), *("-" if value.endswith("?") else "")}
    assert value == "*" or plain(found.get(first)) in allowed
    assert purpose == "*" or fold(found.get("purpose", "-")) == fold(purpose)


SIDES = {
    "refusal": {"answers"},
    "complaint": {"answers"},
    "correction": {"changes"},
    "others": {"offers"},
    "question": {"answers", "offers"},
    "wish": {"answers", "offers"},
    "own": {"answers", "offers", "offers+"},
    "reported": {"offers"},
    "junk": {"answers", "offers"},
    "loose": {"offers+"},
    "date": {"begins", "offers", "offers+"},
    "year": {"begins", "offers", "offers+"},
    "village": {"begins", "offers", "offers+"},
}
"""What may come of a sentence of each sort."""


@pytest.mark.parametrize(("sort", "text", "side", "value", "purpose"), UNSURE)
def test_nothing_is_taken_for_more_than_it_says(
    world: World, sort: str, text: str, side: str, value: str, purpose: str
) -> None:
    gift = telling(world, text)
    if gift is None:
        corrects = not is_question(text) and world.words.teller.corrects(text)
        came = "changes" if corrects else "answers"
    else:
        came = "begins" if gift.sure else "offers+" if gift.whole else "offers"
    assert came == side
    assert came in SIDES[sort]
    found = answers(world, text) if gift is not None else {}
    told_of = next(
        (found[one] for one in ("amount", "days", "area", "goods") if one in found), None
    )
    assert plain(told_of) == value
    assert found.get("purpose", "-") == purpose


@pytest.mark.parametrize(
    "text",
    [
        "tôi góp 1 triệu và 2 triệu",
        "em góp khoảng 2 triệu làm đường",
        "bọn em đi làm đường 2 ngày",
        "em sẽ góp 2 triệu làm đường",
        "em đăng ký góp 2 triệu làm đường",
        "mỗi nhà trong bản em góp 200k làm đường",
        "em vừa được hỗ trợ 5 triệu làm nhà, góp lại",
        "báo góp 1 triệu và 2 triệu",
        "báo góp khoảng 2 triệu làm đường",
        "báo góp 2 triệu mỗi tháng",
        "báo đóng góp: em được hỗ trợ 5 triệu làm nhà",
    ],
)
def test_how_much_is_never_guessed(world: World, text: str) -> None:
    gift = telling(world, text)
    found = answers(world, text) if gift is not None else {}
    assert not {"amount", "days", "area", "goods"} & found.keys()


@pytest.mark.parametrize("word", ["ạ", "dạ", "cho em", "rồi ạ", "vừa rồi", "2 triệu", "bản", "góp"])
def test_many_ways_to_cut_a_sentence_up_take_no_long_time(world: World, word: str) -> None:
    size = MOST_WORDS // len(word.split()) - 2
    row = row_of("em góp " + " ".join([word] * size))
    assert len(world.words.teller._grammar.readings(row, "start")) < 2_000


@pytest.mark.parametrize(
    "text",
    [
        "em vừa được hỗ trợ 5 triệu làm nhà",
        "em xin 500k",
        "xã cho nhà em 5 triệu",
        "em vừa nhận 2 triệu tiền thưởng",
        "tôi xin hỗ trợ 5 triệu làm nhà",
        "em mới lấy 2 triệu tiền công",
        "em làm đường",
        "bác chào cháu",
        "nhà em ở bản Nà Đon",
        "em là trưởng bản",
        "báo mất trâu",
        "báo mất 2 con trâu",
        "em đã đóng góp ý kiến rồi",
        "em muốn báo với xã là đường hỏng",
    ],
)
def test_what_was_got_or_only_said_is_no_gift(world: World, text: str) -> None:
    assert telling(world, text) is None


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_a_command_in_polite_words_is_that_command(world: World, text: str, command: str) -> None:
    assert world.words.command(text) == command


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_stays_a_question(world: World, text: str) -> None:
    gift = telling(world, text)
    assert gift is None or not gift.sure
    assert world.words.command(text) is None
    started = world.words.starts_with(text)
    assert started is None or started[1] or started[0] not in OWN


def plan_questions() -> Iterator[str]:
    for path in sorted(DATA.glob("questions_*.jsonl")):
        yield from (json.loads(line)["q"] for line in path.read_text("utf-8").splitlines() if line)
    for path in sorted((DEFAULT / "answers").glob("*.yaml")):
        families = yaml.safe_load(path.read_text("utf-8"))
        yield from (line for one in families.values() for line in one.get("ask", "").splitlines())


def test_hardly_any_question_about_the_plan_begins_a_report_or_is_a_command(world: World) -> None:
    asked = list(plan_questions())
    assert len(asked) > 14_000
    begun = [text for text in asked if (gift := telling(world, text)) and gift.sure]
    # "em ủng hộ 2 triệu làm đường" was written as a question, and cannot be told from a report.
    assert len(begun) <= 5, begun
    called = [
        text
        for text in asked
        if (name := world.words.command(text)) is not None
        and name not in ("greeting", "about", "cancel", "data_erase")
        and name != world.words._command(text)
    ]
    assert called == []


@pytest.mark.parametrize(("sort", "text"), BLANKS)
def test_what_tells_nothing_is_no_answer(sort: str, text: str) -> None:
    assert is_blank(text) == (sort == "blank")


def test_not_known_is_not_none() -> None:
    assert all(map(is_unknown, ("không biết", "ko nhớ ạ", "quên rồi", "để trống", "chưa rõ")))
    assert not any(map(is_unknown, ("không", "không có", "chưa có", "ko có ai")))


@pytest.mark.parametrize(
    "text", ["xã em có 11 tiêu chí", "nhà em góp 60 triệu được bằng khen", "50 triệu", "có 3 bản"]
)
def test_the_choice_to_report_always_begins_a_report(
    database: Database, world: World, text: str
) -> None:
    with staged(database, world) as stage:
        said = stage.say("Mỷ", f"Báo đóng góp: {text}")
        assert said[-1].startswith("Để nhận báo cáo")


OPENINGS = [
    "ad oi", "cho hỏi", "ghi", "hom qua", "sáng nay", "em ơi cho em hỏi tí", "này ad", "a lô",
    "cho em hỏi chút ạ", "cán bộ ơi em hỏi tí",
]  # fmt: skip


@pytest.mark.parametrize("text", OPENINGS)
def test_a_mere_opening_is_answered_shortly(world: World, text: str) -> None:
    found = brain.ask(world.plan, text, today=START.date())
    assert found.decision == "smalltalk"
    # An office may have asked just this: then it is an answer to it.
    turn: Any = SimpleNamespace(world=world, today=START.date())
    assert ask.is_small_talk(turn, text) == bool(found.topic)


def test_when_alone_may_be_what_an_office_asked(world: World) -> None:
    turn: Any = SimpleNamespace(world=world, today=START.date())
    assert ask.is_small_talk(turn, "cảm ơn ạ")
    assert not any(ask.is_small_talk(turn, text) for text in ("hôm qua", "hom qua", "sáng nay"))


@pytest.mark.parametrize(
    "text", ["giá trâu hôm nay bao nhiêu tiền", "con bò bao nhiêu tiền", "gia lon hoi hom nay"]
)
def test_what_the_market_asks_is_no_matter_of_the_plan(world: World, text: str) -> None:
    found = brain.ask(world.plan, text, today=START.date())
    assert (found.decision, found.clauses) == ("unknown", ())


def test_the_tables_are_large() -> None:
    assert len({text for text, *_ in GIFTS}) >= 100
    assert len({text for text, _ in COMMANDS}) >= 60
    assert len({text for _, text in BLANKS}) >= 90
    assert len(set(QUESTIONS)) >= 90
    assert len({text for _, text, *_ in UNSURE}) >= 480


BEFORE = ["báo góp tiền", "đồng ý", "2 triệu"]
"""As far as what it was for."""


def test_what_is_left_open_and_what_is_needed(database: Database, world: World) -> None:
    blanks = [text for sort, text in BLANKS if sort == "blank"]
    with staged(database, world) as stage:
        for text in BEFORE:
            stage.say("Mỷ", text)
        for text in blanks:
            with stage.tried():
                assert stage.say("Mỷ", text)[0].startswith("Góp ngày nào?"), text
        for text in ("làm đường", "hôm qua", "Bình Lư"):
            stage.say("Mỷ", text)
        for text in blanks:
            with stage.tried():
                [said] = stage.say("Mỷ", text)
                assert said.startswith("Xã cần biết bản nào"), text
                assert "quay lại" in said
        stage.say("Mỷ", "Bản Nà Đon")
        stage.say("Mỷ", "cá nhân tôi")
        for text in blanks:
            with stage.tried():
                [said] = stage.say("Mỷ", text)
                assert said.startswith("Xã cần họ tên"), text
        assert stage.say("Mỷ", "Sùng A Không")[0].startswith("Xin đọc lại: Sùng A Không góp")
