"""The terminal channel: a conversation by keyboard, for trying things out and for screen readers.

Choices are numbered lines; a typed number is read by the bot, as on any channel without buttons.
"""

from __future__ import annotations

import uuid
from typing import TextIO

from bot.app import App
from handlers.messages import Message
from handlers.turn import TYPED
from storage import outbox, people
from storage.database import Tx

CHANNEL = "terminal"


def converse(app: App, sender: str, source: TextIO, target: TextIO) -> None:
    """Read lines from `source` until it ends and answer on `target`. Raises DatabaseAway."""
    interactive = source.isatty()
    _show_news(app, sender, target)
    while True:
        if interactive:
            target.write("> ")
            target.flush()
        line = source.readline()
        if not line:
            return
        text = line.rstrip("\r\n")
        message = Message(CHANNEL, CHANNEL, sender, uuid.uuid4().hex, app.clock(), text=text)
        app.engine.take(message, text.encode("utf-8", "surrogatepass"))
        _show_news(app, sender, target)


def _show_news(app: App, sender: str, target: TextIO) -> None:
    def look(tx: Tx) -> tuple[int, list[outbox.Waiting]]:
        account_id = people.find_account(tx, CHANNEL, CHANNEL, sender)
        return (account_id, outbox.waiting(tx, account_id)) if account_id else (0, [])

    account_id, rows = app.engine.writer.run(look)
    for row in rows:
        target.write(f"{row.body['text']}\n")
        for number in range(1, len(row.body.get("pictures", ())) + 1):
            target.write(f"  [ảnh {number}]\n")
        if named := row.body.get("workbook"):
            # Whoever sits here has the command that writes the same.
            command = f"python -m bot template {named['name']} --year {named['year']}"
            target.write(f"  [{command}]\n")
        for number, choice in enumerate(row.body["choices"], start=1):
            typed = choice["id"].removeprefix(TYPED) if choice["id"].startswith(TYPED) else number
            label = "" if typed == choice["label"] else f" {choice['label']}"
            target.write(f"  [{typed}]{label}\n")
        target.write("\n")
    target.flush()
    # Only what has been shown is acknowledged: a closed pipe must not swallow a message.
    app.engine.writer.run(lambda tx: outbox.acknowledge(tx, account_id, [row.id for row in rows]))
