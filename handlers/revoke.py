"""Revoking (hủy xác nhận): the level above takes a verification back, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import decided, desk, forms, given, policy
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from handlers.verify import read_reason
from storage import contributions, verification
from storage.errors import Conflict
from storage.four_eyes import is_own

REASONS = ("revoke.1", "revoke.2", "revoke.3")


def begin(turn: Turn, typed: str) -> None:
    """Start revoking a verified report."""
    seen = desk.visible(turn, typed)
    if seen is None:
        turn.say("verify.no_such", typed=typed[:20])
    elif policy.may(turn, "revoke", seen) is None:
        desk.say_decided(turn, seen)
    elif is_own(turn.tx, turn.person.id, seen):
        turn.say("verify.own", code=seen.code)
    else:
        forms.restart(turn, FORM, {"id": seen.id, "version": seen.version})


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = contributions.get(turn.tx, answers["id"])
    place = turn.world.places.get(one.place).name
    return {"one": one, "what": given.verified(turn, one), "place": place}


def _reasons(turn: Turn, _answers: Answers) -> list[Offer]:
    labels = [turn.world.words.label(f"reason.{key}") for key in REASONS]
    return [Offer(label, label) for label in labels]


def _finish(turn: Turn, answers: Answers) -> None:
    now = contributions.get(turn.tx, answers["id"])
    grant = policy.may(turn, "revoke", now)
    if policy.may(turn, "see", now) is None:
        turn.say("verify.no_such", typed=now.code)
        return
    try:
        if grant is None or now.version != answers["version"]:
            raise Conflict
        done = verification.revoke(turn.tx, now, grant, answers["reason"])
    except Conflict:
        desk.say_decided(turn, contributions.get(turn.tx, now.id))
        return
    except verification.OwnReport:
        turn.say("verify.own", code=now.code)
        return
    decided.tell_reporter(turn, done, grant, answers["reason"])
    decided.tell_officers(turn, done, "verify.revoked")
    turn.say("revoke.done", desk.back_to_queue(turn), **_values(turn, answers))


FORM = Form(
    "revoke",
    (
        Question("reason", read=read_reason, offers=_reasons, values=_values),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("record"), turn.label("cancel")],
            values=_values,
            needs=("reason",),
            counts=False,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"revoke": begin}
MENU: tuple[Entry, ...] = ()
