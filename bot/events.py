"""What a platform's channel hands over: a message, or one of the small things told besides.

Each can be written down as JSON and read again, for the spool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from handlers.messages import Attachment, Message


@dataclass(frozen=True, slots=True)
class Unread:
    """A genuine body nobody can read, to be kept for a person; the key tells a repeat."""

    channel: str
    key: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Why nothing has reached a person since `at`, "" when he can be written to again."""

    channel: str
    account: str
    sender: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A human operator talks to a person: the bot keeps silent until then."""

    channel: str
    account: str
    sender: str
    until: datetime


Event = Message | Unread | Reach | Pause


def told(event: Event) -> dict[str, Any]:
    """The event as JSON, under its kind's name."""
    fields = asdict(event)
    if isinstance(event, Message | Reach):
        fields["at"] = event.at.isoformat()
    if isinstance(event, Pause):
        fields["until"] = event.until.isoformat()
    return {type(event).__name__.lower(): fields}


def read(entry: Mapping[str, Any]) -> Event:
    """What `told` wrote; other keys are left. Raises KeyError, TypeError, ValueError."""
    if "unread" in entry:
        return Unread(**entry["unread"])
    if "reach" in entry:
        fields = entry["reach"]
        return Reach(**{**fields, "at": datetime.fromisoformat(fields["at"])})
    if "pause" in entry:
        fields = entry["pause"]
        return Pause(**{**fields, "until": datetime.fromisoformat(fields["until"])})
    fields = entry["message"]
    attachments = tuple(Attachment(**one) for one in fields["attachments"])
    at = datetime.fromisoformat(fields["at"])
    return Message(**{**fields, "at": at, "attachments": attachments})
