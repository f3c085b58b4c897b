"""Logging: one JSON object a line, ids only; what people write, names and numbers never enter."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.clock import Clock


class _StandardError:
    """Standard error as it is at the moment of writing: tests put others in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up(clock: Clock, *, rehearsing: bool) -> None:
    """Log to standard error. While the clock is a rehearsal's, every line says so."""

    def stamp(
        _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["at"] = clock().isoformat(timespec="milliseconds")
        if rehearsing:
            event["rehearsal_clock"] = True
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]
    )


# What is logged before the settings are read must be no other kind of line.
set_up(lambda: datetime.now(UTC), rehearsing=False)
