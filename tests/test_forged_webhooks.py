"""Ten thousand forged calls to each webhook: all are refused, and nothing at all is stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.console import json_body
from bot.console.json_body import MAX_BODY
from handlers.turn import World
from tests.conftest import Fresh, HandClock
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_SECRET
from tests.fakes.zalo_push import sign
from tests.hooks_double import SECRET, Headers, Hook, hooks, site_of, stamp, written
from tests.web_double import Call

MANY = 10_000
HOOKS = hooks()
Forge = Callable[[random.Random, Hook, bytes], tuple[bytes, Headers]]
"""From a genuine event's bytes, a body and headers that are none of the platform's."""


def _value(hook: Hook, raw: bytes) -> bytes:
    [(_, value)] = hook.headers(raw)
    return value


def _headers(hook: Hook, *values: bytes) -> Headers:
    return [(hook.header, value) for value in values]


def changed(chance: random.Random, value: bytes) -> bytes:
    """With another byte somewhere; upper-case hexadecimal digits are the same signature."""
    place = chance.randrange(len(value))
    old = value[place]
    new = chance.choice([byte for byte in range(256) if byte not in {old, old ^ 0x20}])
    return value[:place] + bytes([new]) + value[place + 1 :]


def one_byte(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    return raw, _headers(hook, changed(chance, _value(hook, raw)))


def truncated(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    value = _value(hook, raw)
    return raw, _headers(hook, value[: chance.randrange(len(value))])


def lengthened(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    more = chance.choice([b"0", b"a", b"\0", b" a", b"=", "đ".encode(), b"f" * 60_000])
    value = _value(hook, raw)
    return raw, _headers(hook, chance.choice([value + more, more + value]))


def not_ascii(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    odd = chance.choice(["bí mật".encode(), b"\xff" * 64, b"mac=" + b"\xe9" * 64, "mac=é".encode()])
    return raw, _headers(hook, odd + chance.randbytes(chance.randrange(3)))


def absent(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    value = _value(hook, raw)
    others: list[Headers] = [
        [],
        _headers(hook, b""),
        _headers(hook, b"mac="),
        [(hook.header + b"s", value)],
        [(b"authorization", value)],
        [(b"cookie", hook.header + b"=" + value)],
    ]
    return raw, chance.choice(others)


def twice(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    value = _value(hook, raw)
    other = chance.choice([value, changed(chance, value), b""])
    both = [value, other]
    chance.shuffle(both)
    return raw, _headers(hook, *both)


def wrong_case(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    value = _value(hook, raw)
    name, _, rest = value.partition(b"=")
    spelt = name.upper() + b"=" + rest if rest else value
    return raw, _headers(hook, spelt if rest else chance.choice([value.lower(), value.upper()]))


def wrong_key(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    key = chance.choice([OA_SECRET, APP_SECRET, SECRET])
    guess = changed(chance, key.encode()).decode("latin-1")
    if hook.name != "zalo_oa":
        return raw, _headers(hook, guess.encode("latin-1"))
    plain = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    macs = [
        sign(APP_ID, raw, stamp(raw), guess),
        sign(APP_ID[::-1], raw, stamp(raw), key),
        sign(APP_ID, raw, stamp(raw), ""),
        sign(APP_ID, raw, "", key),
        f"mac={plain}",
        _value(hook, raw).decode().removeprefix("mac="),
    ]
    return raw, _headers(hook, chance.choice(macs).encode())


def of_another_body(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    """A genuine signature, of a body that differs by a letter, a blank, a spelling."""
    event = json.loads(raw)
    others = [
        changed(chance, raw),
        raw + b"\n",
        b"\xef\xbb\xbf" + raw,
        raw[: chance.randrange(len(raw))],
        json.dumps(event, ensure_ascii=False).encode(),
        written(hook.says(chance.randrange(100), "góp 2 triệu")),
    ]
    return chance.choice(others), _headers(hook, _value(hook, raw))


def another_time(chance: random.Random, hook: Hook, raw: bytes) -> tuple[bytes, Headers]:
    """An old event with today's timestamp, or signed with another than its own."""
    old, new = stamp(raw), str(chance.randrange(10**12, 10**13))
    key = chance.choice([OA_SECRET, APP_SECRET])
    if chance.random() < 0.5:
        return raw, _headers(hook, sign(APP_ID, raw, new, key).encode())
    mac = sign(APP_ID, raw, old, key).encode()
    return raw.replace(old.encode(), new.encode()), _headers(hook, mac)


FORGERIES: tuple[Forge, ...] = (
    one_byte, truncated, lengthened, not_ascii, absent, twice, wrong_case, wrong_key,
)  # fmt: skip
SIGNED = (of_another_body, another_time)
"""Where the body is signed as well, and not only whoever sends it known."""


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_ten_thousand_forged_calls_are_refused_and_leave_nothing(
    hook: Hook, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    chance = random.Random(f"forged/{hook.name}")
    ways = FORGERIES + (SIGNED if hook.name == "zalo_oa" else ())
    told = [written(hook.says(number, "báo góp tiền")) for number in range(100)]
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        before = site.stored()
        for number in range(MANY):
            body, headers = ways[number % len(ways)](chance, hook, chance.choice(told))
            assert await site.post(hook, body, headers) == 401, (body, headers)
        assert site.stored() == before
        assert before["received"] == 0
        assert await site.post(hook, written(hook.says(1, "báo góp tiền"))) == 200
        assert site.stored()["received"] == 1


@pytest.mark.parametrize("secret", [OA_SECRET, APP_SECRET])
async def test_either_of_zalo_s_keys_signs(
    secret: str, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    hook = HOOKS["zalo_oa"]
    raw = written(hook.says(1, "menu"))
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        mac = sign(APP_ID, raw, stamp(raw), secret).encode()
        assert await site.post(hook, raw, _headers(hook, mac)) == 200
        assert site.stored()["received"] == 1


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_a_stranger_s_body_is_not_read(
    hook: Hook, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> None:
    over = written(hook.says(1, "menu")) + b" " * MAX_BODY
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        for headers in ([], [(hook.header, b"mac=00")]):
            call = Call(site.asgi, "POST", hook.path, headers)
            await call.ended()  # nothing ever came of its body
            assert call.status == 401
            assert await site.post(hook, over, headers) == 401
        assert await site.post(hook, over) == 413


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
async def test_a_body_that_never_ends_is_not_waited_for(
    hook: Hook,
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_body, "READ_SECONDS", 0)
    raw = written(hook.says(1, "menu"))
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        call = Call(site.asgi, "POST", hook.path, hook.headers(raw))
        call.feed({"type": "http.request", "body": raw, "more_body": True})
        await call.ended()
        assert (call.status, call.header("connection")) == (408, "close")
        assert site.stored()["received"] == 0
