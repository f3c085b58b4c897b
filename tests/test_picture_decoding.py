"""The decoder's process: bounded, alone, ended in any case, and not believed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from bot.pictures import DecoderAway, Limits, Reason, Refused, decoding, keep
from bot.pictures.decoding import Decoded, decode
from tests.picture_double import encoded, files, scene

JPEG = encoded(scene(1, (200, 150)))
LARGE = JPEG + bytes(4 * 1024 * 1024)
"""More than a pipe holds, so that a decoder that does not read leaves its feeder waiting."""
SOON = Limits(seconds=0.4)
ROOT = Path(decoding.__file__).parents[2]
REFUSES = 'import sys; sys.stdin.buffer.read(); print(\'{"refused": "not_readable"}\')'

Pretend = Callable[[str], None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Puts other Python code in the decoder's place."""

    def put(code: str) -> None:
        monkeypatch.setattr(decoding, "COMMAND", [sys.executable, "-S", "-c", code])

    return put


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Popen[bytes]]:
    """Every decoder that is started."""
    found: list[Popen[bytes]] = []

    def start(*arguments: Any, **options: Any) -> Popen[bytes]:
        process = Popen(*arguments, **options)
        found.append(process)
        return process

    monkeypatch.setattr(decoding, "Popen", start)
    return found


def _is_gone(process: Popen[bytes]) -> bool:
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return process.returncode == -signal.SIGKILL
    return False


# ended in any case

HANGS = {
    "it reads and then hangs": "import sys, signal; sys.stdin.buffer.read(); signal.pause()",
    "it reads nothing": "import signal; signal.pause()",
    "it says something and hangs": "import signal; print('{', flush=True); signal.pause()",
    "it lets nothing stop it": (
        "import signal\nfor one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n"
        " signal.signal(one, signal.SIG_IGN)\nwhile True: signal.pause()"
    ),
    "a process of its own holds the pipe": (
        "import os, signal\nos.fork()\nwhile True: signal.pause()"
    ),
}


@pytest.mark.parametrize("code", HANGS.values(), ids=HANGS)
async def test_a_decoder_that_hangs_is_killed(
    code: str, pretend: Pretend, started: list[Popen[bytes]], tmp_path: Path
) -> None:
    pretend(code)
    assert await keep(LARGE, tmp_path, limits=SOON) == Refused("took_too_long")
    [process] = started
    assert _is_gone(process)
    assert files(tmp_path) == []


async def test_a_process_that_got_away_keeps_nobody_waiting(
    pretend: Pretend, started: list[Popen[bytes]]
) -> None:
    pretend("import os, signal\nif os.fork() == 0:\n os.setsid(); signal.alarm(10)\nsignal.pause()")
    assert await decode(LARGE, "JPEG", SOON) == Refused("took_too_long")
    assert _is_gone(started[0])


async def test_a_caller_that_gives_up_keeps_nothing(
    pretend: Pretend, started: list[Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(REFUSES)
    loop, begun, gone, real = (
        asyncio.get_running_loop(),
        asyncio.Event(),
        asyncio.Event(),
        decoding._end,
    )

    def end(process: Popen[bytes]) -> None:
        loop.call_soon_threadsafe(begun.set)
        real(process)
        loop.call_soon_threadsafe(gone.set)

    monkeypatch.setattr(decoding, "_end", end)
    waiting = asyncio.create_task(keep(JPEG, tmp_path))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await gone.wait()
    assert started[0].returncode == 0
    assert files(tmp_path) == []


async def test_a_decoder_that_runs_on_is_stopped_by_its_own_limit(pretend: Pretend) -> None:
    # -S leaves out Pillow's folder, which comes first on the path then.
    folders = [one for one in sys.path if one.endswith("site-packages")]
    pretend(
        f"import sys; sys.path += {folders!r}\n"
        "from bot.pictures.child import confine\nconfine(2**30, 1)\nwhile True: pass"
    )
    assert await decode(JPEG, "JPEG", Limits(seconds=60)) == Refused("took_too_long")


# bounded

LOCKED_IN = """
import os, resource, socket
from bot.pictures.child import confine
def attempt(name, work):
    try:
        work()
    except (OSError, MemoryError) as wrong:
        print(name, type(wrong).__name__)
nice = os.nice(0)
confine(256 * 1024 * 1024, 5)
attempt("read", lambda: open("README.md"))
attempt("write", lambda: open("never-made", "w"))
attempt("connect", lambda: socket.socket())
attempt("memory", lambda: bytearray(300 * 1024 * 1024))
attempt("memory enough", lambda: bytearray(64 * 1024 * 1024))
print(resource.getrlimit(resource.RLIMIT_CORE)[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1])
print(os.nice(0) > nice, resource.getrlimit(resource.RLIMIT_CPU))
"""


def test_a_confined_process_can_do_nothing_but_reckon() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOCKED_IN], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "read OSError", "write OSError", "connect OSError", "memory MemoryError",
        "0 0", "True (5, 6)",
    ]  # fmt: skip


