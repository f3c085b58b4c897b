"""The reporter's word on a corrected figure (số sửa lại): he agrees, or objects and is looked at
once more; a second objection is written down and told to the level above."""

from __future__ import annotations

from collections.abc import Callable

from handlers import decided, given, overdue
from handlers.forms import Form
from handlers.menu import Entry
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from storage import contributions, objections
from storage.codes import find_in, parse
from storage.contributions import Contribution
from storage.errors import Conflict

LOOKED_AT = 20
"""Of a person's newest reports; an older figure is answered with its code."""


def agree(turn: Turn, typed: str) -> None:
    """The corrected figure is right."""
    one = _own(turn, typed)
    if one is None:
        return
    try:
        objections.agree(turn.tx, one, turn.person.id)
    except Conflict:
        _say_closed(turn, one)
        return
    turn.say("figure.agreed", code=one.code, what=given.verified(turn, one))


def disagree(turn: Turn, typed: str) -> None:
    """The corrected figure is wrong."""
    one = _own(turn, typed)
    if one is None:
        return
    try:
        again = objections.object_to(turn.tx, one, turn.person.id)
    except Conflict:
        _say_closed(turn, one)
        return
    second = again.answer == objections.TWICE
    if not second:
        overdue.plan(turn, again)
    # The commune looks once more by itself, unless the level above has a say in it already.
    decided.tell_officers(
        turn, again, "verify.objected_twice" if second else "verify.objected",
        above=second or again.raised_at is not None,
    )  # fmt: skip
    turn.say(
        "figure.objected_twice" if second else "figure.objected",
        code=one.code, place=turn.world.places.get(one.place).name,
        contact=turn.world.officer_contact,
    )  # fmt: skip


def take(turn: Turn, text: str) -> bool:
    """A bare "đồng ý" or "không đồng ý" outside any form: it is about the one corrected figure that
    waits for this reporter; of several he is asked which. False when none waits."""
    words = turn.world.words
    said = next((key for key in ("agree", "disagree") if words.is_said(text, key)), None)
    if said is None:
        return False
    newest = contributions.of_reporter(turn.tx, turn.person.id, LOOKED_AT)
    open_ = [one for one in newest if objections.may_answer(one)]
    if len(open_) == 1:
        WITH_CODE[said](turn, open_[0].code)
    elif open_:
        offers = [
            Offer(words.text("figure.line", code=one.code, what=given.verified(turn, one)),
                  turn.typing(said, one.code))
            for one in open_[:MAX_CHOICES]
        ]  # fmt: skip
        turn.say("figure.which", offers)
    return bool(open_)


def _own(turn: Turn, typed: str) -> Contribution | None:
    code = parse(typed) or find_in(typed)
    one = contributions.find(turn.tx, code) if code else None
    if one is None or one.reporter_id != turn.person.id:
        turn.say("verify.no_such", typed=typed[:20])
        return None
    return one


def _say_closed(turn: Turn, one: Contribution) -> None:
    state = turn.world.words.label(f"state.{one.state}")
    turn.say(
        "figure.closed", code=one.code, state=state,
        said=one.answer if objections.is_corrected(one) else "",
    )  # fmt: skip


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"agree": agree, "disagree": disagree}
MENU: tuple[Entry, ...] = ()
