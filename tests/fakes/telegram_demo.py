"""A fake Telegram to try the bot with: `python -m tests.fakes.telegram_demo 8099`.

Whoever sits at the keyboard is one person with a phone: a line is a message, `[2]` a tap on the
second button of the latest message that has any.
"""

from __future__ import annotations

import asyncio
import re
import sys

from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import Seen

CHAT = 1001


async def serve(port: int, *, talk: bool = False) -> None:
    """Serve until cancelled; with `talk`, until the keyboard's input ends."""
    fake = FakeTelegram()
    await fake.open(port)
    print(f"BOT_TELEGRAM_API_BASE={fake.base} BOT_TELEGRAM_TOKEN={fake.token}", flush=True)
    showing = asyncio.create_task(_show(fake))
    try:
        if talk:
            await _talk(fake)
        else:
            await asyncio.Event().wait()
    finally:
        showing.cancel()
        await fake.close()


async def _talk(fake: FakeTelegram) -> None:
    fake.people.start(CHAT)
    while line := await asyncio.to_thread(sys.stdin.readline):
        tapped = re.fullmatch(r"\s*\[(\d)\]\s*", line)
        with_buttons = [one for one in fake.people.chats[CHAT].seen if one.buttons]
        if tapped and with_buttons and 0 < int(tapped[1]) <= len(with_buttons[-1].buttons):
            latest = with_buttons[-1]
            fake.people.tap(CHAT, latest, latest.buttons[int(tapped[1]) - 1][1])
        elif line.strip():
            fake.people.say(CHAT, line.strip())


async def _show(fake: FakeTelegram) -> None:
    shown: set[int] = set()

    def news() -> list[tuple[int, Seen]]:
        chats = fake.people.chats.values()
        return [
            (one.id, seen) for one in chats for seen in one.seen if seen.message_id not in shown
        ]

    while True:
        await fake.until(lambda: bool(news()))
        for chat, message in sorted(news(), key=lambda pair: pair[1].message_id):
            buttons = "".join(
                f"\n  [{number}] {label}" for number, (label, _) in enumerate(message.buttons, 1)
            )
            photo = f"(ảnh, {len(message.photo)} byte) " if message.photo else ""
            print(f"{chat}: {photo}{message.text}{buttons}\n", flush=True)
            shown.add(message.message_id)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), talk=True))
