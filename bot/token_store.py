"""Zalo OA's tokens on storage, sealed with a key made of the app's secret."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from functools import partial

from cryptography.fernet import Fernet, InvalidToken

from bot.channels.zalo_oa_tokens import State, Tokens
from bot.engine import Engine
from storage import leases, tokens

STATES: tuple[State, ...] = ("good", "refreshing", "doubtful", "dead")


def seal_of(app_secret: str) -> Fernet:
    """What seals an app's tokens, and the secrets of links that will give some."""
    digest = hashlib.sha256(b"chung-suc tokens " + app_secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


class StoredTokens:
    """Implements `TokenStore` for one OA."""

    def __init__(self, engine: Engine, account: str, app_secret: str) -> None:
        self._seal = seal_of(app_secret)
        self._engine = engine
        self._name = f"zalo_oa:{account}"

    async def load(self) -> Tokens | None:
        """What is stored. What another app secret sealed is a dead grant of no known seed: the row
        stands, and a refresh token from the settings begins a new grant in its place."""
        pair = await self._engine.read(partial(tokens.load, name=self._name))
        if pair is None:
            return None
        told = asdict(pair)
        try:
            access, refresh = (
                self._seal.decrypt(told[part].encode()).decode() for part in ("access", "refresh")
            )
        except InvalidToken:
            return Tokens(**{**told, "access": "", "refresh": "", "state": "dead", "seed": ""})
        state: State = next(one for one in STATES if one == pair.state)
        return Tokens(**{**told, "access": access, "refresh": refresh, "state": state})

    async def save(self, new: Tokens, after: int) -> bool:
        """Store if the stored generation is still `after`; durable on return."""
        access, refresh = (
            self._seal.encrypt(one.encode()).decode() for one in (new.access, new.refresh)
        )
        pair = tokens.Pair(
            access, refresh, new.refresh_at, new.expires_at, new.generation, new.state, new.seed
        )
        return await self._engine.write(
            partial(tokens.save, name=self._name, pair=pair, after=after)
        )

    async def lease(self, holder: str, seconds: float) -> bool:
        """Take the right to refresh if nobody else holds it."""
        return await self._engine.write(
            partial(leases.take, name=self._name, holder=holder, seconds=seconds)
        )

    async def release(self, holder: str) -> None:
        """Give it back, if still held."""
        await self._engine.write(partial(leases.release, name=self._name, holder=holder))
