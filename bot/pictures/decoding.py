"""Starts the process that decodes a picture, feeds it, reads its answer, and ends it in any case.

What comes back is not trusted: a decoder taken over by a picture can answer whatever it likes.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import get_args

from bot.pictures.outcome import Limits, Reason, Refused

COMMAND = [sys.executable, "-m", "bot.pictures.child"]
AT_ONCE = 2
"""Decoders at a time, so that their memory is bounded too."""
LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. 2048 × 2048 pixels of pure noise have 5 million as a JPEG, its thumbnail far less."""

_ROOT = Path(__file__).resolve().parents[2]
_MOST = 2**63
_LONGEST_LINE = 512
_CHUNK = 64 * 1024
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}
_JPEG = b"\xff\xd8\xff"
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures")


class DecoderAway(Exception):
    """The decoder does not run, or was ended from outside: no picture can be judged, try later."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture and its thumbnail, both JPEG; the rest as in `Kept`."""

    picture: bytes
    thumb: bytes
    width: int
    height: int
    phash: int | None


async def decode(data: bytes, decoder: str, limits: Limits) -> Decoded | Refused:
    """Have a picture decoded by Pillow's `decoder`, waiting for a turn. Raises DecoderAway.

    A caller who gives up leaves the process to come to its end, within `limits.seconds`.
    """
    # Blocking calls in a thread: asyncio lets go of a process only when its pipes end, which is
    # not for a decoder to choose.
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, _decode, data, decoder, limits)


def _decode(data: bytes, decoder: str, limits: Limits) -> Decoded | Refused:
    until = time.monotonic() + limits.seconds
    here, there = socket.socketpair()
    with here:
        with there:
            process = _start(there, decoder, limits)
        try:
            _feed(here, data, until)
            answer = _read(here, until)
            if len(answer) > LONGEST_ANSWER:
                return Refused("not_readable")
            status = process.wait(_left(until))
        except (TimeoutError, TimeoutExpired):
            return Refused("took_too_long")
        finally:
            _end(process)
    return _judge(status, answer)


def _start(end: socket.socket, decoder: str, limits: Limits) -> Popen[bytes]:
    bounds = map(str, (limits.pixels, limits.memory, math.ceil(limits.seconds)))
    try:
        # No environment: the tokens of the platforms are in it.
        return Popen(  # noqa: S603 - our own program, without a shell
            [*COMMAND, decoder, *bounds],
            stdin=end.fileno(), stdout=end.fileno(), stderr=DEVNULL,
            env={}, cwd=_ROOT, start_new_session=True,
        )  # fmt: skip
    except OSError as wrong:
        raise DecoderAway(f"the decoder cannot be started ({wrong})") from wrong


def _left(until: float) -> float:
    """The seconds there still are. Raises TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _feed(end: socket.socket, data: bytes, until: float) -> None:
    # A decoder that has seen enough, or has crashed, listens no more.
    with suppress(BrokenPipeError, ConnectionResetError):
        end.settimeout(_left(until))
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)


def _read(end: socket.socket, until: float) -> bytes:
    """What the process says, up to the chunk that makes it longer than an answer can be."""
    answer = bytearray()
    with suppress(ConnectionResetError):
        while len(answer) <= LONGEST_ANSWER:
            end.settimeout(_left(until))
            if not (chunk := end.recv(_CHUNK)):
                break
            answer += chunk
    return bytes(answer)


def _end(process: Popen[bytes]) -> None:
    """Kill what still runs, with what it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _judge(status: int, answer: bytes) -> Decoded | Refused:
    if status == -signal.SIGXCPU:
        return Refused("took_too_long")
    if -status in _CRASHES:
        return Refused("not_readable")
    if status != 0:
        raise DecoderAway(f"{' '.join(COMMAND)} ended with status {status}; run it to see why")
    try:
        return _parsed(answer)
    except (ValueError, TypeError, LookupError, RecursionError):
        return Refused("not_readable")


def _parsed(answer: bytes) -> Decoded | Refused:
    """The answer, if it is one. Raises ValueError, TypeError or LookupError if not."""
    if (end := answer.index(b"\n")) > _LONGEST_LINE:
        raise ValueError("no such line is written")
    line, rest = answer[:end], answer[end + 1 :]
    told = json.loads(line)
    if "refused" in told:
        if told["refused"] not in get_args(Reason):
            raise ValueError("no reason there is")
        return Refused(told["refused"])
    (first, second), width, height = told["sizes"], told["width"], told["height"]
    phash: int | None = told["phash"]
    picture, thumb = rest[:first], rest[first:]
    whole = len(thumb) == second and picture.startswith(_JPEG) and thumb.startswith(_JPEG)
    numbers = (width, height, 0 if phash is None else phash)
    if not whole or any(type(one) is not int or not -_MOST <= one < _MOST for one in numbers):
        raise ValueError("not two pictures and what is known of them")
    return Decoded(picture, thumb, width, height, phash)
