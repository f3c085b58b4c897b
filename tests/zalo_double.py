"""What the tests of the Zalo channels share: stores of tokens, media in memory, an OA to send."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.channels.platform import Outcome
from bot.channels.zalo_oa import ZaloOa
from bot.channels.zalo_oa_oauth import OAuth
from bot.channels.zalo_oa_tokens import TokenKeeper, Tokens, TokenStore
from bot.errors import StorageAway
from bot.fetching import Fetcher
from bot.http_client import make_client
from tests.conftest import HandClock
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, FIRST_REFRESH, OA_ID, FakeZaloOa
from tests.fakes.zalo_oa_people import Person

KINDS = [
    {"id": "Zm9vYmFyYmF6.1", "label": "Góp tiền"},
    {"id": "Zm9vYmFyYmF6.2", "label": "Ngày công"},
]


class MemoryTokens:
    """A token store in memory, and what was asked of it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.tokens: Tokens | None = None
        self.pairs: list[Tokens] = []
        self.away = 0
        """The next so many saves fail."""
        self.dies_at: int | None = None
        """The save of this generation's pair never happens: the process is gone."""
        self._holder, self._until = "", now()

    async def load(self) -> Tokens | None:
        return self.tokens

    async def save(self, tokens: Tokens, after: int) -> bool:
        if self.away:
            self.away -= 1
            raise StorageAway
        if tokens.generation == self.dies_at:
            raise SystemExit("killed")
        if (self.tokens.generation if self.tokens else -1) != after:
            return False
        if tokens.access and tokens.generation > after:
            self.pairs.append(tokens)
        self.tokens = tokens
        return True

    async def lease(self, holder: str, seconds: float) -> bool:
        if self._holder not in {"", holder} and self._now() < self._until:
            return False
        self._holder, self._until = holder, self._now() + timedelta(seconds=seconds)
        return True

    async def release(self, holder: str) -> None:
        if self._holder == holder:
            self._holder = ""


class FileTokens(MemoryTokens):
    """The same, kept in a file as a restart would find it."""

    def __init__(self, now: Callable[[], datetime], path: Path) -> None:
        super().__init__(now)
        self._path = path

    async def load(self) -> Tokens | None:
        if not self._path.exists():
            return None
        kept = json.loads(self._path.read_text())
        for name in ("refresh_at", "expires_at"):
            kept[name] = datetime.fromisoformat(kept[name])
        self.tokens = Tokens(**kept)
        return self.tokens

    async def save(self, tokens: Tokens, after: int) -> bool:
        saved = await super().save(tokens, after)
        if saved:
            self._path.write_text(json.dumps(asdict(tokens), default=lambda at: at.isoformat()))
        return saved


class Shelf:
    """Media in memory."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes] = {}
        self.files: dict[str, tuple[str, bytes]] = {}

    async def picture(self, media_id: str, most: int) -> bytes | None:
        found = self.pictures.get(media_id)
        return found if found is not None and len(found) <= most else None

    async def file(self, media_id: str, most: int) -> tuple[str, bytes] | None:
        return self.files.get(media_id)


async def no_sleep(_seconds: float) -> None:
    """A sleep that only lets others run."""


@dataclass
class Rig:
    """An OA, its fake and what lies between them."""

    fake: FakeZaloOa
    oa: ZaloOa
    keeper: TokenKeeper
    store: MemoryTokens
    shelf: Shelf
    clock: HandClock
    base: str


def keeper_of(
    base: str,
    store: TokenStore,
    clock: HandClock,
    *,
    first: str = FIRST_REFRESH,
    sleep: Callable[[float], Awaitable[None]] = no_sleep,
    client: httpx.AsyncClient | None = None,
) -> TokenKeeper:
    """A replica's keeper of tokens."""
    # Where nobody closes one, nothing stays open.
    oauth = OAuth(client or make_client(keep=0), base, APP_ID, APP_SECRET)
    return TokenKeeper(store, oauth.refresh, clock, first=first, sleep=sleep)


@asynccontextmanager
async def rig(
    clock: HandClock, fake: FakeZaloOa | None = None, store: MemoryTokens | None = None
) -> AsyncIterator[Rig]:
    """A rig with an OA that has refreshed nothing yet."""
    fake, store, shelf = fake or FakeZaloOa(clock), store or MemoryTokens(clock), Shelf()
    async with fake.serve() as base:
        client = make_client()
        keeper = keeper_of(base, store, clock, client=client)
        fetcher = Fetcher(["zdn.vn"], own=base)
        card = "https://example.gov.vn/logo.png"
        oa = ZaloOa(OA_ID, make_client(), base, keeper, fetcher, shelf, clock, card_picture=card)
        yield Rig(fake, oa, keeper, store, shelf, clock, base)
        await oa.close()
        await client.aclose()


@asynccontextmanager
async def followed(clock: HandClock) -> AsyncIterator[Rig]:
    """A rig whose first person follows the OA."""
    async with rig(clock) as made:
        made.fake.people.follows(pao(made))
        yield made


def pao(oa: Rig) -> Person:
    return oa.fake.people.person(1)


async def say(
    oa: Rig, text: str, choices: list[dict[str, str]] | None = None, **more: Any
) -> Outcome:
    return await oa.oa.send(pao(oa).user_id, {"text": text, "choices": choices or [], **more})
