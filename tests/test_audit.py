"""The audit chain: whole after anything the program does, broken by anything else."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from bot.commands import audit as command
from bot.errors import BadUsage
from knowledge.text import fold
from storage import audit, people, verification
from storage.database import Database, Tx
from storage.schema import audit as chain
from storage.schema import audit_head, audit_values
from tests.conftest import START, STORES, Fresh
from tests.stock import at_once, officer, opened, report

VERIFY = argparse.Namespace(action="verify", against=None, out=None, subject=None)


def _verify(database: Database) -> list[str]:
    with database.reading(START) as tx:
        return list(audit.verify(tx))


def _fill(database: Database) -> None:
    """Nine entries by three hands in three transactions."""
    with database.writing(START) as tx:
        judge, one, two = officer(tx), report(tx), report(tx)
    with database.writing(START + timedelta(seconds=1)) as tx:
        verification.verify(tx, one, judge, 2_000_000)
        asked = verification.ask_more(tx, two, judge, "ngày nào?")
    with database.writing(START + timedelta(seconds=2)) as tx:
        verification.supplement(tx, asked, two.reporter_id, "hôm qua, 'chiều' \u200b🎉")
        audit.record(tx, "operator", "nothing.changed", "person:1")


def _unguard(tx: Tx) -> None:
    """What a thief with the database's own rights would do first."""
    for guard in tx.execute(
        text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        if tx.connection.dialect.name == "sqlite"
        else text("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
    ).all():
        on = "" if tx.connection.dialect.name == "sqlite" else f" ON {guard[1]}"
        tx.execute(text(f"DROP TRIGGER {guard[0]}{on}"))


def _tamper(database: Database, how: Callable[[Tx], object]) -> list[str]:
    with database.writing(START) as tx:
        _unguard(tx)
        how(tx)
    return _verify(database)


def test_an_empty_chain_is_whole(database: Database) -> None:
    assert _verify(database) == []


def test_what_the_program_does_leaves_the_chain_whole(database: Database) -> None:
    _fill(database)
    assert _verify(database) == []
    with database.reading(START) as tx:
        rows = tx.execute(select(chain).order_by(chain.c.seq)).all()
        head = tx.execute(select(audit_head)).one()
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert (head.seq, head.digest) == (rows[-1].seq, rows[-1].digest)
    assert rows[0].previous == audit.GENESIS


changes = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["operator", "7"]),
            st.dictionaries(
                st.sampled_from(["a", "b", "c"]),
                st.tuples(
                    st.none() | st.integers() | st.text(st.characters(codec="utf-8")),
                    st.none() | st.integers() | st.text(st.characters(codec="utf-8")),
                ),
                max_size=3,
            ),
        ),
        max_size=4,
    ),
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(transactions=changes)
def test_any_sequence_of_entries_makes_a_whole_chain(
    database: Database, transactions: list[list[tuple[str, dict[str, tuple[object, object]]]]]
) -> None:
    for entries in transactions:
        with database.writing(START) as tx:
            for actor, values in entries:
                audit.record(tx, actor, "something.changed", "person:1", **values)
    assert _verify(database) == []


