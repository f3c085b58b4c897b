"""What delivery and the media job need of a platform; each channel that calls one implements it.

A platform never retries by itself and never raises for what a platform can answer: it makes one
call, and says what came of it. When and whether to call again is delivery's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Body = Mapping[str, Any]
"""As in the outbox: {"text", "choices": [{"id", "label"}], "pictures"?: [media id, …],
"workbook"?: {"account", "year", "name", "otherwise"}}; `otherwise` is said where no file can go."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it; `reference` is its own id of the message, "" when it gave none."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It was surely not taken and may be tried again, no sooner than in `seconds`.

    `whole` tells whether the platform holds back the bot's every message or this person's alone.
    """

    seconds: float
    reason: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """The call went out and no answer came back: it may have been taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It will never be taken as it is. `unreachable`: nor will anything else to this person until
    he writes again. `alarm`: a person must look (a token, a package, a permission)."""

    reason: str
    unreachable: bool = False
    alarm: bool = False


LONGEST_WAIT = 3600.0
"""Seconds a platform's word may hold anything back; then it is asked again."""
Outcome = Sent | Later | Unsure | Failed
Pace = Callable[[], Awaitable[Later | None]]
"""Awaited before every call for a row but the first; with a `Later` the rest waits till then."""
Why = Literal["gone", "too_large", "not_allowed", "later"]


class NotFetched(Exception):
    """A file could not be had; `why` is "later" when another try may succeed."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


async def at_once() -> None:
    """The pace of who need not wait."""


def every_call(pace: Pace) -> Pace:
    """A row's pace as its every call awaits it, the first as well, which has had its turn."""
    begun = False

    async def turn() -> Later | None:
        nonlocal begun
        if not begun:
            begun = True
            return None
        return await pace()

    return turn


class Platform(Protocol):
    """One bot on one platform."""

    channel: str
    account: str

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        """Say one outbox row to a person, in as many of the platform's calls as it takes, each
        after the first at the `pace` given."""

    async def fetch(self, reference: str, most: int) -> bytes:
        """The bytes of something a person sent, at most `most`. Raises NotFetched."""

    async def close(self) -> None:
        """Let go of connections."""
