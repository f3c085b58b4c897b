"""The client for calls to platforms: no proxy of the environment, no redirects, nothing in logs.

A platform's token stands in its headers or its address, and httpx and httpcore log both.
"""

from __future__ import annotations

import logging
import ssl
from functools import cache

import httpx

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20
CONNECTIONS = 100
NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL,
    UnicodeEncodeError,
)  # fmt: skip
"""Faults of a call that surely did not go out: no connection, or no request could be made."""


@cache
def _trusted() -> ssl.SSLContext:
    """The usual authorities, read once: it takes longer than many a call."""
    return httpx.create_ssl_context(trust_env=False)


def make_client(
    *,
    answer_seconds: float = ANSWER_SECONDS,
    keep: int = CONNECTIONS,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client; `keep` connections stay open between calls."""
    if transport is None and keep:
        from bot.http_transport import AiohttpTransport

        transport = AiohttpTransport(_trusted(), keep)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=transport,
        verify=_trusted(),
        timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=keep),
        follow_redirects=False,
        trust_env=False,
    )
