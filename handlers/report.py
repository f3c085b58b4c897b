"""Reporting a contribution of money (báo đóng góp tiền): few questions, read back, a receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from handlers import forms
from handlers.amounts import read_money
from handlers.forms import Answers, Form, Question, Unclear
from handlers.roles import REVIEWER
from handlers.turn import Offer, Turn
from knowledge import dates, quantities
from knowledge.text import clean
from storage import consents, contributions, grants, people
from storage.contributions import NewContribution

PURPOSE = "report"
"""The one purpose of consent this form needs."""
SELF, HOUSEHOLD, OTHER, GROUP = "self", "household", "other", "group"
MIN_WORDS = 2


def begin(turn: Turn) -> None:
    """Start a report. One that was left is not gone on with unasked: it may be another one."""
    left = turn.state.get("forms", {}).get(FORM.name)
    if left is None or turn.state.get("form") == FORM.name:
        forms.start(turn, FORM)
    else:
        turn.say(
            "report.left",
            [turn.typed("resume"), turn.typed("report_new")],
            amount=left["answers"].get("amount"),
            since=forms.touched(turn, FORM),
        )


def begin_new(turn: Turn) -> None:
    """Start another report; what was left unfinished is let go."""
    forms.restart(turn, FORM, {})


def _consent_text(turn: Turn) -> str:
    return turn.world.words.text("report.consent", contact=turn.world.officer_contact)


def _consent(turn: Turn, _answers: Answers, value: Any) -> bool:
    if value != "agree":
        turn.say("report.declined")
        return False
    text = _consent_text(turn)
    consents.give(
        turn.tx,
        turn.person.id,
        PURPOSE,
        text_version=hashlib.sha256(text.encode()).hexdigest(),
        account_id=turn.conversation.account_id,
        event_id=turn.message.event_id,
        choice=clean(turn.message.choice or turn.message.text, 80),
    )
    return True


def _line(low: int, high: int) -> Any:
    """A reader of one line of plain words, `low` to `high` characters."""

    def read(_turn: Turn, _answers: Answers, text: str) -> str:
        line = " ".join(text.split())
        if len(line) > high:
            raise Unclear("forms.too_long", most=high)
        if len(line) < low or not any(char.isalpha() for char in line):
            raise Unclear("forms.in_words")
        return line

    return read


def _day(turn: Turn, _answers: Answers, text: str) -> str:
    found = dates.read(text, turn.today)
    if found.result == "month":
        raise Unclear("report.day_of_month", month=found.echo)
    if found.result != "date" or found.value is None:
        raise Unclear("report.day_unclear", why=found.why)
    return found.value.isoformat()


def _day_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    yesterday = turn.today - timedelta(days=1)
    return [
        turn.label("today", turn.today.isoformat()),
        turn.label("yesterday", yesterday.isoformat()),
    ]


def _commune(turn: Turn, _answers: Answers, text: str) -> str:
    found = turn.world.places.find(text, turn.today)
    units = [unit for unit in found.units if unit.level in ("commune", "ward", "town")]
    if not units:
        raise Unclear("report.commune_unknown")
    if found.result == "unit" and found.typed is not None:
        offers = [Offer(place_label(turn, units[0].key), units[0].key)]
        raise Unclear("report.commune_now", offers, old=found.typed.name, now=units[0].name)
    if found.result == "unit" and found.exact:
        return units[0].key
    offers = [Offer(place_label(turn, unit.key), unit.key) for unit in units[:4]]
    raise Unclear("report.commune_which", offers)


def place_label(turn: Turn, key: str) -> str:
    """A unit as people tell it apart: with its district while there were districts."""
    unit = turn.world.places.get(key)
    return f"{unit.name} ({unit.district})" if unit.district else unit.name


def _commune_offers(turn: Turn, _answers: Answers) -> list[Offer]:
    last = contributions.of_reporter(turn.tx, turn.person.id, 1)
    valid = {unit.key for unit in turn.world.places.communes(turn.today)}
    return [Offer(place_label(turn, one.place), one.place) for one in last if one.place in valid]


def _village_offers(turn: Turn, answers: Answers) -> list[Offer]:
    last = contributions.of_reporter(turn.tx, turn.person.id, 1)
    return [Offer(one.village, one.village) for one in last if one.place == answers["commune"]]


def _named(turn: Turn, answers: Answers) -> bool:
    return not (answers.get("who") == SELF and turn.person.name)


def _reporter_unnamed(turn: Turn, answers: Answers) -> bool:
    return not turn.person.name and answers.get("who") not in (None, SELF)


def _summary(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {
        "place": turn.world.places.get(answers["commune"]).name,
        "made_on": date.fromisoformat(answers["day"]),
        "words": quantities.say_money(answers["amount"]),
        "name": answers.get("name") or turn.person.name,
    }


def _finish(turn: Turn, answers: Answers) -> None:
    name = answers.get("name") or turn.person.name
    own = answers["who"] in (SELF, HOUSEHOLD)
    mine = name if answers["who"] == SELF else answers.get("reporter")
    if mine and not turn.person.name:
        people.rename(turn.tx, turn.person, mine)
    new = NewContribution(
        kind="money",
        contributor_kind=answers.get("group")
        or ("household" if answers["who"] == HOUSEHOLD else "individual"),
        contributor_name=name,
        contributor_id=turn.person.id if own else None,
        place=answers["commune"],
        village=answers["village"],
        purpose=answers["purpose"],
        made_on=date.fromisoformat(answers["day"]),
        told_vnd=answers["amount"],
    )
    stored = contributions.submit(
        turn.tx, new, reporter_id=turn.person.id, account_id=turn.conversation.account_id
    )
    turn.state["sent"] = [stored.code, turn.now.isoformat()]
    officers = grants.at_place(turn.tx, stored.place, REVIEWER)
    place = turn.world.places.get(stored.place).name
    turn.say(
        "report.receipt",
        [
            turn.label("show", turn.typing("show", stored.code)),
            turn.label("another", turn.world.words.label("report")),
        ],
        code=stored.code, place=place, officers=len(officers),
    )  # fmt: skip
    for officer in officers:
        if officer.person_id != turn.person.id:
            turn.push(
                officer.account_id, "verify.arrived",
                [(turn.world.words.label("open"), turn.typing("open", stored.code))],
                one=stored, place=place,
            )  # fmt: skip


FORM = Form(
    "report",
    (
        Question(
            "consent",
            when=lambda turn, _: not consents.has(turn.tx, turn.person.id, PURPOSE),
            offers=lambda turn, _: [turn.label("agree"), turn.label("disagree")],
            values=lambda turn, _: {"contact": turn.world.officer_contact},
            effect=_consent,
            counts=False,
        ),
        Question("amount", read=read_money),
        Question(
            "purpose",
            read=_line(MIN_WORDS, 60),
            offers=lambda turn, _: [
                Offer(label, label)
                for label in (turn.world.words.label(f"purpose.{n}") for n in range(1, 5))
            ],
            free=True,
        ),
        Question("day", read=_day, offers=_day_offers),
        Question("commune", read=_commune, offers=_commune_offers),
        Question(
            "village",
            read=_line(MIN_WORDS, 40),
            offers=_village_offers,
            needs=("commune",),
            free=True,
        ),
        Question(
            "who",
            offers=lambda turn, _: [
                turn.label(f"who.{w}", w) for w in (SELF, HOUSEHOLD, OTHER, GROUP)
            ],
        ),
        Question(
            "group",
            when=lambda _, answers: answers.get("who") == GROUP,
            offers=lambda turn, _: [
                turn.label(f"group.{g}", g) for g in ("collective", "cooperative", "enterprise")
            ],
            needs=("who",),
        ),
        Question(
            "name",
            read=_line(MIN_WORDS, 60),
            when=_named,
            needs=("who",),
            free=True,
        ),
        Question(
            "reporter", read=_line(MIN_WORDS, 60), when=_reporter_unnamed, needs=("who",), free=True
        ),
        *forms.review(("amount", "purpose", "day", "commune", "who"), _summary),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"report": begin, "report_new": begin_new}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
