"""The engine as the platforms' channels need it: turns taken or spooled, people reached or not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial

from bot.channels import zalo_oa_events as zalo_oa
from bot.channels.platform import Platform
from bot.engine import Engine
from bot.events import Event, Pause, Reach, Unread
from bot.spool import Spool, Store
from handlers.messages import Message
from handlers.turn import World
from storage import outbox, people, received
from storage.database import Tx

LATEST = 50
"""Rows whose buttons may still be pressed; older ones are answered as old buttons are."""


class Port:
    """What one bot on one platform needs; for Telegram, Zalo OA and Zalo Bot alike."""

    def __init__(
        self,
        engine: Engine,
        spool: Spool,
        world: World,
        channel: str,
        account: str,
        patience: float | None = None,
    ) -> None:
        """`patience` is how many seconds storage may take before an event is spooled."""
        self._engine = engine
        self._spool = spool
        self._world = world
        self._channel = channel
        self._account = account
        self._patience = patience
        self.platform: Platform | None = None
        """Set once it is made; what is said besides turns goes through it."""

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn, or spool it. Raises StorageAway when neither can be."""
        await self._take(message, raw)

    async def keep(self, raw: bytes) -> None:
        """Keep a genuine body nobody can read, once."""
        digest = hashlib.sha256(raw).hexdigest()
        await self._take(Unread(self._channel, f"{self._account}:{digest}"), raw)

    async def take(self, event: zalo_oa.Event, raw: bytes) -> None:
        """Act on one of Zalo OA's events."""
        match event:
            case zalo_oa.Said(message=message):
                await self.receive(message, raw)
            case zalo_oa.Paused(sender=sender, until=until):
                await self._take(Pause(self._channel, self._account, sender, until), b"")
            case zalo_oa.Left(sender=sender, at=at):
                # Zalo may tell it hours later, when he has come back.
                await self._note(sender, "blocked", at)
            case zalo_oa.Receipt():
                return

    async def reachable(self, sender: str, can_be: bool) -> None:
        """A person blocked the bot, or lets it write again."""
        await self._note(sender, "" if can_be else "blocked", self._engine.clock())

    async def _note(self, sender: str, why: str, at: datetime) -> None:
        await self._take(Reach(self._channel, self._account, sender, why, at), b"")

    async def _take(self, event: Event, raw: bytes) -> None:
        await self._spool.take(event, raw, self._patience)

    async def offered(self, sender: str) -> Sequence[str]:
        """The ids of the choices in what was last said to a person, the latest rows first."""

        def look(tx: Tx) -> list[str]:
            found = people.find_account(tx, self._channel, self._account, sender)
            return [] if found is None else outbox.offered(tx, found, LATEST)

        return await self._engine.read(look)

    async def joined(self, group: str) -> None:
        """Tell a group that people are served one by one."""
        if self.platform is not None:
            text = self._world.words.text("group.hint")
            await self.platform.send(group, {"text": text, "choices": []})


def storing(engine: Engine) -> Store:
    """Stores what the channels hand over."""

    async def store(event: Event, raw: bytes) -> None:
        match event:
            case Message():
                await engine.receive(event, raw)
            case Unread(channel=channel, key=key):
                known = received.key_of("kept", channel, key)
                await engine.write(lambda tx: received.bury(tx, known, raw, "not understood"))
            case Reach():
                await engine.write(partial(people.note_reach, **asdict(event)))
            case Pause():
                await engine.write(partial(people.pause, **asdict(event)))

    return store
