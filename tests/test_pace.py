"""A row that leaves as several calls: each takes its own turn at the permitted speed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from bot.channels.platform import Later, Platform, Sent
from bot.channels.telegram import Telegram
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_oa import ZaloOa
from bot.channels.zalo_oa_tokens import AGAIN, TokenKeeper
from bot.channels.zalo_oa_uploads import Media
from bot.delivery import Delivery, Line
from bot.engine import Engine
from bot.fetching import Fetcher
from bot.speed import Speed
from handlers.turn import World
from storage.database import Database
from tests.conftest import STORES, Fresh, HandClock
from tests.test_delivery import queue, states, until
from tests.zalo_double import KINDS, Rig, followed, pao

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PARTS = 5
Said = Callable[[str], Awaitable[None]]


async def _no_picture(_media: object) -> bytes | None:
    return None


def _telegram(said: Said, patch: pytest.MonkeyPatch) -> Platform:
    made = Telegram(TOKEN, _no_picture)

    async def call(_bot: object, method: Any, **_more: object) -> dict[str, int]:
        await said(method.text)
        return {"message_id": 1}

    patch.setattr(made._session, "make_request", call)
    return made


def _zalo_bot(said: Said, patch: pytest.MonkeyPatch) -> Platform:
    made = ZaloBot(TOKEN, httpx.AsyncClient(), cast(Fetcher, None), lambda _media: None)

    async def post(_method: str, content: dict[str, Any]) -> dict[str, str]:
        await said(content["text"])
        return {"message_id": "1"}

    patch.setattr(made.calls, "post", post)
    return made


class _OneToken:
    async def access(self, _refused: str) -> str:
        return "token"


def _zalo_oa(said: Said, patch: pytest.MonkeyPatch) -> Platform:
    made = ZaloOa(
        "1", httpx.AsyncClient(), "http://zalo", cast(TokenKeeper, _OneToken()),
        cast(Fetcher, None), cast(Media, None), datetime.now,
    )  # fmt: skip

    async def once(_path: str, _token: str, content: dict[str, Any]) -> dict[str, str]:
        await said(content["json"]["message"]["text"])
        return {"message_id": "1"}

    patch.setattr(made._calls, "_once", once)
    return made


@pytest.mark.parametrize(("make", "most"), [(_telegram, 4096), (_zalo_bot, 2000), (_zalo_oa, 2000)])
async def test_a_row_s_every_further_message_waits_its_turn_or_another_time(
    make: Callable[[Said, pytest.MonkeyPatch], Platform], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[str]()

    async def said(text: str) -> None:
        done.append(text[0])

    turns = iter([None, Later(7, "held"), None, None])

    async def pace() -> Later | None:
        done.append("turn")
        return next(turns)

    platform = make(said, monkeypatch)
    body = {"text": "\n".join(letter * (most - 1) for letter in "abcde"), "choices": []}
    assert await platform.send("7", body, pace) == Later(7, "held")
    assert done == ["a", "turn", "b", "turn"]
    done.clear()
    assert isinstance(await platform.send("7", body, pace), Sent)
    assert done == ["c", "turn", "d", "turn", "e"]


Spoil = Callable[[Rig], object]
_ALL = ["image", "cs", "file", "cs", "cs", "cs"]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda _oa: None, _ALL),
        (lambda oa: oa.fake.faults.switch("upload_image", "error:-216"), ["image", *_ALL]),
        (
            lambda oa: oa.fake.faults.switch("send", "error:-100"),
            ["image", "cs", *_ALL],
        ),
        (lambda oa: setattr(oa.fake, "buttons", False), [*_ALL, "cs"]),
    ],
    ids=["as it should be", "a token not taken", "an upload forgotten", "buttons refused"],
)
async def test_every_call_of_an_official_account_waits_its_turn(
    spoil: Spoil, expected: list[str], clock: HandClock
) -> None:
    """An upload, what is called again: none leaves beside the permitted speed."""
    body = {"text": "a" * 2_000 + "b", "choices": KINDS, "pictures": ["p"], "files": ["f"]}
    async with followed(clock) as oa:
        oa.shelf.pictures["p"], oa.shelf.files["f"] = b"a picture", ("mẫu.pdf", b"%PDF")
        await oa.keeper.access()
        clock.move(AGAIN)
        spoil(oa)
        done = calls_of(oa)

        async def pace() -> None:
            done.append("turn")

        assert isinstance(await oa.oa.send(pao(oa).user_id, body, pace), Sent)
        assert done[::2] == expected
        assert done[1::2] == ["turn"] * (len(expected) - 1)


def calls_of(oa: Rig) -> list[str]:
    """What leaves from now on, by the ends of its addresses."""
    made: list[str] = []

    async def note(request: httpx.Request) -> None:
        made.append(request.url.path.rpartition("/")[2])

    oa.oa._client.event_hooks = {"request": [note]}
    return made


@pytest.mark.parametrize("turns", range(6))
async def test_a_row_that_is_held_before_any_of_its_calls_is_said_once(
    turns: int, clock: HandClock
) -> None:
    body = {"text": "a" * 2_000 + "b", "choices": KINDS, "pictures": ["p"], "files": ["f"]}
    left = turns

    async def pace() -> Later | None:
        nonlocal left
        left -= 1
        return Later(7, "held") if left == -1 else None

    async with followed(clock) as oa:
        oa.shelf.pictures["p"], oa.shelf.files["f"] = b"a picture", ("mẫu.pdf", b"%PDF")
        first = await oa.oa.send(pao(oa).user_id, body, pace)
        if turns < len(_ALL) - 1:
            assert first == Later(7, "held")
            first = await oa.oa.send(pao(oa).user_id, body, pace)
        assert isinstance(first, Sent)
        assert [one.kind for one in pao(oa).seen] == ["image", "file", "text", "text"]


async def test_a_template_sent_again_waits_its_turn(clock: HandClock) -> None:
    async with followed(clock) as oa:
        await oa.keeper.access()
        clock.move(AGAIN)
        done = calls_of(oa)

        async def pace() -> None:
            done.append("turn")

        oa.fake.faults.switch("template", "error:-216")
        told = {"ten": "Páo"}
        sent = await oa.oa.send_template(pao(oa).user_id, "7895417a7d3f9461cd2e", told, pace)
        assert isinstance(sent, Sent)
        assert done == ["template", "turn", "template"]


@pytest.fixture(params=STORES)
def engine(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, clock)
    yield made
    made.close()


@pytest.mark.parametrize("rate", [5.0, 0.1])
async def test_long_rows_leave_at_the_permitted_speed_and_whole_though_a_lease_ends(
    engine: Engine, clock: HandClock, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    at, texts = list[datetime](), list[str]()

    async def said(text: str) -> None:
        at.append(clock())
        texts.append(text[0])

    async def sleep(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    engine.attach(asyncio.get_running_loop())
    platform = _zalo_bot(said, monkeypatch)
    speed = Speed(engine, "zalo_bot:1", rate, clock, sleep)
    account = queue(
        engine, "páo", "\n".join(letter * 1999 for letter in "abcde"), channel="zalo_bot"
    )
    task = asyncio.create_task(Delivery(engine, Line(platform, speed), clock).run())

    def all_said() -> bool:
        if states(engine, account)[0][1] == "held":  # since its lease would have ended
            clock.move(timedelta(seconds=1))
            engine.outgoing.set()
        return len(texts) >= PARTS

    await until(all_said)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts == list("abcde")
    assert (at[-1] - at[0]).total_seconds() >= (PARTS - 1) / rate
