"""The real program with canaries for settings and for people: what it prints holds none of them."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from storage.database import Database
from storage.schema import attachments, dead_letters, outbox
from tests.canaries import seen
from tests.conftest import Fresh
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_faults import Fault
from tests.fakes.zalo_bot import SECRET as BOT_SECRET
from tests.fakes.zalo_bot import TOKEN as BOT_TOKEN
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_ID, OA_SECRET, FakeZaloOa
from tests.load.server import Server, bot_settings, free_port, start
from tests.picture_double import encoded, scene

TELEGRAM_TOKEN = "7000000001:AAc4n4ryTelegramTokenXk29qLmZpRtVwYs"
TELEGRAM_SECRET = "c4n4ry-telegram-webhook-secret-81fQ"
PASSWORD = "c4n4ry-Mat-khau-CSDL-6613"
OFFICER = "Văn phòng Canh Yến, 0213 877 6655"
CHAT = 7_731_559_042
NAME, NUMBER, FILE = "Giàng Thị Chim Yến", "0977 315 590", "so-ho-khau-cua-Chim-Yen.pdf"
WORDS = "nhà tôi ở sau cây đa ba ngọn, xin đừng nói với ai"
CODE, LINK = "c4n4rycodec4n4rycodec4n4ry", "mn7qx kp3vw"
SAYINGS = (
    "xin chào", WORDS, "báo đóng góp", "đồng ý", "tiền", "2 triệu rưỡi", "làm đường bản",
    "hôm qua", "xã Bình Lư", "Bản Nà Đon", "cá nhân tôi", NAME, f"số của tôi {NUMBER}", "gửi",
    f"mã mời {CODE}", f"liên kết {LINK}", "đóng góp của tôi", "dữ liệu của tôi", "menu",
)  # fmt: skip
RETURN = f"/zalo/oa/authorise/callback?code={CODE}&state={CODE}&oa_id={OA_ID}"
COOKIE = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc"
PEOPLE = {NAME, NUMBER, NUMBER.replace(" ", ""), FILE, WORDS, CODE, LINK, COOKIE, str(CHAT)}


@dataclass(slots=True)
class Around:
    """The program, the three platforms around it, and what must stay inside."""

    server: Server
    telegram: FakeTelegram
    oa: FakeZaloOa
    bot: FakeZaloBot
    oa_base: str
    printed: bytes = b""
    """All it wrote to standard output and standard error, once it has ended."""
    shown: list[bytes] = field(default_factory=list)
    """Pages and answers anybody may see."""
    grants: set[str] = field(default_factory=set)

    def arm(self) -> None:
        """From now on everything fails once."""
        os.kill(self.server.process.pid, signal.SIGUSR1)

    def canaries(self) -> set[str]:
        """Secrets of the settings and of the platforms, and whatever people said and are."""
        self.grants |= {self.oa.grant.refresh, self.oa.grant.access, *self.oa.grant.spent}
        people = {one.user_id for one in [*self.oa.people.all.values(), *self.bot.people.values()]}
        settings = {TELEGRAM_TOKEN, TELEGRAM_SECRET, PASSWORD, APP_SECRET, OA_SECRET, BOT_TOKEN}
        settings |= {BOT_SECRET, TELEGRAM_TOKEN.partition(":")[2], OFFICER}
        return settings | people | PEOPLE | self.grants - {""}


async def _soon(_seconds: float) -> None:
    await asyncio.sleep(0.02)


@asynccontextmanager
async def around(folder: Path, database_url: str | None, **more: str) -> AsyncIterator[Around]:
    port = free_port()
    here = f"http://127.0.0.1:{port}"

    def now() -> datetime:
        return datetime.now(UTC)

    oa = FakeZaloOa(now, webhook=f"{here}/zalo/oa/webhook", sleep=_soon)
    bot = FakeZaloBot(now, webhook=f"{here}/zalo/bot/webhook", sleep=_soon)
    with TemporaryFile() as out:
        async with (
            FakeTelegram(token=TELEGRAM_TOKEN, sleep=_soon) as telegram,
            oa.serve() as oa_base,
            bot.serve() as bot_base,
        ):
            settings = bot_settings(folder / "data", port, database_url) | _named(
                officer_contact=OFFICER, public_url=here, telegram_token=TELEGRAM_TOKEN,
                telegram_api_base=telegram.base, telegram_mode="webhook",
                telegram_webhook_secret=TELEGRAM_SECRET, zalo_oa_id=OA_ID, zalo_oa_app_id=APP_ID,
                zalo_oa_app_secret=APP_SECRET, zalo_oa_secret_key=OA_SECRET,
                zalo_oa_refresh_token=oa.grant.refresh, zalo_oa_api_base=oa_base,
                zalo_oa_oauth_base=oa_base, zalo_bot_token=BOT_TOKEN, zalo_bot_api_base=bot_base,
                zalo_bot_webhook_secret=BOT_SECRET,
            )  # fmt: skip
            server = start(["-X", "dev", "-m", "tests.loud", "run"], port, folder=folder,
                           settings={**settings, **more}, log=out)  # fmt: skip
            try:
                await asyncio.to_thread(server.wait_ready, 120.0)
                await _until(lambda: bool(telegram._webhook))
                it = Around(server, telegram, oa, bot, oa_base)
                yield it
            finally:
                # What failed may hold up an orderly end, which is not what is looked at here.
                server.process.terminate()
                with suppress(TimeoutExpired):
                    await asyncio.to_thread(server.process.wait, 5)
                server.kill()
            it.printed = os.pread(out.fileno(), 500_000_000, 0)


def _named(**told: str) -> dict[str, str]:
    return {f"BOT_{name.upper()}": value for name, value in told.items()}


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)


async def everything_people_do(it: Around, sayings: tuple[str, ...] = SAYINGS) -> None:
    """Words, files, cards and buttons on every channel, forged and unreadable calls, every page."""
    people, oa, bot = it.telegram.people, it.oa, it.bot
    villager, caller = oa.people.person(1), bot.person(1)
    picture = encoded(scene(1))
    oa.media["a.jpg"] = bot.media["a.jpg"] = picture
    people.start(CHAT, CODE)
    await oa.push.deliver(oa.people.follows(villager))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{it.server.port}") as web:
        for saying in sayings:
            people.say(CHAT, saying)
            await oa.push.deliver(oa.people.says(villager, saying))
            await bot.push.deliver(bot.body(bot.says(caller, saying)))
            await _web(it, web, saying)
        people.contact(CHAT, NUMBER, NAME)
        people.document(CHAT, picture, FILE, "application/pdf")
        people.photo(CHAT, picture, caption=WORDS)
        people.edit(CHAT, 1, WORDS)
        people.raw({"message": {"text": WORDS, "chat": NAME}})
        card = {"description": NAME, "phone": NUMBER.replace(" ", ""), "url": f"https://{FILE}"}
        for kind, payload in {
            "image": {"url": f"{it.oa_base}/media/a.jpg"},
            "file": {"url": f"https://f.zdn.vn/{FILE}", "name": FILE, "size": "10"},
            "business_card": card,
        }.items():
            await oa.push.deliver(oa.people.sends(villager, kind, payload, WORDS))
        await oa.push.deliver(b'{"event_name": "user_send_text", "message": "' + WORDS.encode())
        image = {"photo_url": f"https://f.zdn.vn/{FILE}", "caption": WORDS}
        await bot.push.deliver(bot.body(bot.sends(caller, "image", image)))
        for path in ("/telegram/webhook", "/zalo/oa/webhook", "/zalo/bot/webhook", "/chat/files"):
            await _ask(it, web, "POST", path, content=WORDS.encode(), params={"name": NAME})
        for path in (
            "/metrics",
            "/healthz",
            "/readyz",
            f"/{COOKIE}/{NAME}",
            "/chat/media/1",
            RETURN,
        ):
            await _ask(it, web, "GET", path)


async def _web(it: Around, web: httpx.AsyncClient, saying: str) -> None:
    event = {"id": secrets.token_hex(8), "text": saying}
    for _ in range(20):
        headers = {"Cookie": f"chung_suc={COOKIE}", "Origin": str(web.base_url).rstrip("/")}
        if await _ask(it, web, "POST", "/chat/messages", json=event, headers=headers) == 200:
            return


async def _ask(
    it: Around, web: httpx.AsyncClient, method: str, path: str, **content: Any
) -> int | None:
    """The status, None when the program hung up; what it showed is kept."""
    try:
        answer = await web.request(method, path, **content)
    except httpx.TransportError:
        return None
    it.shown.append(answer.content)
    return answer.status_code


def reasons(url: str) -> bytes:
    """Why letters are dead, messages unsent and files unkept, as the store has it."""
    database = Database(url)
    with database.reading(datetime.now(UTC)) as tx:
        found = [str(one) for one in tx.execute(select(dead_letters.c.error)).scalars()]
        told = [one.partition("\n")[2] for one in found if "\n" in one]
        told += tx.execute(select(outbox.c.reason)).scalars()
        told += tx.execute(select(attachments.c.reason)).scalars()
    database.dispose()
    return "\n".join(told).encode()


@pytest.mark.parametrize(
    "store", [pytest.param("sqlite", marks=pytest.mark.long), pytest.param("postgresql")]
)
async def test_nothing_is_seen_of_people_and_secrets_whatever_fails(
    store: str, tmp_path: Path, fresh_url: Fresh
) -> None:
    url = fresh_url(store).replace("postgres@", f"postgres:{PASSWORD}@")
    async with around(tmp_path, url) as it:
        met = _meet_faults(it)
        await everything_people_do(it)
        await _until(lambda: sum(call.fault is not None for call in it.telegram.calls) >= met)
        it.arm()
        await everything_people_do(it)
        canaries = it.canaries()
    told = reasons(url)
    assert it.printed.count(b"Quoting") > 60
    assert it.printed.count(b'"library"') > 1000
    assert b"Bad Request: can't parse" in told
    assert seen(canaries, it.printed) == []
    assert seen(canaries, b"\n".join(it.shown)) == []
    assert seen(canaries, told) == []


def _meet_faults(it: Around) -> int:
    """Whatever the platforms can answer, refusals that quote what was said among it; how many of
    Telegram's there are."""
    quoting = f"Bad Request: can't parse “{WORDS}” of {NAME}, {CHAT}, {TELEGRAM_TOKEN}"
    faults = [Fault("400", 0, quoting), Fault("429", 0, quoting), Fault("401", 0, quoting)]
    faults += [Fault("502_html"), Fault("bad_json"), Fault("reset_before"), Fault("done_lost")]
    for one in faults:
        it.telegram.fail("sendMessage", one)
    for fault in ("429", "500", "502_html", "bad_json", "reset_before", "lost", "error:-216"):
        it.oa.faults.switch("send", fault)
        it.bot.faults.switch("sendMessage", fault)
    return len(faults)


async def test_the_same_run_in_the_old_ways_shows_what_it_hides(
    tmp_path: Path, fresh_url: Fresh
) -> None:
    """The search finds what libraries and Python print by themselves."""
    async with around(tmp_path, fresh_url("sqlite"), LOUD_OLD_WAYS="1") as it:
        await everything_people_do(it, (WORDS, NAME))
        canaries = it.canaries()
    found = {value for value, _guise in seen(canaries, it.printed)}
    assert {NAME, WORDS, BOT_TOKEN} <= found
