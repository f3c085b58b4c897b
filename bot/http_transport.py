"""httpx's calls over aiohttp's connections: a tenth of the work of httpx's own pool.

That one looks at every connection it holds for every call it makes. Whoever calls keeps httpx's
requests, answers and faults; no fault's text holds an address, for a token may stand in it.
"""

from __future__ import annotations

import ssl

import aiohttp
import httpx
from yarl import URL

MOST = 4 * 1024 * 1024
"""Bytes of an answer, unpacked; the platforms' own have some thousand."""
CHUNK = 64 * 1024
UNPACKED = {b"content-encoding", b"content-length"}
"""Headers that no longer say what is handed on."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """At most `connections` at a time, kept open between calls. Answers are read whole."""

    def __init__(self, trusted: ssl.SSLContext, connections: int) -> None:
        self._trusted, self._connections = trusted, connections
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx's faults: ConnectError and ConnectTimeout where nothing was sent."""
        content = await request.aread()
        try:
            async with self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=content or None,
                timeout=_limits(request),
                allow_redirects=False,
            ) as answer:
                body = await _read(answer)
        except aiohttp.ConnectionTimeoutError as fault:
            raise httpx.ConnectTimeout(type(fault).__name__, request=request) from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as fault:
            raise httpx.ConnectError(type(fault).__name__, request=request) from None
        except TimeoutError as fault:
            raise httpx.ReadTimeout(type(fault).__name__, request=request) from None
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            # ValueError: a header that cannot be written, an answer that is none, too long a one.
            raise httpx.ReadError(type(fault).__name__, request=request) from None
        headers = [one for one in answer.raw_headers if one[0].lower() not in UNPACKED]
        return httpx.Response(answer.status, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        # On the first call, for only then is there surely a loop.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._trusted),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body, unpacked. Raises ValueError over the limit."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > MOST:
            raise ValueError("answer too long")
    return bytes(body)


def _limits(request: httpx.Request) -> aiohttp.ClientTimeout:
    told = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        total=None,
        connect=told.get("pool"),
        sock_connect=told.get("connect"),
        sock_read=told.get("read"),
    )
