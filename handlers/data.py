"""Data rights (dữ liệu của tôi): what may be done, seeing it, taking a copy, whom to ask.

Changing, taking consent back, erasing and complaining stand in files of their own. Each is a row
with the law's clocks, also where it is done at once.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers import ask, data_text
from handlers.consent import PURPOSES, REPORT
from handlers.forms import Form
from handlers.menu import Entry
from handlers.turn import Turn
from knowledge import rights
from storage import consents, personal, requests

WEB = "web"
"""The channel on which a person can be given a file of his own."""


def ask_for(turn: Turn, kind: str, text: str = "") -> int:
    """Note what a person asks for about his data; the number of the request."""
    answer_by, done_by = rights.due(turn.world.plan.calendar, kind, turn.today)
    return requests.ask(
        turn.tx, turn.person.id, turn.conversation.account_id, kind,
        answer_by=answer_by, done_by=done_by, text=text,
    )  # fmt: skip


def do_at_once(turn: Turn, kind: str) -> None:
    """Note what was asked for and done in the same breath."""
    requests.finish(turn.tx, ask_for(turn, kind), "done", by="machine")


def menu(turn: Turn) -> None:
    """What a person can do about his own data."""
    keys = ("data_see", "data_copy", "data_fix", "data_consents", "data_more")
    turn.say("data.menu", [turn.typed(key) for key in keys])


def more(turn: Turn) -> None:
    """The rest of it, and whom to ask."""
    keys = ("data_erase", "data_complain")
    turn.say("data.more", [turn.typed(key) for key in keys], contact=turn.world.officer_contact)


def see(turn: Turn) -> None:
    """What is kept, by purpose."""
    do_at_once(turn, "see")
    kept = personal.kept(turn.tx, turn.person.id)
    said = data_text.readable(turn.world, kept)
    ask.say_parts(turn, ask.split(said), [turn.typed("data_fix")])


def copy(turn: Turn) -> None:
    """A copy to keep: on the web a file, elsewhere the whole text."""
    do_at_once(turn, "copy")
    if turn.message.channel == WEB:
        turn.say("data.file")
        return
    kept = personal.kept(turn.tx, turn.person.id)
    ask.say_parts(turn, ask.split(data_text.readable(turn.world, kept, whole=True)))


def agreed(turn: Turn) -> None:
    """What a person has agreed to, each to be taken back, the optional ones to be given."""
    words = turn.world.words
    given = {one for one in PURPOSES if consents.has(turn.tx, turn.person.id, one)}
    offers = [turn.typed(f"data_withdraw_{one}") for one in PURPOSES if one in given]
    offers += [turn.typed(one) for one in PURPOSES if one not in given and one != REPORT]
    names = [words.label(f"purpose_of.{one}") for one in PURPOSES if one in given]
    turn.say("data.agreed", offers, given=", ".join(names))


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "data": menu,
    "data_more": more,
    "data_see": see,
    "data_copy": copy,
    "data_consents": agreed,
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("data", 7),)
