"""How long somebody waits from `python -m bot chat` to the first answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.load.server import clean
from tests.load.traffic import questions


def seconds(data: Path, question: str) -> float:
    """Start the terminal chat on `data`, ask, and time the first line of the answer."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "chat"],
        cwd=data,
        env=clean({"BOT_DATA_DIR": str(data)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"{question}\n".encode())
        child.stdin.flush()
        line = child.stdout.readline()
        waited = time.perf_counter() - begun
        child.stdin.close()
    if not line:
        raise RuntimeError("the terminal chat ended without an answer")
    return waited


def several(data: Path, times: int) -> list[float]:
    """The first start on the empty folder `data`, which makes the store, and `times` more."""
    return [seconds(data, question) for question in questions()[: times + 1]]
