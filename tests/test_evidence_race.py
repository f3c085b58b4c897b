"""Evidence and a decision at the same moment, over two connections to one PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from handlers import evidence_shown
from handlers.turn import World
from storage import contributions, media, media_out
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from tests.conftest import START, Fresh, HandClock
from tests.talk import talking
from tests.transcript import Player

STORY = Path(__file__).parent / "conversations" / "can-bo-xem-anh.txt"


def test_nothing_is_taken_out_between_the_last_look_and_the_record(
    fresh_url: Fresh, world: World, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fresh_url("postgresql")
    elsewhere = Database(url)
    outcomes: list[str] = []
    look = evidence_shown.as_it_is

    def look_while_one_is_taken_out(tx: Tx, contribution_id: int) -> list[list[Any]]:
        found = look(tx, contribution_id)
        try:
            with elsewhere.writing(START) as other:
                other.connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
                reporter = contributions.get(other, contribution_id).reporter_id
                photo = media.of_contribution(other, contribution_id)[0]
                media_out.take_out(other, photo, by=reporter)
            outcomes.append("taken out")
        except DatabaseAway as fault:
            outcomes.append("must wait" if "lock timeout" in str(fault.__cause__) else "away")
        return found

    with talking(url, world, clock) as talk:
        Player(talk).play(STORY.read_text("utf-8"))
        talk.press("Hà", "Xác nhận đúng")
        monkeypatch.setattr(evidence_shown, "as_it_is", look_while_one_is_taken_out)
        assert any("xác nhận" in said for said in talk.press("Hà", "Ghi nhận"))
    assert outcomes == ["must wait"]
    elsewhere.dispose()
