"""Two chats of one person: whoever links them is one everywhere, once, and can part again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.channels import terminal, web
from handlers.turn import World
from knowledge.text import fold
from storage import (
    audit,
    consents,
    contributions,
    grants,
    households,
    links,
    organisations,
    outbox,
    people,
    representations,
    schema,
    verification,
)
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.grants import Grant
from storage.people import Conversation, Person
from storage.schema import accounts
from storage.schema import links as table
from storage.writer import Writer
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stage import staged
from tests.stock import ELSEWHERE, HERE, at_once, officer, opened, report, villager
from tests.talk import talking

LATER = START + timedelta(minutes=1)


def _link(tx: Tx, kept: Conversation, gone: Conversation) -> Person | None:
    link = links.find(tx, links.offer(tx, kept.account_id)[1])
    assert link is not None
    return links.redeem(tx, link, gone.account_id)


def _own(tx: Tx, grant: Grant) -> Conversation:
    found = people.person_of(tx, grant.account_id)
    return Conversation(grant.account_id, found, {}, 0, is_new=False)


# what becomes one


def test_everything_of_the_second_becomes_the_firsts(database: Database) -> None:
    with database.writing(START) as tx:
        kept, gone = villager(tx), villager(tx)
        told = report(tx, gone, contributor_id=gone.person.id)
        proof = {"text_version": "v", "account_id": gone.account_id, "event_id": "e", "choice": "c"}
        consents.give(tx, gone.person.id, "report", **proof)  # type: ignore[arg-type]
        grant = grants.give(tx, gone.person.id, gone.account_id, "village_head", HERE, by=None)
        home = households.find_or_make(
            tx, HERE, "Bản", "Ún", place_key=HERE, village_key="ban", head_key="un"
        )
        households.join(tx, gone.person.id, home)
        htx = organisations.find_or_make(tx, "cooperative", HERE, "HTX", name_key="htx")
        asked = representations.ask(tx, gone.person.id, gone.account_id, htx)
        people.rename(tx, gone.person, "Giàng A Páo", fold("Giàng A Páo"))
    with database.writing(LATER) as tx:
        one = _link(tx, kept, gone)
    assert one == Person(kept.person.id, "Giàng A Páo")
    with database.reading(LATER) as tx:
        now = contributions.get(tx, told.id)
        assert (now.reporter_id, now.contributor_id) == (one.id, one.id)
        assert people.person_of(tx, gone.account_id) == one
        assert consents.has(tx, one.id, "report")
        assert [held.id for held in grants.of_person(tx, one.id)] == [grant.id]
        assert grants.of_person(tx, gone.person.id) == []
        assert households.of_person(tx, one.id) == home
        again = representations.get(tx, asked.id)
        assert again is not None
        assert again.person_id == one.id
        assert list(audit.verify(tx)) == []
        story = list(audit.story(tx, f"person:{gone.person.id}"))
    assert story[-1].action == "person.merged"
    assert story[-1].values["person"] == (gone.person.id, one.id)
    assert story[-1].values["household"] == (None, home)


def test_a_name_and_a_household_of_the_first_stay(database: Database) -> None:
    with database.writing(START) as tx:
        kept, gone = villager(tx), villager(tx)
        for who, name in ((kept, "Một"), (gone, "Hai")):
            people.rename(tx, who.person, name, fold(name))
            home = households.find_or_make(
                tx, HERE, "B", name, place_key=HERE, village_key="b", head_key=name
            )
            households.join(tx, who.person.id, home)
        before = households.of_person(tx, kept.person.id)
        assert _link(tx, kept, gone) == Person(kept.person.id, "Một")
        assert households.of_person(tx, kept.person.id) == before


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [(None, None, 0), (None, 5, 0), (5, None, 1), (5, 9, 1), (9, 5, 0), (-1, 5, 1), (-1, None, 1)],
)
def test_a_role_both_hold_is_kept_once_and_the_longer_one(
    database: Database, first: int | None, second: int | None, stays: int
) -> None:
    with database.writing(START) as tx:
        both = (villager(tx), villager(tx))
        given = [
            grants.give(
                tx, who.person.id, who.account_id, "commune_officer", HERE, by=None,
                until=None if days is None else START + timedelta(days=days),
            )
            for who, days in zip(both, (first, second), strict=True)
        ]  # fmt: skip
        grants.give(tx, both[1].person.id, both[1].account_id, "commune_officer", ELSEWHERE, by=1)
    with database.writing(LATER) as tx:
        one = _link(tx, *both)
        assert one is not None
        held = grants.of_person(tx, one.id)
    assert [grant.id for grant in held if grant.place == HERE] == [given[stays].id]
    assert [grant.place for grant in held if grant.place != HERE] == [ELSEWHERE]


# four eyes

ACTORS = st.sampled_from(["officer", "home", "stranger"])


def _decide(tx: Tx, one: Contribution, grant: Grant, how: str) -> None:
    if how == "verify":
        verification.verify(tx, one, grant, 1_000_000)
    elif how == "reject":
        verification.reject(tx, one, grant, "không đúng")
    else:
        verification.ask_more(tx, one, grant, "ngày nào")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    who=ACTORS,
    linked=st.booleans(),
    before=st.booleans(),
    turned=st.booleans(),
    how=st.sampled_from(["verify", "reject", "more"]),
)
def test_nobody_decides_on_what_his_linked_account_told(
    database: Database, who: str, linked: bool, before: bool, turned: bool, how: str
) -> None:
    """Whichever account was the first, and whether he told it before he linked them or after."""
    with database.writing(START) as tx:
        grant = officer(tx)
        of = {"officer": _own(tx, grant), "home": villager(tx), "stranger": villager(tx)}
        told = report(tx, of[who]) if before else None
        if linked:
            pair = (of["officer"], of["home"])
            assert _link(tx, *(reversed(pair) if turned else pair)) is not None
            now = people.person_of(tx, of[who].account_id)
            of[who] = Conversation(of[who].account_id, now, {}, 0, is_new=False)
        told = told or report(tx, of[who])
        [held] = [one for one in grants.at_place(tx, HERE, "commune_officer") if one.id == grant.id]
        seen = contributions.get(tx, told.id)
        if who == "officer" or (who == "home" and linked):
            with pytest.raises(verification.OwnReport):
                _decide(tx, seen, held, how)
        else:
            _decide(tx, seen, held, how)
        # The next example begins with the officers of this one gone.
        grants.revoke(tx, grant.id, by="operator")


# codes


def test_only_the_hash_of_a_code_is_stored_and_only_the_newest_counts(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        made, first = links.offer(tx, who.account_id)
        _, other = links.offer(tx, villager(tx).account_id, before=made)
        assert links.find(tx, first) is not None
        _, second = links.offer(tx, who.account_id, before=made)
        stored = [row.code_hash for row in tx.execute(select(table))]
        assert not {first, second, other, first.replace(" ", "")} & set(stored)
        assert links.find(tx, first) is None
        for typed in (second, second.upper(), second.replace(" ", ""), f" {second} "):
            assert links.find(tx, typed) is not None
        assert all(links.looks_like_code(code) for code in (first, second))


def test_a_code_ends_with_its_minutes_and_works_once(database: Database) -> None:
    with database.writing(START) as tx:
        who, other, third = villager(tx), villager(tx), villager(tx)
        _, code = links.offer(tx, who.account_id)
        link = links.find(tx, code)
        assert link is not None
    with database.writing(START + links.LIFE) as tx:
        assert links.find(tx, code) is None
        assert links.redeem(tx, link, other.account_id) is None
    with database.writing(START + links.LIFE - timedelta(seconds=1)) as tx:
        assert links.redeem(tx, link, other.account_id) is not None
        assert links.redeem(tx, link, third.account_id) is None
        assert links.find(tx, code) is None


def test_a_link_whose_owner_became_another_is_worth_nothing(database: Database) -> None:
    with database.writing(START) as tx:
        who, other, third = villager(tx), villager(tx), villager(tx)
        link = links.find(tx, links.offer(tx, who.account_id)[1])
        assert link is not None
        assert _link(tx, other, who) is not None
        assert links.redeem(tx, link, third.account_id) is None


def test_no_person_has_more_accounts_than_fit_one_message(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        joined = [_link(tx, who, villager(tx)) for _ in range(links.MOST_ACCOUNTS)]
    assert [one is not None for one in joined] == [True] * (links.MOST_ACCOUNTS - 1) + [False]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("k7m2p x4t9w", True),
        ("k7m2px4t9w", True),
        ("K7M2PX4T9", True),
        ("doanh nghiep", False),
        ("san xuat voi htx 5 sao", False),
        ("sản xuất 2025", False),
        ("2025", False),
        ("", False),
    ],
)
def test_what_is_meant_as_a_code(text: str, meant: bool) -> None:
    assert links.looks_like_code(text) is meant


@pytest.mark.parametrize("store", STORES)
def test_a_hundred_at_once_redeem_each_code_exactly_once(store: str, fresh_url: Fresh) -> None:
    many, codes = 100, 8
    with opened(fresh_url(store), 2) as databases:
        writers = [Writer(one, HandClock()) for one in databases]
        for _ in range(codes):

            def make(tx: Tx) -> tuple[str, list[int]]:
                return links.offer(tx, villager(tx).account_id)[1], [
                    villager(tx).account_id for _ in range(many)
                ]

            code, redeemers = writers[0].run(make)

            def redeem(account_id: int, tx: Tx, code: str = code) -> bool:
                link = links.find(tx, code)
                return link is not None and links.redeem(tx, link, account_id) is not None

            outcomes = at_once(
                [
                    partial(
                        writers[number % 2].run, partial(redeem, account_id), lane=str(account_id)
                    )
                    for number, account_id in enumerate(redeemers)
                ]
            )
            assert outcomes.count(True) == 1
            assert outcomes.count(False) == many - 1
        for one in writers:
            one.close()
        with databases[0].reading(START) as tx:
            people_now = tx.execute(select(func.count(accounts.c.person_id.distinct()))).scalar()
            assert people_now == codes * many
            assert list(audit.verify(tx)) == []


@pytest.mark.parametrize("store", STORES)
def test_two_who_link_each_other_crosswise_are_one_and_nothing_hangs(
    store: str, fresh_url: Fresh
) -> None:
    with opened(fresh_url(store), 2) as databases:
        writers = [Writer(one, HandClock()) for one in databases]

        def make(tx: Tx) -> list[tuple[int, str]]:
            both = [villager(tx).account_id for _ in range(2)]
            return [(account_id, links.offer(tx, account_id)[1]) for account_id in both]

        def redeem(account_id: int, code: str, tx: Tx) -> bool:
            people.lock(tx, "terminal", "test", str(account_id))
            link = links.find(tx, code)
            return link is not None and links.redeem(tx, link, account_id) is not None

        for _ in range(10):
            (one, its), (other, others) = writers[0].run(make)
            outcomes = at_once(
                [
                    partial(writers[0].run, partial(redeem, one, others)),
                    partial(writers[1].run, partial(redeem, other, its)),
                ]
            )
            assert sorted(outcomes, key=str) == [False, True]
        for writer in writers:
            writer.close()


# parting


def test_who_is_let_go_is_somebody_new(database: Database) -> None:
    with database.writing(START) as tx:
        grant = officer(tx)
        kept, gone = _own(tx, grant), villager(tx)
        told = report(tx, gone)
        assert _link(tx, kept, gone) is not None
    with database.writing(LATER) as tx:
        own = {one.id: one for one in people.accounts_of(tx, kept.person.id, 9)}
        assert set(own) == {kept.account_id, gone.account_id}
        assert not people.let_go(tx, own[kept.account_id], by=kept)
        assert people.let_go(tx, own[gone.account_id], by=kept)
        assert not people.let_go(tx, own[gone.account_id], by=kept)
        alone = people.person_of(tx, gone.account_id)
        assert alone.name == ""
        assert grants.of_person(tx, alone.id) == []
        assert contributions.of_reporter(tx, alone.id, 9) == []
        now = contributions.get(tx, told.id)
        # Whatever is decided on it is told in the chat that is still his.
        assert (now.reporter_id, now.account_id) == (kept.person.id, kept.account_id)
        assert [one.id for one in grants.of_person(tx, kept.person.id)] == [grant.id]


def test_nobody_lets_go_of_an_account_that_is_not_his(database: Database) -> None:
    with database.writing(START) as tx:
        who, other = villager(tx), villager(tx)
        [theirs] = people.accounts_of(tx, other.person.id, 9)
        assert not people.let_go(tx, theirs, by=who)
        assert people.person_of(tx, other.account_id) == other.person


def test_every_channel_has_a_name_people_know(world: World) -> None:
    for channel in (terminal.CHANNEL, web.CHANNEL, "telegram", "zalo_oa", "zalo_bot", "demo"):
        assert world.words.label(f"channel.{channel}")


def test_the_account_let_go_is_forgotten_in_the_middle_of_a_form(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url("sqlite"), world, clock) as talk:
        [said] = talk.say("Páo", "liên kết")
        code = said.split("Mã liên kết: ")[1][:11]
        talk.say("Máy hai", f"liên kết {code}")
        talk.press("Máy hai", "Liên kết")
        talk.say("Máy hai", "báo góp tiền")
        talk.say("Páo", "tài khoản của tôi")
        talk.press("Páo", "Bỏ cửa sổ dòng lệnh, từ 08:00 02/01/2025")
        talk.press("Páo", "Bỏ khung chat đó")
        assert talk.say("Máy hai", "tiếp tục") == [world.words.text("router.nothing_open")]


@pytest.mark.parametrize("store", STORES)
def test_what_the_account_let_go_was_not_told_is_told_where_he_writes(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with opened(fresh_url(store)) as [database], staged(database, world, clock) as stage:
        stage.officer("Hà", "commune_officer", HERE)
        told = report(stage.tx(), stage.who("Máy cũ"))
        [said] = stage.say("Máy cũ", "liên kết")
        stage.say("Máy mới", f"liên kết {said.split('Mã liên kết: ')[1][:11]}")
        stage.press("Máy mới", "Liên kết")
        gone = stage.who("Máy cũ").account_id
        outbox.give_up(stage.tx(), gone, "heard before")
        stage.say("Hà", f"mở {told.code}")
        stage.press("Hà", "Xác nhận đúng")
        stage.press("Hà", "Ghi nhận")
        [verdict] = [row.body for row in outbox.waiting(stage.tx(), gone)]
        stage.say("Máy mới", "tài khoản của tôi")
        stage.press("Máy mới", "Bỏ cửa sổ dòng lệnh, từ 08:00 02/01/2025")
        first, then = stage.press("Máy mới", "Bỏ khung chat đó")
        assert first.startswith("Đã bỏ khung chat")
        assert "chưa kịp đến" in first
        assert then == verdict["text"]
        assert stage.heard[stage.who("Máy mới").account_id][-1] == verdict
        [left] = outbox.waiting(stage.tx(), gone)
        assert left.body["text"] == world.words.text("account.let_go_told")
        rows = stage.tx().execute(
            select(schema.outbox.c.state, schema.outbox.c.reason)
            .where(schema.outbox.c.account_id == gone)
            .order_by(schema.outbox.c.id.desc())
            .limit(2)
        )
        assert [tuple(row) for row in rows] == [("queued", ""), ("failed", "let_go")]
