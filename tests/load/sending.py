"""How fast the sender sends: at a limit of 30 a second, and with the limiter open.

    python -m tests.load.sending [--many 600] [--rate 30]

The limited run is held against Telegram's own counting (the fake server's flood limit): a call too
early would be a 429. Replies are queued meanwhile, and what each waited is measured. It ends with 1
when a call was refused or the permitted rate was left unused.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import uvloop

from bot.app import make_world
from bot.channels.platform import Body, Later, Outcome, Pace, Sent, at_once
from bot.clock import make_clock
from bot.delivery import Delivery, Line
from bot.engine import Engine
from bot.speed import Speed
from storage import outbox, people
from storage.database import Database, Tx
from storage.upgrade import upgrade
from tests.fakes.telegram_flood import Flood

CALL_SECONDS = 0.05
"""What a call to Telegram takes from here, about."""
REPLY_EVERY = 0.5
SLICE = 1_000
USED = 0.97
"""Of the permitted rate, what has to be used."""


class Counting:
    """A platform that takes as long as a call does and counts as Telegram does."""

    channel, account = "telegram", "1"

    def __init__(self, flood: Flood | None) -> None:
        self._flood = flood
        self.at: list[float] = []
        self.refused = 0
        self.heard: dict[str, float] = {}

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        now = time.monotonic()
        wait = self._flood.wait(int(sender), now) if self._flood else 0
        await asyncio.sleep(CALL_SECONDS)
        if wait:
            self.refused += 1
            return Later(wait, "flood", whole=True)
        self.at.append(now)
        self.heard[body["text"]] = now
        return Sent()

    async def fetch(self, reference: str, most: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        return None


def _queue(engine: Engine, first: int, many: int, kind: outbox.Kind, text: str) -> None:
    def work(numbers: range, tx: Tx) -> None:
        for number in numbers:
            account_id = people.open_conversation(tx, "telegram", "1", f"{number}").account_id
            outbox.put(tx, account_id, kind, [{"text": text or f"{number}", "choices": []}])

    for begin in range(first, first + many, SLICE):
        numbers = range(begin, min(begin + SLICE, first + many))
        engine.writer.run(partial(work, numbers))


async def measure(folder: Path, many: int, rate: float | None) -> tuple[str, bool]:
    """Send `many` pushes, replies among them when limited; one line, and whether it is right."""
    url = f"sqlite:///{folder / f'{rate}.db'}"
    database = Database(url)
    upgrade(database)
    engine = Engine(database, make_world(""), make_clock(None))
    engine.attach(asyncio.get_running_loop())
    await asyncio.to_thread(_queue, engine, 1, many, "push", "")
    platform = Counting(Flood() if rate else None)
    speed = Speed(engine, "telegram:1", rate, _now)
    task = asyncio.create_task(Delivery(engine, Line(platform, speed), _now).run())
    asked: dict[str, float] = {}
    while len(platform.heard) < many + len(asked):
        if rate and len(platform.heard) - len(asked) < many - rate:
            text = f"reply {len(asked)}"
            asked[text] = time.monotonic()
            await asyncio.to_thread(_queue, engine, many + len(asked), 1, "reply", text)
            engine.outgoing.set()
            await asyncio.sleep(REPLY_EVERY)
        await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    engine.close()
    per_second = (len(platform.at) - 1) / (max(platform.at) - min(platform.at))
    line = _line(platform, per_second, rate, [platform.heard[it] - at for it, at in asked.items()])
    return line, rate is None or is_right(per_second, rate, platform.refused)


def is_right(per_second: float, rate: float, refused: int) -> bool:
    """Whether no call was refused and the permitted rate was used."""
    return refused == 0 and per_second >= USED * rate


def _now() -> datetime:
    return make_clock(None)()


def _line(
    platform: Counting, per_second: float, rate: float | None, waited: Sequence[float]
) -> str:
    load = os.getloadavg()[0]
    if rate is None:
        return f"sender with the limiter open: {per_second:,.0f}/s (aim ≥ 300), load {load:.1f}"
    p99 = sorted(waited)[int(len(waited) * 0.99)] if waited else 0.0
    return (
        f"sender limited to {rate:g}/s: {per_second:.2f}/s ({per_second / rate:.1%} of it, "
        f"aim ≥ {USED:.0%}), {platform.refused} × 429, replies meanwhile p99 {p99:.2f} s "
        f"(aim ≤ 3), load {load:.1f}"
    )


async def report(many: int, rate: float) -> tuple[str, bool]:
    """Both runs, a line each, and whether they are right."""
    with tempfile.TemporaryDirectory(prefix="chungsuc-send-") as folder:
        limited, right = await measure(Path(folder), many, rate)
        free, _ = await measure(Path(folder), many * 5, None)
    if not right:
        limited = f"INVALID: {limited}"
    return f"{limited}\n{free}", right


def main() -> int:
    """Read the command line and measure."""
    reader = argparse.ArgumentParser(prog="python -m tests.load.sending")
    reader.add_argument("--many", type=int, default=600)
    reader.add_argument("--rate", type=float, default=30.0)
    told = reader.parse_args()
    text, right = uvloop.run(report(told.many, told.rate))
    print(text)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
