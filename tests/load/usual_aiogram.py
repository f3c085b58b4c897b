"""Baseline (b): a bot the way they are usually built, with aiogram's own webhook handler.

Awaited (`handle_in_background=False`: the only setting that answers 200 after the work), one row
committed per update through SQLAlchemy's async session on SQLite (WAL, synchronous=FULL), then
the text echoed through the Bot API. The garbage collector and all else stay at their defaults.
The pool holds one connection because that measured faster than the default five: SQLite has one
writer anyway, and the comparison should meet the usual way at its best.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TOKEN = "42:TEST"
SECRET = "bench"
PATH = "/telegram/webhook"


class Base(DeclarativeBase):
    """The usual declarative base."""


class Received(Base):
    """One row for each message, all that the usual echo example keeps."""

    __tablename__ = "received"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int]
    message_id: Mapped[int]
    text: Mapped[str]


def _durable(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def application(stub: str, database: str) -> web.Application:
    """The bot as an aiohttp application; `stub` is the Bot API's base, `database` a file."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}", pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _durable)
    session = async_sessionmaker(engine, expire_on_commit=False, class_=AsyncSession)
    api = AiohttpSession(api=TelegramAPIServer.from_base(stub))
    bot, dispatcher = Bot(TOKEN, session=api), Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        text = message.text or ""
        async with session() as open_session:
            open_session.add(
                Received(chat_id=message.chat.id, message_id=message.message_id, text=text)
            )
            await open_session.commit()
        await message.answer(text)

    async def tables(app: web.Application) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    async def ready(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.cleanup_ctx.append(tables)
    app.router.add_get("/readyz", ready)
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=SECRET).register(
        app, path=PATH
    )
    setup_application(app, dispatcher, bot=bot)
    return app


def main() -> None:
    """`python -m tests.load.usual_aiogram PORT STUB DATABASE`."""
    reader = argparse.ArgumentParser(description=main.__doc__)
    reader.add_argument("port", type=int)
    reader.add_argument("stub")
    reader.add_argument("database")
    told = reader.parse_args()
    web.run_app(
        application(told.stub, told.database),
        host="127.0.0.1",
        port=told.port,
        access_log=None,
        print=None,
        loop=asyncio.new_event_loop(),
    )


if __name__ == "__main__":
    main()
