"""`reminders preview --on DATE`: who would be sent what, and who cannot be reached."""

from __future__ import annotations

import argparse
import json
from datetime import date, datetime
from typing import Any

from bot.commands import common
from bot.errors import BadUsage
from handlers.turn import World
from knowledge.nudges import Nudge
from knowledge.zone import ZONE
from storage.database import Tx


def main(options: argparse.Namespace) -> int:
    """Print the reminders of a day, as JSON or one line each."""
    try:
        day = date.fromisoformat(options.on)
    except ValueError:
        raise BadUsage("--on: ghi ngày như 2025-01-02") from None
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import make_world, open_store

        world = make_world(
            settings.officer_contact, settings.plan_until, settings.data_dir,
            templates=bool(settings.zalo_oa_template),
        )  # fmt: skip
        database = open_store(settings)
        at = datetime.combine(day, datetime.min.time(), ZONE)
        with database.reading(at) as tx:
            found = [_shape(tx, world, nudge, day) for nudge in _nudges(world, day)]
        database.dispose()
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    for one in found:
        print(f"- {one['deadline']}, {one['lead_days']} ngày, {one['people']} người: ", end="")
        print(one["sample"].replace("\n", " "))
    if not found:
        print("Ngày này không có gì để nhắc.")
    return 0


def _nudges(world: World, day: date) -> list[Nudge]:
    if not date(1900, 1, 1) <= day <= date(9000, 1, 1):
        raise BadUsage("--on: không có ngày này")
    return list(world.nudges.on(day))


def _shape(tx: Tx, world: World, nudge: Nudge, day: date) -> dict[str, Any]:
    from handlers import audience, digests

    people, missed = audience.reach(tx, world, actors=[nudge.actor])
    return {
        "deadline": nudge.deadline.id,
        "lead_days": nudge.lead_days,
        "actor_role": nudge.actor,
        "people": people,
        "reachable": people - sum(missed.values()),
        "unreachable": missed,
        "sample": digests.digest(world, [nudge], day),
    }
