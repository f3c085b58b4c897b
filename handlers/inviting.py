"""Inviting (mời cán bộ): an officer gives a role of the level below, by a code used once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from handlers import forms, policy
from handlers.forms import Answers, Form, Question, Unclear, read_line
from handlers.menu import Entry
from handlers.policy import Where
from handlers.roles import INVITES, LEVELS, OF_A_VILLAGE, OF_AN_ORGANISATION, end_of
from handlers.turn import Offer, Turn
from handlers.where_when import place_label, read_commune
from knowledge.places import Unit
from knowledge.text import fold
from storage import grants, organisations

ALWAYS = "always"
ACTION = "invite_below"
MIN_WORDS = 2
_DAY = re.compile(r"(?:ngày |đến )*(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})")
"""A day to come is typed whole: a guess of the year would give somebody a role for too long."""


def roles(turn: Turn) -> list[str]:
    """The roles this person may give somewhere."""
    given = [role for held in turn.grants for role in INVITES.get(held.role, ())]
    return list(dict.fromkeys(given))


def may_give(turn: Turn, role: str, place: str) -> bool:
    """Whether this person may give a role at a place, by the policy and as of now."""
    return turn.world.places.get(place).level in LEVELS[role] and any(
        role in INVITES.get(held.role, ())
        and policy.allows(
            ACTION,
            held.role,
            policy.relations(turn.world.places, held, Where(place), turn.today),
        )
        for held in turn.grants
    )


def begin(turn: Turn) -> None:
    """Start inviting somebody."""
    if roles(turn):
        forms.restart(turn, FORM, {})
    else:
        turn.say("inviting.not_yours")


def _own_places(turn: Turn, answers: Answers) -> list[Unit]:
    """The inviter's own places at which he may give the role."""
    places = turn.world.places
    units = {held.place: places.get(held.place) for held in turn.grants}
    valid = [
        unit if turn.today < places.changed_on else places.successor(unit)
        for unit in units.values()
    ]
    return [
        unit
        for unit in {one.key: one for one in valid}.values()
        if may_give(turn, answers["role"], unit.key)
    ]


def _place_offers(turn: Turn, answers: Answers) -> list[Offer]:
    return [Offer(place_label(turn, unit.key), unit.key) for unit in _own_places(turn, answers)[:4]]


def _read_place(turn: Turn, answers: Answers, text: str) -> str:
    found = turn.world.places.find(text, turn.today)
    is_upper = found.result == "unit" and found.units[0].level in ("district", "city")
    place = found.units[0].key if is_upper else read_commune(turn, answers, text)
    if not may_give(turn, answers["role"], place):
        raise Unclear("inviting.not_there", place=turn.world.places.get(place).name)
    return place


def _read_until(turn: Turn, _answers: Answers, text: str) -> str:
    typed = _DAY.fullmatch(text.strip())
    try:
        last = date(*(int(typed[part]) for part in ("year", "month", "day"))) if typed else None
        if last is not None:
            end_of(last)
    except (ValueError, OverflowError):
        last = None
    if last is None:
        raise Unclear("inviting.until_unclear")
    if last < turn.today:
        raise Unclear("inviting.until_past")
    return last.isoformat()


def _is(*names: str) -> Callable[[Turn, Answers], bool]:
    return lambda _turn, answers: answers.get("role") in names


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    until = answers.get("until", ALWAYS)
    return {
        "role": turn.world.words.label(f"role.{answers['role']}"),
        "place": turn.world.places.get(answers["place"]).name if "place" in answers else "",
        "part": answers.get("village") or answers.get("organisation") or "",
        "until": None if until == ALWAYS else date.fromisoformat(until),
    }


def _finish(turn: Turn, answers: Answers) -> None:
    role, place = answers["role"], answers["place"]
    if not may_give(turn, role, place):
        turn.say("inviting.not_yours")
        return
    organisation = answers.get("organisation")
    organisation_id = 0
    if organisation:
        organisation_id = organisations.find_or_make(
            turn.tx, answers["kind"], place, organisation, name_key=fold(organisation)
        ).id
    until = answers["until"]
    code = grants.invite(
        turn.tx, role, place, by=turn.person, organisation_id=organisation_id,
        village=answers.get("village", ""),
        until=None if until == ALWAYS else end_of(date.fromisoformat(until)),
    )  # fmt: skip
    expires = grants.expiry(turn.now)
    turn.say("inviting.made", code=code, expires=expires, **_values(turn, answers))


FORM = Form(
    "inviting",
    (
        Question(
            "role", offers=lambda turn, _: [turn.label(f"role.{one}", one) for one in roles(turn)]
        ),
        Question(
            "place", read=_read_place, offers=_place_offers, values=_values, needs=("role",)
        ),
        Question(
            "village", when=_is(*OF_A_VILLAGE), read=read_line(MIN_WORDS, 40), needs=("place",),
            free=True,
        ),
        Question(
            "kind",
            when=_is(*OF_AN_ORGANISATION),
            offers=lambda turn, _: [
                turn.label(f"group.{one}", one) for one in ("cooperative", "collective")
            ],
            needs=("place",),
        ),
        Question(
            "organisation", when=_is(*OF_AN_ORGANISATION), read=read_line(MIN_WORDS, 60),
            needs=("kind",), free=True,
        ),
        Question(
            "until", read=_read_until, offers=lambda turn, _: [turn.label("until_always", ALWAYS)]
        ),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("make_code"), turn.label("cancel")],
            values=_values,
            counts=False,
        ),
    ),
    _finish,
)  # fmt: skip
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"inviting": begin}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("inviting", 7, lambda turn: bool(roles(turn))),)
