"""Nothing that must stay inside is seen outside: no secret, number, name or word of a person."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import stray
from bot.engine import Taken
from handlers.messages import Message
from handlers.turn import World
from handlers.words import Words
from storage.schema import dead_letters
from tests.canaries import seen
from tests.conftest import Fresh, HandClock
from tests.saboteur import Quoting, Saboteur, in_rooms
from tests.talk import Talk
from tests.transcript import Player

FOLDER = Path(__file__).parent / "conversations"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))
HOOKS: list[tuple[Any, str]] = [
    (sys, "excepthook"),
    (sys, "unraisablehook"),
    (threading, "excepthook"),
    (warnings, "showwarning"),
]
_TYPED = re.compile(r"^(?!#|>|\[|=)[^:]+: (.+)$", re.MULTILINE)
_NAMES = re.compile(
    r"(?:Giàng|Lò|Vàng|Sùng|Thào|Mùa|Chẻo|Tẩn|Nguyễn|Cán bộ)(?: [A-ZĐ][a-zà-ỹ]*){1,3}"
)


@pytest.fixture
def stray_undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `stray.silence` changes is put back at the end."""
    before = logging.root.handlers, logging.root.level, logging.raiseExceptions
    for module, name in HOOKS:
        monkeypatch.setattr(module, name, getattr(module, name))
    yield
    logging.root.handlers, logging.root.level, logging.raiseExceptions = before


@dataclass
class Hindered(Talk):
    """A Talk in which a function fails at each turn; what was said is then said again."""

    saboteur: Saboteur = field(default_factory=lambda: Saboteur(in_rooms()))
    dead: int = 0
    known: set[str] = field(default_factory=set)

    def deliver(self, message: Message) -> Taken:
        # Whoever is apologised to first is no stranger any more, and is greeted otherwise.
        self.saboteur.armed = message.sender in self.known
        self.known.add(message.sender)
        try:
            taken = super().deliver(message)
        except Quoting:
            taken = Taken(None, "dead")  # before it was submitted
        finally:
            self.saboteur.armed = False
        if taken.outcome == "dead":
            self.dead += 1
            taken = super().deliver(replace(message, event_id=f"{message.event_id}-again"))
        return taken

    def collect(self) -> None:
        super().collect()
        sorry = self.world.words.text("router.apology")
        for bodies in self.last.values():
            bodies[:] = [body for body in bodies if body["text"] != sorry]


def said_in(transcript: str) -> set[str]:
    """What people typed and what they are called: each of it is a canary."""
    return {*_TYPED.findall(transcript), *_NAMES.findall(transcript)}


@pytest.mark.usefixtures("stray_undone")
@pytest.mark.parametrize(
    "transcripts",
    [
        pytest.param(TRANSCRIPTS[::4], id="some"),
        pytest.param(TRANSCRIPTS, id="all", marks=pytest.mark.long),
    ],
)
def test_no_word_of_any_conversation_is_logged_whatever_fails(
    transcripts: list[Path],
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Every transcript, while each function of storage and of the conversations fails once."""
    stray.silence()
    saboteur = Saboteur(in_rooms("handlers", "storage"))
    for module, name, wrapped in list(saboteur.places()):
        monkeypatch.setattr(module, name, wrapped)
    monkeypatch.setattr(Words, "text", saboteur.wrapped(Words.text))
    start, dead = clock.now, 0
    for path in transcripts:
        transcript, clock.now = path.read_text("utf-8"), start
        talk = Hindered(fresh_url("sqlite"), world, clock, saboteur=saboteur)
        try:
            Player(talk).play(transcript)
            with talk.engine.database.reading(clock()) as tx:
                errors = list(tx.execute(select(dead_letters.c.error)).scalars())
        finally:
            talk.close()
        dead += talk.dead
        # Whose it was stands in the first line, so that it goes when he erases his data.
        reasons = "\n".join(error.partition("\n")[2] for error in errors)
        printed = capfd.readouterr()
        written = printed.out + printed.err + reasons
        assert written.count("Quoting") >= talk.dead
        assert seen(said_in(transcript), written.encode()) == [], path
    assert len(saboteur.failed) > 200, dead


@pytest.mark.usefixtures("stray_undone")
def test_a_library_s_own_level_is_told_by_the_one_below(capfd: pytest.CaptureFixture[str]) -> None:
    stray.silence(1)
    for level in (1, 35, 70):
        logging.getLogger("lib").log(level, "kín")
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["level"] for line in told] == ["debug", "warning", "critical"]


class Closed(io.StringIO):
    """A standard error nobody reads any more."""

    def write(self, _text: str) -> int:
        raise OSError(9, "Bad file descriptor")


@pytest.mark.usefixtures("stray_undone")
def test_what_cannot_be_said_is_no_fault_of_the_library_s(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stray.silence()
    odd = logging.LogRecord("lib", logging.ERROR, "a.py", 1, "kín", (), None)
    odd.exc_info = True  # type: ignore[assignment]
    logging.getLogger("lib").handle(odd)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Closed())
    logging.getLogger("lib").error("kín")
    warnings.showwarning("kín", UserWarning, "a.py", 1)
    sys.excepthook(ValueError, ValueError("kín"), None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, ValueError("kín"), None, None)))
