"""Taking up a role by a one-time invitation (mã mời)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers import forms, policy
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.roles import OF_A_VILLAGE
from handlers.turn import Turn
from handlers.where_when import place_key
from knowledge.text import fold
from knowledge.villages import village_key
from storage import grants, households, organisations, people
from storage.grants import Grant, Invitation

MIN_NAME, MAX_NAME = 4, 80
ONE_DAY = timedelta(days=1)


def redeem(turn: Turn, code: str) -> None:
    """Start taking up the role an invitation gives; the code itself is not kept anywhere."""
    invitation = grants.find_invitation(turn.tx, "".join(code.split()))
    if invitation is None:
        turn.say("officials.bad_code")
        return
    if any(_what(held) == _what(_keyed(invitation)) for held in turn.grants):
        turn.say("officials.already")
        return
    forms.restart(turn, FORM, {"id": invitation.id})


def told(turn: Turn, one: Grant | Invitation) -> dict[str, Any]:
    """A role as people say it: what, where, for which village or organisation, till when."""
    part = one.village
    if one.organisation_id:
        part = organisations.get(turn.tx, one.organisation_id).name
    elif part and isinstance(one, Grant):
        part = village_name(turn, one.place, part)
    return {
        "role": turn.world.words.label(f"role.{one.role}"),
        "place": turn.world.places.get(one.place).name,
        "part": part,
        "until": one.until - ONE_DAY if one.until else None,
    }


def village_name(turn: Turn, place: str, key: str) -> str:
    """A village's name; without its marks where nobody of it is known yet."""
    return households.village_name(turn.tx, place_key(turn, place), key) or key.title()


def _keyed(invitation: Invitation) -> Invitation:
    """The invitation as its grant will be: one village however it was typed."""
    return replace(invitation, village=village_key(invitation.village))


def _what(one: Grant | Invitation) -> tuple[object, ...]:
    return (one.role, one.place, one.organisation_id, one.village)


def _name(_turn: Turn, _answers: Answers, text: str) -> str:
    name = " ".join(text.split())
    if not MIN_NAME <= len(name) <= MAX_NAME or (
        any(char.isdigit() for char in name) or not any(char.isalpha() for char in name)
    ):
        raise Unclear("officials.name_unclear")
    return name


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    invitation = grants.get_invitation(turn.tx, answers["id"])
    role = told(turn, invitation) if invitation else {}
    return {**role, "name": answers.get("name") or turn.person.name}


def _finish(turn: Turn, answers: Answers) -> None:
    invitation = grants.get_invitation(turn.tx, answers["id"])
    account_id = turn.conversation.account_id
    if invitation is None:
        turn.say("officials.bad_code")
        return
    grant = grants.redeem(turn.tx, _keyed(invitation), turn.person, account_id)
    if grant is None:
        turn.say("officials.bad_code")
        return
    name = answers.get("name")
    if name:
        people.rename(turn.tx, turn.person, name, fold(name))
    reviews = bool(policy.granted("claim", grant.role))
    told_role = {**told(turn, invitation), "name": name or turn.person.name}
    offers = [turn.typed("queue"), turn.typed("household")] if reviews else []
    if grant.role in OF_A_VILLAGE:
        offers = [turn.typed("village"), turn.typed("household")]
    turn.say("officials.granted", offers, reviews=reviews, **told_role)
    _tell_inviter(turn, invitation, grant, told_role)


def _tell_inviter(turn: Turn, made: Invitation, grant: Grant, role: dict[str, Any]) -> None:
    """Who invited learns at once who took it up, and can take it back."""
    if made.created_by is None:
        return
    words = turn.world.words
    for account in people.accounts_of(turn.tx, made.created_by, 1):
        turn.push(
            account.id, "officials.redeemed",
            [(words.label("revoke_role"), turn.typing("revoke_role", str(grant.id)))], **role,
        )  # fmt: skip


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
READS: dict[str, Callable[[str], bool]] = {"invite": lambda _: True}
MENU: tuple[Entry, ...] = ()
