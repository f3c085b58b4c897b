"""`deadlines --year 2025 --json`: what is due in a year (shapes: docs/commands.md)."""

from __future__ import annotations

import argparse
import json
from typing import Any

from bot.commands import common
from bot.errors import BadUsage
from knowledge.deadlines import Deadline, load
from knowledge.plan import DEFAULT


def main(options: argparse.Namespace) -> int:
    """Print the deadlines of a year, as JSON or one line each."""
    if not 1 <= options.year <= 9998:
        raise BadUsage(f"--year: không có năm {options.year}")
    found = load(DEFAULT).in_year(options.year, until=common.settings().plan_until)
    if options.json:
        print(json.dumps([_shape(one) for one in found], ensure_ascii=False, indent=1))
        return 0
    for one in found:
        print(f"- {one.text} ({one.clause})")
    return 0


def _shape(one: Deadline) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": one.id,
        "actor": one.actor,
        "actor_role": one.actor_role,
        "action": one.action,
        "recipient": one.recipient,
        "via": one.via,
        "clause": one.clause,
        "text": one.text,
    }
    if one.window:
        ends = {"from": one.window.start.isoformat(), "to": one.window.end.isoformat()}
        return shape | {"window": ends}
    days = {
        "before": one.before,
        "last_day": one.last_day,
        "last_working_day": one.last_working_day,
    }
    return shape | {name: day.isoformat() for name, day in days.items() if day}
