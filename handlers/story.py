"""What has happened to one report (diễn biến), told to whoever told it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import ask, given, mine
from handlers.forms import Form
from handlers.kinds import Told
from handlers.menu import Entry
from handlers.turn import Turn
from storage import holds, stories
from storage.contributions import Contribution
from storage.objections import AGREED
from storage.stories import Step

PARTS = {
    "what": {"kind", "told_vnd", "told_quantity", "details"},
    "purpose": {"purpose"},
    "day": {"made_on"},
    "place": {"place", "village_key"},
    "who": {"contributor_key", "contributor_kind", "contributor_id"},
}
"""What a correction is of, by the fields it changed."""


def tell(turn: Turn, typed: str) -> None:
    """Every step of a report with its time, as many messages as it takes."""
    own = mine.find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
        return
    words = turn.world.words
    lines = [words.text("story.begins", code=own.code)]
    for step in stories.steps(turn.tx, own.id):
        if step.changes.keys() == {holds.HOLDER}:
            # Which officer has it in hand, and for how long, is the office's own business.
            continue
        lines.append(words.text("story.step", step=step, what=_what(turn, own, step)))
    ask.say_parts(turn, ask.split("\n".join(lines)))


def _what(turn: Turn, own: Contribution, step: Step) -> str:
    """A step in short."""
    changes: dict[str, Any] = dict(step.changes)
    mine_ = step.by_person == own.reporter_id
    key, said = step.state, ""
    if "corrected" in changes:
        key, said = "corrected", _corrected(turn, changes["corrected"])
    elif "note" in changes:
        key, said = "supplemented", changes["note"]
    elif "answer" in changes:
        key = "agreed" if changes["answer"] == AGREED else "objected"
    elif step.state == "submitted" and step.version > 1:
        key = "returned"
    elif step.state == "verified":
        said = _verified(turn, own, changes)
    elif "reason" in changes:
        said = changes["reason"]
    office = turn.world.places.get(step.place).name if step.place else ""
    return turn.world.words.text("story.what", key=key, said=said, mine=mine_, office=office)


def _verified(turn: Turn, own: Contribution, changes: dict[str, Any]) -> str:
    told = Told(changes.get("verified_vnd"), changes.get("verified_quantity"), own.details)
    return given.short(turn, own.kind, told)


def _corrected(turn: Turn, changed: dict[str, Any]) -> str:
    """What was corrected, by name: the figures themselves are read back when it is done."""
    labels = [
        turn.world.words.label(f"corrected.{part}")
        for part, fields in PARTS.items()
        if changed.keys() & fields
    ]
    return ", ".join(labels)


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"story": tell}
MENU: tuple[Entry, ...] = ()
