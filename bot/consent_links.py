"""The links by which an administrator consents anew: sealed, one at a time, ten minutes, once.

Their life is reckoned by the machine's clock: the command and the running program are two
processes, and in a rehearsal the clock of each began when it was started.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from cryptography.fernet import InvalidToken

from bot.channels.zalo_oa_calls import WITHOUT_TOKEN
from bot.channels.zalo_oa_consent import Known
from bot.channels.zalo_oa_events import CHANNEL
from bot.channels.zalo_oa_oauth import Granted
from bot.channels.zalo_oa_tokens import TokenKeeper
from bot.clock import Clock
from bot.engine import Engine
from bot.errors import StorageAway
from bot.token_store import seal_of
from storage import delivery, tokens
from storage.database import Tx

LIFE = timedelta(minutes=10)
"""As long as Zalo's own code lives."""
WAITING, SPENT = "waiting", "spent"


def make(tx: Tx, account: str, app_secret: str, now: datetime) -> tuple[str, str]:
    """A new link's state and secret; an earlier link is good no more."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    name = _name(account)
    sealed = seal_of(app_secret).encrypt(verifier.encode()).decode()
    saved = False
    while not saved:  # another link may be made at the same moment: the later one is good
        before = tokens.load(tx, name)
        after = before.generation if before is not None else -1
        pair = tokens.Pair(sealed, "", now, now + LIFE, after + 1, WAITING, _digest(state))
        saved = tokens.save(tx, name, pair, after=after)
    return state, verifier


class StoredLinks:
    """Implements `Links` for one OA."""

    def __init__(self, engine: Engine, account: str, app_secret: str, now: Clock) -> None:
        self._engine, self._name, self._now = engine, _name(account), now
        self._seal = seal_of(app_secret)

    async def look(self, state: str) -> Known:
        """What the link with this state is still worth."""
        return await self._engine.read(
            partial(_look, name=self._name, state=state, now=self._now())
        )

    async def spend(self, state: str) -> str | None:
        """Its secret, given once; None when it is no longer good."""
        sealed = await self._engine.write(
            partial(_spend, name=self._name, state=state, now=self._now())
        )
        try:
            return None if sealed is None else self._seal.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None  # the app's secret was changed since


async def adopt(engine: Engine, keeper: TokenKeeper, granted: Granted) -> None:
    """Keep a new consent's tokens, and let what waited for them go out."""
    await keeper.adopt(granted)
    with suppress(StorageAway):  # it goes out all the same, only later
        await engine.write(partial(delivery.hurry, channel=CHANNEL, reasons=WITHOUT_TOKEN))
    engine.outgoing.set()


def _look(tx: Tx, name: str, state: str, now: datetime) -> Known:
    link = tokens.load(tx, name)
    if link is None or not secrets.compare_digest(link.seed, _digest(state)):
        return "unknown"
    if link.state != WAITING:
        return "spent"
    return "expired" if link.expires_at <= now else "good"


def _spend(tx: Tx, name: str, state: str, now: datetime) -> str | None:
    link = tokens.load(tx, name)
    if link is None or _look(tx, name, state, now) != "good":
        return None
    taken = tokens.spend(tx, name, link.seed, state=WAITING, to=SPENT)
    return link.access if taken else None


def _name(account: str) -> str:
    return f"consent:zalo_oa:{account}"


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
