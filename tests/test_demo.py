"""The invented people of `make demo` get to the end of what they report, and only once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from bot.app import make_app
from bot.demo import SCRIPT, seed
from bot.settings import Settings
from storage import queue

AT = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)


def test_everybody_s_report_waits_however_often_the_demo_starts(tmp_path: Path) -> None:
    app = make_app(Settings(data_dir=tmp_path, clock=AT))
    for _ in range(2):
        seed(app)
    place = app.world.places.find("Xã Bình Lư", AT.date()).units[0].key
    with app.database.reading(AT) as tx:
        waiting = queue.at_places(tx, [place], queue.Filter(), 10)
    app.close()
    assert len(waiting) == len(yaml.safe_load(SCRIPT.read_text("utf-8")))
    assert {one.kind for one in waiting} == {"money", "labour"}
