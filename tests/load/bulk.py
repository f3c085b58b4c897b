"""Fills a store with years of finished work, so that a turn can be measured on a full one.

Rows go in through SQLAlchemy's metadata, in slices, as the program would have left them: people,
accounts, consents, contributions with versions and decisions, messages sent, keys, and the audit
chain, which stays whole. Invented people; every commune gets its share.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, insert, select

from knowledge import places
from storage import audit, schema
from storage.codes import new_code
from storage.database import Database, Tx
from tests.load.traffic import told

SLICE = 5_000
"""Contributions a transaction."""
PER_PERSON = 2
FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)
DAYS = 1_400
STATES = ("submitted",) + ("verified",) * 16 + ("rejected",) * 3
"""One in twenty still waits: some 1,300 a commune when a million are stored."""
OFFICER = 1


def fill(url: str, contributions: int, *, seed: int = 1) -> None:
    """Put `contributions` reports and what goes with them into the upgraded, unused store at `url`.

    Raises ValueError when somebody already wrote to it: ids are given out here.
    """
    database = Database(url)
    rng = random.Random(seed)
    communes = [unit.key for unit in places.load().communes(date(2026, 1, 1))]
    codes = _codes(contributions)
    try:
        with database.writing(FIRST_DAY) as tx:
            if tx.execute(select(func.count()).select_from(schema.people)).scalar():
                raise ValueError("the store is not empty")
            _officer(tx, communes[0])
        for begin in range(0, contributions, SLICE):
            numbers = range(begin, min(begin + SLICE, contributions))
            at = FIRST_DAY + timedelta(days=DAYS * begin / contributions)
            with database.writing(at) as tx:
                _people(tx, numbers)
                _reports(tx, numbers, rng, communes, codes)
        _let_ids_go_on(database)
    finally:
        database.dispose()


def _codes(count: int) -> Iterator[str]:
    """That many different codes: by chance alone a million would hold thousands of pairs."""
    made: dict[str, None] = {}
    while len(made) < count:
        made[new_code()] = None
    return iter(made)


def _put(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        tx.connection.execute(insert(table), rows)


def _officer(tx: Tx, place: str) -> None:
    now = tx.now
    _put(tx, schema.people, [{"id": OFFICER, "name": "Cán bộ xã", "created_at": now}])
    _put(tx, schema.accounts, [_account(OFFICER, now)])
    grant = {"id": 1, "person_id": OFFICER, "account_id": OFFICER, "role": "commune_officer"}
    _put(tx, schema.grants, [{**grant, "place": place, "given_at": now}])


def _account(number: int, at: datetime) -> dict[str, Any]:
    sender = f"{number:064x}"
    told_by = {"channel": "web", "account": "web", "sender": sender}
    return {"id": number, "person_id": number, **told_by, "created_at": at}


def _people(tx: Tx, numbers: range) -> None:
    ids = [OFFICER + 1 + n // PER_PERSON for n in numbers if n % PER_PERSON == 0]
    now = tx.now
    _put(tx, schema.people, [{"id": i, "name": told(i).name, "created_at": now} for i in ids])
    _put(tx, schema.accounts, [_account(i, now) for i in ids])
    talk = {"state": {"form": None, "forms": {}}, "version": 20, "updated_at": now}
    _put(tx, schema.conversations, [{"account_id": i, **talk} for i in ids])
    consent = {
        "purpose": "report",
        "text_version": "0" * 64,
        "event_id": "bulk",
        "choice": "Đồng ý",
        "given_at": now,
    }
    _put(tx, schema.consents, [{"person_id": i, "account_id": i, **consent} for i in ids])


def _reports(
    tx: Tx, numbers: range, rng: random.Random, communes: list[str], codes: Iterator[str]
) -> None:
    now = tx.now
    reports, versions, decisions, messages, keys = [], [], [], [], []
    for number in numbers:
        state, code = rng.choice(STATES), next(codes)
        report = _report(number, state, code, rng.choice(communes), now)
        reports.append(report)
        by = report["reporter_id"]
        steps = ["submitted"] if state == "submitted" else ["submitted", state]
        for version, step in enumerate(steps, start=1):
            versions.append(_version(report["id"], version, step, by, now))
            messages.append(_message(by, code, now))
            audit.record(
                tx, by, f"contribution.{step}", f"contribution:{report['id']}", state=(None, step)
            )
        if len(steps) > 1:
            decisions.append(_decision(report, now))
        keys.append({"key": rng.randbytes(16), "at": now, "outcome": "done"})
    _put(tx, schema.contributions, reports)
    _put(tx, schema.contribution_versions, versions)
    _put(tx, schema.decisions, decisions)
    _put(tx, schema.outbox, messages)
    _put(tx, schema.received, keys)


def _report(number: int, state: str, code: str, place: str, now: datetime) -> dict[str, Any]:
    values = told(number)
    person = OFFICER + 1 + number // PER_PERSON
    return {
        "id": number + 1,
        "code": code,
        "kind": "money",
        "state": state,
        "version": 1 if state == "submitted" else 2,
        "reporter_id": person,
        "account_id": person,
        "contributor_kind": "individual",
        "contributor_name": values.name,
        "contributor_id": person,
        "place": place,
        "village": values.village,
        "purpose": values.purpose,
        "made_on": now.date(),
        "told_vnd": values.vnd,
        "verified_vnd": values.vnd if state == "verified" else None,
        "note": "",
        "submitted_at": now + timedelta(seconds=number % SLICE),
        "updated_at": now,
    }


def _version(report: int, version: int, state: str, by: int, at: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"state": state}
    row = {"contribution_id": report, "version": version, "state": state}
    return {**row, "at": at, "by_person": by, "changes": changes}


def _decision(report: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "contribution_id": report["id"],
        "version": 2,
        "officer_id": OFFICER,
        "grant_id": 1,
        "state": report["state"],
        "reason": "",
        "verified_vnd": report["verified_vnd"],
        "at": at,
    }


def _message(account: int, code: str, at: datetime) -> dict[str, Any]:
    body = {"text": f"Đã nhận báo cáo. Mã của bà con: {code}.", "choices": []}
    row = {"account_id": account, "kind": "reply", "body": body, "state": "sent", "attempts": 1}
    return {**row, "created_at": at, "due_at": at, "sent_at": at}


def _let_ids_go_on(database: Database) -> None:
    """PostgreSQL's sequences know nothing of ids given by hand."""
    if database.is_sqlite:
        return
    with database.writing(FIRST_DAY) as tx:
        for table in (schema.people, schema.accounts, schema.grants, schema.contributions):
            sequence = func.pg_get_serial_sequence(table.name, "id")
            top = select(func.max(table.c.id)).scalar_subquery()
            tx.execute(select(func.setval(sequence, top)))
