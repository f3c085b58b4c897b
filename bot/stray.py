"""Stray words: what libraries log, and what Python prints of a fault nobody caught.

None of it is passed on. Libraries quote addresses that hold tokens, statements with their values,
faults with what people wrote; at which level depends on their version. Of each there is one line
that says who spoke, from which place, about which kind of fault: what was said stands there in the
library's own source.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO

from bot import faults


def silence(level: int = logging.WARNING) -> None:
    """For the rest of this process. To be called before anything that may speak."""
    logging.root.handlers = [_Told()]
    logging.root.setLevel(level)
    # A record that cannot be written would be printed with all that is in it.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda args: _say_fault("unraisable", args.exc_value)
    threading.excepthook = lambda args: _say_fault("thread_ended", args.exc_value)
    warnings.showwarning = _warned


class _Told(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        where = f"{PurePath(record.pathname).name}:{record.lineno}"
        told = {"fault": faults.told(fault)} if fault is not None else {}
        _say(record.levelno, "library", logger=record.name, where=where, **told)


def _uncaught(
    kind: type[BaseException], fault: BaseException, _trace: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _say_fault("uncaught", fault)


def _say_fault(event: str, fault: BaseException | None) -> None:
    if not isinstance(fault, SystemExit):
        _say(logging.ERROR, event, fault=faults.told(fault) if fault is not None else "unknown")


def _warned(
    message: Warning | str,  # quotes whatever it is about
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(logging.WARNING, "warning", kind=category.__name__,
         where=f"{PurePath(filename).name}:{lineno}")  # fmt: skip


def _say(level: int, event: str, **told: Any) -> None:
    # Loaded when there is something to say: it takes longer than a small command.
    import structlog

    from bot import logs as logs

    structlog.get_logger().log(max(level, logging.DEBUG), event, **told)
