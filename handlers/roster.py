"""Roles given (vai trò đã giao): who holds what below, and taking it back (thu hồi)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import forms, policy
from handlers.forms import Answers, Form, Question
from handlers.inviting import may_give, roles
from handlers.menu import Entry
from handlers.officials import told
from handlers.policy import Where
from handlers.turn import Offer, Turn
from handlers.words import is_number
from storage import grants, people
from storage.grants import Grant

SHOWN = 4


def listing(turn: Turn) -> None:
    """The newest roles this person may take back."""
    _page(turn, None)


def older(turn: Turn) -> None:
    """The next page."""
    _page(turn, turn.state.get("roster"))


def _page(turn: Turn, before: int | None) -> None:
    below = roles(turn)
    if not below:
        turn.say("roster.not_yours")
        return
    found = grants.roster(turn.tx, _places(turn), below, SHOWN + 1, before=before)
    shown = [one for one in found[:SHOWN] if may_give(turn, one[0].role, one[0].place)]
    offers = [
        Offer(
            turn.world.words.text("roster.line", name=name, **told(turn, one)),
            turn.typing("revoke_role", str(one.id)),
        )
        for one, name in shown
    ]
    if len(found) > SHOWN:
        turn.state["roster"] = found[SHOWN - 1][0].id
        offers.append(turn.typed("roster_more"))
    turn.say("roster.listing", offers, shown=len(shown), first=before is None)


def _places(turn: Turn) -> list[str]:
    """Keys of the units this person's own are or are above of, old and new."""
    return [
        unit.key
        for unit in turn.world.places.all()
        if any(
            policy.relations(turn.world.places, held, Where(unit.key), turn.today)
            & {"own", "above"}
            for held in turn.grants
        )
    ]


def revoke(turn: Turn, typed: str) -> None:
    """Read back which role is taken from whom."""
    found = _own(turn, int(typed))
    if found is None:
        turn.say("roster.no_such", [turn.typed("roster")])
    else:
        forms.restart(turn, FORM, {"id": found.id})


def _own(turn: Turn, grant_id: int) -> Grant | None:
    """A live role that this person may take back, by the same rule as he could give it."""
    found = grants.get(turn.tx, grant_id)
    return found if found is not None and may_give(turn, found.role, found.place) else None


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    found = grants.get(turn.tx, answers["id"])
    if found is None:
        return {"name": "", "role": "", "place": "", "part": "", "until": None}
    return {"name": people.name_of(turn.tx, found.person_id), **told(turn, found)}


def _finish(turn: Turn, answers: Answers) -> None:
    found = _own(turn, answers["id"])
    if answers["confirm"] != "revoke_yes":
        turn.say("roster.kept")
        return
    if found is None or not grants.revoke(turn.tx, found.id, by=turn.person.id):
        turn.say("roster.no_such", [turn.typed("roster")])
        return
    values = {"name": people.name_of(turn.tx, found.person_id), **told(turn, found)}
    turn.say("roster.revoked", [turn.typed("roster")], **values)
    turn.push(found.account_id, "roster.taken", **values)


FORM = Form(
    "revoke_role",
    (
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("revoke_yes"), turn.label("revoke_no")],
            values=_values,
            says="roster.confirm",
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"roster": listing, "roster_more": older}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"revoke_role": revoke}
READS: dict[str, Callable[[str], bool]] = {"revoke_role": is_number}
MENU: tuple[Entry, ...] = (Entry("roster", 7, lambda turn: bool(roles(turn))),)
