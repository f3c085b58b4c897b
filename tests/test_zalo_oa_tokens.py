"""A refresh token that works once: one refresh at a time, stored first, a person called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog

from bot.channels.platform import Failed, Later, Sent
from bot.channels.zalo_oa_oauth import NotAsked, OAuth, Refused
from bot.channels.zalo_oa_tokens import AGAIN, LEASE, NoToken, TokenKeeper
from bot.engine import Engine
from bot.errors import StorageAway
from bot.http_client import make_client
from bot.token_store import StoredTokens
from handlers.turn import World
from storage.database import Database
from tests.conftest import Fresh, HandClock
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, FIRST_REFRESH, FakeZaloOa
from tests.zalo_double import FileTokens, MemoryTokens, Rig, keeper_of, rig

HALF = timedelta(seconds=45_000)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def oa(clock: HandClock) -> AsyncIterator[Rig]:
    async with rig(clock) as made:
        made.fake.people.follows(made.fake.people.person(1))
        yield made


def refreshes(oa: Rig) -> int:
    return oa.fake.calls.count("refresh")


async def test_the_first_token_comes_from_the_settings_and_is_stored_before_use(oa: Rig) -> None:
    token = await oa.keeper.access()
    assert oa.store.tokens is not None
    assert (oa.store.tokens.access, oa.store.tokens.state) == (token, "good")
    assert oa.store.tokens.refresh == oa.fake.grant.refresh != FIRST_REFRESH
    assert FIRST_REFRESH in oa.fake.grant.spent


@pytest.mark.parametrize("expires_in", ["90000", 90000, "3600"])
async def test_it_is_refreshed_at_half_its_life_and_not_before(
    clock: HandClock, expires_in: str | int
) -> None:
    half = timedelta(seconds=int(expires_in) / 2)
    async with rig(clock, FakeZaloOa(clock, expires_in=expires_in)) as oa:
        first = await oa.keeper.access()
        clock.move(half - timedelta(seconds=1))
        assert await oa.keeper.access() == first
        clock.move(timedelta(seconds=1))
        assert await oa.keeper.access() not in {first, ""}
        assert (refreshes(oa), len(oa.store.pairs)) == (2, 2)


async def test_twenty_sends_with_a_dead_token_are_one_refresh_and_one_save(oa: Rig) -> None:
    await oa.keeper.access()
    oa.clock.move(MINUTE)
    oa.fake.kill_access()
    people = [oa.fake.people.person(number) for number in range(20)]
    for who in people:
        oa.fake.people.follows(who)
    sent = await asyncio.gather(
        *(oa.oa.send(who.user_id, {"text": "Chào", "choices": []}) for who in people)
    )
    assert all(isinstance(one, Sent) for one in sent)
    assert [len(who.seen) for who in people] == [1] * 20
    assert (refreshes(oa), len(oa.store.pairs)) == (2, 2)


async def test_twenty_replicas_refresh_once_between_them(oa: Rig) -> None:
    async def meanwhile(_seconds: float) -> None:
        await asyncio.sleep(0)

    keepers = [keeper_of(oa.base, oa.store, oa.clock, sleep=meanwhile) for _ in range(20)]
    for round_number in range(1, 51):
        old = oa.fake.grant.access
        assert "" not in await asyncio.gather(*(one.access() for one in keepers))
        # Whoever was given the old one in the meantime learns of the new one.
        tokens = await asyncio.gather(*(one.access(refused=old) for one in keepers))
        assert set(tokens) == {oa.fake.grant.access}
        assert (refreshes(oa), len(oa.store.pairs)) == (round_number, round_number)
        oa.clock.move(HALF)
    assert not oa.fake.grant.dead


async def test_a_replica_learns_of_another_s_pair_when_its_own_is_refused(oa: Rig) -> None:
    other = keeper_of(oa.base, oa.store, oa.clock)
    old = await other.access()
    oa.clock.move(HALF)
    new = await oa.keeper.access()
    assert await other.access(refused=old) == new
    assert refreshes(oa) == 2


async def test_nothing_is_refreshed_for_ever_when_every_pair_is_refused(oa: Rig) -> None:
    who = oa.fake.people.person(1)
    oa.fake.faults.switch("send", "error:-216", times=100)
    outcomes = [await oa.oa.send(who.user_id, {"text": "a", "choices": []}) for _ in range(20)]
    assert refreshes(oa) == 1
    assert all(isinstance(one, Later | Failed) for one in outcomes)


# ---- What may be lost --------------------------------------------------------------------------


async def test_killed_between_the_answer_and_the_save_a_person_is_called(
    clock: HandClock, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    async with rig(clock, store=FileTokens(clock, path)) as oa:
        first = await oa.keeper.access()
        clock.move(HALF)
        oa.store.dies_at = 2
        with pytest.raises(SystemExit):
            await oa.keeper.access()
        # Another process finds the mark once the lease of the dead one is over.
        again = keeper_of(oa.base, FileTokens(clock, path), clock)
        with structlog.testing.capture_logs() as logged:
            assert await again.access() == first
        assert again.alarm == "refresh_unfinished"
        assert [line["why"] for line in logged if line["event"] == "zalo_oa_alarm"] == [again.alarm]
        assert refreshes(oa) == 2
        # Zalo no longer takes the old pair: one try with the spent token, and then no more.
        for _ in range(10):
            with pytest.raises(NoToken):
                await again.access(refused=first)
            clock.move(timedelta(hours=3))
        assert (refreshes(oa), again.alarm) == (3, "consent_needed")
        assert "refresh" not in repr(await FileTokens(clock, path).load()).replace(
            "refresh_at", ""
        ).replace("refreshing", "")


async def test_killed_before_the_call_nothing_is_lost(oa: Rig) -> None:
    first = await oa.keeper.access()
    assert oa.store.tokens is not None
    oa.store.tokens = replace(oa.store.tokens, state="refreshing")
    oa.clock.move(HALF)
    again = keeper_of(oa.base, oa.store, oa.clock)
    assert (await again.access(), again.alarm) == (first, "refresh_unfinished")
    oa.clock.move(HALF)
    assert await again.access() != first
    assert again.alarm == ""


async def test_nobody_waits_for_another_s_refresh_while_the_old_token_works(oa: Rig) -> None:
    old = await oa.keeper.access()
    oa.clock.move(HALF)
    assert await oa.store.lease("another", LEASE.total_seconds())

    async def wait(_seconds: float) -> None:
        pytest.fail("waited")

    keeper = keeper_of(oa.base, oa.store, oa.clock, sleep=wait)
    assert await keeper.access() == old


async def test_the_lease_of_a_dead_process_ends(oa: Rig) -> None:
    assert await oa.store.lease("dead", LEASE.total_seconds())
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        oa.clock.move(timedelta(seconds=seconds))

    keeper = keeper_of(oa.base, oa.store, oa.clock, sleep=wait)
    assert await keeper.access()
    assert sum(waited) == LEASE.total_seconds() <= 60


async def test_who_slept_through_his_lease_does_not_overwrite_a_newer_pair(oa: Rig) -> None:
    await oa.keeper.access()
    old = oa.store.tokens
    assert old is not None
    oa.clock.move(HALF)
    await oa.keeper.access()
    assert not await oa.store.save(replace(old, state="dead"), old.generation)


async def test_storage_away_at_the_worst_moment_loses_no_pair(oa: Rig) -> None:
    await oa.keeper.access()
    oa.clock.move(HALF)
    naps = 0

    async def nap(_seconds: float) -> None:
        nonlocal naps
        naps += 1

    class Away(MemoryTokens):
        async def save(self, tokens, after):  # type: ignore[no-untyped-def]
            if tokens.generation == 2 and naps < 5:
                raise StorageAway
            return await super().save(tokens, after)

    store = Away(oa.clock)
    store.tokens = oa.store.tokens
    keeper = keeper_of(oa.base, store, oa.clock, sleep=nap)
    token = await keeper.access()
    assert naps == 5
    assert store.tokens is not None
    assert (store.tokens.access, keeper.alarm) == (token, "")
    assert refreshes(oa) == 2


async def test_storage_away_is_for_later(oa: Rig) -> None:
    async def away() -> None:
        raise StorageAway(9)

    oa.store.load = away  # type: ignore[method-assign]
    came = await oa.oa.send("1", {"text": "a", "choices": []})
    assert came == Later(9, "storage_away", whole=True)
    assert await oa.oa.keep_fresh() == "storage_away"


# ---- What Zalo's OAuth answers -----------------------------------------------------------------


async def test_an_answer_without_a_token_calls_a_person_and_is_not_asked_again(oa: Rig) -> None:
    oa.fake.consent("another consent")
    for _ in range(5):
        came = await oa.oa.send(oa.fake.people.person(1).user_id, {"text": "a", "choices": []})
        assert came == Failed("consent_needed", alarm=True)
        oa.clock.move(timedelta(days=1))
    assert refreshes(oa) == 1
    assert await oa.oa.keep_fresh() == "consent_needed"


async def test_a_new_consent_in_the_settings_begins_a_new_grant(oa: Rig) -> None:
    oa.fake.consent("second consent")
    with pytest.raises(NoToken):
        await oa.keeper.access()
    again = keeper_of(oa.base, oa.store, oa.clock, first="second consent")
    assert await again.access() == oa.fake.grant.access
    assert again.alarm == ""
    # While a grant is good, an old token left in the settings is not begun again.
    stale = keeper_of(oa.base, oa.store, oa.clock, first=FIRST_REFRESH)
    assert await stale.access() == oa.fake.grant.access
    assert not oa.fake.grant.dead


async def test_another_app_secret_is_no_end_a_new_consent_begins_again(
    oa: Rig, fresh_url: Fresh, world: World
) -> None:
    engine = Engine(Database(fresh_url("sqlite")), world, oa.clock)
    engine.attach(asyncio.get_running_loop())
    old, rotated = (StoredTokens(engine, "oa", secret) for secret in ("old", "rotated"))
    await keeper_of(oa.base, old, oa.clock).access()
    with pytest.raises(NoToken) as none:
        await keeper_of(oa.base, rotated, oa.clock, first="").access()
    assert none.value.consent
    oa.fake.consent("second consent")
    again = keeper_of(oa.base, rotated, oa.clock, first="second consent")
    assert (await again.access(), again.alarm) == (oa.fake.grant.access, "")
    # It is on storage: the next start goes on with it.
    restarted = keeper_of(oa.base, rotated, oa.clock, first="second consent")
    assert await restarted.access() == oa.fake.grant.access
    assert refreshes(oa) == 2
    engine.close()


async def test_without_any_token_consent_is_needed(oa: Rig) -> None:
    keeper = keeper_of(oa.base, oa.store, oa.clock, first="")
    with pytest.raises(NoToken) as none:
        await keeper.access()
    assert none.value.consent
    assert keeper.alarm == "consent_needed"
    assert refreshes(oa) == 0


@pytest.mark.parametrize(
    "fault", ["500", "502_html", "bad_json", "wrong_json", "empty", "reset_after"]
)
async def test_an_unclear_answer_keeps_the_old_token_and_calls_a_person(
    oa: Rig, fault: str
) -> None:
    first = await oa.keeper.access()
    oa.clock.move(HALF)
    oa.fake.faults.switch("refresh", fault)
    for _ in range(10):
        assert await oa.keeper.access() == first
        oa.clock.move(MINUTE)
    assert oa.fake.faults.met == [("refresh", fault)]
    assert oa.keeper.alarm == "refresh_unfinished"
    oa.clock.move(HALF)
    assert await oa.keeper.access() != first
    assert oa.keeper.alarm == ""


async def test_with_nothing_left_to_lose_it_is_tried_once_a_minute(oa: Rig) -> None:
    oa.fake.faults.switch("refresh", "502_html", times=3)
    for minute in range(1, 4):
        for _ in range(5):
            with pytest.raises(NoToken) as none:
                await oa.keeper.access()
            assert not none.value.consent
        assert len(oa.fake.faults.met) == minute
        oa.clock.move(AGAIN)
    assert await oa.keeper.access()


async def test_a_lost_answer_ends_in_one_alarm_and_no_loop(oa: Rig) -> None:
    oa.fake.faults.switch("refresh", "lost")
    for _ in range(20):
        with pytest.raises(NoToken):
            await oa.keeper.access()
        oa.clock.move(AGAIN)
    assert refreshes(oa) == 2
    assert oa.keeper.alarm == "consent_needed"
    # The spent token was used again: Zalo has ended the whole grant.
    assert oa.fake.grant.dead


async def test_a_call_that_never_left_costs_nothing(clock: HandClock) -> None:
    def no_connection(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("all attempts failed")

    store, granted = MemoryTokens(clock), []

    async def ask(refresh: str):  # type: ignore[no-untyped-def]
        granted.append(refresh)
        client = httpx.AsyncClient(transport=httpx.MockTransport(no_connection))
        return await OAuth(client, "http://oauth.test", "1", "s").refresh(refresh)

    keeper = TokenKeeper(store, ask, clock, first=FIRST_REFRESH)
    with pytest.raises(NoToken) as none:
        await keeper.access()
    assert not none.value.consent
    assert store.tokens is not None
    assert (store.tokens.state, keeper.alarm) == ("good", "")


@pytest.mark.parametrize("part", ["access_token", "refresh_token"])
@pytest.mark.parametrize("value", ["a\nb", "a b", "khóa", "", 7, None, ["a"]])
async def test_a_token_that_no_header_could_hold_is_none(part: str, value: object) -> None:
    pair = {"access_token": "a", "refresh_token": "r", "expires_in": "90000"}
    answers = httpx.MockTransport(lambda _: httpx.Response(200, json={**pair, part: value}))
    async with make_client(transport=answers) as client:
        with pytest.raises(Refused):
            await OAuth(client, "http://zalo.test", APP_ID, APP_SECRET).refresh("r0")


async def test_an_app_s_secret_that_no_header_could_hold_asks_nobody() -> None:
    async with make_client() as client:
        with pytest.raises(NotAsked):
            await OAuth(client, "http://127.0.0.1:1", APP_ID, "khóa").refresh("r0")
