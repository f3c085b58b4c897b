"""Campaigns (đợt gửi): the day's reminders are planned, and every campaign goes out in slices."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from handlers import announce, digests, releasing
from handlers.overdue import MORNING
from handlers.overdue import is_daytime as is_daytime
from handlers.turn import World
from knowledge.zone import ZONE
from storage import campaigns, subscriptions
from storage.campaigns import Campaign
from storage.database import Tx

DIGEST = "reminders"
STARTS = MORNING
"""When of a day something may first go out to many."""


def plan_today(tx: Tx, world: World) -> None:
    """Plan the reminder of the day, for 07:30; planned twice is planned once."""
    today = tx.now.astimezone(ZONE).date()
    if world.nudges.between(today - digests.LOOKS_BACK, today):
        due_at = datetime.combine(today, STARTS, ZONE)
        campaigns.plan(tx, f"{DIGEST}:{today}", DIGEST, due_at)


def fan_out(tx: Tx, world: World, campaign: Campaign) -> None:
    """One slice of a campaign: the next people are told, or it ends; of a stopped one, what is
    queued is taken back."""
    if campaign.state == "stopping":
        campaigns.take_back(tx, campaign)
        return
    wishes = subscriptions.after(tx, campaign.cursor, campaigns.SLICE, places=campaign.places)
    if not wishes:
        campaigns.finish(tx, campaign)
        if campaign.kind == releasing.KIND:
            releasing.finished(tx, world, campaign)
        return
    taken = campaigns.taken(tx, campaign, {one.person_id for one in wishes})
    people = {
        person: list(theirs)
        for person, theirs in groupby(wishes, key=lambda one: one.person_id)
        if person not in taken
    }
    send = digests.remind if campaign.kind == DIGEST else announce.tell
    told = send(tx, world, campaign, people)
    campaigns.advance(tx, campaign, wishes[-1].person_id, told=told)
