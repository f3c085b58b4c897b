"""Pictures and files as Zalo OA takes them: uploaded first, then sent by what the upload gave."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.channels.platform import Failed, Later, Pace, Unsure
from bot.channels.zalo_fields import text
from bot.channels.zalo_oa_bodies import MAX_FILE, MAX_IMAGE
from bot.channels.zalo_oa_calls import Calls, Refusal

Kind = Literal["picture", "file"]
KEPT = timedelta(days=6)
"""Zalo forgets an upload after seven days; a month allows only 5,000 of them."""
MOST = 5_000
_PATHS: dict[Kind, str] = {"picture": "/v2.0/oa/upload/image", "file": "/v2.0/oa/upload/file"}
_RESULTS: dict[Kind, str] = {"picture": "attachment_id", "file": "token"}


class Media(Protocol):
    """Where the program keeps media."""

    async def picture(self, media_id: str, most: int) -> bytes | None:
        """A picture as JPEG of at most `most` bytes; None when there is none."""

    async def file(self, media_id: str, most: int) -> tuple[str, bytes] | None:
        """A document's name and bytes, at most `most`; None when there is none."""


class Uploads:
    """Uploads each thing once and remembers what Zalo calls it."""

    def __init__(self, calls: Calls, media: Media, now: Callable[[], datetime]) -> None:
        self._calls, self._media, self._now = calls, media, now
        self._known: OrderedDict[tuple[Kind, str], tuple[str, datetime]] = OrderedDict()

    async def get(self, kind: Kind, media_id: str, pace: Pace) -> str | Refusal | None:
        """What to send it by; None when we no longer have it."""
        found = self._known.get((kind, media_id))
        if found is not None and self._now() - found[1] < KEPT:
            return found[0]
        content = await self._content(kind, media_id)
        if content is None:
            return None
        answer = await self._calls.post(_PATHS[kind], pace, files={"file": content})
        if isinstance(answer, Refusal):
            if isinstance(answer.outcome, Unsure):
                # Nobody sees an upload that is made twice.
                return Refusal(Later(5, answer.outcome.reason))
            return answer
        name = text(answer.get(_RESULTS[kind]), 1_000)
        if not name:
            return Refusal(Failed("upload_without_name"))
        self._known[kind, media_id] = (name, self._now())
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return name

    def forget(self, kind: Kind, media_id: str) -> None:
        """Zalo no longer knows it."""
        self._known.pop((kind, media_id), None)

    async def _content(self, kind: Kind, media_id: str) -> tuple[str, bytes, str] | None:
        if kind == "picture":
            picture = await self._media.picture(media_id, MAX_IMAGE)
            return None if picture is None else ("picture.jpg", picture, "image/jpeg")
        found = await self._media.file(media_id, MAX_FILE)
        return None if found is None else (*found, "application/octet-stream")
