"""Every kind of event the platforms document, one of its fields spoiled, to each webhook.

An event that still says who, to whom and which it is, is answered as the whole one would be.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from aiogram.enums import UpdateType
from telegram.constants import UpdateType as PtbUpdateType

from handlers.turn import World
from tests.conftest import Fresh, HandClock
from tests.hooks_double import Hook, hooks, written
from tests.ordeal import ordeal_of, parsed
from tests.test_zalo_oa_malformed import paths

FEW, MANY = 30, 3_000
HOOKS = hooks()
Path_ = tuple[str | int, ...]
HOLE = "a hole"
ODD: dict[str, tuple[bytes | None, ...]] = {
    "missing": (None,),
    "of another type": (
        b"null", b"true", b"0", b"-1", b"0.5", b'""', b'"x"', b"[]", b"{}", b"[[]]", b'[{"a":1}]',
        b'{"id":{"id":1}}',
    ),
    "too deep": (
        b"[" * 400 + b"]" * 400, b'{"a":' * 300 + b"1" + b"}" * 300,
        b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ),
    "too long": (
        b'"' + b"a" * 70_000 + b'"', f'"{"ế" * 4_096}"'.encode(), f'"{"🌾" * 4_096}"'.encode(),
        b"[" + b"0," * 20_000 + b"0]", f'"{"góp tiền " * 2_000}"'.encode(),
    ),
    "zero bytes": (b'"\\u0000"', b'"ch\\u0000\\u0000o"', b'"' + b"\\u0000" * 500 + b'"'),
    "half an emoji": (b'"\\ud800"', b'"a\\udfffb"', b'"\\udc00\\ud800"'),
    "huge numbers": (
        b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1" + b"0" * 40,
        b"9" * 4_000, b"-" + b"9" * 5_000, b"1e308", b"1e999",
    ),
    "no number": (b"NaN", b"Infinity", b"-Infinity"),
    "odd letters": (
        '"\u202echào\u202c"'.encode(), '"\u200b\u200d\ufeff"'.encode(),
        '"cha\u0300o ba\u0301c"'.encode(),
        '"\U000e0001\u0301\u0301"'.encode(), b'"\\b\\f\\u001b[31m"',
    ),
}  # fmt: skip


def spoiled(event: dict[str, Any], path: Path_, odd: bytes | None) -> bytes:
    """The event's bytes with `odd` at this place; without what stands there where it is None."""
    copy: Any = json.loads(json.dumps(event))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if odd is None:
        del place[path[-1]]
        return written(copy)
    place[path[-1]] = HOLE
    return written(copy).replace(json.dumps(HOLE).encode(), odd, 1)


def identity(value: Any) -> list[Any]:
    """Who says it, to whom, which it is, and what else decides whether it is for the bot."""
    told = value.get("result", value)
    told = told if isinstance(told, dict) else {}
    said = told.get("message", told.get("edited_message"))
    tap = told.get("callback_query")
    return [
        *(told.get(key) for key in ("update_id", "event_name", "timestamp", "oa_id", "user_id")),
        *(_at(told, key, "id") for key in ("sender", "recipient", "follower")),
        sorted(said) if isinstance(said, dict) else said,
        *(_at(said, key) for key in ("msg_id", "message_id")),
        *(_at(said, "chat", key) for key in ("id", "type", "chat_type")),
        _at(said, "from", "is_bot"),
        _at(tap, "data"),
        _at(tap, "from", "id"),
        _at(tap, "message", "chat", "type"),
    ]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize("many", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_thousands_of_every_kind_with_a_field_spoiled(
    hook: Hook, many: int, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    chance, numbers = random.Random(f"kinds/{hook.name}"), itertools.count()
    async with ordeal_of(hook, fresh_url("sqlite"), world, clock, tmp_path) as ordeal:
        for kind, make in hook.kinds.items():
            whole = next(numbers)
            await ordeal.through(kind, [written(make(whole))])
            is_answered = hook.person(whole) in ordeal.answered()
            raws = []
            for name in itertools.islice(itertools.cycle(ODD), many):
                event = make(number := next(numbers))
                path, odd = chance.choice(paths(event)), chance.choice(ODD[name])
                raws.append(raw := spoiled(event, path, odd))
                found = parsed(raw)
                if is_answered and found is not None and identity(found) == identity(event):
                    ordeal.owe_words(number, f"{kind}: {path} {name} {(odd or b'')[:40]!r}")
            await ordeal.through(kind, raws)


def test_every_kind_of_telegram_s_updates_is_tried() -> None:
    known = {kind.partition(":")[0] for kind in HOOKS["telegram"].kinds}
    assert known >= {*UpdateType, *PtbUpdateType}