async def test_no_secret_is_handed_down(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TELEGRAM_TOKEN", "canary")
    pretend(
        "import json, os, sys; sys.stdin.buffer.read()\n"
        "seen = any('canary' in one for one in os.environ.values())\n"
        "print(json.dumps({'refused': 'type_unknown' if seen else 'not_readable'}))"
    )
    assert await decode(JPEG, "JPEG", Limits()) == Refused("not_readable")


async def test_no_more_than_two_decoders_run_at_a_time(
    pretend: Pretend, started: list[Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(REFUSES)
    running: list[int] = []
    real = decoding._end

    def end(process: Popen[bytes]) -> None:
        running.append(sum(one.returncode is None for one in started))
        real(process)

    monkeypatch.setattr(decoding, "_end", end)
    await asyncio.gather(*(decode(JPEG, "JPEG", Limits()) for _ in range(6)))
    assert len(running) == len(started) == 6
    assert max(running) <= decoding.AT_ONCE == 2


# not believed


def _answer(parts: bytes = b"\xff\xd8\xffA\xff\xd8\xffBC", **changed: object) -> bytes:
    told = {"width": 20, "height": 15, "phash": -5, "sizes": [4, 5]} | changed
    return json.dumps(told).encode() + b"\n" + parts


def test_a_right_answer_is_taken() -> None:
    wanted = Decoded(b"\xff\xd8\xffA", b"\xff\xd8\xffBC", 20, 15, -5)
    assert decoding._judge(0, _answer()) == wanted


LIES = {
    "nothing": b"",
    "no line": b"{}",
    "no JSON": b"xin ch\xc3\xa0o\n",
    "an empty object": b"{}\n",
    "a list": b"[1]\n",
    "a number": b"7\n",
    "deep": b"[" * 400 + b"\n",
    "a long line": b'{"refused": "not_readable"' + b" " * 600 + b"}\n",
    "a reason there is not": b'{"refused": "boom"}\n',
    "a reason that is a list": b'{"refused": []}\n',
    "less than said": _answer(b"\xff\xd8\xffA\xff\xd8\xff"),
    "more than said": _answer(b"\xff\xd8\xffA\xff\xd8\xffBCD"),
    "no JPEG": _answer(b"<htmA\xff\xd8\xffBC"),
    "no JPEG as thumbnail": _answer(b"\xff\xd8\xffA<htBC"),
    "one size": _answer(sizes=[4]),
    "sizes in letters": _answer(sizes=["4", "5"]),
    "a width in letters": _answer(width="20"),
    "no width": _answer(width=None),
    "a width that is true": _answer(width=True),
    "a hash no database holds": _answer(phash=2**63),
    "a hash that is half": _answer(phash=0.5),
}


@pytest.mark.parametrize("answer", LIES.values(), ids=LIES)
def test_a_wrong_answer_is_not_believed(answer: bytes) -> None:
    assert decoding._judge(0, answer) == Refused("not_readable")


async def test_an_answer_without_end_is_cut_off(
    pretend: Pretend, started: list[Popen[bytes]]
) -> None:
    pretend(
        "import sys\nsys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write(bytes(65536))"
    )
    assert await decode(JPEG, "JPEG", Limits(seconds=60)) == Refused("not_readable")
    assert _is_gone(started[0])


@pytest.mark.parametrize(
    ("fatal", "reason"),
    [("SIGSEGV", "not_readable"), ("SIGABRT", "not_readable"), ("SIGXCPU", "took_too_long")],
)
async def test_a_crash_is_the_pictures_fault(fatal: str, reason: Reason, pretend: Pretend) -> None:
    pretend(f"import os, signal; os.kill(os.getpid(), signal.{fatal})")
    assert await decode(LARGE, "JPEG", Limits()) == Refused(reason)


@pytest.mark.parametrize("code", ["import no_such_module", "import os; os.kill(os.getpid(), 9)"])
async def test_a_decoder_that_does_not_work_is_not(
    code: str, pretend: Pretend, tmp_path: Path
) -> None:
    pretend(code)
    with pytest.raises(DecoderAway):
        await keep(LARGE, tmp_path)
    assert files(tmp_path) == []


async def test_nor_is_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "COMMAND", [str(ROOT / "no-such-program")])
    with pytest.raises(DecoderAway):
        await decode(JPEG, "JPEG", Limits())