def test_more_entries_than_one_slice(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_SLICE", 3)
    _fill(database)
    assert _verify(database) == []
    broken = _tamper(
        database, lambda tx: tx.execute(chain.update().where(chain.c.seq == 4).values(actor="x"))
    )
    assert broken[0].startswith("entry 4 ")


@pytest.mark.parametrize("store", STORES)
def test_two_hands_at_once_make_one_chain(store: str, fresh_url: Fresh) -> None:
    def write(one: Database) -> None:
        for _ in range(10):
            with one.writing(START) as tx:
                audit.record(tx, "operator", "something.changed", "person:1", a=(1, 2))

    with opened(fresh_url(store), 3) as databases:
        assert at_once([partial(write, one) for one in databases]) == [None] * 3
        with databases[0].reading(START) as tx:
            assert tx.execute(select(func.count()).select_from(chain)).scalar() == 30
            assert list(audit.verify(tx)) == []


# tampering

FIELDS: dict[str, object] = {
    "at": START + timedelta(days=1),
    "actor": "somebody",
    "action": "contribution.verified!",
    "subject": "contribution:999",
    "commitments": {"state": "0" * 64},
    "previous": "f" * 64,
    "digest": "e" * 64,
}


def test_the_table_above_names_every_field() -> None:
    assert set(FIELDS) == {column.name for column in chain.columns} - {"seq"}


@pytest.mark.parametrize("field", FIELDS)
def test_every_altered_field_is_found(database: Database, field: str) -> None:
    _fill(database)
    with database.reading(START) as tx:
        last = tx.execute(select(func.max(chain.c.seq))).scalar()
    assert last is not None
    for seq in (1, last // 2, last):
        with database.writing(START) as tx:
            _unguard(tx)
            kept = tx.execute(select(chain.c[field]).where(chain.c.seq == seq)).scalar()
            tx.execute(chain.update().where(chain.c.seq == seq).values({field: FIELDS[field]}))
        assert any(str(seq) in one for one in _verify(database))
        with database.writing(START) as tx:
            tx.execute(chain.update().where(chain.c.seq == seq).values({field: kept}))
        assert _verify(database) == []


@pytest.mark.parametrize("commitments", ["{}", "[]", "null", "7", '{"state": null}'])
def test_commitments_of_another_shape_are_found_and_not_stumbled_over(
    database: Database, commitments: str
) -> None:
    _fill(database)
    statement = text(
        "UPDATE audit SET commitments = :other WHERE seq = 3"
        if database.is_sqlite
        else "UPDATE audit SET commitments = CAST(:other AS json) WHERE seq = 3"
    )
    assert _tamper(database, lambda tx: tx.execute(statement, {"other": commitments}))


@pytest.mark.parametrize("field", ["value", "salt", "field"])
def test_every_altered_value_is_found(database: Database, field: str) -> None:
    _fill(database)
    other = {"value": json.dumps([None, "rejected"]), "salt": b"s" * 16, "field": "other"}[field]
    with database.reading(START) as tx:
        [seq] = tx.execute(
            select(audit_values.c.seq).where(audit_values.c.field == "state").limit(1)
        ).scalars()
    where = (audit_values.c.field == "state") & (audit_values.c.seq == seq)
    broken = _tamper(
        database, lambda tx: tx.execute(audit_values.update().where(where).values({field: other}))
    )
    assert any(f"entry {seq}" in one for one in broken)


def test_a_value_nobody_recorded_is_found(database: Database) -> None:
    _fill(database)
    row = {"seq": 2, "field": "invented", "value": "[]", "salt": b"s" * 16}
    assert _tamper(database, lambda tx: tx.execute(insert(audit_values), row))


def test_every_deletion_is_found(database: Database) -> None:
    _fill(database)
    with database.writing(START) as tx:
        _unguard(tx)
        rows = [dict(row._mapping) for row in tx.execute(select(chain)).all()]
        tx.execute(delete(audit_values))
    assert _verify(database) == []
    for row in rows:
        with database.writing(START) as tx:
            tx.execute(delete(chain).where(chain.c.seq == row["seq"]))
        assert _verify(database) != []
        with database.writing(START) as tx:
            tx.execute(insert(chain), row)
    assert _verify(database) == []


def test_a_swap_is_found(database: Database) -> None:
    _fill(database)

    def swap(tx: Tx) -> None:
        tx.execute(delete(audit_values))
        for source, target in ((4, 99), (5, 4), (99, 5)):
            tx.execute(chain.update().where(chain.c.seq == source).values(seq=target))

    assert _tamper(database, swap)


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_cut_tail_is_found(database: Database, kept: int) -> None:
    _fill(database)

    def cut(tx: Tx) -> None:
        tx.execute(delete(audit_values).where(audit_values.c.seq > kept))
        tx.execute(delete(chain).where(chain.c.seq > kept))

    assert any("head" in one for one in _tamper(database, cut))


def test_a_lost_or_altered_head_is_found(database: Database) -> None:
    _fill(database)
    assert _tamper(database, lambda tx: tx.execute(audit_head.update().values(digest="0" * 64)))
    assert _tamper(database, lambda tx: tx.execute(delete(audit_head)))


def test_erasing_a_persons_values_leaves_the_chain_whole(database: Database) -> None:
    _fill(database)
    with database.writing(START) as tx:
        erased = tx.execute(delete(audit_values).where(audit_values.c.seq % 2 == 0))
        assert erased.rowcount > 0
    assert _verify(database) == []
    with database.writing(START) as tx:
        tx.execute(delete(audit_values))
    assert _verify(database) == []
    _fill(database)
    assert _verify(database) == []


def test_equal_values_have_unequal_commitments(database: Database) -> None:
    """Without the salt a hash of "verified" would still say so after the erasure."""
    with database.writing(START) as tx:
        for _ in range(2):
            audit.record(tx, "operator", "x", "person:1", state=(None, "verified"))
    with database.reading(START) as tx:
        one, other = tx.execute(select(chain.c.commitments)).scalars()
    assert one["state"] != other["state"]


# the database's own guards

REFUSED = [
    "UPDATE audit SET actor = 'x'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 1",
    "UPDATE audit_values SET value = '[]'",
]
REWRITES = {
    "sqlite": [
        "REPLACE INTO audit SELECT seq, at, 'x', action, subject, commitments, previous, digest"
        " FROM audit",
        "REPLACE INTO audit_values SELECT seq, field, '[]', salt FROM audit_values",
    ],
    "postgresql": [
        "TRUNCATE audit CASCADE",
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    ],
}


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses_to_rewrite_the_audit(database: Database, statement: str) -> None:
    _fill(database)
    with pytest.raises(DBAPIError, match="only grows"), database.writing(START) as tx:
        tx.execute(text(statement))
    assert _verify(database) == []


@pytest.mark.parametrize(
    ("store", "statement"), [(store, one) for store in STORES for one in REWRITES[store]]
)
def test_the_database_refuses_the_side_doors_too(
    store: str, statement: str, fresh_url: Fresh
) -> None:
    with opened(fresh_url(store)) as [database]:
        _fill(database)
        with pytest.raises(DBAPIError), database.writing(START) as tx:
            tx.execute(text(statement))


# the command


@pytest.mark.parametrize("store", STORES)
def test_the_command_says_whether_the_chain_is_whole(
    store: str,
    fresh_url: Fresh,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = fresh_url(store)
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    with opened(url) as [database]:
        _fill(database)
        assert command.main(VERIFY) == 0
        whole = capsys.readouterr().out
        assert len(whole.splitlines()) == 1
        _tamper(database, lambda tx: tx.execute(chain.update().values(actor="x")))
        assert command.main(VERIFY) == 1
        assert len(capsys.readouterr().out.splitlines()) > 1


def test_nothing_is_chained_for_what_was_undone(database: Database) -> None:
    def work() -> None:
        with database.writing(START) as tx:
            report(tx)
            raise KeyError

    _fill(database)
    with pytest.raises(KeyError):
        work()
    assert _verify(database) == []


# the head kept elsewhere, and one story


def _run(url: str, monkeypatch: pytest.MonkeyPatch, **options: str | None) -> int:
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    named = {"against": None, "out": None, "subject": None, **options}
    return command.main(argparse.Namespace(**named))


def _cut(tx: Tx) -> None:
    """What leaves no trace in the chain itself: the tail gone, and the head put to match."""
    [row] = tx.execute(select(chain).order_by(chain.c.seq.desc()).offset(2).limit(1)).all()
    tx.execute(delete(audit_values).where(audit_values.c.seq > row.seq))
    tx.execute(delete(chain).where(chain.c.seq > row.seq))
    tx.execute(audit_head.update().values(seq=row.seq, digest=row.digest))


def _rewrite(tx: Tx) -> None:
    """Every entry written anew, by somebody else, in a chain that is whole in itself."""
    rows = tx.execute(select(chain).order_by(chain.c.seq)).all()
    tx.execute(delete(audit_values))
    tx.execute(delete(chain))
    tx.execute(audit_head.update().values(seq=0, digest=audit.GENESIS))
    for row in rows:
        audit.record(tx, "somebody", row.action, row.subject)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("how", [_cut, _rewrite])
def test_a_head_kept_elsewhere_finds_what_the_chain_itself_does_not(
    store: str,
    how: Callable[[Tx], None],
    fresh_url: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, kept = fresh_url(store), str(tmp_path / "head.json")
    with opened(url) as [database]:
        _fill(database)
        assert _run(url, monkeypatch, action="head", out=kept) == 0
        noted = json.loads(Path(kept).read_text("utf-8"))
        with database.reading(START) as tx:
            assert (noted["seq"], noted["digest"]) == audit.head(tx)
        _fill(database)
        assert _run(url, monkeypatch, action="verify", against=kept) == 0
        while True:
            assert _tamper(database, how) == []
            with database.reading(START) as tx:
                now, _ = audit.head(tx)
            if how is _rewrite or now < noted["seq"]:
                break
        assert _run(url, monkeypatch, action="verify") == 0
        assert _run(url, monkeypatch, action="verify", against=kept) == 1


def test_the_head_of_an_empty_chain_is_held(
    fresh_url: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kept = fresh_url("sqlite"), str(tmp_path / "head.json")
    assert _run(url, monkeypatch, action="head", out=kept) == 0
    with opened(url) as [database]:
        _fill(database)
    assert _run(url, monkeypatch, action="verify", against=kept) == 0


def test_a_kept_head_is_not_written_over(
    fresh_url: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kept = fresh_url("sqlite"), tmp_path / "head.json"
    kept.write_text("kept", "utf-8")
    with pytest.raises(BadUsage, match="--out"):
        _run(url, monkeypatch, action="head", out=str(kept))
    assert kept.read_text("utf-8") == "kept"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "7", '{"seq": "1", "digest": "x"}', '{"seq": 1}', "\x00"]
)
def test_what_is_no_head_is_refused(
    text: str, fresh_url: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "head.json"
    kept.write_text(text, "utf-8")
    with pytest.raises(BadUsage, match="--against"):
        _run(fresh_url("sqlite"), monkeypatch, action="verify", against=str(kept))


@pytest.mark.parametrize("store", STORES)
def test_the_story_of_a_report_by_its_code(
    store: str,
    fresh_url: Fresh,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = fresh_url(store)
    with opened(url) as [database]:
        with database.writing(START) as tx:
            judge, one = officer(tx), report(tx)
            people.rename(
                tx, people.person_of(tx, judge.account_id), "Lò Thị Hà", fold("Lò Thị Hà")
            )
            verification.verify(tx, one, judge, 2_000_000)
        for subject in (one.code, one.code.lower(), f"contribution:{one.id}"):
            assert _run(url, monkeypatch, action="list", subject=subject) == 0
            first, second = capsys.readouterr().out.splitlines()
            assert "08:00 02/01/2025" in first
            assert "state:  → submitted" in first
            assert f"{judge.person_id} (Lò Thị Hà)\tcontribution.verified" in second
            assert "state: submitted → verified" in second
            assert "verified_vnd:  → 2000000" in second
        # What was erased is no longer told, that it happened is.
        with database.writing(START) as tx:
            tx.execute(delete(audit_values))
        assert _run(url, monkeypatch, action="list", subject=one.code) == 0
        assert "2000000" not in capsys.readouterr().out
        assert _run(url, monkeypatch, action="list", subject="contribution:999") == 1


def test_a_long_story_is_told_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_STORY", 3)
    with database.writing(START) as tx:
        for number in range(8):
            audit.record(tx, "operator", "x", "person:1", a=(number, number + 1))
            audit.record(tx, "operator", "x", "person:2")
    with database.reading(START) as tx:
        told = [entry.values["a"] for entry in audit.story(tx, "person:1")]
    assert told == [(number, number + 1) for number in range(8)]


@pytest.mark.parametrize(
    "options",
    [
        {"action": "list"},
        {"action": "list", "subject": ""},
        {"action": "verify", "out": "x"},
        {"action": "head", "against": "x"},
        {"action": "head", "subject": "x"},
    ],
)
def test_an_option_that_would_be_left_out_is_refused(
    options: dict[str, str], fresh_url: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadUsage):
        _run(fresh_url("sqlite"), monkeypatch, **options)
