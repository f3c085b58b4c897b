"""Invented people and reports for `make demo`, told by chat like everybody's.

Event ids are fixed, so a second start finds everything taken already and doubles nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.app import App
from handlers.messages import Message

SCRIPT = Path(__file__).with_name("demo.yaml")
CHANNEL = "demo"


def seed(app: App) -> None:
    """Let the invented people speak. Raises DatabaseAway."""
    people: list[dict[str, Any]] = yaml.safe_load(SCRIPT.read_text("utf-8"))
    for person in people:
        for number, text in enumerate(person["says"]):
            event = f"{person['who']}-{number}"
            message = Message(CHANNEL, CHANNEL, person["who"], event, app.clock(), text=text)
            app.engine.take(message, text.encode())
