"""The engine as the platforms' channels need it: turns taken or spooled, people reached or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from bot.channels.platform import Platform
from bot.channels.zalo_oa_events import Event, Ignored, Left, Paused, Receipt, Said
from bot.engine import Engine
from bot.spool import Spool
from handlers.messages import Message
from handlers.turn import World
from storage import outbox, people, received
from storage.database import Tx

LATEST = 50
"""Rows whose buttons may still be pressed; older ones are answered as old buttons are."""


class Port:
    """What one bot on one platform needs; for Telegram, Zalo OA and Zalo Bot alike."""

    def __init__(
        self, engine: Engine, spool: Spool, world: World, channel: str, account: str
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._world = world
        self._channel = channel
        self._account = account
        self.platform: Platform | None = None
        """Set once it is made; what is said besides turns goes through it."""

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn, or spool it. Raises StorageAway when neither can be."""
        await self._spool.receive(message, raw)

    async def keep(self, raw: bytes, key: bytes | str) -> None:
        """Keep a genuine body nobody can read, once for each key."""
        told = key.hex() if isinstance(key, bytes) else key
        await self._spool.keep(self._channel, raw, told)

    async def take(self, event: Event, raw: bytes) -> None:
        """Act on one of Zalo OA's events."""
        match event:
            case Said(message=message):
                await self.receive(message, raw)
            case Paused(sender=sender, until=until):
                await self._change(partial(people.pause, sender=sender, until=until))
            case Left(sender=sender):
                await self.reachable(sender, False)
            case Receipt() | Ignored():
                return

    async def reachable(self, sender: str, can_be: bool) -> None:
        """A person blocked the bot, or lets it write again."""
        why = "" if can_be else "blocked"
        await self._change(partial(people.note_reach, sender=sender, why=why))

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

    async def _change(self, work: Callable[..., None]) -> None:
        channel, account = self._channel, self._account
        await self._engine.write(partial(work, channel=channel, account=account))


def keeper(engine: Engine) -> Callable[[bytes, str], Awaitable[None]]:
    """Keeps a body nobody can read with the other dead letters; the key tells a repeat."""

    async def keep(raw: bytes, key: str) -> None:
        digest = received.key_of("kept", key)
        await engine.write(lambda tx: received.bury(tx, digest, raw, "not understood"))

    return keep
