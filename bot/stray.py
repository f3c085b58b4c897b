"""Stray words: what libraries log, and what Python prints of a fault nobody caught.

None of it is passed on. Libraries quote addresses that hold tokens, statements with their values,
faults with what people wrote; at which level depends on their version. Of each there is one line
that says who spoke, from which place, about which kind of fault: what was said stands there in the
library's own source. Whatever cannot be said is dropped: a fault of ours must not come up inside a
library, in the middle of its work.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from contextlib import suppress
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
        with suppress(Exception):
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
    if isinstance(fault, SystemExit):
        return
    with suppress(Exception):
        _say(logging.ERROR, event, fault=faults.told(fault) if fault is not None else "unknown")


def _warned(
    message: Warning | str,  # quotes whatever it is about
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    with suppress(Exception):
        where = f"{PurePath(filename).name}:{lineno}"
        _say(logging.WARNING, "warning", kind=category.__name__, where=where)


def _say(level: int, event: str, **told: Any) -> None:
    # Loaded when there is something to say: it takes longer than a small command.
    import structlog

    from bot import logs as logs

    # Libraries have levels of their own, between those that have a name here.
    known = min(max(level // 10 * 10, logging.DEBUG), logging.CRITICAL)
    structlog.get_logger().log(known, event, **told)
