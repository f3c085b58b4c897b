"""Noting what was sent as evidence: how much is taken, for what, and whether it is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.evidence_shown import SORTS, counted
from handlers.forms import Answers
from handlers.messages import Attachment
from handlers.turn import Turn
from knowledge.text import clean
from storage import consents, media
from storage.media import LIVE

CONSENT = "report"
"""Evidence is kept under the consent to a report, of which it is a part."""
MOST_A_REPORT = 5
MOST_A_DAY = 30
TOGETHER = timedelta(seconds=10)
"""Parts of what was sent at once arrive within this time where the platform has no albums."""
LOOSE_LIFE = timedelta(days=1)
MAX_NAME, MAX_REFERENCE = 120, 2_000


def agreed(turn: Turn) -> bool:
    """Whether anything may be fetched and kept of this person."""
    return consents.has(turn.tx, turn.person.id, CONSENT)


def takeable(sent: Iterable[Attachment]) -> list[Attachment]:
    """What of this can be evidence, as it is to be stored; a location only roughly."""
    found = []
    for one in sent:
        where = clean(one.reference, MAX_REFERENCE)
        if one.kind == "location":
            where = _rounded(where)
        if one.kind in SORTS and where:
            found.append(replace(one, reference=where))
    return found


def loose(turn: Turn) -> list[int]:
    """What was sent for no report yet."""
    kept = turn.state.get("loose")
    if not kept or turn.now - datetime.fromisoformat(kept["at"]) > LOOSE_LIFE:
        return []
    ids: list[int] = kept["ids"]
    return ids


def of_draft(turn: Turn, answers: Answers) -> list[media.Evidence]:
    """What will go with the report being told: sent meanwhile, or before and for none yet."""
    ids = {*answers.get("evidence", ()), *loose(turn)}
    return [one for one in media.unbound(turn.tx, turn.conversation.account_id) if one.id in ids]


def told_of_draft(turn: Turn, answers: Answers) -> str:
    """ "2 ảnh, 1 ghi âm" of the report being told, "" while there is nothing."""
    return counted(turn.world.words, (one.kind for one in of_draft(turn, answers)))


def live(turn: Turn, contribution_id: int) -> int:
    """How much a report that was sent has already."""
    return sum(one.state in LIVE for one in media.of_contribution(turn.tx, contribution_id))


def keep(turn: Turn, wanted: list[Attachment], had: int, to: str) -> dict[int, str]:
    """Note what may still be taken: ids and kinds. What is too much is said, once for an album."""
    today = media.taken(turn.tx, turn.person.id, turn.now - timedelta(days=1))
    ids: dict[int, str] = {}
    for one in wanted:
        most, key = MOST_A_REPORT - had, "too_many"
        if MOST_A_DAY - today < most:
            most, key = MOST_A_DAY - today, "too_many_today"
        if len(ids) >= most:
            if speaks(turn, to, [key]):
                most = MOST_A_REPORT if key == "too_many" else MOST_A_DAY
                turn.say(f"evidence.{key}", most=most)
            break
        state = "pending" if agreed(turn) else "held"
        made = media.take(
            turn.tx, turn.conversation.account_id, turn.person.id,
            kind=one.kind, channel=turn.message.channel, reference=one.reference,
            name=clean(one.name or turn.message.text, MAX_NAME),
            state="kept" if one.kind == "location" and agreed(turn) else state,
        )  # fmt: skip
        ids[made] = one.kind
    return ids


def speaks(turn: Turn, to: str, kinds: Iterable[str]) -> bool:
    """Whether this is to be answered, or is one more part of what was answered already."""
    last, group = turn.state.get("album") or {}, turn.message.group
    same = last.get("to") == to and last.get("group") == group and (
        bool(group) or turn.now - datetime.fromisoformat(last["at"]) <= TOGETHER
    )  # fmt: skip
    said = last["kinds"] if same else []
    fresh = [kind for kind in dict.fromkeys(kinds) if kind not in said]
    at = turn.now.isoformat()
    turn.state["album"] = {"to": to, "group": group, "at": at, "kinds": [*said, *fresh]}
    return bool(fresh)


def nouns(turn: Turn, kinds: Iterable[str]) -> str:
    """ "ảnh, ghi âm": how many is not said, for more may be on its way."""
    label = turn.world.words.label
    return turn.world.words.text(
        "evidence.nouns", nouns=[label(f"evidence.{kind}") for kind in dict.fromkeys(kinds)]
    )


def _rounded(reference: str) -> str:
    """A place to about 1 km, near enough for a village and too far for a house; "" for none."""
    try:
        north, east = (round(float(part), 2) for part in reference.split(","))
    except ValueError:
        return ""
    return f"{north:.2f},{east:.2f}" if abs(north) <= 90 and abs(east) <= 180 else ""
