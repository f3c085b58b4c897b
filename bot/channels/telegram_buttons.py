"""What a button carries: the choice's id, or a digest of one too long for Telegram's 64 bytes.

A digest needs no table of its own: the outbox row the button came with still holds the id, so a tap
is looked up among the ids last sent to that person. Once the row is cleared the digest stays what
it is, an id nobody offers any more, and the conversation says that the button is old.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

MOST_DATA = 64
"""Bytes of callback_data; a Vietnamese letter takes up to three."""
MARK = "#"
"""No id of ours begins so: they are random letters, or "=" and what they type."""


def data_of(choice_id: str) -> str:
    """The callback_data of a choice."""
    raw = choice_id.encode()
    if len(raw) <= MOST_DATA and not choice_id.startswith(MARK):
        return choice_id
    return MARK + base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def is_digest(data: str) -> bool:
    """Whether it stands for an id that has to be looked up."""
    return data.startswith(MARK)


def find(data: str, offered: Iterable[str]) -> str | None:
    """The id a digest stands for among those offered, None when it is none of them."""
    return next((one for one in offered if data_of(one) == data), None)
