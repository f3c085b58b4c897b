"""What is kept about a person, as he reads it (bản đọc được)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.consent import PURPOSES, REPORT
from handlers.kinds import Told
from handlers.turn import World

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
FEW = 5
"""Reports and questions told one by one where somebody only looks; the copy has them all."""


def readable(world: World, kept: Kept, *, whole: bool = False) -> str:
    """The text, by purpose: what is there, what for, how many of what."""
    say = world.words.text
    person = kept["person"][0]
    household = next(iter(kept["household"]), None)
    live = [one["purpose"] for one in kept["consents"] if one["withdrawn_at"] is None]
    lines = [
        say(
            "data.who", name=person["name"] or "", since=person["created_at"],
            household=household, place=_place(world, household),
            channels=", ".join(world.words.label(f"channel.{one['channel']}")
                               for one in kept["accounts"]),
        ),
        say("data.agreed", given=", ".join(
            world.words.label(f"purpose_of.{one}") for one in PURPOSES if one in live)),
        say("data.reports", count=len(kept["contributions"]),
            purpose=world.words.label(f"purpose_of.{REPORT}")),
        *_listed(world, kept, whole=whole),
        say("data.rest", photos=len(kept["attachments"]), questions=len(kept["questions"]),
            roles=[world.words.label(f"role.{one['role']}") for one in kept["roles"]
                   if one["revoked_at"] is None],
            guardian=next((one["guardian"] for one in kept["consents"] if one["guardian"]), "")),
    ]  # fmt: skip
    lines += [*_wishes(world, kept, whole=whole), *_announced(world, kept, whole=whole)]
    if whole:
        lines += [say("data.question", text=one["text"]) for one in kept["questions"]]
        lines += [
            say("data.request", kind=world.words.label(f"request.{one['kind']}"), request=one)
            for one in kept["data_requests"]
        ]  # fmt: skip
    return "\n".join(lines)


def _listed(world: World, kept: Kept, *, whole: bool) -> list[str]:
    reports = kept["contributions"] if whole else kept["contributions"][-FEW:]
    lines = []
    for one in reports:
        lines.append(
            world.words.text(
                "data.report",
                one=one,
                what=_told(world, one),
                place=world.places.get(one["place"]).name,
                state=world.words.label(f"state.{one['state']}"),
                whole=whole,
            )
        )
        if whole and one["note"]:
            lines.append(world.words.text("data.note", note=one["note"]))
    return lines


def _wishes(world: World, kept: Kept, *, whole: bool) -> list[str]:
    """Of what he is reminded; the copy has what he stopped, too."""
    words = world.words
    return [
        words.text(
            "data.wish",
            actor=words.label(f"reminded.{one['actor']}"),
            place=world.places.get(one["place"]).name if one["place"] else "",
            since=one["since"],
            until=one["until"],
        )
        for one in kept["reminders"]
        if whole or one["until"] is None
    ]


def _announced(world: World, kept: Kept, *, whole: bool) -> list[str]:
    """What he announced to others, the newest where somebody only looks."""
    words = world.words
    return [
        words.text(
            "data.announcement",
            code=one["key"],
            at=one["made_at"],
            state=words.label(f"announced.{one['state']}"),
            text=one["text"],
        )
        for one in (kept["announcements"] if whole else kept["announcements"][-FEW:])
    ]


def _told(world: World, one: Mapping[str, Any]) -> str:
    told = Told(one["told_vnd"], one["told_quantity"], one["details"])
    return world.words.text(
        f"{one['kind']}.told", vnd=told.vnd, quantity=told.quantity, details=told.details
    )


def _place(world: World, household: Mapping[str, Any] | None) -> str:
    return "" if household is None else world.places.get(household["place"]).name
