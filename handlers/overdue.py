"""What falls due about reports (quá hạn): a commune's time is up, a hold has run out.

A report arrives here too, for arriving is what starts its time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

from handlers import given, offices
from handlers.turn import Turn, World, push
from knowledge.zone import ZONE
from storage import contributions, doubts, holds, raising, timers
from storage.contributions import Contribution
from storage.database import Tx
from storage.timers import Timer

OVERDUE, LEASE = "overdue", "lease"
MORNING, EVENING = time(7, 30), time(20, 0)
"""Local time: nobody is told anything unasked before or after (chat manners, rule 11)."""


def arrive(turn: Turn, one: Contribution) -> int:
    """A new report: what looks like it is noted, its time begins, its officers are told.

    Returns how many officers its place has.
    """
    one = doubts.note(turn.tx, one)
    plan(turn, one)
    places = turn.world.places
    officers = offices.officers(turn.tx, places, one.place, turn.today)
    for officer in officers:
        if officer.person_id != turn.person.id:
            turn.push(
                officer.account_id, "verify.arrived",
                [(turn.world.words.label("open"), turn.typing("open", one.code))],
                one=one, place=places.get(one.place).name,
                what=given.told(turn, one), does=given.does(turn, one.kind),
            )  # fmt: skip
    return len(officers)


def plan(turn: Turn, one: Contribution) -> None:
    """From now on the commune's time runs for the report as it stands."""
    due = daytime(turn.now + timedelta(days=turn.world.verify_days))
    timers.plan(turn.tx, OVERDUE, _subject(one), due, version=one.version)


def plan_again(turn: Turn, seen: Contribution, now: Contribution) -> None:
    """The time of a report that was corrected: it runs on, or correcting would put it off for ever.

    Anew it begins where another commune has it now, or where the commune was waiting for it.
    """
    runs_on = seen.place == now.place and seen.state in contributions.OPEN
    due = timers.planned(turn.tx, OVERDUE, _subject(seen), up_to=seen.version) if runs_on else None
    if due is None:
        plan(turn, now)
    else:
        timers.plan(turn.tx, OVERDUE, _subject(now), due, version=now.version)


def plan_lease(turn: Turn, one: Contribution) -> None:
    """When the hold runs out, the report is put back."""
    if one.held_until is not None:
        timers.plan(turn.tx, LEASE, _subject(one), one.held_until, version=one.version)


def is_daytime(local: datetime) -> bool:
    """Whether anybody may be told something unasked at this local time."""
    return MORNING <= local.time() < EVENING


def daytime(at: datetime) -> datetime:
    """The same moment, or the next morning when it falls into the night."""
    local = at.astimezone(ZONE)
    if is_daytime(local):
        return at
    days = 1 if local.time() >= EVENING else 0
    return datetime.combine(local.date() + timedelta(days=days), MORNING, ZONE)


def raise_overdue(world: World, tx: Tx, timer: Timer) -> None:
    """The commune's time is up: the level above may decide too, and it and the reporter hear so.

    A report that was changed meanwhile has a timer of its own.
    """
    subject = _id(timer)
    if not holds.same_since(tx, subject, timer.version):
        return
    one = raising.raise_up(tx, subject)
    if one is None:
        return
    turn_day = tx.now.astimezone(ZONE).date()
    words, place = world.words, world.places.get(one.place).name
    told = words.text(
        f"{one.kind}.told", vnd=one.told_vnd, quantity=one.told_quantity, details=one.details
    )
    said = {"one": one, "place": place, "days": world.verify_days, "what": told}
    for officer in offices.officers_above(tx, world.places, one.place, turn_day):
        typed = f"{words.label('typed.open')} {one.code}"
        push(world, tx, officer.account_id, "verify.raised", [(words.label("open"), typed)], **said)
    push(world, tx, one.account_id, "verdict.raised", **said)


def put_back(_world: World, tx: Tx, timer: Timer) -> None:
    """A hold has run out: the report waits for anybody again."""
    holds.lapse(tx, contributions.get(tx, _id(timer)))


def _subject(one: Contribution) -> str:
    return f"contribution:{one.id}"


def _id(timer: Timer) -> int:
    return int(timer.subject.removeprefix("contribution:"))


TIMERS: dict[str, Callable[[World, Tx, Timer], None]] = {OVERDUE: raise_overdue, LEASE: put_back}
