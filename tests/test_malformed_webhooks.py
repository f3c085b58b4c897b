"""Thousands of malformed bodies with a right signature, spoiled in each way, to each webhook."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.console.json_body import MAX_BODY
from handlers.turn import World
from tests.conftest import Fresh, HandClock
from tests.hooks_double import Hook, hooks, written
from tests.ordeal import events, ordeal_of
from tests.test_zalo_oa_malformed import changed, paths, wild

FEW, MANY = 100, 3_000
FEW_LARGE = 8
"""Bodies about the limit of a mebibyte: each costs as much as a hundred others."""
HOOKS = hooks()
Event = dict[str, Any]


def field(chance: random.Random, event: Event) -> bytes:
    """Another type at some field, or another value: huge numbers, half an emoji, zero bytes."""
    return changed(event, chance.choice(paths(event)), wild(chance, 3))


def several_fields(chance: random.Random, event: Event) -> bytes:
    raw = written(event)
    for _ in range(chance.randrange(2, 5)):
        value = json.loads(raw)
        raw = changed(value, chance.choice(paths(value)), wild(chance, 2))
    return raw


def without(chance: random.Random, event: Event) -> bytes:
    """A field is missing."""
    value: Any = json.loads(json.dumps(event))
    path = chance.choice([one for one in paths(event) if isinstance(one[-1], str)])
    place = value
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return written(value)


def truncated(chance: random.Random, event: Event) -> bytes:
    raw = written(event)
    return raw[: chance.randrange(len(raw))]


def bytes_changed(chance: random.Random, event: Event) -> bytes:
    raw = bytearray(written(event))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(raw))
        raw[place : place + chance.randrange(2)] = chance.randbytes(chance.randrange(3))
    return bytes(raw)


def spliced(chance: random.Random, event: Event) -> bytes:
    """A value JSON does not have, or Python reads and nobody can store."""
    raw = written(event)
    odd = chance.choice([
        b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b"-" + b"1" * 25, b'"\\ud800"', b'"\\u0000"',
        b"[" * 50_000, b'{"a":' * 10_000, b"[" * 500 + b"]" * 500, b"01", b"'x'", b'"\xff"', b"\0",
        b'"a\tb"', b"//", b"0x1F", b"undefined", b"tru",
    ])  # fmt: skip
    return raw.replace(chance.choice([b'"ch\xc3\xa0o"', b'"1"', b"1", b"false", b"true"]), odd, 1)


def twice(chance: random.Random, event: Event) -> bytes:
    """Every key stands twice, the second time with something else."""
    fields = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in event.items()]
    again = [f"{json.dumps(key)}:{json.dumps(wild(chance, 2))}" for key in event]
    both = fields + again if chance.random() < 0.5 else again + fields
    return ("{" + ",".join(both) + "}").encode()


def otherwise_encoded(chance: random.Random, event: Event) -> bytes:
    text = written(event).decode()
    encoding = chance.choice(["utf-16", "utf-16-le", "utf-32", "cp1258", "latin-1", "utf-8-sig"])
    return text.encode(encoding, "replace")


def in_an_array(chance: random.Random, event: Event) -> bytes:
    return b"[" + b",".join([written(event)] * chance.randrange(1, 4)) + b"]"


def no_object(chance: random.Random, event: Event) -> bytes:
    return chance.choice([
        b"", b" ", b"\n\r\t", b"null", b"true", b"0", b'""', b"[]", b"{}", b"{", b"}", b'{"a"',
        b"\xef\xbb\xbf", b"\xef\xbb\xbf{}", b"\xff\xfe", b"\0", b"a=1&b=2", b"<x/>", b"[[[[",
        chance.randbytes(chance.randrange(200)),
    ])  # fmt: skip


def two_documents(chance: random.Random, event: Event) -> bytes:
    return written(event) + chance.choice([b"{}", b"\n", b",", b"x", b"\0", written(event)])


def large(chance: random.Random, event: Event) -> bytes:
    """A mebibyte, a byte less, or a byte more."""
    raw = written(event)
    size = MAX_BODY + chance.choice([-1, 0, 1])
    return raw + chance.choice([b" ", b"x"]) * (size - len(raw))


WAYS: tuple[Callable[[random.Random, Event], bytes], ...] = (
    field, several_fields, without, truncated, bytes_changed, spliced, twice, otherwise_encoded,
    in_an_array, no_object, two_documents,
)  # fmt: skip


@pytest.mark.parametrize("many", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_thousands_of_bodies_spoiled_in_each_way(
    hook: Hook, many: int, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    chance = random.Random(f"malformed/{hook.name}")
    whole = events(hook, itertools.count())
    async with ordeal_of(hook, fresh_url("sqlite"), world, clock, tmp_path) as ordeal:
        for way in WAYS:
            raws = (way(chance, event) for event in itertools.islice(whole, many))
            await ordeal.through(way.__name__, raws)
        few = itertools.islice(whole, many if many == MANY else FEW_LARGE)
        await ordeal.through("large", (large(chance, event) for event in few))
