"""Pictures and files of ours on their way out to a platform, and their short-lived addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from bot.engine import Engine
from bot.errors import StorageAway
from bot.pictures import find, path
from bot.signed import Signed
from storage import media
from storage.media import Evidence

PATH = "/pictures/"


class KeptPictures:
    """The media folder as channels see it: by the attachment's id."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    async def picture(self, media_id: object, most: int = 10_000_000) -> bytes | None:
        """A picture as JPEG of at most `most` bytes, smaller if it must be; None when gone."""
        found = await self.find(media_id)
        for name in (found.sha256, found.thumb) if found is not None else ():
            content = await asyncio.to_thread(self._read, name, most) if name else None
            if content is not None:
                return content
        return None

    async def file(self, media_id: object, most: int) -> tuple[str, bytes] | None:
        """A document's name and bytes, at most `most`; None when there is none."""
        found = await self.find(media_id)
        if found is None or not found.sha256:
            return None
        content = await asyncio.to_thread(self._read, found.sha256, most)
        return None if content is None else (found.name or "tep", content)

    async def find(self, media_id: object) -> Evidence | None:
        """The kept attachment of an id as it stands in an outbox row."""
        if not str(media_id).isdecimal():
            return None
        return await self._engine.read(partial(media.get, attachment_id=int(str(media_id))))

    def _read(self, name: str, most: int) -> bytes | None:
        try:
            with path(self._folder, name).open("rb") as file:
                content = file.read(most + 1)
        except OSError:
            return None
        return content if len(content) <= most else None


class Addresses:
    """Public addresses of pictures, signed, for a platform that fetches them itself."""

    def __init__(self, base: str, secret: str, now: Callable[[], datetime]) -> None:
        """`base` is the public address of this site."""
        self._signed = Signed(base, secret, now, PATH, ".jpg")
        self.of = self._signed.of

    def route(self, pictures: KeptPictures, folder: Path) -> Route:
        """Serves what `of` gave out."""

        async def show(request: Request) -> Response:
            meant = self._signed.meant(request.path_params["name"])
            try:
                evidence = await pictures.find(meant) if meant is not None else None
            except StorageAway as away:
                return Response(status_code=503, headers={"Retry-After": str(away.retry_after)})
            file = await asyncio.to_thread(find, folder, evidence.sha256 if evidence else None)
            if file is None:
                return Response(status_code=404)
            headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
            return FileResponse(file, media_type="image/jpeg", headers=headers)

        return Route(f"{PATH}{{name}}.jpg", show)
