"""What people type leads to one command; a label offered as a command is understood as it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import handlers
from handlers.registry import COMMANDS, MENU, WITH_CODE
from handlers.turn import World
from handlers.words import HERE, _phrases, means
from knowledge.text import fold

EVERYWHERE = {"cancel", "back", "help", "more", "menu", "menu_more", "resume"}
"""Understood at any step, by the router itself."""
DATA = _phrases(sorted((HERE / "phrases").glob("*.yaml")))
TYPED = re.compile(r"(?<![\w])(?:turn|_turn)\.typed\(\"(\w+)\"\)")


LABELS = {"another": "report_another"}
"""Labels that go by another name than their command."""


OWN = {
    "báo cáo của tôi đến đâu rồi": "mine",
    "khoản góp của tôi duyệt chưa": "mine",
    "bao cao cua toi den dau roi": "mine",
    "khoản đóng góp của em được xác nhận chưa ạ": "mine",
    "tôi đã góp bao nhiêu": "totals",
    "năm nay tôi góp bao nhiêu rồi": "totals",
    "tôi muốn sửa số tiền": "correct",
    "báo cáo của xã gửi đến đâu": None,
    "báo cáo của xã đến đâu rồi": None,
    "báo cáo của tôi gửi cho ai": None,
    "góp bao nhiêu thì được khen": None,
    "tôi góp bao nhiêu thì được khen": None,
    "tôi đã góp bao nhiêu thì được khen": None,
    "muốn sửa số tiền hỗ trợ thì hỏi ai": None,
}
"""Asked about one's own reports: the command it is; asked of the plan: none."""


@pytest.mark.parametrize(("text", "command"), OWN.items())
def test_what_is_asked_of_one_s_own_reports_is_told_from_what_the_plan_says(
    text: str, command: str | None, world: World
) -> None:
    begun = world.words.starts_with(text)
    bare = begun[0] if begun is not None and not begun[1] else None
    assert (world.words.command(text) or bare) == command


def _meeting(section: str) -> list[tuple[str, str, str, str]]:
    """Pairs of phrases of different commands of which one typed text may mean both."""
    said = [(text, name) for name, texts in DATA[section].items() for text in texts]
    return [
        (text, name, other, theirs)
        for number, (text, name) in enumerate(said)
        for other, theirs in said[number + 1 :]
        if name != theirs and (means(text, other) or means(other, text))
    ]


def test_no_phrase_means_two_commands() -> None:
    assert _meeting("commands") == []
    assert _meeting("starts") == []


def test_no_two_commands_are_the_same_without_marks() -> None:
    for section in ("commands", "starts"):
        whose: dict[str, set[str]] = {}
        for name, texts in DATA[section].items():
            for text in texts:
                whose.setdefault(fold(text), set()).add(name)
        assert {text: names for text, names in whose.items() if len(names) > 1} == {}


def _offered() -> set[str]:
    """Keys offered as typed commands: by name in the handlers, and in the menu."""
    files = Path(handlers.__file__).parent.glob("*.py")
    named = {key for file in files for key in TYPED.findall(file.read_text("utf-8"))}
    return named | {entry.key for entry in MENU} | {"menu_more"}


def test_every_label_offered_as_a_command_is_understood_as_it(world: World) -> None:
    words = world.words
    assert len(_offered()) > 30
    for key in sorted(_offered()):
        command = LABELS.get(key, key)
        for text in (words.label(key), words.label(key).upper(), fold(words.label(key))):
            understood = words.command(text)
            begun = words.starts_with(text)
            assert command in (understood, begun[0] if begun else None), (key, text)
        assert command in {*COMMANDS, *WITH_CODE, *EVERYWHERE}, key


def test_every_command_has_words_and_every_word_a_command() -> None:
    known = COMMANDS.keys() | EVERYWHERE | {"greeting"}
    assert DATA["commands"].keys() <= known
    assert DATA["starts"].keys() == WITH_CODE.keys()
