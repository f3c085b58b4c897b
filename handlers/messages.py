"""The words every channel shares: Message in, Reply out.

A channel turns its platform's event into a `Message` and a `Reply` into its platform's calls.
Nothing here names a platform; what one allows (buttons, length) is that channel's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MAX_CHOICES = 5
"""More than five digits or buttons is a list nobody reads (chat manners, rule 3)."""

AttachmentKind = Literal["photo", "file", "voice", "video", "location", "contact", "sticker"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent beside the text, by reference: fetching it is a job outside the turn. A
    location's reference is "LATITUDE,LONGITUDE" in degrees."""

    kind: AttachmentKind
    reference: str
    name: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One event of one person on one channel.

    `account` is the bot's own account there, `sender` the person's id there, `event_id` the
    platform's id of this event, unique per (channel, account) or, on the web, per sender. `choice`
    is the id of the choice tapped, exactly as it was offered. `at` is aware, UTC. Messages of one
    `group` were sent as one (an album).
    """

    channel: str
    account: str
    sender: str
    event_id: str
    at: datetime
    text: str = ""
    choice: str | None = None
    attachments: tuple[Attachment, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to tap, to type as its number, or to type as its label."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says: a text and at most `MAX_CHOICES` choices."""

    text: str
    choices: tuple[Choice, ...] = ()
