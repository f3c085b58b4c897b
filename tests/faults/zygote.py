"""Starts `python -m bot run` again and again without importing it anew: what is imported is forked.

A start of the real command spends seconds importing aiogram; a driver that kills hundreds of times
would measure little else. The child runs the same `main` of the same program in a process of its
own. `python -m tests.faults.zygote FOLDER MODULE…` reads settings, one JSON object a line, and
answers with the child's process id.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

import psutil

from tests.load.server import ROOT, DidNotStart, clean, is_ready

START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
PROGRAM = ("bot.commands.run", "bot.logs", "bot.server", "bot.token_store", "storage.upgrade")


class Child:
    """A forked program. It may end at any moment."""

    def __init__(self, pid: int, port: int) -> None:
        self._process = psutil.Process(pid)
        self._port = port

    async def wait_ready(self) -> None:
        """Return when /readyz answers 200. Raises DidNotStart."""
        deadline = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(is_ready, self._port):
            if not self._process.is_running() or time.monotonic() > deadline:
                raise DidNotStart("the forked program ended or stayed unready")
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it has not ended after ten seconds."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except psutil.TimeoutExpired:
            self.kill()


class Zygote:
    """The process that has imported the program; `log` takes what its children write."""

    def __init__(self, log: IO[bytes], folder: Path, modules: Sequence[str] = ()) -> None:
        """`folder` is where the program will run; `modules` is what to import besides."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote", str(folder), *modules],
            cwd=ROOT, env=clean({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip

    def start(self, port: int, settings: Mapping[str, str]) -> Child:
        """Fork a program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(dict(settings)).encode() + b"\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()), port)

    def close(self) -> None:
        """End it; its children are ended before."""
        with self._process as process:
            process.kill()


def _become(folder: str, settings: Mapping[str, str]) -> None:
    """Let go of the pipes to the driver, and stand where the command would be started."""
    # A driver that is ended by hand takes its programs with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    os.chdir(folder)
    os.environ.update(settings)


def main(folder: str, *modules: str) -> None:
    """Import and read the plan, then fork for each line."""
    for name in (*PROGRAM, *modules):
        import_module(name)
    from bot import app
    from bot.__main__ import main as program

    # As `make_app` will ask for it with the driver's settings.
    app.make_world = cache(app.make_world)
    app.make_world("", None, Path(folder), 0, 7)
    gc.freeze()
    # Nobody asks how a child ended: the kernel clears it away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(folder, json.loads(line))
            os._exit(program(["run"]))
        print(pid, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
