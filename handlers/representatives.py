"""Representatives (người đại diện): who acts for a cooperative, confirmed by its commune."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import consent, forms, offices, policy
from handlers.forms import Answers, Form, Question, read_line
from handlers.menu import Entry
from handlers.officials import MAX_NAME
from handlers.policy import Where
from handlers.roles import REVIEWER
from handlers.turn import Offer, Turn
from handlers.where_when import commune_offers, read_commune
from handlers.words import is_number
from knowledge.text import fold
from storage import grants, organisations, people, representations
from storage.representations import CONFIRMED, REFUSED, ROLE, Representation

ACTION = "confirm"
MIN_WORDS = 2
SHOWN = 4


def begin(turn: Turn) -> None:
    """Start saying for whom one acts."""
    forms.restart(turn, ASK, {})


def _told(turn: Turn, one: Representation) -> dict[str, Any]:
    return {
        "name": one.name,
        "organisation": one.organisation.name,
        "kind": turn.world.words.label(f"contributor.{one.organisation.kind}"),
        "place": turn.world.places.get(one.organisation.place).name,
    }


def _summary(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {
        "name": answers.get("name") or turn.person.name,
        "organisation": answers["organisation"],
        "kind": turn.world.words.label(f"contributor.{answers['kind']}"),
        "place": turn.world.places.get(answers["commune"]).name,
    }


def _ask(turn: Turn, answers: Answers) -> None:
    place, name = answers["commune"], answers["organisation"]
    if answers.get("name"):
        people.rename(turn.tx, turn.person, answers["name"], fold(answers["name"]))
    organisation = organisations.find_or_make(
        turn.tx, answers["kind"], place, name, name_key=fold(name)
    )
    if grants.represents(turn.tx, turn.person.id, organisation.id):
        turn.say("representatives.already", **_summary(turn, answers))
        return
    asked = representations.ask(turn.tx, turn.person.id, turn.conversation.account_id, organisation)
    officers = [
        one for one in grants.at_place(turn.tx, place, REVIEWER) if one.person_id != turn.person.id
    ]
    told = _told(turn, asked)
    turn.say("representatives.asked", officers=len(officers), **told)
    for officer in officers:
        turn.push(
            officer.account_id, "representatives.arrived",
            [(turn.world.words.label("open"), turn.typing("representative", str(asked.id)))],
            **told,
        )  # fmt: skip


def _own_places(turn: Turn) -> list[str]:
    """The communes whose wishes this officer may decide, with what they took over."""
    held = [one for one in turn.grants if one.role == REVIEWER]
    keys = [key for one in held for key in offices.own_places(turn.world.places, one, turn.today)]
    return list(dict.fromkeys(keys))


def listing(turn: Turn) -> None:
    """What waits for this officer's word, oldest first."""
    places = _own_places(turn)
    if not places:
        turn.say("representatives.not_yours")
        return
    found = [one for at in places for one in representations.waiting(turn.tx, at, SHOWN)]
    offers = [
        Offer(
            turn.world.words.text("representatives.line", **_told(turn, one)),
            turn.typing("representative", str(one.id)),
        )
        for one in sorted(found, key=lambda one: one.id)[:SHOWN]
    ]
    turn.say("representatives.listing", offers, shown=len(offers))


def open_one(turn: Turn, typed: str) -> None:
    """Open a wish to decide on it."""
    one = _visible(turn, int(typed))
    if one is None:
        turn.say("representatives.no_such")
    elif one.person_id == turn.person.id:
        turn.say("representatives.own")
    elif one.state != representations.ASKED:
        turn.say("representatives.decided", **_told(turn, one))
    else:
        forms.restart(turn, DECIDE, {"id": one.id})


def _visible(turn: Turn, representation_id: int) -> Representation | None:
    one = representations.get(turn.tx, representation_id)
    if one is None or policy.holding(turn, ACTION, Where(one.organisation.place)) is None:
        return None
    return one


def _read_back(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = representations.get(turn.tx, answers["id"])
    return _told(turn, one) if one else {}


def _decide(turn: Turn, answers: Answers) -> None:
    one = _visible(turn, answers["id"])
    if one is None or one.person_id == turn.person.id:
        turn.say("representatives.no_such")
        return
    yes = answers["confirm"] == "represent_yes"
    if not representations.decide(turn.tx, one, CONFIRMED if yes else REFUSED, by=turn.person.id):
        turn.say("representatives.decided", **_told(turn, one))
        return
    told = _told(turn, one)
    if not yes:
        turn.say("representatives.refused", **told)
        turn.push(
            one.account_id, "representatives.told_no", contact=turn.world.officer_contact, **told
        )
        return
    if not grants.represents(turn.tx, one.person_id, one.organisation.id):
        grants.give(
            turn.tx, one.person_id, one.account_id, ROLE, one.organisation.place,
            by=turn.person.id, organisation_id=one.organisation.id,
        )  # fmt: skip
    turn.say("representatives.confirmed", **told)
    words = turn.world.words
    turn.push(
        one.account_id, "representatives.told_yes",
        [(words.label("report"), words.label("report"))], **told,
    )  # fmt: skip


ASK = Form(
    "represent",
    (
        *consent.questions(consent.REPORT),
        Question(
            "commune",
            read=read_commune,
            offers=commune_offers,
            says="representatives.commune",
        ),
        Question(
            "kind",
            offers=lambda turn, _: [
                turn.label(f"group.{one}", one) for one in ("cooperative", "collective")
            ],
            says="representatives.kind",
        ),
        Question(
            "organisation",
            read=read_line(MIN_WORDS, 60),
            free=True,
            says="representatives.organisation",
        ),
        Question(
            "name",
            when=lambda turn, _: not turn.person.name,
            read=read_line(MIN_WORDS, MAX_NAME),
            free=True,
            says="representatives.name",
        ),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("send"), turn.label("cancel")],
            values=_summary,
            counts=False,
            says="representatives.confirm",
        ),
    ),
    _ask,
)
DECIDE = Form(
    "represent_decide",
    (
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("represent_yes"), turn.label("represent_no")],
            values=_read_back,
            says="representatives.decide",
        ),
    ),
    _decide,
)
FORMS = (ASK, DECIDE)
COMMANDS: dict[str, Callable[[Turn], None]] = {"represent": begin, "representatives": listing}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"representative": open_one}
READS: dict[str, Callable[[str], bool]] = {"representative": is_number}
MENU: tuple[Entry, ...] = (
    Entry(
        "representatives",
        6,
        lambda turn: any(representations.waiting(turn.tx, at, 1) for at in _own_places(turn)),
    ),
)
