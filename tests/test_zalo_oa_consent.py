"""Consent given anew: a link that works once, for ten minutes, for this account alone."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from bot import consent_links
from bot.__main__ import main
from bot.channels import zalo_oa_consent
from bot.channels.zalo_oa_account import Accounts
from bot.channels.zalo_oa_consent import PATH, Consent, link
from bot.channels.zalo_oa_oauth import Granted, OAuth
from bot.channels.zalo_oa_tokens import NoToken, TokenKeeper
from bot.console import pages
from bot.engine import Engine
from bot.http_client import make_client
from bot.token_store import StoredTokens
from handlers.turn import World
from storage import tokens
from storage.database import Database, Tx
from storage.schema import outbox
from tests.conftest import START, Fresh, HandClock
from tests.fakes.zalo_consent import Refused
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_ID, OA_SECRET, FakeZaloOa
from tests.test_platforms import address, rows, running, settings, until
from tests.zalo_double import MemoryTokens, no_sleep

HERE = "https://bot.test"
WORDS = pages.sentences("authorise")
MINUTE = timedelta(minutes=1)


@dataclass
class Replica:
    """One process: its engine, its keeper of tokens, its page."""

    engine: Engine
    keeper: TokenKeeper
    page: httpx.AsyncClient

    async def open(self, address: str, method: str = "GET") -> str:
        """What the administrator's browser shows, as a key of the sentences."""
        parts = urlsplit(address)
        answer = await self.page.request(method, f"{parts.path}?{parts.query}")
        if method != "GET":
            return str(answer.status_code)
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        [key] = [key for key, text in WORDS.items() if key != "title" and text in answer.text]
        assert (answer.status_code == 200) == (key in {"done", "unchecked"})
        assert answer.status_code != 500
        return key


@dataclass
class Office:
    """A fake Zalo, a store and the replicas on it."""

    fake: FakeZaloOa
    base: str
    clock: HandClock
    replicas: list[Replica]

    def link(self) -> str:
        """What the command prints."""
        with self.replicas[0].engine.database.writing(self.clock()) as tx:
            state, verifier = consent_links.make(tx, OA_ID, APP_SECRET, self.clock())
        return link(self.base, APP_ID, f"{HERE}{PATH}", state, verifier)

    @property
    def exchanges(self) -> int:
        return self.fake.calls.count("refresh")


@asynccontextmanager
async def office(url: str, world: World, clock: HandClock, count: int = 1) -> AsyncIterator[Office]:
    fake, client = FakeZaloOa(clock), make_client(keep=0)
    fake.codes.callback = f"{HERE}{PATH}"
    async with fake.serve() as base:
        made = Office(fake, base, clock, [])
        for _ in range(count):
            engine = Engine(Database(url), world, clock)
            engine.attach(asyncio.get_running_loop())
            oauth = OAuth(client, base, APP_ID, APP_SECRET)
            store = StoredTokens(engine, OA_ID, APP_SECRET)
            keeper = TokenKeeper(store, oauth.refresh, clock, first="long spent", sleep=no_sleep)
            links = consent_links.StoredLinks(engine, OA_ID, APP_SECRET, clock)
            adopt = partial(consent_links.adopt, engine, keeper)
            whose = Accounts(client, base, no_sleep).of
            consent = Consent(OA_ID, links, oauth.exchange, whose, adopt)
            route = zalo_oa_consent.route(consent, secure=True)
            transport = httpx.ASGITransport(app=Starlette(routes=[route]))
            page = httpx.AsyncClient(transport=transport, base_url=HERE)
            made.replicas.append(Replica(engine, keeper, page))
        yield made
        for one in made.replicas:
            await one.page.aclose()
            one.engine.close()
    await client.aclose()


@pytest.fixture
async def here(fresh_url: Fresh, world: World, clock: HandClock) -> AsyncIterator[Office]:
    async with office(fresh_url("sqlite"), world, clock) as made:
        yield made


