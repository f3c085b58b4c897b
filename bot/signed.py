"""Short-lived public addresses for what a platform cannot be handed: signed, nothing is stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

LIFE = timedelta(minutes=30)
"""Zalo Bot fetches a picture itself, within seconds; a person taps soon. A link seen later opens
nothing."""


class Signed:
    """Addresses under one path. What is meant is a text without "-"."""

    def __init__(
        self, base: str, secret: str, now: Callable[[], datetime], path: str, ending: str
    ) -> None:
        """`base` is the public address of this site; `path` "/pictures/", `ending` ".jpg"."""
        self._base, self._path, self._ending, self._now = base, path, ending, now
        self._key = hashlib.sha256(f"chung-suc {path.strip('/')} {secret}".encode()).digest()

    def of(self, meant: str) -> str | None:
        """An address good for `LIFE`; None while the site has no public one."""
        if not self._base.startswith("https://"):
            return None
        until = int((self._now() + LIFE).timestamp())
        name = f"{meant}-{until}-{self._mac(meant, until)}"
        return f"{self._base}{self._path}{name}{self._ending}"

    def meant(self, name: str) -> str | None:
        """What an address's name means, None for one that is forged or too old."""
        meant, _, rest = name.partition("-")
        until, _, mac = rest.partition("-")
        if not (until.isascii() and until.isdecimal() and len(until) < 12):
            return None
        right = hmac.compare_digest(mac.encode(), self._mac(meant, int(until)).encode())
        return meant if right and int(until) >= self._now().timestamp() else None

    def _mac(self, meant: str, until: int) -> str:
        told = f"{meant}-{until}".encode()
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()[:32]
