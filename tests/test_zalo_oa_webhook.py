"""The webhook of Zalo OA over HTTP: signed bytes in, 200 after the commit, and the retry ladder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from bot.channels.zalo_oa_events import Event, Paused, Said
from bot.channels.zalo_oa_signature import Signature
from bot.channels.zalo_oa_webhook import route
from bot.errors import StorageAway
from tests.conftest import START, HandClock
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_ID, OA_SECRET, FakeZaloOa
from tests.fakes.zalo_oa_people import Seen
from tests.fakes.zalo_push import LADDER, compact, sign
from tests.web_double import Call

PATH = "/zalo/oa/webhook"


class MemoryPort:
    """An engine that remembers what it was told."""

    def __init__(self) -> None:
        self.taken: list[Event] = []
        self.kept: list[bytes] = []
        self.away = 0
        self.gate: asyncio.Event | None = None

    async def take(self, event: Event, raw: bytes) -> None:
        if self.gate is not None:
            await self.gate.wait()
        self._here()
        self.taken.append(event)

    async def keep(self, raw: bytes) -> None:
        self._here()
        if raw not in self.kept:
            self.kept.append(raw)

    def _here(self) -> None:
        if self.away:
            self.away -= 1
            raise StorageAway(7)


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


def site(port: MemoryPort, **options: Any) -> Starlette:
    signature = Signature(APP_ID, {"oa_secret_key": OA_SECRET, "app_secret": APP_SECRET})
    return Starlette(routes=[route(port, OA_ID, signature, HandClock(), **options)])


async def post(app: Starlette, raw: bytes, mac: str | None) -> httpx.Response:
    headers = {"X-ZEvent-Signature": mac} if mac is not None else {}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        return await client.post(PATH, content=raw, headers=headers)


def signed(raw: bytes, stamp: str = str(int(START.timestamp() * 1000))) -> str:
    return sign(APP_ID, raw, stamp, OA_SECRET)


@pytest.fixture
async def fake(clock: HandClock, port: MemoryPort) -> AsyncIterator[FakeZaloOa]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    made = FakeZaloOa(clock, transport=httpx.ASGITransport(app=site(port)), sleep=sleep)
    made.slept = slept  # type: ignore[attr-defined]
    yield made
    await made.push.close()


async def test_a_signed_event_reaches_the_engine(fake: FakeZaloOa, port: MemoryPort) -> None:
    assert await fake.push.deliver(fake.people.says(fake.people.person(1), "Xin chào"))
    [event] = port.taken
    assert isinstance(event, Said)
    assert event.message.text == "Xin chào"
    assert [status for _, status in fake.push.log] == [200]


async def test_200_only_after_the_commit(port: MemoryPort, fake: FakeZaloOa) -> None:
    raw = compact(fake.people.says(fake.people.person(1), "a"))
    port.gate = asyncio.Event()
    headers = [(b"x-zevent-signature", signed(raw).encode())]
    call = Call(site(port), "POST", PATH, headers)
    call.feed({"type": "http.request", "body": raw})
    for _ in range(20):
        await asyncio.sleep(0)
    before = call.status
    port.gate.set()
    await call.ended()
    assert (before, call.status, len(port.taken)) == (None, 200, 1)


async def test_during_set_up_the_console_s_test_call_is_answered_and_does_nothing(
    port: MemoryPort, fake: FakeZaloOa
) -> None:
    app = site(port, setup=True)
    raw = compact(fake.people.says(fake.people.person(1), "a"))
    for body, mac in ((b"", None), (b"{}", None), (raw, None), (raw, "mac=00")):
        assert (await post(app, body, mac)).status_code == 200
    assert (port.taken, port.kept) == ([], [])
    assert (await post(app, raw, signed(raw))).status_code == 200
    assert len(port.taken) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b'{"timestamp":"1790000000000"}',
        b'{"timestamp":"1790000000000","event_name":"user_send_text"}',
        b'[{"timestamp":"1790000000000"}]',
        b'{"timestamp":"1790000000000", broken',
        b'{"timestamp":"1790000000000","a":' + b"[" * 50_000,
        b'{"timestamp":"1790000000000","a":"\xff"}',
        b'{"timestamp":"1790000000000","a":' + b"9" * 5_000 + b"}",
    ],
)
async def test_what_is_signed_but_not_understood_is_kept(port: MemoryPort, raw: bytes) -> None:
    app = site(port)
    for _ in range(2):
        assert (await post(app, raw, signed(raw, "1790000000000"))).status_code == 200
    assert port.kept == [raw]
    port.away = 1
    assert (await post(app, raw, signed(raw, "1790000000000"))).status_code == 503


async def test_what_does_not_concern_us_is_answered_left_and_named_once(port: MemoryPort) -> None:
    raw = compact({"event_name": "add_user_to_tag", "timestamp": "1790000000000"})
    app = site(port)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            assert (await post(app, raw, signed(raw, "1790000000000"))).status_code == 200
    assert (port.taken, port.kept) == ([], [])
    named = [line["name"] for line in logged if line["event"] == "zalo_oa_event_ignored"]
    assert named == ["add_user_to_tag"]


async def test_a_body_over_a_mebibyte_is_refused(port: MemoryPort) -> None:
    raw = b'{"timestamp":"1790000000000"}' + b" " * 1024 * 1024
    assert (await post(site(port), raw, signed(raw, "1790000000000"))).status_code == 413
    assert (await post(site(port), raw, "mac=00")).status_code == 401


async def test_storage_away_asks_zalo_to_come_again(port: MemoryPort, fake: FakeZaloOa) -> None:
    raw = compact(fake.people.says(fake.people.person(1), "a"))
    port.away = 1
    answer = await post(site(port), raw, signed(raw))
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "7", b"")


async def test_our_own_echo_is_left_and_an_official_s_pauses(
    port: MemoryPort, fake: FakeZaloOa
) -> None:
    app, who = site(port, is_ours=lambda message_id: message_id == "0a"), fake.people.person(1)
    for message_id in ("0a", "0b"):
        echo = fake.people.echo(who, Seen(message_id, "text", START, "Chào"), admin_id="77")
        assert (await post(app, compact(echo), signed(compact(echo)))).status_code == 200
    [paused] = port.taken
    assert isinstance(paused, Paused)
    assert (paused.sender, paused.message_id) == (who.user_id, "0b")


async def test_only_posts_are_answered(port: MemoryPort) -> None:
    transport = httpx.ASGITransport(app=site(port))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        assert (await client.get(PATH)).status_code == 405


# ---- The fake's own promises -------------------------------------------------------------------


async def test_the_ladder_ends_with_the_webhook_switched_off(
    port: MemoryPort, fake: FakeZaloOa
) -> None:
    port.away = 6
    assert not await fake.push.deliver(fake.people.says(fake.people.person(1), "a"))
    assert tuple(fake.slept) == LADDER  # type: ignore[attr-defined]
    assert [status for _, status in fake.push.log] == [503] * 6
    assert fake.push.off
    assert not await fake.push.deliver(fake.people.says(fake.people.person(1), "b"))
    assert len(fake.push.log) == 6


async def test_the_ladder_as_the_documents_say_it_literally(
    port: MemoryPort, fake: FakeZaloOa
) -> None:
    fake.push.retries_answers = False
    port.away = 1
    assert not await fake.push.deliver(fake.people.says(fake.people.person(1), "a"))
    assert [status for _, status in fake.push.log] == [503]
    assert not fake.push.off


async def test_an_event_taken_late_is_the_same_event(port: MemoryPort, fake: FakeZaloOa) -> None:
    port.away = 2
    assert await fake.push.deliver(fake.people.says(fake.people.person(1), "a"))
    assert [status for _, status in fake.push.log] == [503, 503, 200]
    assert len({raw for raw, _ in fake.push.log}) == 1
