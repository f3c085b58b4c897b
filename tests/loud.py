"""`python -m bot` with every library speaking at every level; after SIGUSR1 each function of the
channels, the jobs, the conversations and of storage fails once, quoting what it was given.

`LOUD_OLD_WAYS` leaves out what keeps stray words in: what would be seen without it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from importlib import import_module
from typing import Any

from bot import stray

JOBS = ("bot.media", "bot.delivery", "bot.fetching", "bot.token_store", "bot.incoming",
        "bot.kept_pictures", "bot.spool", "bot.spool_files", "bot.schedule", "bot.speed",
        "bot.port")  # fmt: skip


def _wanted(function: Any) -> bool:
    from tests.saboteur import in_rooms

    module = function.__module__
    own = module.startswith(("bot.channels.", "bot.pictures.")) or module in JOBS
    return own or in_rooms("handlers", "storage")(function)


def main() -> int:
    """Run the command line's command."""
    if "LOUD_OLD_WAYS" in os.environ:
        logging.basicConfig(level=logging.DEBUG)
    else:
        stray.silence(logging.DEBUG)
    logging.Logger.isEnabledFor = lambda _logger, _level: True  # type: ignore[assignment, method-assign]
    for name in ("bot.server", "bot.channels.telegram", "bot.token_store"):
        import_module(name)
    from bot import server
    from tests.saboteur import Saboteur

    server.JOB_AGAIN_SECONDS = 0.05
    saboteur = Saboteur(_wanted)
    for place, name, wrapped in list(saboteur.places()):
        setattr(place, name, wrapped)

    def arm(_signal: int, _frame: object) -> None:
        saboteur.armed = saboteur.stays = True

    signal.signal(signal.SIGUSR1, arm)
    from bot.__main__ import main as program

    return program(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
