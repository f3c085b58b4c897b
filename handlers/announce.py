"""Announcements (thông báo) by officials to their own area: written, previewed, planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import audience, forms, policy
from handlers.digests import People
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.messages import MAX_CHOICES
from handlers.policy import Where
from handlers.releasing import KIND, ask_others, plan_lapse
from handlers.turn import Offer, Turn, World
from storage import campaigns
from storage.campaigns import Campaign
from storage.codes import new_code
from storage.database import Tx

ALONE = 200
"""Up to so many people one officer may write to alone; more needs a second one's look."""
MIN_TEXT, MAX_TEXT = 10, 250


def begin(turn: Turn) -> None:
    """ "gửi thông báo": write to one's area; whoever has several says which."""
    places = _places(turn)
    if not places:
        turn.say("announce.not_allowed")
    else:
        forms.restart(turn, FORM, {"place": places[0]} if len(places) == 1 else {})


def tell(tx: Tx, _world: World, campaign: Campaign, people: People) -> int:
    """Queue an announcement for these people; how many."""
    body = {"text": campaign.text, "choices": [], "quiet": True}
    if people:
        to = {one: theirs[0].account_id for one, theirs in people.items()}
        campaigns.queue(tx, campaign, body, to)
    return len(people)


def _places(turn: Turn) -> list[str]:
    return list(dict.fromkeys(grant.place for grant in audience.held(turn)))[:MAX_CHOICES]


def _text(_turn: Turn, _answers: Answers, text: str) -> str:
    line = " ".join(text.split())
    if not MIN_TEXT <= len(line) <= MAX_TEXT:
        raise Unclear("announce.text_length", least=MIN_TEXT, most=MAX_TEXT)
    return line


def _full(turn: Turn, answers: Answers) -> str:
    place = turn.world.places.get(answers["place"]).name
    return turn.world.words.text("reminders.announcement", place=place, text=answers["text"])


def _preview(turn: Turn, answers: Answers) -> dict[str, Any]:
    area = audience.area(turn, answers["place"])
    people, missed = audience.reach(turn.tx, turn.world, area)
    place = turn.world.places.get(answers["place"]).name
    return {"people": people, "missed": missed, "text": _full(turn, answers), "place": place}


def _finish(turn: Turn, answers: Answers) -> None:
    place = answers["place"]
    if policy.holding(turn, "announce", Where(place)) is None:
        turn.say("announce.not_allowed")
        return
    area, text = audience.area(turn, place), _full(turn, answers)
    people, _ = audience.reach(turn.tx, turn.world, area)
    code, held = new_code(), people > ALONE
    campaigns.plan(
        turn.tx, code, KIND, turn.now, text=text, places=area,
        made_by=turn.person.id, account_id=turn.conversation.account_id, held=held,
    )  # fmt: skip
    stop_it = turn.label("announce_stop", turn.typing("announce_stop", code))
    if held:
        plan_lapse(turn, code)
        asked = ask_others(turn, code, place, text, people)
        turn.say("announce.held", [stop_it], code=code, people=people, others=asked)
    else:
        turn.say("announce.planned", [stop_it], code=code, people=people)


FORM = Form(
    "announce",
    (
        Question(
            "place",
            offers=lambda turn, _: [
                Offer(turn.world.places.get(place).name, place) for place in _places(turn)
            ],
        ),
        Question("text", read=_text, free=False),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("send"), turn.label("cancel")],
            values=_preview,
            counts=False,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"announce": begin}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("announce", 8, lambda turn: bool(audience.held(turn))),)
