"""The workbook an officer fills in: what is in it, who is given it, and how on each channel."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.applications import Starlette

from bot import sheet_reading, workbooks
from bot.app import App
from bot.channels import terminal
from bot.channels.platform import Later, Sent
from bot.engine import Engine
from bot.errors import StorageAway
from bot.settings import Settings
from bot.workbooks import Addresses, Workbooks
from handlers.turn import World
from storage import facts, grants, people
from storage.database import Database, Tx
from storage.facts import Fact, Row, Village
from tests.conftest import Fresh, HandClock
from tests.fakes.telegram import FakeTelegram
from tests.stock import ELSEWHERE, HERE, officer, villager
from tests.telegram_double import telegram_at
from tests.web_double import SENDER, TOKEN, client_of
from tests.zalo_double import followed, pao

NAMED = {"account": 1, "year": 2024, "name": "so-lieu-2024.xlsx", "otherwise": "Chưa gửi được."}
BODY: dict[str, Any] = {"text": "Đây là tệp.", "choices": [], "workbook": NAMED}
TOLD: list[Row] = [Fact(HERE, 2024, "criteria_total", 17), Village(HERE, "Hoi", "hoi", 2023)]
SITE = "https://chungsuc.vn"


@pytest.fixture
def engine(fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Engine]:
    made = Engine(Database(fresh_url("sqlite")), world, clock)
    yield made
    made.close()


def _officer(engine: Engine, place: str = HERE) -> grants.Grant:
    def work(tx: Tx) -> grants.Grant:
        made = officer(tx, place=place)
        facts.take_in(tx, TOLD, by=made.person_id)
        return made

    return engine.writer.run(work)


def _of(engine: Engine, world: World, account_id: int, year: int = 2024) -> bytes | None:
    return asyncio.run(Workbooks(engine, world).of(account_id, year))


def _rows(data: bytes | None, page: str) -> list[tuple[Any, ...]]:
    assert data is not None
    return list(load_workbook(io.BytesIO(data))[page].iter_rows(min_row=2, values_only=True))


def test_it_holds_his_own_commune_with_what_is_on_record(engine: Engine, world: World) -> None:
    data = _of(engine, world, _officer(engine).account_id)
    [row] = _rows(data, "Xã")
    assert row[:3] == ("Xã Bình Lư", "Huyện Tam Đường", 2024)
    assert 17 in row
    assert [row[2] for row in _rows(data, "Bản")] == ["Hoi"]
    sheet = sheet_reading.read(world, data or b"", engine.clock())
    assert (len(sheet.rows), sheet.errors) == (2, ())
    other = _of(engine, world, _officer(engine, ELSEWHERE).account_id)
    assert [row[0] for row in _rows(other, "Xã")] != ["Xã Bình Lư"]
    assert _rows(other, "Bản") == []


def test_who_keeps_no_facts_gets_none(engine: Engine, world: World) -> None:
    held = _officer(engine)
    one = engine.writer.run(villager)
    assert _of(engine, world, one.account_id) is None
    engine.writer.run(lambda tx: grants.revoke(tx, held.id, by=held.person_id))
    assert _of(engine, world, held.account_id) is None


async def test_on_the_web_it_is_the_cookies_officers(engine: Engine, world: World) -> None:
    def on_the_web(tx: Tx) -> None:
        who = people.open_conversation(tx, "web", "web", SENDER)
        invitation = grants.find_invitation(tx, grants.invite(tx, "commune_officer", HERE, by=None))
        assert invitation is not None
        grants.redeem(tx, invitation, who.person, who.account_id)

    engine.writer.run(on_the_web)
    site = Starlette(routes=workbooks.routes(Workbooks(engine, world), secure=False))
    async with client_of(site, Cookie=f"chung_suc={TOKEN}") as client:
        answer = await client.get("/chat/facts.xlsx?year=2024")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == 'attachment; filename="so-lieu-2024.xlsx"'
        assert answer.headers["cache-control"] == "no-store"
        assert [row[0] for row in _rows(answer.content, "Xã")] == ["Xã Bình Lư"]
        for wrong in ("", "?year=20244", "?year=x", "?year=²⁰²⁴"):
            assert (await client.get(f"/chat/facts.xlsx{wrong}")).status_code == 404
    for cookie in ("", f"chung_suc={'B' * 43}"):
        async with client_of(site, Cookie=cookie) as client:
            assert (await client.get("/chat/facts.xlsx?year=2024")).status_code == 404


async def test_an_address_lives_a_while_and_cannot_be_forged(
    engine: Engine, world: World, clock: HandClock
) -> None:
    held = await asyncio.to_thread(_officer, engine)
    addresses = Addresses(SITE, "s", clock)
    site = Starlette(routes=[addresses.route(Workbooks(engine, world))])
    given = addresses.of({**NAMED, "account": held.account_id})
    assert given is not None
    path = given.removeprefix(SITE)
    other = Addresses(SITE, "t", clock).of({**NAMED, "account": held.account_id})
    async with client_of(site) as client:
        assert _rows((await client.get(path)).content, "Xã")[0][0] == "Xã Bình Lư"
        forged = (
            path.replace("2024-", "2023-"),
            path.replace(f"/{held.account_id}.", "/9."),
            (other or "").removeprefix(SITE),
            "/workbooks/x.xlsx",
            "/workbooks/1.2-².xlsx",
        )
        for one in forged:
            assert (await client.get(one)).status_code == 404
        clock.move(timedelta(minutes=31))
        assert (await client.get(path)).status_code == 404
    assert Addresses("http://localhost", "s", clock).of(NAMED) is None


async def test_storage_away_is_for_later() -> None:
    class Away:
        async def of_sender(self, _sender: str, _year: int) -> bytes | None:
            raise StorageAway(7)

    site = Starlette(routes=workbooks.routes(Away(), secure=False))  # type: ignore[arg-type]
    async with client_of(site, Cookie=f"chung_suc={TOKEN}") as client:
        answer = await client.get("/chat/facts.xlsx?year=2024")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


async def test_telegram_sends_a_document_before_the_words() -> None:
    chat, asked = 8_123, []

    async def made(named: Mapping[str, Any]) -> bytes | None:
        asked.append(named)
        return b"PK-workbook"

    async def none(_named: Mapping[str, Any]) -> bytes | None:
        return None

    async def away(_named: Mapping[str, Any]) -> bytes | None:
        raise StorageAway(5)

    async with FakeTelegram() as fake:
        fake.people.start(chat)
        async with telegram_at(fake, workbook=made) as platform:
            assert isinstance(await platform.send(str(chat), BODY), Sent)
        document, words = fake.people.chats[chat].seen
        assert (document.document, words.text, asked) == (b"PK-workbook", BODY["text"], [NAMED])
        async with telegram_at(fake, workbook=none) as platform:
            assert isinstance(await platform.send(str(chat), BODY), Sent)
        assert len(fake.people.chats[chat].seen) == 3
        async with telegram_at(fake, workbook=away) as platform:
            assert await platform.send(str(chat), BODY) == Later(5, "storage is away")


@pytest.mark.parametrize("public", [True, False])
async def test_zalo_gives_an_address_or_says_it_cannot(clock: HandClock, public: bool) -> None:
    async with followed(clock) as rig:
        rig.oa._workbook_address = Addresses(SITE if public else "", "s", clock).of
        assert isinstance(await rig.oa.send(pao(rig).user_id, BODY), Sent)
        [seen] = pao(rig).seen
    assert seen.text.startswith("Đây là tệp.\n")
    assert (f"{SITE}/workbooks/1.2024-" in seen.text) is public
    assert ("Chưa gửi được." in seen.text) is not public


def test_the_terminal_names_the_command_that_writes_it(
    engine: Engine, world: World, clock: HandClock
) -> None:
    def work(tx: Tx) -> str:
        people.open_conversation(tx, "terminal", "terminal", "Hà")
        return grants.invite(tx, "commune_officer", HERE, by=None)

    token = engine.writer.run(work)
    app, out = App(Settings(), clock, engine.database, world, engine), io.StringIO()
    said = [f"mã mời {token}", "Lò Thị Hà", "Nhận", "nhập excel", "2024"]
    terminal.converse(app, "Hà", io.StringIO("".join(f"{line}\n" for line in said)), out)
    assert "[python -m bot template so-lieu-2024.xlsx --year 2024]" in out.getvalue()
