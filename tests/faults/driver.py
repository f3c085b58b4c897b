"""Kill the program under load again and again, then hold it to everything it told people.

`python -m tests.faults.driver --kills 200` prints the figures and ends with 1 when a promise was
broken. The seed fixes who says what and the planned moments of the kills, not the thread switches.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import aiohttp

from tests.faults.chat import Chat, Line, Stuck
from tests.faults.evidence import gather
from tests.faults.ledger import codes_twice, compare, compare_chats
from tests.load.server import Server, bot_settings, free_port, start_bot

CHATS = 40
UPTIME = (0.02, 0.6)
"""Seconds a server lives once it is ready."""
KILLED_STARTING = 0.1
"""Share of starts that are killed before they are ready: recovery must survive a crash as well."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of a run and every broken promise (none when all is well)."""

    seed: int
    seconds: float
    counts: Counter[str]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        """One line of figures, one of broken promises by kind, then the first of them."""
        kinds = Counter(promise.partition(":")[0] for promise in self.wrong)
        lines = [
            f"seed {self.seed}, {self.seconds:.0f} s: {_list(self.counts)}",
            f"broken promises: {_list(kinds) or 'none'}",
            *self.wrong[:20],
        ]
        return "\n".join(lines)


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {counts[name]:,}" for name in sorted(counts))


async def run(
    data: Path,
    *,
    kills: int,
    seed: int,
    database_url: str | None = None,
    chats: int = CHATS,
) -> Outcome:
    """Drive `python -m bot run` on the empty folder `data` through `kills` SIGKILLs.

    `database_url` is an empty PostgreSQL database; without it the program keeps SQLite in `data`.
    Raises DidNotStart when the program does not come back after a kill.
    """
    begun = time.monotonic()
    port = free_port()
    async with _session() as session:
        line = Line(f"http://127.0.0.1:{port}", session)
        people = [Chat(number, seed, line) for number in range(chats)]
        with (data / "server.log").open("w+b") as log:
            stuck = await _drive(data, port, database_url, kills, seed, line, people, log)
    settings = bot_settings(data, port, database_url)
    url = database_url or f"sqlite:///{data / 'chung-suc.db'}"
    evidence = await asyncio.to_thread(gather, url, data, settings)
    wrong = [
        *evidence.wrong,
        *compare([report for one in people for report in one.reports], evidence.reports),
        *codes_twice(evidence.reports),
        *compare_chats([one.ledger for one in people], evidence.answered),
        *stuck,
    ]
    line.counts["stored"] = len(evidence.reports)
    return Outcome(seed, time.monotonic() - begun, line.counts, tuple(wrong))


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def _drive(
    data: Path,
    port: int,
    database_url: str | None,
    kills: int,
    seed: int,
    line: Line,
    people: list[Chat],
    log: IO[bytes],
) -> list[str]:
    """Kill `kills` times, then let every chat come to its receipt. Returns who got stuck where."""
    moments = random.Random(seed)
    background = [asyncio.create_task(one.listen()) for one in people]
    background += [asyncio.create_task(one.acknowledge()) for one in people]
    talks = [asyncio.create_task(one.talk()) for one in people]

    async def start(*, wait: bool = True) -> Server:
        server = await asyncio.to_thread(start_bot, data, port, database_url=database_url, log=log)
        if wait:
            await asyncio.to_thread(server.wait_ready)
            line.up.set()
        return server

    first_start = time.monotonic()
    server = await start()
    first_start = time.monotonic() - first_start
    try:
        for _ in range(kills):
            await asyncio.sleep(moments.uniform(*UPTIME))
            server.kill()
            line.up.clear()
            line.counts["kills"] += 1
            if moments.random() < KILLED_STARTING:
                server = await start(wait=False)
                await asyncio.sleep(moments.uniform(0, first_start))
                server.kill()
                line.counts["kills while starting"] += 1
            server = await start()
        line.closing.set()
        ended = await asyncio.gather(*talks, return_exceptions=True)
        await _settle(people)
    finally:
        for task in background + talks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*background, *talks, return_exceptions=True)
        await asyncio.to_thread(server.stop)
    stuck = []
    for one, end in zip(people, ended, strict=True):
        if isinstance(end, Stuck):
            stuck.append(f"STUCK: {one.ledger.sender[:8]}: {end}")
        elif isinstance(end, BaseException):
            raise end
    return stuck


async def _settle(people: list[Chat]) -> None:
    """A last look for every chat, so that a message too many would be seen as well."""
    await asyncio.sleep(0.5)
    for one in people:
        one.ledger.faults += [
            f"TOO MUCH: {one.ledger.sender[:8]} also heard {text!r}" for text in one.unread()
        ]


def main() -> int:
    """Read the command line, run once on SQLite or the PostgreSQL given, print, 0 or 1."""
    reader = argparse.ArgumentParser(prog="python -m tests.faults.driver", description=__doc__)
    reader.add_argument("--kills", type=int, default=200)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--database-url")
    told = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="chungsuc-faults-") as folder:
        outcome = asyncio.run(
            run(Path(folder), kills=told.kills, seed=told.seed, database_url=told.database_url)
        )
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
