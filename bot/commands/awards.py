"""`awards --jsonl`: which awards are within reach for told facts (shapes: docs/commands.md)."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from bot.commands import common
from knowledge.awards import Awards, Quota, Verdict, load
from knowledge.plan import DEFAULT


def main(options: argparse.Namespace) -> int:
    """Judge every line of standard input; 1 when any line could not be read."""
    until = common.settings().plan_until
    return common.each_line(partial(_judge, load(DEFAULT), until), sys.stdin)


def _judge(awards: Awards, until: date | None, asked: dict[str, Any]) -> dict[str, Any]:
    facts = asked.get("facts")
    if not isinstance(facts, dict):
        raise TypeError("facts must be a JSON object")
    return {"verdicts": [_shape(found) for found in awards.judge(facts, until=until)]}


def _shape(found: Verdict) -> dict[str, Any]:
    shape = {
        "award": found.award,
        "verdict": found.verdict,
        "clauses": list(found.clauses),
        "conditions": [asdict(condition) for condition in found.conditions],
        "missing": list(found.missing),
    }
    return shape | ({"quota": _quota(found.quota)} if found.quota else {})


def _quota(quota: Quota) -> dict[str, int | None]:
    shape = asdict(quota)
    for share in ("province_seats", "district_seats"):
        if shape[share] is None:
            del shape[share]
    return shape
