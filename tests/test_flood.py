"""Flood limits: who writes too fast is told once; nobody else notices; a calm person never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import flood
from handlers.turn import World
from tests.conftest import START, Fresh, HandClock
from tests.talk import talking


@given(st.lists(st.floats(0, 120), max_size=200), st.integers(1, 60))
def test_never_more_than_the_burst_and_the_rate(waits: list[float], per_minute: int) -> None:
    state: dict[str, Any] = {}
    now, taken = START, 0
    for wait in waits:
        now += timedelta(seconds=wait)
        taken += flood.weigh(state, now, per_minute) == "handle"
    passed = (now - START).total_seconds()
    assert taken <= flood.BURST + passed * per_minute / 60 + 1
    assert taken == len(waits) or len(waits) > flood.BURST


@pytest.mark.parametrize("per_minute", [0, 20])
def test_who_writes_one_message_every_three_seconds_is_always_heard(per_minute: int) -> None:
    state: dict[str, Any] = {}
    moments = (START + timedelta(seconds=3 * number) for number in range(1_000))
    assert all(flood.weigh(state, now, per_minute) == "handle" for now in moments)


def test_a_flood_gets_one_notice_and_the_open_question_still_stands(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url("sqlite"), replace(world, most_per_minute=20), clock) as talk:
        talk.say("Páo", "báo góp tiền")
        said = [text for _ in range(200) for text in talk.say("Páo", "???")]
        assert sum("đợi một phút" in text for text in said) == 1
        assert talk.say("Mỷ", "menu")
        clock.move(timedelta(minutes=3))
        assert "bao nhiêu tiền" in talk.say("Páo", "đồng ý")[0]
