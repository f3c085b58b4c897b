"""Who a browser is: a random cookie, of which the rest of the program only ever sees a hash.

The cookie is the person's only proof on the web, so it never leaves this file in readable form: not
to storage, not to a log.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from starlette.types import Scope

TOKEN_BYTES = 32
TOKEN = "[A-Za-z0-9_-]{43}"  # noqa: S105 - the shape of 32 bytes in base64url, not a secret
KEPT_SECONDS = 180 * 24 * 3600
"""From the last visit of the page, which renews it: half a year spans two harvests."""


class Identity:
    """Reads and writes the cookie; `secure` when people come over https."""

    def __init__(self, *, secure: bool) -> None:
        # The prefix makes browsers refuse the cookie from a subdomain or over http (ASVS 3.3.3).
        self.name = "__Host-chung_suc" if secure else "chung_suc"
        self._attributes = f"Max-Age={KEPT_SECONDS}; Path=/; HttpOnly; SameSite=Lax"
        if secure:
            self._attributes += "; Secure"
        self._pattern = re.compile(rf"(?:^|;)[ \t]*{self.name}=({TOKEN})[ \t]*(?:;|\Z)".encode())

    def token(self, scope: Scope) -> bytes | None:
        """The token of the request's cookie, or None when it is absent or malformed."""
        for name, value in scope["headers"]:
            if name == b"cookie" and (found := self._pattern.search(value)):
                return bytes(found.group(1))
        return None

    def sender(self, scope: Scope) -> str | None:
        """The person's id: SHA-256 of the token, 64 hex digits; None without a cookie."""
        token = self.token(scope)
        return hashlib.sha256(token).hexdigest() if token is not None else None

    def set_cookie(self, scope: Scope) -> str:
        """The page's Set-Cookie header: the same token for another half year, or a new person."""
        token = self.token(scope)
        kept = token.decode("ascii") if token else secrets.token_urlsafe(TOKEN_BYTES)
        return f"{self.name}={kept}; {self._attributes}"
