"""The file of one's own data: for the cookie's person alone, never kept by anything in between."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from bot.channels import web_mydata
from bot.engine import Engine
from bot.errors import StorageAway
from handlers.messages import Message
from handlers.turn import World
from storage import requests
from storage.database import Database
from tests.conftest import HandClock
from tests.web_double import SENDER, TOKEN, client_of

OTHER = "B" * 43
PATHS = ("/chat/mydata", "/chat/mydata.txt")


@pytest.fixture
def engine(database: Database, world: World, clock: HandClock) -> Iterator[Engine]:
    made = Engine(Database(database.url), world, clock)
    yield made
    made.close()


@pytest.fixture
def site(engine: Engine, world: World) -> Starlette:
    return Starlette(routes=web_mydata.routes(engine.read, world, secure=False))


def _say(engine: Engine, sender: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        event = f"{number}{text}"
        engine.take(Message("web", "web", sender, event, HandClock()(), text), b"")


async def test_it_is_the_cookies_person_and_nobody_else(engine: Engine, site: Starlette) -> None:
    _say(engine, SENDER, "báo góp tiền", "đồng ý", "sửa dữ liệu", "1", "Giàng A Páo")
    _say(engine, hashlib.sha256(OTHER.encode()).hexdigest(), "sửa dữ liệu", "1", "Lò Thị Mỷ")
    for token, own, other in ((TOKEN, "Giàng A Páo", "Mỷ"), (OTHER, "Lò Thị Mỷ", "Páo")):
        async with client_of(site, Cookie=f"chung_suc={token}") as client:
            for path in PATHS:
                answer = await client.get(path)
                assert answer.status_code == 200
                assert own in answer.text
                assert other not in answer.text
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["content-disposition"].startswith("attachment; filename=")
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_whole_file_is_json_with_times(engine: Engine, site: Starlette) -> None:
    _say(engine, SENDER, "báo góp tiền", "đồng ý")
    async with client_of(site, Cookie=f"chung_suc={TOKEN}") as client:
        found = json.loads((await client.get("/chat/mydata")).text)
    [consent] = found["consents"]
    assert consent["purpose"] == "report"
    assert consent["given_at"] == "2025-01-02T01:00:00+00:00"
    assert found["accounts"][0]["sender"] == SENDER


@pytest.mark.parametrize("cookie", ["", f"chung_suc={'C' * 43}", "chung_suc=short"])
async def test_without_a_known_cookie_there_is_nothing(site: Starlette, cookie: str) -> None:
    async with client_of(site, Cookie=cookie) as client:
        for path in PATHS:
            answer = await client.get(path)
            assert answer.status_code == 404
            assert answer.headers["cache-control"] == "no-store"


async def test_a_store_that_is_away_is_said_so(world: World) -> None:
    async def read(_work: object) -> None:
        raise StorageAway(5)

    site = Starlette(routes=web_mydata.routes(read, world, secure=False))
    async with client_of(site, Cookie=f"chung_suc={TOKEN}") as client:
        answer = await client.get("/chat/mydata")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_asking_for_the_copy_on_the_web_gives_the_links_and_is_noted(engine: Engine) -> None:
    _say(engine, SENDER, "tải dữ liệu")
    found = engine.writer.run(lambda tx: requests.find(tx, 1))
    assert found is not None
    assert (found.person_id, found.kind, found.done_at is not None) == (1, "copy", True)
    assert engine.writer.run(lambda tx: requests.find(tx, 2)) is None
