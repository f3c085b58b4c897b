"""The jobs of a process: begun again after a fault, ended when told to, whatever fails then."""

from __future__ import annotations

import asyncio

import pytest

from bot import server


async def test_a_job_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "JOB_AGAIN_SECONDS", 0)
    begun = 0

    async def job() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ValueError("of ours")

    await server._guarded(job)
    assert begun == 3


async def test_a_job_that_fails_while_it_ends_is_not_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was cancelled once is not cancelled again: the program would never stop."""
    monkeypatch.setattr(server, "JOB_AGAIN_SECONDS", 0)
    begun = 0

    async def job() -> None:
        nonlocal begun
        begun += 1
        if begun > 1:
            return
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the last steps")

    task = asyncio.create_task(server._guarded(job))
    await asyncio.sleep(0)
    task.cancel()
    done, _pending = await asyncio.wait({task}, timeout=5)
    assert done == {task}
    assert begun == 1
