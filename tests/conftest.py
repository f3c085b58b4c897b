"""What every test may ask for: a clock that stands still, and a fresh store of either kind."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from bot.app import make_world
from bot.replay.talk import START as START
from bot.replay.talk import HandClock as HandClock
from handlers.turn import World
from storage.database import Database
from storage.upgrade import upgrade
from tests.postgres import Postgres, running

# How long an example takes is the machine's affair: speed is shown by `make bench`.
settings.register_profile("ours", settings.default, deadline=None)
settings.load_profile("ours")

STORES = ("sqlite", "postgresql")


@pytest.fixture
def clock() -> HandClock:
    """A clock at START."""
    return HandClock()


@pytest.fixture(scope="session")
def world() -> World:
    """The plan, the places and the words as shipped."""
    return make_world("")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, upgraded SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the session, started when first asked for."""

    def prepare(url: str) -> None:
        database = Database(url)
        upgrade(database)
        database.dispose()

    with running(prepare) as server:
        yield server


Fresh = Callable[[str], str]


@pytest.fixture
def fresh_url(
    sqlite_template: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Fresh]:
    """Makes a fresh, upgraded store of a kind and gives its URL; dropped at the end."""
    with ExitStack() as undo:

        def make(kind: str) -> str:
            if kind == "sqlite":
                copy = tmp_path / f"store-{len(list(tmp_path.iterdir()))}.db"
                shutil.copy(sqlite_template, copy)
                return f"sqlite:///{copy}"
            server: Postgres = request.getfixturevalue("postgres")
            url = server.fresh()
            undo.callback(server.drop, url)
            return url

        yield make


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, fresh_url: Fresh) -> Iterator[Database]:
    """A fresh store, once as SQLite and once as PostgreSQL."""
    opened = Database(fresh_url(request.param))
    yield opened
    opened.dispose()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """The site's socket: bound before anybody is told its port, so that nobody else can have it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound
