"""What is done with one of Telegram's updates, pushed or asked for: the same for both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from bot import faults
from bot.channels import telegram_buttons
from bot.channels.telegram_read import Incoming, read
from bot.clock import Clock
from bot.console.json_body import parse_object
from bot.errors import StorageAway
from handlers.messages import Message

END_SECONDS = 5.0
"""For the answers to taps, and greetings to groups, that are under way when the program ends."""

log = structlog.get_logger()


class TelegramPort(Protocol):
    """What the channel needs of the engine; all may raise `StorageAway`, and nothing was kept."""

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn and return after its commit."""

    async def keep(self, raw: bytes) -> None:
        """Keep an update nobody can read, once, and return after the commit."""

    async def reachable(self, sender: str, can_be: bool) -> None:
        """A person blocked the bot, or lets it write again."""

    async def offered(self, sender: str) -> Sequence[str]:
        """The ids of the choices in what was last sent to a person, the latest rows first."""

    async def joined(self, group: str) -> None:
        """The bot was added to a group: tell it, once, that people are served one by one."""


class Intake:
    """Takes the updates of one bot."""

    def __init__(
        self,
        account: str,
        port: TelegramPort,
        clock: Clock,
        answer: Callable[[str], Awaitable[None]],
    ) -> None:
        """`answer` stops the clock on a tapped button (`Telegram.answer`)."""
        self._account = account
        self._port = port
        self._clock = clock
        self._answer = answer
        self._besides: set[asyncio.Task[None]] = set()

    async def take(self, raw: bytes) -> None:
        """Take one update and return once it is kept, understood or not. Raises StorageAway."""
        try:
            await self._take(read(parse_object(raw), self._account, self._clock()), raw)
        except StorageAway:
            raise
        except Exception as fault:
            # Not understood; or a fault of ours, which would hold up the person's chat for a day
            # if Telegram were told to send it again. A handler's own the engine has buried before.
            log.error("telegram_kept", fault=faults.told(fault))
            await self._port.keep(raw)

    async def close(self) -> None:
        """Finish what goes on besides; what takes too long is cut off."""
        if self._besides:
            _, late = await asyncio.wait(self._besides, timeout=END_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, incoming: Incoming, raw: bytes) -> None:
        if incoming.tap:
            # First, but not waited for: Telegram repeats a tap that stays unanswered.
            self._beside(self._answer(incoming.tap))
        if incoming.message is not None:
            await self._port.receive(await self._whole(incoming.message), raw)
        if incoming.reach is not None:
            await self._port.reachable(*incoming.reach)
        if incoming.joined:
            self._beside(self._port.joined(incoming.joined))

    async def _whole(self, message: Message) -> Message:
        if message.choice is None or not telegram_buttons.is_digest(message.choice):
            return message
        offered = await self._port.offered(message.sender)
        return replace(
            message, choice=telegram_buttons.find(message.choice, offered) or message.choice
        )

    def _beside(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_quietly(work))
        self._besides.add(task)
        task.add_done_callback(self._besides.discard)


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception as fault:
        log.warning("telegram_besides", fault=faults.told(fault))
