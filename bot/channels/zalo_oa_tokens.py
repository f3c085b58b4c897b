"""Zalo OA's tokens: an access token for a day, and a refresh token that works once.

Every refresh gives a new pair and kills the old one; a pair that is lost can only be replaced by an
administrator's consent. So one process refreshes at a time (a lease), the pair is stored before its
first use, and "a refresh has begun" is stored before the call: who finds that mark without a pair
knows that a pair may be lost, calls a person at once, and tries the old token again only when
nothing else is left.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

import structlog

from bot.channels.zalo_oa_oauth import Granted, NotAsked, NotKnown, Refused
from bot.errors import StorageAway

State = Literal["good", "refreshing", "doubtful", "dead"]
LEASE = timedelta(seconds=45)
"""Three times what a refresh may take; a crash is noticed after it."""
WAIT = 0.5
"""Seconds between two looks while another process refreshes."""
AGAIN = timedelta(minutes=1)
"""Before another try once a refresh has failed without harm, or when nothing is left to lose."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is stored of one OA's grant; the two tokens are to be encrypted at rest.

    `generation` counts pairs. "refreshing": a refresh has begun; "doubtful": it ended with no one
    knowing whether Zalo took it; "dead": Zalo refused it, only a new consent helps. `seed` is the
    SHA-256 of the refresh token from the settings that this grant began with.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    refresh_at: datetime
    expires_at: datetime
    generation: int
    state: State
    seed: str


class TokenStore(Protocol):
    """One OA's tokens on storage, shared by all replicas. May raise StorageAway."""

    async def load(self) -> Tokens | None:
        """What is stored."""

    async def save(self, tokens: Tokens, after: int) -> bool:
        """Store if the stored generation is still `after` (-1: nothing is stored); durable on
        return. False if another pair has come since: the fence against a holder long asleep.
        """

    async def lease(self, holder: str, seconds: float) -> bool:
        """Take the right to refresh if nobody else holds it or his time is over."""

    async def release(self, holder: str) -> None:
        """Give it back, if still held."""


class NoToken(Exception):
    """There is no usable token. `consent`: an administrator must grant again; else try later."""

    def __init__(self, *, consent: bool) -> None:
        super().__init__("consent needed" if consent else "no token now")
        self.consent = consent


