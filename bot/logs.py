"""Logging: one JSON object a line, ids only; what people write, names and numbers never enter."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bot.clock import Clock


def set_up(clock: Clock, *, rehearsing: bool) -> None:
    """Log to standard error. While the clock is a rehearsal's, every line says so."""

    def stamp(
        _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["at"] = clock().isoformat(timespec="milliseconds")
        if rehearsing:
            event["rehearsal_clock"] = True
        return event

    # The libraries' INFO lines would name addresses that hold tokens.
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
