"""`ask`: a question to the plan, from a person or as JSON lines (shapes: docs/commands.md)."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from functools import partial
from typing import Any

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage
from bot.plan_folder import load_plan
from knowledge.ask import Answer, ask
from knowledge.plan import Plan
from knowledge.text import clean
from knowledge.zone import ZONE

MAX_QUESTION = 2_000


def main(options: argparse.Namespace) -> int:
    """Answer one question, or every line of standard input."""
    settings = common.settings()
    today = make_clock(settings.clock)().astimezone(ZONE).date()
    plan = load_plan(settings.data_dir, settings.plan_until)
    if options.jsonl:
        return common.each_line(partial(_answer, plan, today), sys.stdin)
    question = clean(" ".join(options.question), MAX_QUESTION)
    if not question:
        raise BadUsage('viết câu hỏi sau lệnh, ví dụ: ask "xã nộp hồ sơ khen khi nào"')
    found = ask(plan, question, today=today)
    print("\n".join(part for part in (found.text, found.more) if part))
    for option in found.options:
        print(f"- {option.label}")
    return 0


def _answer(plan: Plan, now: date, asked: dict[str, Any]) -> dict[str, Any]:
    today = date.fromisoformat(_text(asked, "today")) if asked.get("today") else now
    found = ask(
        plan,
        clean(_text(asked, "q"), MAX_QUESTION),
        today=today,
        asker=_text(asked, "asker") if asked.get("asker") else "villager",
        place=_text(asked, "place") if asked.get("place") else None,
        after=clean(_text(asked, "after"), MAX_QUESTION) if asked.get("after") else None,
    )
    return _shape(found)


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text")
    return value


def _shape(found: Answer) -> dict[str, Any]:
    return {
        "decision": found.decision,
        "answer": "\n".join(part for part in (found.text, found.more) if part),
        "clauses": list(found.clauses),
        "options": [
            {"label": option.label, "clauses": list(option.clauses)} for option in found.options
        ],
        "confidence": round(found.confidence, 3),
    }