class TokenKeeper:
    """Gives the access token, refreshing it in time. One per process and OA."""

    def __init__(
        self,
        store: TokenStore,
        ask: Callable[[str], Awaitable[Granted]],
        now: Callable[[], datetime],
        *,
        first: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`ask` spends a refresh token; `first` is the one from the settings."""
        self._store, self._ask, self._now, self._sleep = store, ask, now, sleep
        self._first = first
        self._seed = hashlib.sha256(first.encode()).hexdigest()
        self._holder = secrets.token_hex(8)
        self._tokens: Tokens | None = None
        self._again: datetime | None = None
        self._one = asyncio.Lock()
        self.alarm = ""
        """Why a person must look: "consent_needed" or "refresh_unfinished"; "" when all is well."""

    async def adopt(self, granted: Granted) -> None:
        """Go on with the pair of a new consent, whatever became of the one before: stored before
        its first use, however long storage is away, for nowhere else does it exist."""
        saved = False
        while not saved:
            try:
                before = await self._store.load()
                after = before.generation if before is not None else -1
                pair = self._pair(granted, after + 1, self._seed)
                saved = await self._store.save(pair, after)
            except StorageAway:
                await self._sleep(WAIT)
        self._tokens, self._again, self.alarm = pair, None, ""
        log.info("zalo_oa_consented", generation=pair.generation, seconds=granted.seconds)

    async def access(self, refused: str = "") -> str:
        """The access token; `refused` is one that Zalo has just not taken. Raises NoToken,
        StorageAway.
        """
        tokens = self._tokens
        if tokens is not None and self._usable(tokens, refused) and self._now() < tokens.refresh_at:
            return tokens.access
        async with self._one:
            tokens = await self._current()
            if not self._due(tokens, refused):
                return tokens.access
            try:
                tokens = await self._refreshed(refused)
            except NoToken:
                tokens = self._tokens or tokens
                if not self._usable(tokens, refused):
                    raise
            return tokens.access

    def _usable(self, tokens: Tokens, refused: str) -> bool:
        return tokens.access not in {"", refused} and self._now() < tokens.expires_at

    def _due(self, tokens: Tokens, refused: str) -> bool:
        if not self._usable(tokens, refused):
            return True
        # A grant in doubt is left alone while its access token still works.
        return tokens.state in {"good", "refreshing"} and self._now() >= tokens.refresh_at

    async def _current(self) -> Tokens:
        """What is stored, begun from the settings' token if that is newer. Raises NoToken."""
        tokens = await self._store.load()
        over = tokens is None or (
            tokens.state in {"doubtful", "dead"} and tokens.seed != self._seed
        )
        if over and self._first:
            after = tokens.generation if tokens is not None else -1
            now = self._now()
            fresh = Tokens("", self._first, now, now, after + 1, "good", self._seed)
            await self._store.save(fresh, after)
            self._again = None
            tokens = await self._store.load()
        if tokens is None:
            self._sound("consent_needed")
            raise NoToken(consent=True)
        self._tokens = tokens
        if tokens.state == "good" and tokens.access:
            self.alarm = ""
        return tokens

    async def _refreshed(self, refused: str) -> Tokens:
        """A new pair, ours or another process's. Raises NoToken."""
        while not await self._store.lease(self._holder, LEASE.total_seconds()):
            if not self._due(tokens := await self._current(), refused):
                return tokens
            if self._usable(tokens, refused):
                # Another process is at it, in good time: nobody need wait for the new pair.
                return tokens
            await self._sleep(WAIT)
        try:
            tokens = await self._current()
            return await self._refresh(tokens, refused) if self._due(tokens, refused) else tokens
        finally:
            with suppress(StorageAway):
                await self._store.release(self._holder)

    async def _refresh(self, tokens: Tokens, refused: str) -> Tokens:
        if tokens.state == "dead":
            self._sound("consent_needed")
            raise NoToken(consent=True)
        if tokens.state == "refreshing":
            # Its holder is gone without a pair: Zalo may have answered him.
            tokens = await self._marked(tokens, "doubtful")
        if tokens.state == "doubtful":
            self._sound("refresh_unfinished")
            if self._usable(tokens, refused):
                return tokens
        if self._again is not None and self._now() < self._again:
            raise NoToken(consent=False)
        tokens = await self._marked(tokens, "refreshing")
        return await self._spent(tokens)

    async def _spent(self, tokens: Tokens) -> Tokens:
        """Spend the refresh token and store what comes of it. Raises NoToken."""
        self._again = self._now() + AGAIN
        try:
            granted = await self._ask(tokens.refresh)
        except NotAsked:
            await self._marked(tokens, "good")
            raise NoToken(consent=False) from None
        except NotKnown:
            await self._marked(tokens, "doubtful")
            self._sound("refresh_unfinished")
            raise NoToken(consent=False) from None
        except Refused:
            await self._marked(tokens, "dead")
            self._sound("consent_needed")
            raise NoToken(consent=True) from None
        pair = self._pair(granted, tokens.generation + 1, tokens.seed)
        if not await self._kept(pair):
            log.error("zalo_oa_pair_superseded", generation=pair.generation)
            raise NoToken(consent=False)
        # A pair that is refused at once is not helped by another one at once: `_again` stays.
        self._tokens, self.alarm = pair, ""
        log.info("zalo_oa_refreshed", generation=pair.generation, seconds=granted.seconds)
        return pair

    def _pair(self, granted: Granted, generation: int, seed: str) -> Tokens:
        now, life = self._now(), timedelta(seconds=granted.seconds)
        refresh_at, expires_at = now + life / 2, now + life
        return Tokens(
            granted.access, granted.refresh, refresh_at, expires_at, generation, "good", seed
        )

    async def _kept(self, pair: Tokens) -> bool:
        """Store the pair, however long storage is away: nowhere else does it exist."""
        while True:
            try:
                return await self._store.save(pair, pair.generation - 1)
            except StorageAway:
                await self._sleep(WAIT)

    async def _marked(self, tokens: Tokens, state: State) -> Tokens:
        marked = replace(tokens, state=state)
        if not await self._store.save(marked, tokens.generation):
            raise NoToken(consent=False)
        self._tokens = marked
        return marked

    def _sound(self, alarm: str) -> None:
        if self.alarm != alarm:
            log.error("zalo_oa_alarm", why=alarm)
        self.alarm = alarm
