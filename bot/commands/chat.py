"""`chat`: a conversation in the terminal, on the same engine and outbox as every channel."""

from __future__ import annotations

import argparse
import sys

from bot.commands import common


def main(options: argparse.Namespace) -> int:
    """Converse until the input ends."""
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import make_app
        from bot.channels.terminal import converse
        from knowledge.text import clean

        app = make_app(settings)
        try:
            converse(app, clean(options.sender, 64) or "me", sys.stdin, sys.stdout)
        finally:
            app.close()
    return 0
