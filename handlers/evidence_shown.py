"""How evidence is told and to whom it is shown: counted in words, pictures by id, what was refused.

Who may see a thing is asked afresh at every look: whoever sent it, whoever told the report, and
whom the policy lets see the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from handlers import policy
from handlers.policy import Where
from handlers.turn import Turn, World
from handlers.words import Words
from knowledge.zone import ZONE
from storage import contributions, grants, media, outbox, people
from storage.database import Tx
from storage.media import LIVE, Evidence

SORTS = ("photo", "file", "voice", "location")
"""What is taken as evidence, in the order it is told."""


def counted(words: Words, kinds: Iterable[str]) -> str:
    """ "2 ảnh, 1 ghi âm", "" for nothing."""
    numbers = Counter(kinds)
    return words.text(
        "evidence.counted",
        counts=[
            (numbers[kind], words.label(f"evidence.{kind}")) for kind in SORTS if numbers[kind]
        ],
    )


def told(turn: Turn, contribution_id: int) -> str:
    """What came with a report, for who decides on it; a location with its place, to about 1 km."""
    rows = [one for one in media.of_contribution(turn.tx, contribution_id) if one.state in LIVE]
    near = [one.reference for one in rows if one.kind == "location"]
    words = turn.world.words
    return words.text("evidence.told", what=counted(words, (one.kind for one in rows)), near=near)


def is_any(tx: Tx, contribution_id: int) -> bool:
    """Whether anything came with a report that is or will be seen."""
    return any(one.state in LIVE for one in media.of_contribution(tx, contribution_id))


def is_fetching(tx: Tx, contribution_id: int) -> bool:
    """Whether anything of what came with a report cannot be looked at yet."""
    return any(one.state == "pending" for one in media.of_contribution(tx, contribution_id))


def as_it_is(tx: Tx, contribution_id: int) -> list[list[Any]]:
    """What a report has: [id, whether it is a picture that can be shown], as JSON keeps it."""
    rows = media.of_contribution(tx, contribution_id)
    return [[one.id, is_picture(one)] for one in rows if one.state in LIVE]


def is_picture(one: Evidence) -> bool:
    """Whether it is fetched and can be shown in a chat."""
    return one.state == "kept" and one.thumb is not None


def pictures(tx: Tx, contribution_id: int) -> list[int]:
    """Ids of a report's pictures that can be shown."""
    return [number for number, shown in as_it_is(tx, contribution_id) if shown]


def visible(tx: Tx, world: World, account_id: int, attachment_id: int) -> Evidence | None:
    """A kept file this account may see; None also for one that is none of its business."""
    one = media.get(tx, attachment_id)
    if one is None or one.state != "kept" or one.sha256 is None:
        return None
    person = people.of_account(tx, account_id)
    if one.contribution_id is None:
        return one if one.account_id == account_id else None
    report = contributions.get(tx, one.contribution_id)
    if report.reporter_id == person:
        return one
    if report.state == "withdrawn" or not report.contributor_name:
        # Taken back or erased: no office's any more.
        return None
    where = Where(report.place, report.village_key, report.raised_at)
    today = tx.now.astimezone(ZONE).date()
    for grant in grants.of_person(tx, person):
        related = policy.relations(world.places, grant, where, today)
        if policy.allows("see", grant.role, related, report.state):
            return one
    return None


def tell_refused(tx: Tx, world: World, one: Evidence, reason: str) -> None:
    """Tell who sent it that it could not be kept, why, and what to do."""
    code = ""
    if one.contribution_id is not None:
        code = contributions.get(tx, one.contribution_id).code
    words = world.words
    text = words.text(f"refused.{reason}", what=words.label(f"evidence.{one.kind}"), code=code)
    outbox.put(tx, one.account_id, "push", [{"text": text, "choices": []}])
