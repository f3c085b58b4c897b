"""Refuses requests that another site's page made a browser send (cross-site request forgery).

No tokens: the browser itself says where a request comes from. `Sec-Fetch-Site` is asked first
(Chrome 76, Firefox 90, Safari 16.4); browsers without it, and all browsers on plain http in a local
network, send `Origin`, which must then name the host that was asked. A request with neither header
comes from no browser page, and carries no one's cookie by accident (the cookies are SameSite as
well).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""These change nothing anywhere in the program (ASVS 3.5.3), so a link from another site may lead
to them.
"""

OWN_PAGES = frozenset({b"same-origin", b"none"})
"""`none` is the person himself: an address typed, a bookmark, a reload of a sent form."""


def is_cross_site(scope: Scope, trusted: Collection[str] = ()) -> bool:
    """Whether an HTTP request was started by a page of another origin.

    `trusted` lists origins (`https://host[:port]`) that are this site under another name, for a
    proxy that rewrites `Host`. A repeated header counts as hostile when any of its values is.
    """
    if scope["method"] in SAFE_METHODS:
        return False
    sites, origins, hosts = [], [], []
    for name, value in scope["headers"]:
        if name == b"sec-fetch-site":
            sites.append(value.strip().lower())
        elif name == b"origin":
            origins.append(value.decode("latin-1").strip().lower())
        elif name == b"host":
            hosts.append(value.decode("latin-1").strip().lower())
    if any(origin in trusted for origin in origins) and len(origins) == 1:
        return False
    if sites:
        return any(site not in OWN_PAGES for site in sites)
    return any(_host_of(origin) not in hosts for origin in origins)


def _host_of(origin: str) -> str:
    """`host[:port]` of an Origin header; an opaque or broken one ("null") has none and matches
    nothing.
    """
    try:
        return urlsplit(origin).netloc or "?"
    except ValueError:
        return "?"


class SameOrigin:
    """ASGI middleware around `is_cross_site`; `refuse` answers what is refused, default a bare 403.

    `exempt` lists path prefixes whose callers prove themselves otherwise (webhooks: a signature).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse: ASGIApp | None = None,
        exempt: Collection[str] = (),
        trusted: Collection[str] = (),
    ) -> None:
        self.app = app
        self.refuse = refuse or PlainTextResponse("403", status_code=403)
        self.exempt = tuple(exempt)
        self.trusted = frozenset(origin.lower().rstrip("/") for origin in trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and is_cross_site(scope, self.trusted)
            and not (self.exempt and scope["path"].startswith(self.exempt))
        ):
            await self.refuse(scope, receive, send)
        else:
            await self.app(scope, receive, send)
