"""Reads a request's body as strict JSON: bounded, UTF-8, one object, nothing that storage cannot
hold.

Whatever a stranger sends ends in a value or in one of the exceptions here, never in another one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Never

from starlette.types import Receive, Scope

MAX_BODY = 1024 * 1024
"""Bytes; the limit `contracts.md` gives to every body that comes in."""
READ_SECONDS = 10.0
"""For a whole body, however slowly it drips; it is no larger than a page of words."""


class BodyTooLarge(Exception):
    """The body is over the limit, as declared or as counted."""


class BodyTooSlow(Exception):
    """The body was not whole in time."""


class ClientGone(Exception):
    """The other side hung up before its body was whole: there is nobody to answer."""


class NotAnObject(ValueError):
    """The bytes are not UTF-8, not JSON (NaN and Infinity are not), too deep, or not one object."""


async def read_body(scope: Scope, receive: Receive, limit: int = MAX_BODY) -> bytes:
    """The whole body; raises as `read_chunks`."""
    body = bytearray()  # grows in place: a body sent byte by byte must not cost its square
    async for chunk in read_chunks(scope, receive, limit, READ_SECONDS, READ_SECONDS):
        body += chunk
    return bytes(body)


async def read_chunks(
    scope: Scope, receive: Receive, limit: int, silent: float, whole: float
) -> AsyncIterator[bytes]:
    """The body as it comes; raises `ClientGone`, `BodyTooLarge` once that is known, whatever
    Content-Length says, and `BodyTooSlow` after so many seconds without a byte or in all."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > limit:
            raise BodyTooLarge
    loop = asyncio.get_running_loop()
    size, end = 0, loop.time() + whole
    while True:
        try:
            async with asyncio.timeout_at(min(end, loop.time() + silent)):
                event = await receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if event["type"] == "http.disconnect":
            raise ClientGone
        chunk = event.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        yield chunk
        if not event.get("more_body", False):
            return


def _refuse_constant(name: str) -> Never:
    raise NotAnObject(name)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_object(raw: bytes) -> dict[str, object]:
    """The JSON object in `raw`; raises `NotAnObject`."""
    try:
        value = _decoder.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as fault:  # ValueError: also bad UTF-8 and endless integers
        raise NotAnObject(type(fault).__name__) from None
    if not isinstance(value, dict):
        raise NotAnObject(type(value).__name__)
    return value


def is_text(value: object) -> bool:
    """Whether `value` is text that can be written as UTF-8 (JSON's \\ud800 alone cannot)."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
