"""The program is killed while a platform's people talk to it: nothing lost, doubled or invented."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.driver import Outcome
from tests.faults.far_sides import PLATFORMS
from tests.faults.platform_people import PLACES
from tests.faults.platforms import VILLAGERS, run
from tests.postgres import Postgres


def _holds(outcome: Outcome) -> None:
    print(outcome)
    assert outcome.wrong == (), str(outcome)
    # A run that put no load on, or never hit anything in flight, has shown nothing.
    assert outcome.counts["reports"] > VILLAGERS, str(outcome)
    assert outcome.counts["photos"] > 0, str(outcome)
    assert outcome.counts["decisions"] > 0, str(outcome)
    assert outcome.counts["reminders"] == VILLAGERS + len(PLACES), str(outcome)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_ten_kills_on_sqlite(tmp_path: Path, platform: str) -> None:
    _holds(asyncio.run(run(tmp_path, platform, kills=10, seed=10)))


def test_five_kills_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.fresh()
    _holds(asyncio.run(run(tmp_path, "zalo-oa", kills=5, seed=5, database_url=url)))


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_two_hundred_kills_on_sqlite(tmp_path: Path, platform: str) -> None:
    _holds(asyncio.run(run(tmp_path, platform, kills=200, seed=200)))


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_sixty_kills_on_postgresql(tmp_path: Path, postgres: Postgres, platform: str) -> None:
    url = postgres.fresh()
    _holds(asyncio.run(run(tmp_path, platform, kills=60, seed=60, database_url=url)))