async def test_a_new_consent_ends_the_alarm_on_every_replica(
    database: Database, world: World, clock: HandClock
) -> None:
    url = database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    async with office(url, world, clock, count=2) as here:
        for one in here.replicas:
            with pytest.raises(NoToken):
                await one.keeper.access()
            assert one.keeper.alarm == "consent_needed"
        first, second = here.replicas
        assert await second.open(here.fake.codes.consent(here.link())) == "done"
        for one in (first, second):
            assert await one.keeper.access() == here.fake.grant.access
            assert one.keeper.alarm == ""
        clock.move(timedelta(hours=13))
        assert await first.keeper.access() == here.fake.grant.access
        assert not here.fake.grant.dead


async def test_one_of_many_callbacks_at_once_is_taken(
    database: Database, world: World, clock: HandClock
) -> None:
    url = database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    async with office(url, world, clock, count=2) as here:
        back = here.fake.codes.consent(here.link())
        came = await asyncio.gather(*(one.open(back) for one in here.replicas * 10))
        assert sorted(came) == ["done"] + ["spent"] * 19
        assert here.exchanges == 1
        assert await here.replicas[1].open(back) == "spent"
        assert await here.replicas[0].keeper.access() == here.fake.grant.access


def changed(address: str, **told: str | None) -> str:
    """A callback with parameters put in another's place, None: left out."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | told
    return parts._replace(
        query=urlencode({name: value for name, value in query.items() if value is not None})
    ).geturl()


@pytest.mark.parametrize("state", [None, "", "x", "A" * 43, "é\ud83d", "%00", "y" * 5_000])
async def test_a_forged_state_is_refused_and_costs_the_link_nothing(
    here: Office, state: str | None
) -> None:
    back = here.fake.codes.consent(here.link())
    forged = changed(back, state=state.encode("utf-8", "replace").decode() if state else state)
    assert await here.replicas[0].open(forged) == "unknown"
    assert here.exchanges == 0
    assert await here.replicas[0].open(back) == "done"


async def test_a_state_given_twice_is_none(here: Office) -> None:
    back = here.fake.codes.consent(here.link())
    assert await here.replicas[0].open(f"{back}&state=x") == "unknown"


async def test_without_a_link_nothing_is_taken(here: Office) -> None:
    assert await here.replicas[0].open(f"{HERE}{PATH}?state=x&oa_id={OA_ID}&code=x") == "unknown"


async def test_another_account_is_refused_and_the_right_one_taken_after(here: Office) -> None:
    asked = here.link()
    wrong = here.fake.codes.consent(asked, oa_id="999")
    assert await here.replicas[0].open(wrong) == "wrong_account"
    assert here.exchanges == 0
    assert await here.replicas[0].open(here.fake.codes.consent(asked)) == "done"


async def test_another_account_s_pair_is_not_taken_whatever_the_browser_says(here: Office) -> None:
    [one] = here.replicas
    assert await one.open(here.fake.codes.consent(here.link())) == "done"
    before = await one.keeper.access()
    wrong = here.fake.codes.consent(here.link(), oa_id="999")
    assert await one.open(changed(wrong, oa_id=OA_ID)) == "another_s"
    assert await one.keeper.access() == before
    assert await one.open(here.fake.codes.consent(here.link())) == "done"


@pytest.mark.parametrize(
    "fault", ["500", "502_html", "429", "bad_json", "wrong_json", "reset_before", "error:-216"]
)
async def test_a_pair_is_kept_where_zalo_does_not_say_whose_it_is(here: Office, fault: str) -> None:
    [one] = here.replicas
    here.fake.faults.switch("account", fault, times=2)
    assert await one.open(here.fake.codes.consent(here.link())) == "done"
    before = await one.keeper.access()
    here.fake.faults.switch("account", fault, times=3)
    assert await one.open(here.fake.codes.consent(here.link())) == "unchecked"
    # Zalo has let the pair before it die.
    assert await one.keeper.access() == here.fake.grant.access != before


async def test_without_a_code_the_link_stays_good(here: Office) -> None:
    back = here.fake.codes.consent(here.link())
    assert await here.replicas[0].open(changed(back, code=None)) == "no_code"
    assert await here.replicas[0].open(back) == "done"


@pytest.mark.parametrize(("after", "came"), [(9 * MINUTE, "done"), (10 * MINUTE, "expired")])
async def test_a_link_is_good_for_ten_minutes(here: Office, after: timedelta, came: str) -> None:
    back = here.fake.codes.consent(here.link())
    here.clock.move(after)
    assert await here.replicas[0].open(back) == came


async def test_a_newer_link_takes_the_place_of_the_older(here: Office) -> None:
    older, newer = here.link(), here.link()
    assert await here.replicas[0].open(here.fake.codes.consent(older)) == "unknown"
    assert await here.replicas[0].open(here.fake.codes.consent(newer)) == "done"


async def test_a_code_of_another_link_gives_nothing(here: Office) -> None:
    """PKCE: a code somebody else asked for does not go with our link's secret."""
    foreign = here.fake.codes.consent(link(here.base, APP_ID, f"{HERE}{PATH}", "s", "v" * 43))
    [code] = parse_qs(urlsplit(foreign).query)["code"]
    back = changed(here.fake.codes.consent(here.link()), code=code)
    assert await here.replicas[0].open(back) == "refused"


