"""Zalo's page on which an administrator of an Official Account lets an app act for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

PERMISSION = "/v4/oa/permission"
LIFE = timedelta(minutes=10)


class Refused(Exception):
    """The page shows an error and no consent can be given."""


class Codes:
    """The codes of one app. `callback` is the address saved with it, "" for any."""

    def __init__(self, app_id: str, oa_id: str, now: Callable[[], datetime]) -> None:
        self._app_id, self._oa_id, self._now = app_id, oa_id, now
        self.callback = ""
        self._waiting: dict[str, tuple[str, datetime, str]] = {}

    def consent(self, link: str, *, oa_id: str = "") -> str:
        """An administrator opens the link and agrees, for `oa_id` if it is another account: where
        his browser is sent. Raises Refused."""
        parts = urlsplit(link)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != PERMISSION or asked.get("app_id") != self._app_id:
            raise Refused(-14002)
        if self.callback not in ("", asked["redirect_uri"]):
            raise Refused(-14003)
        code = secrets.token_urlsafe(64)
        whose = oa_id or self._oa_id
        self._waiting[code] = (asked["code_challenge"], self._now() + LIFE, whose)
        told = {"code": code, "oa_id": whose}
        told |= {"state": asked["state"]} if "state" in asked else {}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def take(self, code: str, verifier: str) -> str:
        """Whose consent a code is, "" if it is not good with the secret of its challenge; it works
        once."""
        challenge, until, whose = self._waiting.pop(code, ("", self._now(), ""))
        digest = hashlib.sha256(verifier.encode()).digest()
        own = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return whose if challenge == own and self._now() < until else ""
