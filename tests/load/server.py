"""One program under load as a child process: started, waited for, looked at, stopped or killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
"""Importing aiogram alone takes five seconds cold; a loaded CI machine several times that."""


class DidNotStart(Exception):
    """The process ended or stayed unready; the text holds the end of what it wrote."""


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cores() -> tuple[int, int] | None:
    """(core for the server, core for the load), or None where one cannot choose."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else None


@dataclass(slots=True)
class Server:
    """A started child. `port` is where it listens on 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int
    log: IO[bytes]

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when /readyz answers 200. Raises DidNotStart."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise DidNotStart(f"exit {self.process.returncode}: {self.tail()}")
            if is_ready(self.port):
                return
            time.sleep(0.01)
        self.kill()
        raise DidNotStart(f"not ready after {seconds:.0f} s: {self.tail()}")

    def tail(self) -> str:
        """The last 2,000 bytes it wrote."""
        self.log.flush()
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace")

    def resident_mb(self) -> float:
        """Resident memory in MB (10⁶ bytes), children included."""
        whole = psutil.Process(self.process.pid)
        parts = [whole, *whole.children(recursive=True)]
        return float(sum(part.memory_info().rss for part in parts)) / 1e6

    def cpu_seconds(self) -> float:
        """Processor time spent so far, in user and system mode."""
        spent = psutil.Process(self.process.pid).cpu_times()
        return float(spent.user + spent.system)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it has not ended after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()


def is_ready(port: int) -> bool:
    """One GET /readyz."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def clean(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment with these BOT_… settings and none of the caller's own.

    The project's root is on the path, so that a child can run in a folder without a `.env`: an
    operator's tokens must not reach a test.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    return {**kept, "PYTHONPATH": path, **settings}


def start(
    command: Sequence[str],
    port: int,
    *,
    folder: Path = ROOT,
    settings: Mapping[str, str] | None = None,
    core: int | None = None,
    log: IO[bytes] | None = None,
) -> Server:
    """Start `python COMMAND…` in `folder`, on `core` alone if one is given.

    Affinity is inherited, so it is set around the fork: threads the child starts keep to it too.
    """
    before = os.sched_getaffinity(0) if core is not None else None
    if core is not None:
        os.sched_setaffinity(0, {core})
    log = log or tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
    try:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=clean(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)
    return Server(process, port, log)


def bot_settings(data: Path, port: int, database_url: str | None = None) -> dict[str, str]:
    """The settings of `python -m bot run` on `data`, on PostgreSQL when a URL is given."""
    told = {
        "BOT_DATA_DIR": str(data),
        "BOT_HTTP_HOST": "127.0.0.1",
        "BOT_HTTP_PORT": str(port),
        # The load is many people on few chats.
        "BOT_MOST_PER_MINUTE": "0",
    }
    if database_url is not None:
        told["BOT_DATABASE_URL"] = database_url
    return told


def start_bot(
    data: Path,
    port: int,
    *,
    database_url: str | None = None,
    clock: str | None = None,
    more: Mapping[str, str] | None = None,
    core: int | None = None,
    log: IO[bytes] | None = None,
) -> Server:
    """`python -m bot run` on `data`; `clock` is BOT_CLOCK, `more` are other settings."""
    settings = bot_settings(data, port, database_url) | dict(more or {})
    if clock is not None:
        settings["BOT_CLOCK"] = clock
    command = ["-m", "bot", "run"]
    return start(command, port, folder=data, settings=settings, core=core, log=log)
