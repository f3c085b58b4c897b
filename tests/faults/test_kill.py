"""The program is killed under load: what it acknowledged is there, once, and every code is true."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.driver import CHATS, Outcome, run
from tests.postgres import Postgres


def _holds(outcome: Outcome) -> None:
    print(outcome)
    assert outcome.wrong == (), str(outcome)
    # A run that put no load on, or never hit anything in flight, has shown nothing.
    assert outcome.counts["reports"] >= CHATS, str(outcome)
    assert outcome.counts["redelivered"] > 0, str(outcome)


def test_thirty_kills_on_sqlite(tmp_path: Path) -> None:
    _holds(asyncio.run(run(tmp_path, kills=30, seed=30)))


def test_ten_kills_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    _holds(asyncio.run(run(tmp_path, kills=10, seed=10, database_url=postgres.fresh())))


@pytest.mark.long
def test_two_hundred_kills_on_sqlite(tmp_path: Path) -> None:
    _holds(asyncio.run(run(tmp_path, kills=200, seed=200)))


@pytest.mark.long
def test_sixty_kills_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    _holds(asyncio.run(run(tmp_path, kills=60, seed=60, database_url=postgres.fresh())))
