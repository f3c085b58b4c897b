"""What the load says: several hundred questions, and the values told in reports.

Pure data; the order comes from the caller's seed, so two runs with one seed say the same.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("traffic.yaml")


@cache
def _lists() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return loaded


def without_diacritics(text: str) -> str:
    """As half of all phones type it: no marks, d for đ."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(part for part in parts if not unicodedata.combining(part))


@cache
def questions() -> tuple[str, ...]:
    """Every question in every frame, with and without diacritics; no text twice."""
    lists = _lists()
    told: dict[str, None] = {}
    turns = random.Random(5)
    for question in lists["questions"]:
        for frame in lists["frames"]:
            place, who = turns.choice(lists["places"]), turns.choice(lists["askers"])
            text = frame.format(q=question.format(place=place, who=who))
            told[text] = None
            told[without_diacritics(text)] = None
    return tuple(told)


def asked(seed: int) -> Iterator[str]:
    """Questions without end, each person (`seed`) in an order of his own."""
    order = list(questions())
    random.Random(seed).shuffle(order)
    return cycle(order)


def amount_text(vnd: int) -> str:
    """1250000 → "1.250.000đ"."""
    return f"{vnd:,}đ".replace(",", ".")


@dataclass(frozen=True, slots=True)
class Told:
    """The values one invented report tells. `vnd` identifies it: nobody tells one amount twice."""

    vnd: int
    purpose: str
    place: str
    village: str
    name: str


def told(number: int) -> Told:
    """The values of report `number` (0-based): an amount of its own, the rest taken in turn."""
    lists = _lists()

    def pick(key: str) -> str:
        return lists[key][number % len(lists[key])]

    return Told(
        vnd=100_000 + number * 1_000,
        purpose=pick("purposes"),
        place=lists["places"][number % 3],
        village=pick("villages"),
        name=pick("names"),
    )


def telegram_update(number: int, text: str, who: int) -> dict[str, object]:
    """The same text as Telegram's server would post it: update `number`, a message in the private
    chat of person `who`."""
    person = {"id": 5_000_000_000 + who, "first_name": "Páo", "last_name": "Vàng A"}
    return {
        "update_id": 700_000_000 + number,
        "message": {
            "message_id": number + 1,
            "from": {**person, "is_bot": False, "username": "vang_a_pao", "language_code": "vi"},
            "chat": {**person, "type": "private", "username": "vang_a_pao"},
            "date": int(datetime.now(UTC).timestamp()),
            "text": text,
        },
    }
