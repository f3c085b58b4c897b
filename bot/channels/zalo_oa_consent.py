"""An administrator's consent, given anew: a link to Zalo's page and what comes back from there.

The link is made by a command, works once and for ten minutes. Zalo sends the administrator's
browser back with a code; only with the link's own secret (PKCE) does that code give tokens.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.channels.zalo_oa_oauth import Granted, NotAsked, NotKnown, Refused
from bot.console import pages
from bot.errors import StorageAway

PATH = "/zalo/oa/authorise/callback"
PERMISSION = "/v4/oa/permission"
COMMAND = "python -m bot authorise"
"""What an operator is told to run when consent is needed."""
MOST = 2_000
"""Characters of a parameter; a code has some hundred."""
Known = Literal["good", "unknown", "spent", "expired"]
STATUS = {"done": 200, "away": 503, "unreached": 502, "unclear": 502, "refused": 502,
          "unchecked": 200}  # fmt: skip
"""Of the page that says so; 400 for whatever lies with the link."""

log = structlog.get_logger()


class Links(Protocol):
    """The links made for one OA; both may raise StorageAway."""

    async def look(self, state: str) -> Known:
        """What the link with this state is still worth."""

    async def spend(self, state: str) -> str | None:
        """Its secret, given once; None when it is no longer good."""


def link(base: str, app_id: str, callback: str, state: str, verifier: str) -> str:
    """Zalo's page on which an administrator consents."""
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    query = {
        "app_id": app_id, "redirect_uri": callback, "code_challenge": challenge, "state": state,
    }  # fmt: skip
    return f"{base.rstrip('/')}{PERMISSION}?{urlencode(query)}"


class Consent:
    """Takes what comes back for one OA."""

    def __init__(
        self,
        account: str,
        links: Links,
        exchange: Callable[[str, str], Awaitable[Granted]],
        whose: Callable[[str], Awaitable[str]],
        adopt: Callable[[Granted], Awaitable[None]],
    ) -> None:
        """`exchange` gives the pair for a code and its link's secret, `whose` the account an access
        token is for, "" when Zalo does not say, `adopt` stores the pair."""
        self._account, self._links = account, links
        self._exchange, self._whose, self._adopt = exchange, whose, adopt

    async def take(self, state: str, account: str, code: str) -> str:
        """What came of it, as a key of `authorise.yaml`."""
        try:
            known = await self._links.look(state)
            if known != "good":
                return known
            # The link stays good: he may choose the right account, or agree, at a second try.
            if account != self._account:
                return "wrong_account"
            if not code:
                return "no_code"
            verifier = await self._links.spend(state)
        except StorageAway:
            return "away"
        if verifier is None:
            return "spent"
        try:
            granted = await self._exchange(code, verifier)
        except NotAsked:
            return "unreached"
        except NotKnown:
            return "unclear"
        except Refused:
            return "refused"
        # What the browser brought may have been changed on the way; the pair itself tells.
        whose = await self._whose(granted.access)
        if whose not in (self._account, ""):
            return "another_s"
        # The pair before it died with the exchange: one that Zalo says nothing of is kept too.
        await self._adopt(granted)
        return "done" if whose else "unchecked"


def route(consent: Consent, *, secure: bool) -> Route:
    """`GET` alone: a `HEAD`, as link checkers send, must not spend the link."""
    words = pages.sentences("authorise")

    async def callback(request: Request) -> Response:
        if request.method != "GET":
            return Response(status_code=405)
        came = await consent.take(*(_one(request, name) for name in ("state", "oa_id", "code")))
        if came != "done":
            log.warning("zalo_oa_consent_not_taken", why=came)
        html = pages.render("notice.html", title=words["title"], text=words[came])
        return HTMLResponse(html, STATUS.get(came, 400), pages.page_headers(secure=secure))

    return Route(PATH, callback, methods=["GET"])


def _one(request: Request, name: str) -> str:
    """A parameter that is there once and of a sensible length, else ""."""
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 and len(values[0]) <= MOST else ""
