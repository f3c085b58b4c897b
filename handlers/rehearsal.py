"""Keeping a conversation as a transcript (lưu hội thoại), while rehearsing."""

from __future__ import annotations

from collections.abc import Callable

from handlers.forms import Form
from handlers.menu import Entry
from handlers.turn import Turn


def keep(turn: Turn) -> None:
    """Write the conversation into a file; only a rehearsal's can be."""
    if turn.world.keep_talk is None:
        turn.say("rehearsal.not_now")
        return
    name = turn.world.keep_talk(turn)
    turn.say("rehearsal.kept" if name else "rehearsal.nothing", file=name)


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"keep_talk": keep}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("keep_talk", 10, lambda turn: turn.world.keep_talk is not None),)
