"""Thousands of malformed bodies with a right signature, to each webhook.

Whatever comes, it is answered and never by a fault of ours; what cannot be understood is kept; and
the people who write meanwhile are all answered.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.console.json_body import MAX_BODY
from handlers.turn import World
from storage.received import MAX_RAW
from storage.schema import accounts, dead_letters, outbox
from tests.conftest import Fresh, HandClock
from tests.hooks_double import Hook, Site, hooks, site_of, stamp, written
from tests.test_zalo_oa_malformed import changed, paths, wild

MANY = 3_000
AT_ONCE = 60
"""Calls under way together, one in `BYSTANDERS` of them a person's plain words."""
BYSTANDERS = 15
LARGE = 8
"""Bodies about the limit of a mebibyte: each costs as much as a thousand others."""
HOOKS = hooks()
Event = dict[str, Any]
STAMP = b'{"timestamp":"1790000000000","x":'


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


def bodies(hook: Hook, chance: random.Random) -> list[bytes]:
    """Each way of every kind in turn; those of Zalo OA all with something to sign."""
    made = []
    events = list(hook.kinds.values())
    for number in range(MANY - LARGE):
        event = events[number // len(WAYS) % len(events)]
        made.append(WAYS[number % len(WAYS)](chance, event))
    made += [large(chance, chance.choice(events)) for _ in range(LARGE)]
    if hook.name == "zalo_oa":
        made = [raw if stamp(raw) else STAMP + raw for raw in made]
    chance.shuffle(made)
    return made


def is_an_object(raw: bytes) -> bool:
    """By Python's own reader, told to be as strict as JSON is."""

    def no(_constant: str) -> None:
        raise ValueError

    try:
        return isinstance(json.loads(raw.decode(), parse_constant=no), dict)
    except (ValueError, RecursionError):
        return False


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_three_thousand_malformed_bodies(
    hook: Hook, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    chance = random.Random(f"malformed/{hook.name}")
    hostile = bodies(hook, chance)
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        people: set[str] = set()
        for begin in range(0, len(hostile), AT_ONCE):
            raws = hostile[begin : begin + AT_ONCE]
            for _ in range(AT_ONCE // BYSTANDERS):
                event = hook.says(len(people), "góp tiền thế nào")
                people.add(hook.sender(event))
                raws.append(written(event))
            statuses = await asyncio.gather(*(site.post(hook, raw) for raw in raws))
            odd = [
                (status, raw[:300])
                for status, raw in zip(statuses, raws, strict=True)
                if status != (413 if len(raw) > MAX_BODY else 200)
            ]
            assert odd == []
        told = kept(site)
        lost = [
            raw[:300]
            for raw in hostile
            if len(raw) <= MAX_BODY
            and not is_an_object(raw)
            and raw[:MAX_RAW] not in told
            # An empty call is how Zalo Bot looks whether anybody is there.
            and (hook.name != "zalo_bot" or raw.strip())
        ]
        assert lost == []
        assert people <= answered(site, hook)
        assert site.stored()["spool"] == 0


def kept(site: Site) -> set[bytes]:
    """The bodies nobody understood. A handler's own fault would stand among them with its trace."""
    with site.app.database.reading(site.app.clock()) as tx:
        rows = list(tx.execute(select(dead_letters.c.raw, dead_letters.c.error)))
    assert {row.error for row in rows} == {"not understood"}
    return {bytes(row.raw) for row in rows}


def answered(site: Site, hook: Hook) -> set[str]:
    """The people of a platform who were told something."""
    told = (
        select(accounts.c.sender)
        .join(outbox, outbox.c.account_id == accounts.c.id)
        .where(accounts.c.channel == hook.name)
    )
    with site.app.database.reading(site.app.clock()) as tx:
        return set(tx.execute(told).scalars())