async def test_the_callback_must_be_the_one_saved_at_zalo(here: Office) -> None:
    with pytest.raises(Refused):
        here.fake.codes.consent(link(here.base, APP_ID, f"{HERE}/khac", "s", "v" * 43))


@pytest.mark.parametrize(
    ("fault", "came"),
    [
        ("429", "unreached"), ("500", "unclear"), ("502_html", "unclear"),
        ("bad_json", "unclear"), ("wrong_json", "unclear"), ("empty", "unclear"),
        ("reset_before", "unclear"), ("lost", "unclear"), ("error:-14002", "refused"),
    ],
)  # fmt: skip
async def test_an_exchange_that_fails_is_told_and_leaves_what_was(
    here: Office, fault: str, came: str
) -> None:
    [one] = here.replicas
    assert await one.open(here.fake.codes.consent(here.link())) == "done"
    before = await one.keeper.access()
    here.fake.faults.switch("refresh", fault)
    back = here.fake.codes.consent(here.link())
    assert await one.open(back) == came
    assert await one.keeper.access() == before
    assert await one.open(back) == "spent"
    assert await one.open(here.fake.codes.consent(here.link())) == "done"


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_only_a_browser_that_opens_it_spends_a_link(here: Office, method: str) -> None:
    back = here.fake.codes.consent(here.link())
    assert await here.replicas[0].open(back, method) == "405"
    assert await here.replicas[0].open(back) == "done"


async def test_the_store_holds_neither_the_link_nor_its_secret(
    fresh_url: Fresh, clock: HandClock
) -> None:
    url = fresh_url("sqlite")
    database = Database(url)
    with database.writing(clock()) as tx:
        state, verifier = consent_links.make(tx, OA_ID, APP_SECRET, clock())
    database.dispose()
    for file in Path(url.removeprefix("sqlite:///")).parent.glob("store-*"):
        stored = file.read_bytes()
        assert state.encode() not in stored
        assert verifier.encode() not in stored


async def test_another_apps_secret_cannot_open_a_link(here: Office) -> None:
    back = here.fake.codes.consent(here.link())
    [one] = here.replicas
    links = consent_links.StoredLinks(one.engine, OA_ID, "another secret", here.clock)
    [state] = parse_qs(urlsplit(back).query)["state"]
    assert await links.spend(state) is None


# the pair


def _keeper(store: MemoryTokens, clock: HandClock) -> TokenKeeper:
    async def ask(_refresh: str) -> Granted:
        raise AssertionError("nothing is refreshed here")

    return TokenKeeper(store, ask, clock, first="long spent", sleep=no_sleep)


async def test_the_pair_is_stored_before_use_however_long_storage_is_away(clock: HandClock) -> None:
    store = MemoryTokens(clock)
    store.away = 5
    keeper = _keeper(store, clock)
    await keeper.adopt(Granted("access", "refresh", 90_000))
    assert store.tokens is not None
    assert (store.tokens.access, store.tokens.state) == ("access", "good")
    assert await keeper.access() == "access"


async def test_what_an_older_refresh_brings_after_a_consent_is_left(clock: HandClock) -> None:
    store = MemoryTokens(clock)
    keeper = _keeper(store, clock)
    await keeper.adopt(Granted("first", "r1", 90_000))
    assert store.tokens is not None
    older = replace(store.tokens, state="refreshing")
    await keeper.adopt(Granted("second", "r2", 90_000))
    late = replace(older, access="late", generation=older.generation + 1)
    assert not await store.save(late, older.generation)
    assert await keeper.access() == "second"


