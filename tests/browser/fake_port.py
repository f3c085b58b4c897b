"""A bot in memory behind the chat's port: takes each event once, answers by a small script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bot.channels.web import Outgoing
from bot.errors import StorageAway
from handlers.messages import Choice, Message, Reply

KINDS = (Choice("kind:money", "Tiền"), Choice("kind:labour", "Ngày công"))
SCRIPT = {
    "Báo đóng góp": Reply("Gia đình góp gì ạ?\nBà con chọn một nút.", KINDS),
    "kind:money": Reply("Góp bao nhiêu tiền ạ?", (Choice("back", "Quay lại"),)),
}


class FakeBot:
    """A `ChatPort`. `arrived` holds every event as posted, repeats too; `events` each one once."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.away = False
        self.arrived: list[Message] = []
        self.events: dict[tuple[str, str], Message] = {}
        self.waiting: dict[str, dict[int, Outgoing]] = {}
        self.told: list[tuple[str, Outgoing]] = []
        self._next_id = 1
        self._watchers: list[tuple[str, asyncio.Event]] = []

    async def receive(self, message: Message, raw: bytes) -> None:
        self.arrived.append(message)
        if self.away:
            raise StorageAway(1)
        key = (message.sender, message.event_id)
        if key not in self.events:
            self.events[key] = message
            said = message.choice or message.text
            self.push(message.sender, SCRIPT.get(said, Reply(f"Đã nghe: {said}")))

    def push(self, sender: str, reply: Reply) -> None:
        """Say something to a person and wake his pages."""
        row = Outgoing(self._next_id, reply.text, reply.choices, self.at)
        self._next_id += 1
        self.told.append((sender, row))
        self.waiting.setdefault(sender, {})[row.id] = row
        for watcher, event in self._watchers:
            if watcher == sender:
                event.set()

    def forget_acknowledgements(self) -> None:
        """As if every acknowledgement had been lost on its way: all is pending again."""
        for sender, row in self.told:
            self.waiting[sender][row.id] = row

    async def pending(self, sender: str) -> Sequence[Outgoing]:
        return list(self.waiting.get(sender, {}).values())

    async def acknowledge(self, sender: str, ids: Sequence[int]) -> None:
        for number in ids:
            self.waiting.get(sender, {}).pop(number, None)

    @contextmanager
    def watch(self, sender: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._watchers.append((sender, event))
        try:
            yield event
        finally:
            self._watchers.remove((sender, event))

    @property
    def sender(self) -> str:
        """The one person of the test, once he has said something."""
        (sender,) = {sender for sender, _ in self.events}
        return sender
