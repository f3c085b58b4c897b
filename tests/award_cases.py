"""What the tests of the award calculator share: the pack's awards, own cases, short ways to ask.

tests/data/awards_own.jsonl: {"id", "story", "facts", "expected": [{"award", "verdict", "accept",
"clauses", "reason", "missing"?, "quota"?}]}.
"""

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from knowledge import awards
from knowledge.awards import Verdict
from knowledge.plan import DEFAULT

AWARDS = awards.load(DEFAULT)
CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/awards_own.jsonl").read_text("utf-8").splitlines()
]


def judge(facts: dict[str, Any], **more: Any) -> dict[str, Verdict]:
    """Verdicts by award."""
    return {one.award: one for one in AWARDS.judge(facts, **more)}


def verdict(award: str, **facts: Any) -> str:
    """One verdict, for 2024 unless said."""
    return judge({"year": 2024, **facts})[award].verdict


def variants() -> Iterator[dict[str, Any]]:
    """Every case, as it is and with each of its own facts null, and every other fact once."""
    for case in CASES:
        yield case["facts"]
        yield from ({**case["facts"], name: None} for name in case["facts"] if name != "subject")
    for case, name in zip(cycle(CASES), [*AWARDS.schema.facts][1:] * 12, strict=False):
        yield {**case["facts"], name: None}
