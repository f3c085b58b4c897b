"""Two officers decide at once, from two processes, again and again: one decision each time."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from storage import audit, contributions, holds, verification
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.errors import Conflict
from storage.grants import Grant
from storage.schema import decisions
from tests.conftest import START, STORES, Fresh
from tests.stock import officer, report

LATER = START + timedelta(minutes=1)
PATIENCE = 120.0
FEW, MANY = 300, 1_000


def _verify(tx: Tx, seen: Contribution, grant: Grant) -> None:
    verification.verify(tx, seen, grant, seen.told_vnd)


def _reject(tx: Tx, seen: Contribution, grant: Grant) -> None:
    verification.reject(tx, seen, grant, "trùng")


def _ask(tx: Tx, seen: Contribution, grant: Grant) -> None:
    verification.ask_more(tx, seen, grant, "ngày nào?")


def _claim_first(tx: Tx, seen: Contribution, grant: Grant) -> None:
    held = holds.claim(tx, seen, grant, LATER + timedelta(minutes=15))
    verification.verify(tx, held, grant, seen.told_vnd)


WAYS: tuple[Callable[[Tx, Contribution, Grant], None], ...] = (
    _verify, _reject, _ask, _claim_first,
)  # fmt: skip


def _judge(url: str, ids: list[int], grant: Grant, seed: int, together: Barrier, told: Any) -> None:
    """One officer's process: sees each report as it was told, then decides on it."""
    dice = random.Random(seed)
    database = Database(url)
    outcomes = []
    for report_id in ids:
        with database.reading(LATER) as tx:
            seen = contributions.get(tx, report_id)
        way = dice.choice(WAYS)
        together.wait(PATIENCE)
        # Who is first differs from round to round: less than a write takes.
        until = time.perf_counter() + dice.uniform(0, 0.001)
        while time.perf_counter() < until:
            pass
        try:
            with database.writing(LATER) as tx:
                way(tx, seen, grant)
            outcomes.append("decided")
        except Conflict:
            outcomes.append("beaten")
        except Exception as fault:
            outcomes.append(type(fault).__name__)
    database.dispose()
    told.put(outcomes)


@pytest.mark.parametrize("rounds", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("store", STORES)
def test_two_officers_at_once(store: str, rounds: int, fresh_url: Fresh) -> None:
    url = fresh_url(store)
    database = Database(url)
    with database.writing(START) as tx:
        judges = [officer(tx), officer(tx)]
        ids = [report(tx).id for _ in range(rounds)]
    spawn = multiprocessing.get_context("spawn")
    together, told = spawn.Barrier(2), spawn.SimpleQueue()
    running = [
        spawn.Process(target=_judge, args=(url, ids, grant, seed, together, told))
        for seed, grant in enumerate(judges)
    ]
    for one in running:
        one.start()
    both = [told.get() for _ in running]
    for one in running:
        one.join(PATIENCE)
    outcomes = Counter(tuple(sorted(pair)) for pair in zip(*both, strict=True))
    assert outcomes == {("beaten", "decided"): rounds}
    # Both have been first often enough: it was a race.
    assert all(one.count("decided") > rounds // 10 for one in both)
    with database.reading(LATER) as tx:
        made = tx.execute(
            select(func.count(), func.count(decisions.c.contribution_id.distinct()))
        ).one()
        assert tuple(made) == (rounds, rounds)
        assert list(audit.verify(tx)) == []
    database.dispose()
