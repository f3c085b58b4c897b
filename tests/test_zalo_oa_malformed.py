"""Whatever comes in place of an event of Zalo OA, reading it never raises another fault."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.zalo_fields import Unreadable
from bot.channels.zalo_oa_events import (
    Event,
    Ignored,
    Said,
    read,
)
from tests.conftest import START, HandClock
from tests.event_kinds import zalo_oa
from tests.fakes.zalo_oa import APP_ID, OA_ID
from tests.fakes.zalo_oa_people import People
from tests.fakes.zalo_push import compact


def of(event: dict[str, Any] | bytes) -> Event | Ignored:
    return read(event if isinstance(event, bytes) else compact(event), OA_ID, START)


KINDS = {
    name: make(1)
    for name, make in zalo_oa(People(APP_ID, OA_ID, HandClock()), OA_ID).items()
    if not isinstance(of(make(1)), Ignored)
}
HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63, 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["\0", "\ud800", "a" * 5_000, "‮", "1" * 400, "-1", "1e999", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "text", "url", "payload", "attachments", "msg_id", "phone", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def paths(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [here] if here else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*here, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += paths(inner, (*here, index))
    return found


def changed(event: dict[str, Any], path: tuple[str | int, ...], value: object) -> bytes:
    copy: Any = json.loads(json.dumps(event))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(copy).encode()


def survives(raw: bytes) -> None:
    """Reading ends in a kind whose every text can be stored, or in Unreadable."""
    try:
        found = of(raw)
    except Unreadable:
        return
    if isinstance(found, Said):
        message = found.message
        for words in (message.sender, message.event_id, message.text, message.choice or ""):
            words.encode()
            assert "\0" not in words
        for one in message.attachments:
            (one.reference + one.name).encode()
            assert one.reference
            assert len(one.reference) <= 2_000


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_shape_of_json_surprises_the_reader(kind: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(KINDS[kind])))
    survives(changed(KINDS[kind], path, data.draw(HOSTILE)))


@pytest.mark.parametrize("kind", KINDS)
def test_nor_do_three_thousand_of_each_kind(kind: str) -> None:
    """The same without hypothesis' care, which would take minutes for so many."""
    chance = random.Random(kind)
    places = paths(KINDS[kind])
    for _ in range(3_000):
        raw = changed(KINDS[kind], chance.choice(places), wild(chance, 3))
        if chance.random() < 0.3:
            place = chance.randrange(len(raw))
            raw = raw[:place] + chance.randbytes(chance.randrange(4)) + raw[place + 1 :]
        survives(raw)


def wild(chance: random.Random, depth: int) -> object:
    plain = [None, True, 0, -1, 2**63, 10**45, 0.5, 1e300, "", "x", "\0", "\ud800", "1" * 400, "‮"]
    if depth == 0 or chance.random() < 0.5:
        return chance.choice(plain)
    names = ["id", "text", "url", "payload", "attachments", "msg_id", "phone", "type", "admin_id"]
    if chance.random() < 0.5:
        return [wild(chance, depth - 1) for _ in range(chance.randrange(3))]
    return {chance.choice(names): wild(chance, depth - 1) for _ in range(chance.randrange(4))}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
@settings(max_examples=500, deadline=None)
def test_no_bytes_surprise_the_reader(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        of(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"event_name":null}',
        b'{"event_name":"user_send_text"}',
        b"[" * 100_000,
        b'{"event_name":"follow","a":' + b"9" * 5_000 + b"}",
        b'{"event_name":"user_send_text","message":' + b'{"a":' * 10_000,
        b'{"event_name":"user_send_text","sender":{"id":"a b"}}',
    ],
)
def test_what_is_kept_for_a_person_to_look_at(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        of(raw)
