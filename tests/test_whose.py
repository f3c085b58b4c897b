"""Whatever says whose a row is: linking, parting and erasing know every such column.

The columns are read from the schema, so that a new one fails here until it is thought of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Column, select, update

import storage
from bot import erasing
from storage import (
    audit,
    campaigns,
    erasure,
    links,
    media_jobs,
    people,
    requests,
    subscriptions,
)
from storage.database import Database, Tx
from storage.people import Conversation
from storage.schema import (
    accounts,
    campaign_people,
    honours,
    households,
    metadata,
    reminded,
)
from storage.schema import people as persons
from storage.writer import Writer
from tests.conftest import START, HandClock
from tests.rows_of import fill, pointing_at
from tests.stock import ELSEWHERE, HERE, villager

LATER = START + timedelta(minutes=1)
CANARY, FIGURE = "Yến5117", 5118

WRITTEN_HISTORY = {
    "invitations.created_by", "invitations.used_by", "representations.decided_by",
    "contribution_versions.by_person", "decisions.officer_id", "honours.recorded_by",
    "commune_facts.by_person", "reached_villages.by_person", "products.by_person",
    "question_groups.answered_by", "campaigns.released_by",
}  # fmt: skip
"""Who did something then. A link does not change who he was taken for."""
OF_THE_CHAT = {
    "accounts.id", "conversations.account_id", "links.account_id", "outbox.account_id",
    "recipients.account_id", "consents.account_id",
}  # fmt: skip
"""What was said or agreed to in a chat was said there, whosever it is afterwards."""

PLACES, DAYS = (HERE, ELSEWHERE), ("ngày 1", "ngày 2")


def _name(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def _still(tx: Tx, columns: Iterable[Column[int]], number: int) -> set[str]:
    return {
        _name(column)
        for column in columns
        if tx.execute(select(column).where(column == number).limit(1)).first() is not None
    }


def _linked(tx: Tx, kept: Conversation, gone: Conversation) -> None:
    link = links.find(tx, links.offer(tx, kept.account_id)[1])
    assert link is not None
    assert links.redeem(tx, link, gone.account_id) is not None


def test_who_is_gone_is_pointed_to_by_history_alone(database: Database) -> None:
    with database.writing(START) as tx:
        kept, gone, judge = villager(tx), villager(tx), villager(tx)
        fill(tx, gone, judge)
        all_of_his = _still(tx, pointing_at(persons), gone.person.id)
    columns = {_name(one) for one in pointing_at(persons)}
    assert columns - all_of_his == {"decisions.officer_id"}
    assert columns >= WRITTEN_HISTORY
    with database.writing(LATER) as tx:
        _linked(tx, kept, gone)
        assert _still(tx, pointing_at(persons), gone.person.id) <= WRITTEN_HISTORY
        assert list(audit.verify(tx)) == []


def test_what_both_have_is_kept_once(database: Database) -> None:
    with database.writing(START) as tx:
        both = kept, gone = villager(tx), villager(tx)
        for day in DAYS:
            campaigns.plan(tx, day, "remind", START)
        for many, one in enumerate(both, 1):
            for lead, (place, day) in enumerate(zip(PLACES[:many], DAYS, strict=False)):
                subscriptions.begin(tx, one.person.id, one.account_id, "villager", place)
                campaign = campaigns.find(tx, day)
                assert campaign is not None
                body = {"text": "nhắc", "choices": []}
                people = {one.person.id: one.account_id}
                campaigns.queue(tx, campaign, body, people, [("hạn", 2025, lead)])
    with database.writing(LATER) as tx:
        _linked(tx, kept, gone)
        live = subscriptions.of_person(tx, kept.person.id)
        assert [one.place for one in live] == list(PLACES)
        for table in (campaign_people, reminded):
            owners = list(tx.execute(select(table.c.person_id)).scalars())
            assert owners == [kept.person.id] * 2


def test_nobody_releases_his_own_announcement_from_his_other_chat(database: Database) -> None:
    with database.writing(START) as tx:
        kept, gone = villager(tx), villager(tx)
        campaigns.plan(tx, "TB1", "announce", START, text="Họp bản",
                       made_by=gone.person.id, account_id=gone.account_id, held=True)  # fmt: skip
    with database.writing(LATER) as tx:
        _linked(tx, kept, gone)
        assert not campaigns.release(tx, "TB1", by=kept.person.id)


def test_an_account_let_go_takes_nothing_along(database: Database) -> None:
    with database.writing(START) as tx:
        kept, gone, judge = villager(tx), villager(tx), villager(tx)
        _linked(tx, kept, gone)
        one = Conversation(gone.account_id, kept.person, {}, 0, is_new=False)
        fill(tx, one, judge)
    columns = {_name(column) for column in pointing_at(accounts)}
    with database.writing(LATER) as tx:
        assert _still(tx, pointing_at(accounts), gone.account_id) == columns
        own = {each.id: each for each in people.accounts_of(tx, kept.person.id, 9)}
        assert people.let_go(tx, own[gone.account_id], by=kept)
        assert _still(tx, pointing_at(accounts), gone.account_id) <= OF_THE_CHAT
        assert subscriptions.of_person(tx, kept.person.id)[0].account_id == kept.account_id


# erasure

REGISTER: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(storage.__file__).parent / "purposes.yaml").read_text("utf-8")
)
ERASED = {"report", "remind", "praise", "answer", "operate", "award_file"}
"""Purposes that end with an erasure; of the award files those on which nobody decided for him."""
STAYS = {
    "question_groups.answer": "the office's words, for everybody who asks the same",
    **dict.fromkeys(
        (
            "contributions.place",
            "households.place",
            "households.place_key",
            "organisations.place",
            "question_groups.place",
        ),
        "a commune's key: of an emptied row it says nothing of anybody",
    ),
    "decisions.verified_vnd": "every decision is kept, without the words of its reason",
    "decisions.verified_quantity": "every decision is kept, without the words of its reason",
    "contributions.contributor_kind": "as its kind and its state: a word of the program's",
}

NO_TEXT = {"people.household_id", "household_members.household_id"}
"""Columns no canary can stand in."""


def _to_go() -> Iterator[Column[Any]]:
    for table in metadata.sorted_tables:
        for purpose, names in REGISTER[table.name].items():
            if purpose in ERASED and table is not honours:
                yield from (table.c[name] for name in names)


def _holding(tx: Tx) -> set[str]:
    """Columns in which a canary stands."""
    found = set()
    for column in _to_go():
        for value in tx.execute(select(column)).scalars():
            plain = value.decode() if isinstance(value, bytes) else json.dumps(
                value, default=str, ensure_ascii=False
            )  # fmt: skip
            if CANARY in plain or str(FIGURE) in plain:
                found.add(_name(column))
    return found


def test_nothing_stays_whose_purpose_ends_with_an_erasure(database: Database) -> None:
    with database.writing(START) as tx:
        judge, who = villager(tx), villager(tx, CANARY)
        fill(tx, who, judge, text=CANARY, figure=FIGURE, place=CANARY)
        people.rename(tx, who.person, CANARY, CANARY)
        people.save_state(tx, who.account_id, {"nói": CANARY})
        home = tx.execute(select(households.c.id)).scalar_one()
        tx.execute(update(persons).where(persons.c.id == who.person.id).values(household_id=home))
        named = {_name(column) for column in _to_go()}
        assert named - _holding(tx) == NO_TEXT
    with database.writing(LATER) as tx:
        asked = requests.ask(tx, who.person.id, who.account_id, requests.ERASE,
                             answer_by=LATER.date(), done_by=LATER.date())  # fmt: skip
        erasure.begin(tx, who.person.id)
        requests.say_farewell_to(tx, asked, villager(tx).account_id)
    writer = Writer(database, HandClock())
    assert erasing.finish_all(database, writer) == 1
    with database.writing(LATER) as tx:
        # The evidence's own job, once it has removed the files.
        media_jobs.forget(tx, [one.id for one in media_jobs.dropped(tx, 9)])
        assert sorted(_holding(tx)) == sorted(STAYS)
        left = {
            column.table.name
            for column in pointing_at(persons)
            if column.name == "person_id" and tx.execute(
                select(column).where(column == who.person.id)
            ).first() is not None
        }  # fmt: skip
        assert left == {"accounts", "consents", "data_requests", "grants", "representations"}
        assert list(audit.verify(tx)) == []
    writer.close()
