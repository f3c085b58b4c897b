"""Announcements on their way: a second person's release, the stop switch, the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from handlers import audience, forms
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.overdue import daytime
from handlers.turn import Turn, World, push
from storage import campaigns, people, timers
from storage.campaigns import Campaign
from storage.database import Tx
from storage.timers import Timer

KIND = "announce"
LAPSES = "release"
WAITS = timedelta(days=7)
"""What was to be announced is stale by then."""
TOLD = 5
"""So many others are asked to release: one is enough, and two may be away."""


def ask_others(turn: Turn, code: str, place: str, text: str, count: int) -> int:
    """Ask others of the area, and above, to let a held announcement go; how many were asked."""
    others = audience.seconds(turn, place)[:TOLD]
    words = turn.world.words
    for one in others:
        turn.push(
            one.account_id, "announce.please_release",
            [
                (words.label("announce_release"), turn.typing("announce_release", code)),
                (words.label("announce_stop"), turn.typing("announce_stop", code)),
            ],
            code=code, text=text, people=count, name=turn.person.name,
        )  # fmt: skip
    return len(others)


def release(turn: Turn, code: str) -> None:
    """A second officer lets a held announcement go, after he has seen it."""
    found = of_area(turn, code)
    if found is None:
        turn.say("announce.no_such")
    elif found.state != "held" or found.made_by == turn.person.id:
        own = found.made_by == turn.person.id
        turn.say("announce.not_released", code=found.key, own=own)
    else:
        forms.restart(turn, FORM, {"code": found.key})


def stop(turn: Turn, code: str) -> None:
    """Stop an announcement at once."""
    found = of_area(turn, code)
    if found is None:
        turn.say("announce.no_such")
    elif campaigns.stop(turn.tx, found.key, by=turn.person.id):
        turn.say("announce.stopped", code=found.key, count=found.count)
        _tell(turn, found, "announce.stopped_by")
    else:
        turn.say("announce.over", code=found.key)


def finished(tx: Tx, world: World, campaign: Campaign) -> None:
    """Tell who wrote it how many it went to, and whom the loudspeaker must reach."""
    _, missed = audience.reach(tx, world, campaign.places)
    more = [(world.words.label("loud"), f"{world.words.label('typed.loud')} {campaign.key}")]
    push(
        world, tx, _chat(tx, campaign), "announce.done", more if missed else [],
        code=campaign.key, count=campaign.count, missed=missed,
    )  # fmt: skip


def plan_lapse(turn: Turn, code: str) -> None:
    """Held, it waits for so long and no longer: what it says is stale by then."""
    timers.plan(turn.tx, LAPSES, f"campaign:{code}", daytime(turn.now + WAITS))


def _lapse(world: World, tx: Tx, timer: Timer) -> None:
    """Nobody has let it go in time: it is ended, and its author hears so."""
    ended = campaigns.lapse(tx, timer.subject.removeprefix("campaign:"))
    if ended is not None:
        push(world, tx, _chat(tx, ended), "announce.lapsed", code=ended.key, days=WAITS.days)


def of_area(turn: Turn, code: str) -> Campaign | None:
    """An announcement for an area this person may steer."""
    found = campaigns.find(turn.tx, code.strip().upper())
    if found is None or found.kind != KIND:
        return None
    return found if audience.may_steer_all(turn, found.places) else None


def _chat(tx: Tx, campaign: Campaign) -> int:
    """Where the author reads: the chat he wrote it in while it is his, else his latest."""
    account_id, author = campaign.account_id or 0, campaign.made_by or 0
    if people.of_account(tx, account_id) != author:
        account_id = next((one.id for one in people.accounts_of(tx, author, 1)), account_id)
    return account_id


def _tell(turn: Turn, campaign: Campaign, key: str) -> None:
    if campaign.made_by != turn.person.id:
        turn.push(_chat(turn.tx, campaign), key, code=campaign.key, name=turn.person.name)


def _shown(turn: Turn, answers: Answers) -> dict[str, Any]:
    found = of_area(turn, answers["code"])
    if found is None:
        return {"text": "", "people": 0}
    return {"text": found.text, "people": audience.reach(turn.tx, turn.world, found.places)[0]}


def _finish(turn: Turn, answers: Answers) -> None:
    found = of_area(turn, answers["code"])
    if found is None:
        turn.say("announce.no_such")
    elif campaigns.release(turn.tx, found.key, by=turn.person.id):
        stop_it = turn.label("announce_stop", turn.typing("announce_stop", found.key))
        turn.say("announce.released", [stop_it], code=found.key)
        _tell(turn, found, "announce.released_by")
    else:
        own = found.made_by == turn.person.id
        turn.say("announce.not_released", code=found.key, own=own)


FORM = Form(
    "release",
    (
        Question(
            "confirm",
            says="announce.look",
            offers=lambda turn, _: [turn.label("announce_release"), turn.label("cancel")],
            values=_shown,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {
    "announce_release": release,
    "announce_stop": stop,
}
MENU: tuple[Entry, ...] = ()
TIMERS: dict[str, Callable[[World, Tx, Timer], None]] = {LAPSES: _lapse}