async def test_the_settings_old_token_does_not_come_back_after_a_consent(clock: HandClock) -> None:
    store = MemoryTokens(clock)
    keeper = _keeper(store, clock)
    await keeper.adopt(Granted("access", "refresh", 90_000))
    assert store.tokens is not None
    store.tokens = replace(store.tokens, access="", state="dead")
    with pytest.raises(NoToken):
        await _keeper(store, clock).access()


def test_a_link_made_while_another_is_made_is_the_good_one(
    database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[tokens.Pair | None] = [None]

    def load(tx: Tx, name: str) -> tokens.Pair | None:
        """What stood there before another command had its way, the first time."""
        return before.pop() if before else kept(tx, name)

    kept = tokens.load
    with database.writing(clock()) as tx:
        consent_links.make(tx, OA_ID, APP_SECRET, clock())
        monkeypatch.setattr(tokens, "load", load)
        state, _ = consent_links.make(tx, OA_ID, APP_SECRET, clock())
        stands = kept(tx, f"consent:zalo_oa:{OA_ID}")
    assert stands is not None
    assert stands.seed == hashlib.sha256(state.encode()).hexdigest()


def test_a_link_is_spent_once_and_not_after(database: Database, clock: HandClock) -> None:
    with database.writing(clock()) as tx:
        consent_links.make(tx, OA_ID, APP_SECRET, clock())
        kept = tokens.load(tx, f"consent:zalo_oa:{OA_ID}")
        assert kept is not None
        spend = partial(tokens.spend, tx, f"consent:zalo_oa:{OA_ID}", kept.seed)
        assert [spend(state="waiting", to="spent") for _ in range(2)] == [True, False]


# the command and the whole site


def test_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["authorise"]) == 2
    assert "BOT_ZALO_OA_ID" in capsys.readouterr().err
    for name, value in {"ID": OA_ID, "APP_ID": APP_ID, "APP_SECRET": APP_SECRET,
                        "SECRET_KEY": OA_SECRET}.items():  # fmt: skip
        monkeypatch.setenv(f"BOT_ZALO_OA_{name}", value)
    assert main(["authorise"]) == 2
    assert "BOT_PUBLIC_URL" in capsys.readouterr().err


@pytest.mark.parametrize("rehearsal", [None, START])
async def test_what_waited_for_a_consent_goes_out_when_it_is_given(
    rehearsal: datetime | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    listening: socket.socket,
) -> None:
    """The running program, the command beside it, an administrator's browser. In a rehearsal the
    program's clock has run on, and the command's begins anew."""
    here = address(listening)
    clock = HandClock()
    fake = FakeZaloOa(clock, webhook=f"{here}/zalo/oa/webhook")
    async with fake.serve() as base:
        names = {
            "zalo_oa_id": OA_ID, "zalo_oa_app_id": APP_ID, "zalo_oa_app_secret": APP_SECRET,
            "zalo_oa_secret_key": OA_SECRET, "zalo_oa_refresh_token": "long spent",
            "zalo_oa_api_base": base, "zalo_oa_oauth_base": base,
        }  # fmt: skip
        told = settings(tmp_path, listening, **names)
        if rehearsal is not None:
            told = told.model_copy(update={"clock": rehearsal + 11 * MINUTE})
            monkeypatch.setenv("BOT_CLOCK", rehearsal.isoformat())
        async with running(told, listening) as app:
            who = fake.people.person(1)
            assert await fake.push.deliver(fake.people.follows(who))
            await until(lambda: rows(app, outbox.c.reason) == ["consent_needed"])
            for name, value in names.items():
                monkeypatch.setenv(f"BOT_{name.upper()}", value)
            monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path))
            monkeypatch.setenv("BOT_PUBLIC_URL", here)
            capsys.readouterr()
            assert await asyncio.to_thread(main, ["authorise"]) == 0
            [asked] = [
                line for line in capsys.readouterr().out.splitlines() if line.startswith("http")
            ]
            async with httpx.AsyncClient() as browser:
                answer = await browser.get(fake.codes.consent(asked))
            assert WORDS["done"] in answer.text
            await until(lambda: len(who.seen) == 1)
            assert who.seen[0].buttons
