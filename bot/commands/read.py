"""`quantity`, `place`, `date`: what a typed text means, as JSON lines (docs/commands.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage
from knowledge import dates, places, quantities
from knowledge.places import Places, Unit
from knowledge.text import clean
from knowledge.zone import ZONE

MAX_TEXT = 2_000


def main(options: argparse.Namespace) -> int:
    """Read every line of standard input."""
    if not options.jsonl:
        raise BadUsage("chỉ đọc JSON từng dòng: thêm --jsonl")
    today = make_clock(common.settings().clock)().astimezone(ZONE).date()
    readers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "quantity": _quantity,
        "place": partial(_place, places.load(), today),
        "date": partial(_date, today),
    }
    return common.each_line(readers[options.command], sys.stdin)


def _quantity(asked: dict[str, Any]) -> dict[str, Any]:
    kind = asked.get("kind")
    if kind not in (None, "money", "labour", "land"):
        raise ValueError("kind must be money, labour or land")
    found = quantities.read(_typed(asked), kind)
    sure = found.result == "value"
    return {
        "result": found.result,
        "kind": found.kind if sure else None,
        "value": found.value if sure else None,
        "unit": found.unit if sure else None,
        "echo": found.echo,
        "why": found.why,
    }


def _place(known: Places, now: date, asked: dict[str, Any]) -> dict[str, Any]:
    found = known.find(_typed(asked), _today(asked, now))
    # Who names an old unit means that unit; `now` says what it has become.
    meant = (found.typed,) if found.result == "unit" and found.typed else found.units
    return {"result": found.result, "units": [_unit(known, unit) for unit in meant]}


def _unit(known: Places, unit: Unit) -> dict[str, Any]:
    return {
        "name": unit.name,
        "district": unit.district,
        "code": unit.code,
        "era": unit.era,
        "now": known.get(unit.now).name if unit.now else unit.name,
    }


def _date(now: date, asked: dict[str, Any]) -> dict[str, Any]:
    found = dates.read(_typed(asked), _today(asked, now))
    results = {"date": "value", "month": "ask"}
    return {
        "result": results.get(found.result, found.result),
        "value": found.value.isoformat() if found.value else None,
        "month": found.month,
        "echo": found.echo,
        "why": found.why,
    }


def _typed(asked: dict[str, Any]) -> str:
    text = asked["text"]
    if not isinstance(text, str):
        raise TypeError("text must be text")
    return clean(text, MAX_TEXT)


def _today(asked: dict[str, Any], now: date) -> date:
    today = asked.get("today")
    if today is None:
        return now
    if not isinstance(today, str):
        raise TypeError("today must be a date such as 2025-01-02")
    return date.fromisoformat(today)
