"""Faults on request: each of the program's own functions fails once, quoting all it was given."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from handlers.messages import Message
from storage.delivery import Recipient, Row
from storage.people import Conversation, Person

ROOMS = ("bot", "handlers", "storage")
UNDERNEATH = {"storage.database", "storage.writer", "storage.upgrade", "storage.schema"}
"""What carries out every turn: when it fails, nothing was begun."""


class Quoting(Exception):
    """A fault as libraries raise them: with the values it is about."""


class Saboteur:
    """Wraps functions; `armed`, the next one that has not failed yet fails."""

    def __init__(self, wanted: Callable[[Any], bool], *, armed: bool = False) -> None:
        self.armed, self.stays = armed, armed
        self.failed: set[str] = set()
        self._wanted = wanted
        self._made: dict[Any, Any] = {}

    def places(self) -> Iterator[tuple[Any, str, Any]]:
        """(module or class, name, wrapped) for every place a wanted function is called by."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] not in ROOMS:
                continue
            for attribute, value in list(vars(module).items()):
                if inspect.isfunction(value) and self._wanted(value):
                    yield module, attribute, self.wrapped(value)
                elif inspect.isclass(value) and value.__module__ == name:
                    yield from self._methods(value)

    def _methods(self, kind: type) -> Iterator[tuple[Any, str, Any]]:
        for name, value in list(vars(kind).items()):
            if inspect.isfunction(value) and self._wanted(value) and not name.startswith("__"):
                yield kind, name, self.wrapped(value)

    def wrapped(self, function: Any) -> Any:
        """The function, failing when it is its turn."""
        if function in self._made:
            return self._made[function]
        name = f"{function.__module__}.{function.__qualname__}"

        def trip(given: tuple[Any, ...]) -> None:
            if self.armed and name not in self.failed:
                self.failed.add(name)
                self.armed = self.stays
                try:
                    raise ValueError(f"{name} does not take {_quoted(given)}")
                except ValueError as wrong:
                    raise Quoting(f"{name}: {_quoted(given)}") from wrong

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapper(*given: Any, **named: Any) -> Any:
                trip((*given, *named.values()))
                return await function(*given, **named)
        else:

            @functools.wraps(function)
            def wrapper(*given: Any, **named: Any) -> Any:
                trip((*given, *named.values()))
                return function(*given, **named)

        self._made[function] = wrapper
        return wrapper


def _quoted(given: tuple[Any, ...]) -> str:
    """What a turn was about, and the plain values; the plan alone would be a megabyte."""
    said = (getattr(one, "message", one) for one in given)
    plain = (str, bytes, int, list, tuple, dict, Message, Conversation, Person, Recipient, Row)
    return repr([one if isinstance(one, plain) else type(one).__name__ for one in said])


def in_rooms(*rooms: str) -> Callable[[Any], bool]:
    """Wants the functions of these packages, but for what carries out every turn."""

    def wanted(function: Any) -> bool:
        module = function.__module__
        return module.partition(".")[0] in rooms and module not in UNDERNEATH

    return wanted
