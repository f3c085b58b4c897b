"""Taking up a role by a one-time invitation (mã mời)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import forms, policy
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.turn import Turn
from storage import grants, people
from storage.grants import Invitation

MIN_NAME, MAX_NAME = 4, 80


def redeem(turn: Turn, code: str) -> None:
    """Start taking up the role an invitation gives; the code itself is not kept anywhere."""
    invitation = grants.find_invitation(turn.tx, "".join(code.split()))
    if invitation is None:
        turn.say("officials.bad_code")
        return
    if any((held.role, held.place) == (invitation.role, invitation.place) for held in turn.grants):
        turn.say("officials.already")
        return
    answers = {"id": invitation.id, "role": invitation.role, "place": invitation.place}
    forms.restart(turn, FORM, answers)


def _name(_turn: Turn, _answers: Answers, text: str) -> str:
    name = " ".join(text.split())
    if not MIN_NAME <= len(name) <= MAX_NAME or (
        any(char.isdigit() for char in name) or not any(char.isalpha() for char in name)
    ):
        raise Unclear("officials.name_unclear")
    return name


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {
        "role": turn.world.words.label(f"role.{answers['role']}"),
        "place": turn.world.places.get(answers["place"]).name,
        "name": answers.get("name") or turn.person.name,
    }


def _finish(turn: Turn, answers: Answers) -> None:
    invitation = Invitation(answers["id"], answers["role"], answers["place"])
    grant = grants.redeem(turn.tx, invitation, turn.person, turn.conversation.account_id)
    if grant is None:
        turn.say("officials.bad_code")
        return
    if answers.get("name"):
        people.rename(turn.tx, turn.person, answers["name"])
    offers = [turn.typed("queue")] if policy.granted("claim", grant.role) else []
    turn.say("officials.granted", offers, **_values(turn, answers))


FORM = Form(
    "redeem",
    (
        Question("name", read=_name, when=lambda turn, _: not turn.person.name, values=_values),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("accept"), turn.label("cancel")],
            values=_values,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"invite": redeem}
MENU: tuple[Entry, ...] = ()
