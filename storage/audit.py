"""The append-only, hash-chained record of every change, written in the change's own transaction.

The chain covers `sha256(salt ‖ value)`, never the value: values and salts stand in a side table, so
erasing a person's values leaves the chain whole, and a salt once gone makes its hash say nothing.
The head row is taken last in a transaction: on PostgreSQL it is what orders the chain.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage.database import AuditEntry, Tx
from storage.schema import audit, audit_head, audit_values

GENESIS = "0" * 64
_SLICE = 1_000
_STORY = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a person reads it: who did what when, and (old, new) per field."""

    seq: int
    at: datetime
    actor: str
    action: str
    values: Mapping[str, tuple[object, object]]


_HEAD = select(audit_head.c.seq, audit_head.c.digest).with_for_update()
_INSERT = insert(audit)
_INSERT_VALUES = insert(audit_values)
_MOVE_HEAD = update(audit_head).values(seq=bindparam("to_seq"), digest=bindparam("to_digest"))


def record(
    tx: Tx, actor: int | str, action: str, subject: str, **values: tuple[object, object]
) -> None:
    """Note a change as (old, new) per field; it is chained when the transaction closes."""
    tx.audits.append(AuditEntry(str(actor), action, subject, values))


def write_chain(tx: Tx) -> None:
    """Append what was recorded. Must be the last thing a transaction does."""
    if not tx.audits:
        return
    head = tx.execute(_HEAD).one_or_none()
    if head is None:
        tx.insert_once(audit_head, {"one": 1, "seq": 0, "digest": GENESIS})
        head = tx.execute(_HEAD).one()
    seq, digest = head.seq, head.digest
    rows, values = [], []
    for entry in tx.audits:
        seq += 1
        commitments = {}
        for name, change in sorted(entry.values.items()):
            value, salt = (
                json.dumps(change, ensure_ascii=False, default=str),
                secrets.token_bytes(16),
            )
            commitments[name] = _commit(salt, value)
            values.append({"seq": seq, "field": name, "value": value, "salt": salt})
        row = {
            "seq": seq,
            "at": tx.now,
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "commitments": commitments,
            "previous": digest,
        }
        digest = _digest(seq, tx.now, entry.actor, entry.action, entry.subject, commitments, digest)
        rows.append({**row, "digest": digest})
    tx.execute(_INSERT, rows)
    if values:
        tx.execute(_INSERT_VALUES, values)
    tx.execute(_MOVE_HEAD, {"to_seq": seq, "to_digest": digest})
    tx.audits.clear()


def head(tx: Tx) -> tuple[int, str]:
    """The last entry's number and digest. Only somebody who noted it elsewhere sees a cut tail."""
    row = tx.execute(select(audit_head.c.seq, audit_head.c.digest)).one_or_none()
    return (0, GENESIS) if row is None else (row.seq, row.digest)


def holds(tx: Tx, seq: int, digest: str) -> bool:
    """Whether the entry noted elsewhere as the head is still in the chain, unchanged. Together with
    `verify` that finds what was cut off behind it and a chain that was written anew."""
    if seq == 0:
        return digest == GENESIS
    found = tx.execute(select(audit.c.digest).where(audit.c.seq == seq)).scalar()
    return found == digest


def story(tx: Tx, subject: str) -> Iterator[Entry]:
    """Everything recorded about a subject, oldest first; erased values are left out."""
    after = 0
    while True:
        rows = tx.execute(
            select(audit.c.seq, audit.c.at, audit.c.actor, audit.c.action)
            .where(audit.c.subject == subject, audit.c.seq > after)
            .order_by(audit.c.seq)
            .limit(_STORY)
        ).all()
        if not rows:
            return
        values: dict[int, dict[str, tuple[object, object]]] = {row.seq: {} for row in rows}
        kept = select(audit_values.c.seq, audit_values.c.field, audit_values.c.value)
        for value in tx.execute(
            kept.where(audit_values.c.seq.in_(list(values))).order_by(audit_values.c.field)
        ):
            before, now = json.loads(value.value)
            values[value.seq][value.field] = (before, now)
        for row in rows:
            yield Entry(row.seq, row.at, row.actor, row.action, values[row.seq])
        after = rows[-1].seq


def verify(tx: Tx) -> Iterator[str]:
    """Every break in the chain, one sentence each; nothing when it is whole. Reads in slices."""
    seq, digest = 0, GENESIS
    while True:
        rows = tx.execute(
            select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(_SLICE)
        ).all()
        if not rows:
            break
        kept = tx.execute(
            select(audit_values).where(audit_values.c.seq.between(seq + 1, rows[-1].seq))
        ).all()
        by_seq = {row.seq: row for row in rows}
        for value in kept:
            held = by_seq.get(value.seq)
            claimed = _commitments(held).get(value.field) if held is not None else None
            if claimed != _commit(value.salt, value.value):
                yield f"entry {value.seq}: the value of {value.field} is not the one recorded"
        for row in rows:
            if row.seq != seq + 1:
                yield f"entries {seq + 1} to {row.seq - 1} are missing"
            expected = _digest(
                row.seq, row.at, row.actor, row.action, row.subject, _commitments(row), digest
            )
            misshapen = _commitments(row) != row.commitments
            if misshapen or row.previous != digest or row.digest != expected:
                yield f"entry {row.seq} was altered"
            seq, digest = row.seq, row.digest
    if head(tx) != (seq, digest):
        yield "the head does not match the last entry: the end of the chain was cut or added to"


def _commitments(row: Any) -> dict[str, str]:
    """A row's commitments by field; what somebody put there in another shape is left out."""
    found = row.commitments if isinstance(row.commitments, dict) else {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _commit(salt: bytes, value: str) -> str:
    return hashlib.sha256(salt + value.encode()).hexdigest()


def _digest(
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    commitments: dict[str, str],
    previous: str,
) -> str:
    body = [
        seq,
        at.isoformat(),
        actor,
        action,
        subject,
        sorted(commitments.items()),
        previous,
    ]
    return hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()
