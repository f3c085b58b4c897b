"""The program is killed while a platform's people talk to it: nothing lost, doubled or invented."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.driver import Outcome
from tests.faults.far_sides import PLATFORMS
from tests.faults.platform_people import PLACES
from tests.faults.platforms import VILLAGERS, run
from tests.postgres import Postgres, running


def _holds(outcome: Outcome, kills: int) -> None:
    print(outcome)
    assert outcome.wrong == (), str(outcome)
    # A run that put no load on, or killed nothing, has shown nothing.
    done = outcome.counts["kills"] + outcome.counts["restarts of the store"]
    assert done == kills, str(outcome)
    assert outcome.counts["reports"] > VILLAGERS, str(outcome)
    assert outcome.counts["photos"] > 0, str(outcome)
    assert outcome.counts["decisions"] > 0, str(outcome)
    assert outcome.counts["reminders"] == VILLAGERS + len(PLACES), str(outcome)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_ten_kills_on_sqlite(tmp_path: Path, platform: str) -> None:
    _holds(asyncio.run(run(tmp_path, platform, kills=10, seed=10)), 10)


def test_five_kills_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.fresh()
    _holds(asyncio.run(run(tmp_path, "zalo-oa", kills=5, seed=5, database_url=url)), 5)


def test_two_restarts_of_postgresql_under_two_replicas(tmp_path: Path) -> None:
    _spooled(tmp_path, restarts=2, replicas=2)


def test_two_replicas_killed_in_turn(tmp_path: Path, postgres: Postgres) -> None:
    url, way = postgres.fresh(), "telegram-polling"
    _holds(asyncio.run(run(tmp_path, way, kills=4, seed=4, database_url=url, replicas=2)), 4)


def _spooled(folder: Path, restarts: int, replicas: int) -> None:
    with running(durable=True) as server:
        url, seed = server.fresh(), restarts
        outcome = asyncio.run(
            run(folder, "zalo-oa", kills=restarts, seed=seed, database_url=url,
                replicas=replicas, restart=server.restart)
        )  # fmt: skip
    _holds(outcome, restarts)
    # While the store is away Zalo is answered 200, and inside its two seconds.
    assert outcome.counts["spooled"] > 0, str(outcome)
    assert outcome.counts["not taken at once"] == 0, str(outcome)
    assert outcome.counts["not answered in time"] == 0, str(outcome)


@pytest.mark.long
@pytest.mark.parametrize("replicas", [1, 2])
def test_thirty_restarts_of_postgresql(tmp_path: Path, replicas: int) -> None:
    _spooled(tmp_path, restarts=30, replicas=replicas)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_sixty_kills_of_two_replicas(tmp_path: Path, postgres: Postgres, platform: str) -> None:
    url = postgres.fresh()
    _holds(asyncio.run(run(tmp_path, platform, kills=60, seed=6, database_url=url, replicas=2)), 60)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_two_hundred_kills_on_sqlite(tmp_path: Path, platform: str) -> None:
    _holds(asyncio.run(run(tmp_path, platform, kills=200, seed=200)), 200)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_sixty_kills_on_postgresql(tmp_path: Path, postgres: Postgres, platform: str) -> None:
    url = postgres.fresh()
    _holds(asyncio.run(run(tmp_path, platform, kills=60, seed=60, database_url=url)), 60)
