"""A person on the far side of a fake Zalo, at the keyboard: for `make demo-zalo` and to try out.

`python -m tests.fakes.zalo_console oa --port 9100 --webhook http://127.0.0.1:8080/zalo/oa/webhook`
What you type is what the person writes; "!1" presses the first button of the last message.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import FakeZaloOa
from tests.fakes.zalo_oa_people import Person

LOOK_SECONDS = 0.2


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


async def lines() -> asyncio.StreamReader:
    """Standard input without blocking."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def show(who: Person) -> None:
    """Print what the person sees, as it comes."""
    shown = 0
    while True:
        for seen in who.seen[shown:]:
            sys.stdout.write(f"{seen.text or seen.kind}\n")
            for number, (title, _) in enumerate(seen.buttons, start=1):
                sys.stdout.write(f"  [!{number}] {title}\n")
            sys.stdout.write("\n")
            sys.stdout.flush()
        shown = len(who.seen)
        await asyncio.sleep(LOOK_SECONDS)


async def end(under_way: set[asyncio.Task[Any]]) -> None:
    """End what is under way; what the bot is just saying is still shown."""
    await asyncio.sleep(2 * LOOK_SECONDS)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)


async def talk_oa(port: int, webhook: str) -> None:
    """One follower of the OA."""
    fake = FakeZaloOa(now, webhook=webhook)
    async with fake.serve(port):
        who, reader = fake.people.person(1), await lines()
        under_way: set[asyncio.Task[Any]] = {asyncio.create_task(show(who))}
        under_way.add(asyncio.create_task(fake.push.deliver(fake.people.follows(who))))
        while line := (await reader.readline()).decode().strip():
            pressed = line[1:] if line.startswith("!") else ""
            if pressed.isdecimal() and who.seen and int(pressed) <= len(who.seen[-1].buttons):
                event = fake.people.taps(who, who.seen[-1], int(pressed) - 1)
            else:
                event = fake.people.says(who, line)
            # Zalo's second try comes after half a minute; the person types on meanwhile.
            under_way.add(asyncio.create_task(fake.push.deliver(event)))
        await end(under_way)


async def talk_bot(port: int, webhook: str) -> None:
    """One person with the bot; without a webhook the bot polls."""
    fake = FakeZaloBot(now, webhook=webhook)
    async with fake.serve(port):
        who, reader = fake.person(1), await lines()
        under_way: set[asyncio.Task[Any]] = {asyncio.create_task(show(who))}
        while line := (await reader.readline()).decode().strip():
            update = fake.says(who, line)
            if webhook:
                under_way.add(asyncio.create_task(fake.push.deliver(fake.body(update))))
            else:
                fake.polled(update)
        await end(under_way)


def main() -> None:
    """Parse the command line and talk until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platform", choices=["oa", "bot"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook", default="")
    given = parser.parse_args()
    talk = talk_oa if given.platform == "oa" else talk_bot
    asyncio.run(talk(given.port, given.webhook))


if __name__ == "__main__":
    main()
