"""Every transcript in `conversations/`, replayed in every way and on both stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.turn import World
from tests.conftest import STORES, Fresh, HandClock
from tests.talk import talking
from tests.transcript import WAYS, Mismatch, Player, playable

FOLDER = Path(__file__).parent / "conversations"
REPLAYS = [
    pytest.param(path, way, id=f"{path.stem}-{way}")
    for path in sorted(FOLDER.glob("*.txt"))
    for way in WAYS
    if playable(path.read_text("utf-8"), way)
]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("path", "way"), REPLAYS)
def test_transcript(
    path: Path, way: str, store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock, **WAYS[way]) as talk:
        Player(talk, buttons=way != "no-buttons").play(path.read_text("utf-8"))


def test_a_transcript_that_does_not_hold_is_told_by_its_line(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with (
        talking(fresh_url("sqlite"), world, clock) as talk,
        pytest.raises(Mismatch, match="line 2"),
    ):
        Player(talk).play("Páo: menu\n> Không phải câu này\n")
