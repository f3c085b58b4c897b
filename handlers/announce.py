"""Announcements (thông báo) by officials to their own area: preview, a second person's release
above a size, a stop switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from handlers import forms, policy
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.policy import Where
from handlers.reminders import People
from handlers.turn import Turn, World, push
from storage import campaigns, subscriptions
from storage.campaigns import Campaign
from storage.codes import new_code
from storage.database import Tx
from storage.grants import Grant

ALONE = 200
"""Up to so many people one officer may write to alone; more needs a second one's look."""
MIN_TEXT, MAX_TEXT = 10, 250
SILENT = timedelta(days=7)
"""Zalo takes nothing for who has been silent for longer."""
WINDOWED = "zalo_oa"
KIND = "announce"


def begin(turn: Turn) -> None:
    """ "gửi thông báo": write to one's area."""
    grant = _grant(turn)
    if grant is None:
        turn.say("announce.not_allowed")
    else:
        forms.restart(turn, FORM, {"place": grant.place})


def release(turn: Turn, code: str) -> None:
    """A second officer lets a held announcement go."""
    held = _of_area(turn, code)
    if held is None:
        turn.say("announce.no_such")
    elif campaigns.release(turn.tx, held.key, by=turn.person.id):
        turn.say("announce.released", code=held.key)
    else:
        turn.say("announce.not_released", code=held.key, own=held.made_by == turn.person.id)


def stop(turn: Turn, code: str) -> None:
    """Stop an announcement at once."""
    found = _of_area(turn, code)
    if found is None:
        turn.say("announce.no_such")
    elif campaigns.stop(turn.tx, found.key, by=turn.person.id):
        turn.say("announce.stopped", code=found.key, count=found.count)
    else:
        turn.say("announce.over", code=found.key)


def tell(tx: Tx, _world: World, campaign: Campaign, people: People) -> int:
    """Queue an announcement for these people; how many."""
    body = {"text": campaign.text, "choices": [], "quiet": True}
    campaigns.queue(
        tx, campaign, {one: (theirs[0].account_id, body) for one, theirs in people.items()}
    )
    return len(people)


def tell_author(tx: Tx, world: World, campaign: Campaign) -> None:
    """Tell who wrote it how many it went to, and whom the loudspeaker must reach."""
    _, missed = reach(tx, campaign.places)
    push(
        world, tx, campaign.account_id or 0, "announce.done",
        code=campaign.key, count=campaign.count, missed=missed,
    )  # fmt: skip


def reach(
    tx: Tx, places: Sequence[str] = (), actors: Sequence[str] = ()
) -> tuple[int, dict[str, int]]:
    """(how many people, {why: how many of them cannot be reached})."""
    people, missed = 0, dict[str, int]()
    for one in subscriptions.groups(tx, tx.now - SILENT, places=places, actors=actors):
        people += one.people
        why = one.unreachable or ("window" if one.silent and one.channel == WINDOWED else "")
        if why:
            missed[why] = missed.get(why, 0) + one.people
    return people, missed


def _grant(turn: Turn) -> Grant | None:
    allowed = policy.table()["announce"]
    return next((grant for grant in turn.grants if grant.role in allowed), None)


def _of_area(turn: Turn, code: str) -> Campaign | None:
    """An announcement for an area this person may write to."""
    found = campaigns.find(turn.tx, code.strip().upper())
    if found is None or found.kind != KIND:
        return None
    area = found.places[0] if found.places else turn.world.places.province(turn.today).key
    return found if policy.holding(turn, "announce", Where(area)) is not None else None


def _area(turn: Turn, place: str) -> tuple[str, ...]:
    """The place, and what lies under it; () for the whole province."""
    unit = turn.world.places.get(place)
    if unit.level == "province":
        return ()
    return (place, *(one.key for one in turn.world.places.under(unit)))


def _text(_turn: Turn, _answers: Answers, text: str) -> str:
    line = " ".join(text.split())
    if not MIN_TEXT <= len(line) <= MAX_TEXT:
        raise Unclear("announce.text_length", least=MIN_TEXT, most=MAX_TEXT)
    return line


def _full(turn: Turn, answers: Answers) -> str:
    place = turn.world.places.get(answers["place"]).name
    return turn.world.words.text("reminders.announcement", place=place, text=answers["text"])


def _preview(turn: Turn, answers: Answers) -> dict[str, Any]:
    people, missed = reach(turn.tx, _area(turn, answers["place"]))
    place = turn.world.places.get(answers["place"]).name
    return {"people": people, "missed": missed, "text": _full(turn, answers), "place": place}


def _finish(turn: Turn, answers: Answers) -> None:
    if policy.holding(turn, "announce", Where(answers["place"])) is None:
        turn.say("announce.not_allowed")
        return
    area = _area(turn, answers["place"])
    people, _ = reach(turn.tx, area)
    code, held = new_code(), people > ALONE
    campaigns.plan(
        turn.tx, code, KIND, turn.now, text=_full(turn, answers), places=area,
        made_by=turn.person.id, account_id=turn.conversation.account_id, held=held,
    )  # fmt: skip
    stop_it = turn.label("announce_stop", turn.typing("announce_stop", code))
    turn.say("announce.held" if held else "announce.planned", [stop_it], code=code, people=people)


FORM = Form(
    "announce",
    (
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
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {
    "announce_release": release,
    "announce_stop": stop,
}
MENU: tuple[Entry, ...] = (Entry("announce", 8, lambda turn: _grant(turn) is not None),)
