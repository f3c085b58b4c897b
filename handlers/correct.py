"""Correcting one's own report (sửa báo cáo) before a decision: its form again, with its answers.

The code stays, what was told before is kept as a version, and whoever has it in hand is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers import forms, given, mine, report
from handlers.contributor import GROUP, HOUSEHOLD, OTHER, OTHER_HOUSEHOLD, SELF
from handlers.forms import Answers, Form
from handlers.kinds import Told, kinds
from handlers.menu import Entry
from handlers.roles import REVIEWER
from handlers.turn import Turn
from knowledge.text import fold
from storage import contributions, corrections, grants, people
from storage.contributions import Contribution
from storage.errors import Conflict

SEEN = "seen"
"""The answer that names the report and the version its reporter saw; no question asks for it."""


def begin(turn: Turn, typed: str) -> None:
    """Open the report's form again at "what is to be corrected"."""
    own = mine.find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
    elif own.state not in corrections.OPEN:
        _too_late(turn, own)
    else:
        seen = {SEEN: [own.id, own.version], "confirm": "fix"}
        forms.restart(turn, FORM, {**answers(turn, own), **seen})


def answers(turn: Turn, one: Contribution) -> Answers:
    """The answers of the report's form that tell this report."""
    kind = kinds()[one.kind]
    told = Told(one.told_vnd, one.told_quantity, one.details, one.made_on)
    found = {
        **({"kind": given.OTHER_KINDS, "rare_kind": kind.name} if kind.rare else
           {"kind": kind.name}),
        **kind.again(told),
        "commune": one.place,
        "village": one.village,
        "who": _who(one),
        "name": one.contributor_name,
    }  # fmt: skip
    if kind.purpose:
        found["purpose"] = one.purpose
    if kind.day:
        found["day"] = one.made_on.isoformat()
    if found["who"] == GROUP:
        found["group"] = one.contributor_kind
    return found


def _who(one: Contribution) -> str:
    own = one.contributor_id is not None
    if one.contributor_kind == "individual":
        return SELF if own else OTHER
    if one.contributor_kind == "household":
        return HOUSEHOLD if own else OTHER_HOUSEHOLD
    return GROUP


def _too_late(turn: Turn, own: Contribution) -> None:
    state = turn.world.words.label(f"state.{own.state}")
    turn.say("correct.too_late", code=own.code, state=state)


def _finish(turn: Turn, answers: Answers) -> None:
    number, version = answers[SEEN]
    seen = contributions.get(turn.tx, number)
    kind = given.kind_of(answers)
    try:
        if kind is None or seen.version != version:
            raise Conflict
        new = report.made_of(turn, kind, answers)
        now = corrections.correct(turn.tx, seen, new, by=turn.person.id)
    except Conflict:
        _too_late(turn, seen)
        return
    if answers.get("reporter") and not turn.person.name:
        people.rename(turn.tx, turn.person, answers["reporter"], fold(answers["reporter"]))
    offers = [turn.label("show", turn.typing("show", now.code))]
    turn.say("correct.done", offers, code=now.code, changed=now.version != seen.version)
    if now.version != seen.version:
        _tell_officers(turn, seen, now)


def _tell_officers(turn: Turn, seen: Contribution, now: Contribution) -> None:
    """Whoever holds it; when it comes back or comes to another commune, all who may decide."""
    values: dict[str, Any] = {
        "one": now,
        "what": given.told(turn, now),
        "does": given.does(turn, now.kind),
        "place": turn.world.places.get(now.place).name,
    }
    for officer in grants.at_place(turn.tx, now.place, REVIEWER):
        holds = officer.person_id == now.holder_id
        if officer.person_id != turn.person.id and (holds or now.state != seen.state or
                                                    now.place != seen.place):  # fmt: skip
            turn.push(
                officer.account_id, "correct.told",
                [(turn.world.words.label("open"), turn.typing("open", now.code))], **values,
            )  # fmt: skip


FORM = Form(
    "correct",
    tuple(
        replace(one, says=one.says or f"{report.FORM.name}.{one.name}")
        for one in report.FORM.questions
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"correct": begin}
MENU: tuple[Entry, ...] = ()
