"""What a step of a report costs, kind by kind, against the money report's, in one process.

CPU time of this process, writer thread included, so that a busy machine and a slow disk count less.
Kinds take turns within each round; the ratio is the median over the rounds.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.app import make_world
from bot.replay.talk import HandClock, Talk, talking
from handlers.messages import Message
from storage import outbox, people
from storage.database import Database, Tx
from storage.upgrade import upgrade
from tests.load.script import RECEIPT

BAR = 1.3
"""How many times a money report's step another kind's may cost (the issue on reporting)."""
ROUNDS = 15
REPORTS = 4
"""Of each kind a round: fewer would lie below the clock's own grain."""
_WHEN_WHERE = ("làm đường", "hôm qua", "Bình Lư", "Bản Nà Đon")
_WHO = ("cá nhân tôi", "Giàng A Páo", "gửi")
STEPS: Mapping[str, Sequence[str]] = {
    "money": ("báo góp tiền", "đồng ý", "2 triệu rưỡi", *_WHEN_WHERE, *_WHO),
    "labour": ("báo ngày công", "đồng ý", "15 công", "20 triệu", *_WHEN_WHERE, *_WHO),
    "land": ("báo hiến đất", "đồng ý", "200 m2", "20 triệu", *_WHEN_WHERE, *_WHO),
    "goods": ("báo hiện vật", "đồng ý", "50 bao xi măng", "5 triệu", *_WHEN_WHERE, *_WHO),
    "ocop": (
        "báo ocop", "đồng ý", "miến dong", "4 sao", "2024", "12/QĐ-UBND", *_WHEN_WHERE[2:], *_WHO,
    ),
    "technology": (
        "báo kỹ thuật", "đồng ý", "cách trồng sâm", "60 triệu", *_WHEN_WHERE[1:], *_WHO,
    ),
}  # fmt: skip
"""What somebody types from the first word to the receipt."""


class NoReport(Exception):
    """The steps of a kind no longer lead to a receipt; the text names it and what was said."""


def report(rounds: int = ROUNDS) -> str:
    """The lines `make bench` prints."""
    measured = measure(rounds)
    money = measured["money"]
    lines = [f"a form step, by kind, against the money report's (bar ≤ {BAR}):"]
    for kind, taken in measured.items():
        ratio = statistics.median(one / base for one, base in zip(taken, money, strict=True))
        lines.append(f"  {kind:10}  {statistics.median(taken):5.2f} ms CPU  × {ratio:.2f}")
    return "\n".join(lines)


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of CPU a step, by kind and round. Raises NoReport."""
    taken: dict[str, list[float]] = {kind: [] for kind in STEPS}
    with tempfile.TemporaryDirectory(prefix="chungsuc-kinds-") as folder:
        url = f"sqlite:///{Path(folder) / 'kinds.db'}"
        database = Database(url)
        upgrade(database)
        database.dispose()
        with talking(url, make_world(""), HandClock()) as talk:
            senders = (f"s{number}" for number in itertools.count())
            for kind in STEPS:
                _step_ms(talk, kind, senders)
            kinds = list(STEPS)
            for number in range(rounds):
                first = number % len(kinds)
                for kind in kinds[first:] + kinds[:first]:
                    taken[kind].append(_step_ms(talk, kind, senders))
    return taken


def _step_ms(talk: Talk, kind: str, senders: Iterator[str]) -> float:
    steps = STEPS[kind]
    told = [next(senders) for _ in range(REPORTS)]
    messages = [
        Message(talk.channel, "test", who, f"{who}.{number}", talk.clock(), text)
        for who in told
        for number, text in enumerate(steps)
    ]
    begun = time.process_time()
    for message in messages:
        talk.deliver(message)
    spent = time.process_time() - begun
    for who in told:
        _receipt(talk, kind, who)
    return spent / len(messages) * 1e3


def _receipt(talk: Talk, kind: str, who: str) -> None:
    def last(tx: Tx) -> str:
        account = people.find_account(tx, talk.channel, "test", who)
        return outbox.waiting(tx, account)[-1].body["text"] if account else ""

    said = talk.write(last)
    if RECEIPT not in said:
        raise NoReport(f"{kind}: {said}")


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
