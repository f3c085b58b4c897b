"""A conversation over Telegram, from the fake server through the real engine and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from sqlalchemy import select

from bot.channels.platform import Sent
from bot.channels.telegram import Telegram
from bot.channels.telegram_intake import Intake
from bot.channels.telegram_polling import Polling
from bot.engine import Engine
from bot.events import Unread
from bot.port import storing
from handlers.messages import Message
from handlers.turn import World
from storage import grants, outbox, people
from storage.database import Database, Tx
from storage.schema import dead_letters
from storage.schema import outbox as outbox_table
from tests.conftest import HandClock
from tests.fakes.telegram import FakeTelegram
from tests.telegram_double import ACCOUNT, telegram_at

CHAT = 8_123_456_789_012


class EnginePort:
    """The engine as the channel needs it; every update comes twice, as after a lost answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def receive(self, message: Message, raw: bytes) -> None:
        await self._engine.receive(message, raw)
        await self._engine.receive(message, raw)

    async def keep(self, raw: bytes) -> None:
        for _ in range(2):
            await storing(self._engine)(Unread("telegram", raw.hex()), raw)

    async def reachable(self, sender: str, can_be: bool) -> None:
        raise NotImplementedError

    async def offered(self, sender: str) -> Sequence[str]:
        def look(tx: Tx) -> list[str]:
            account_id = people.find_account(tx, "telegram", ACCOUNT, sender)
            rows = tx.execute(
                select(outbox_table.c.body)
                .where(outbox_table.c.account_id == account_id)
                .order_by(outbox_table.c.id.desc())
                .limit(50)
            )
            return [choice["id"] for row in rows for choice in row.body["choices"]]

        return await self._engine.read(look)

    async def joined(self, group: str) -> None:
        raise NotImplementedError


class Talk:
    """One person at the fake server, and what drives updates in and rows out."""

    def __init__(self, engine: Engine, fake: FakeTelegram, platform: Telegram) -> None:
        self.engine = engine
        self.fake = fake
        self.platform = platform
        self.intake = Intake(ACCOUNT, EnginePort(engine), lambda: HandClock().now, platform.answer)
        self._polling = Polling(platform.updates, self.intake.take)
        self._read = 0

    async def turn(self) -> str:
        """What the bot answers to what was done since, its buttons in brackets."""
        await self._polling.once()
        return await self.hear()

    async def hear(self) -> str:
        """What the bot says by itself; a poll would wait till somebody writes."""
        account_id, rows = await self.engine.read(self._waiting)
        for row in rows:
            assert isinstance(await self.platform.send(str(CHAT), row.body), Sent)
        ids = [row.id for row in rows]
        await self.engine.write(lambda tx: outbox.acknowledge(tx, account_id, ids))
        seen = self.fake.people.chats[CHAT].seen
        new, self._read = seen[self._read :], len(seen)
        return "\n".join(
            one.text + "".join(f" [{label}]" for label, _ in one.buttons) for one in new
        )

    def _waiting(self, tx: Tx) -> tuple[int, list[outbox.Waiting]]:
        account_id = account_of(tx)
        return account_id, outbox.waiting(tx, account_id)


@pytest.fixture
def engine(database: Database, world: World, clock: HandClock) -> Iterator[Engine]:
    one = Engine(database, world, clock)
    yield one
    one.close()


async def test_taps_a_link_a_long_button_and_a_poison_in_between(
    engine: Engine, world: World
) -> None:
    engine.attach(asyncio.get_running_loop())
    (unit,) = world.places.find("xã Bản Bo", date(2025, 1, 2)).units
    code = await engine.write(lambda tx: grants.invite(tx, "commune_officer", unit.key, by=None))
    async with FakeTelegram() as fake, telegram_at(fake, patience=20.0) as platform:
        talk = Talk(engine, fake, platform)
        fake.people.start(CHAT)
        assert "[Báo đóng góp]" in await talk.turn()
        taps = [fake.people.press(CHAT, "Báo đóng góp")]
        assert "[Đồng ý]" in await talk.turn()
        taps.append(fake.people.press(CHAT, "Đồng ý"))
        fake.people.raw({"message": {"text": "không có chat"}})
        assert "[Tiền]" in (asked := await talk.turn()), asked

        typed = "=Hạn nộp hồ sơ khen thưởng của xã là ngày nào, nộp cho ai, theo mục nào?"
        body = {"text": "Nhắc việc", "choices": [{"id": typed, "label": "Xem hết"}]}
        await engine.write(lambda tx: outbox.put(tx, account_of(tx), "push", [body]))
        assert await talk.hear() == "Nhắc việc [Xem hết]"
        taps.append(fake.people.press(CHAT, "Xem hết"))
        assert "Nút này đã cũ" not in (answered := await talk.turn())
        assert "05/01" in answered, answered

        fake.people.start(CHAT, code)
        assert "cán bộ xã tại xã Bản Bo" in (invited := await talk.turn()), invited
        await talk.intake.close()
    assert sorted(fake.people.answered) == sorted(taps)
    assert await engine.read(lambda tx: len(list(tx.execute(select(dead_letters))))) == 1


def account_of(tx: Tx) -> int:
    account_id = people.find_account(tx, "telegram", ACCOUNT, str(CHAT))
    assert account_id is not None
    return account_id
