"""How long one `ask` takes at worst: 20,000 texts of every kind, and loading the pack.

CPU time of this process, so that a busy machine counts less. Seeded: the same texts every time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date

from knowledge.ask import ask
from knowledge.plan import Plan, load
from tests.load.traffic import questions

TEXTS = 20_000
TODAY = date(2025, 1, 2)
_ALPHABETS = (
    "abcdeghiklmnopqrstuvxy ",
    "ăâđêôơưáàảãạ ,.?",
    "0123456789 .,/-%tr",
    "٣٠😀\u200b\u0301\n\t<{'",
)


def texts(count: int, seed: int = 1) -> Iterator[str]:
    """Questions whole, cut, shuffled, glued, with slips, very long; figures; and mere noise."""
    rnd = random.Random(seed)
    asked = questions()
    for number in range(count):
        one, other = rnd.choice(asked), rnd.choice(asked)
        words = one.split()
        yield (
            one,
            one.replace(" ", ""),
            f"{one}, {other}? {one}",
            " ".join(rnd.sample(words, len(words))),
            _slip(rnd, one),
            " ".join(rnd.choice(asked) for _ in range(rnd.randrange(2, 40))),
            f"{one} {rnd.randrange(10 ** rnd.randrange(1, 15))} triệu và {rnd.randrange(99)} công",
            "".join(rnd.choices(rnd.choice(_ALPHABETS), k=rnd.randrange(1, 2000))),
        )[number % 8]


def _slip(rnd: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 10)):
        letters[rnd.randrange(len(letters))] = rnd.choice("abcdeghiklmnopqrstuvxy")
    return "".join(letters)


def _took(plan: Plan, text: str) -> float:
    begun = time.process_time()
    ask(plan, text, today=TODAY)
    return (time.process_time() - begun) * 1e3


def report(count: int = TEXTS) -> str:
    """The lines `make bench` prints."""
    load()
    begun = time.process_time()
    plan = load()
    loaded = (time.process_time() - begun) * 1e3
    for text in questions():
        ask(plan, text, today=TODAY)
    usual = sorted(_took(plan, text) for text in questions())
    every = sorted(_took(plan, text) for text in texts(count))
    return (
        f"loading the plan, learnt before: {loaded:.0f} ms CPU (bar 300, aim 100)\n"
        f"one ask, questions people ask: median {usual[len(usual) // 2]:.2f} ms,"
        f" p99 {usual[int(len(usual) * 0.99)]:.2f} ms (bar 5, aim 1)\n"
        f"one ask, {count:,} texts of every kind: p99 {every[int(count * 0.99)]:.1f} ms,"
        f" slowest {every[-1]:.1f} ms (aim 50)"
    )


if __name__ == "__main__":
    print(report())
