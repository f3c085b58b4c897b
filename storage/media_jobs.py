"""The fetching job's side of evidence: what is due, what became of it, what may be removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, literal, or_, select, update

from storage import audit
from storage.database import Tx
from storage.media import COLUMNS, UNBOUND_LIFE, Evidence, drop, note_likeness
from storage.schema import attachments, contributions

LEASE = timedelta(minutes=2)
"""Fetching and decoding are cut off long before; whoever crashed over it leaves it to the next."""
MOST_TRIES = 8
FIRST_PAUSE = timedelta(seconds=30)
"""Doubled with each try, up to the eighth about an hour after the first; from then on the same."""
PATIENCE = timedelta(hours=6)
"""Nothing is given up sooner: longer than a platform, or a program that keeps crashing, is usually
away, and soon enough that who is asked for a picture again still has it."""
HELD_LIFE = timedelta(days=1)
"""For so long a reference is kept of somebody who has not agreed to anything."""
PAGE = 5_000
_PENDING = literal("pending", literal_execute=True)

_DUE = (
    select(*COLUMNS)
    .where(attachments.c.state == _PENDING, attachments.c.due_at <= bindparam("by"))
    .order_by(attachments.c.due_at, attachments.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DUE_ON = _DUE.where(attachments.c.channel == bindparam("on_channel"))
_LEASE = (
    update(attachments)
    .where(attachments.c.id == bindparam("of_id"))
    .values(due_at=bindparam("until"), tries=attachments.c.tries + 1)
)
_SETTLE = update(attachments).where(
    attachments.c.id == bindparam("of_id"), attachments.c.state == "pending"
)
_KEEP = _SETTLE.values(
    state="kept", due_at=None, reference="", kept_at=bindparam("at"),
    reason=bindparam("like"), kind=bindparam("as_kind"),
    **{name: bindparam(f"to_{name}") for name in
       ("sha256", "thumb", "source", "phash", "mime", "bytes")},
)  # fmt: skip
_REFUSE = _SETTLE.values(state="refused", due_at=None, reference="", reason=bindparam("why"))
_DONE = _SETTLE.values(state="dropped", due_at=None, reference="", name="")
_PUT_OFF = _SETTLE.values(due_at=bindparam("until"))
_SAME = (
    select(contributions.c.code)
    .join(attachments, attachments.c.contribution_id == contributions.c.id)
    .where(
        attachments.c.source == bindparam("with_source"),
        attachments.c.id < bindparam("before"),
        contributions.c.id != bindparam("but"),
    )
    .order_by(attachments.c.id)
    .limit(1)
)
_PHASHES = (
    select(attachments.c.id, attachments.c.phash, contributions.c.code)
    .join(contributions, contributions.c.id == attachments.c.contribution_id)
    .where(
        attachments.c.id > bindparam("after"),
        attachments.c.id < bindparam("before"),
        attachments.c.phash.is_not(None),
        contributions.c.id != bindparam("but"),
    )
    .order_by(attachments.c.id)
    .limit(PAGE)
)
_STALE = (
    select(attachments.c.id)
    .where(
        attachments.c.contribution_id.is_(None),
        attachments.c.state != "dropped",
        or_(
            and_(attachments.c.state == "held", attachments.c.received_at < bindparam("held")),
            attachments.c.received_at < bindparam("unbound"),
        ),
    )
    .limit(bindparam("most"))
)
_DROPPED = (
    select(*COLUMNS)
    .where(attachments.c.contribution_id.is_(None), attachments.c.state == "dropped")
    .limit(bindparam("most"))
)
_FORGET = delete(attachments).where(
    attachments.c.id.in_(bindparam("ids", expanding=True)), attachments.c.state == "dropped"
)
_REFERRED = select(attachments.c.sha256, attachments.c.thumb).where(
    or_(
        attachments.c.sha256.in_(bindparam("names", expanding=True)),
        attachments.c.thumb.in_(bindparam("names", expanding=True)),
    ),
    attachments.c.state == "kept",
)
_WAITING = [
    select(attachments.c.reference).where(attachments.c.channel == bindparam("on_channel"), *which)
    for which in (
        [attachments.c.state == _PENDING],
        [attachments.c.contribution_id.is_(None), attachments.c.state == "held"],
    )
]


def claim(tx: Tx, limit: int, channel: str | None = None) -> list[Evidence]:
    """Take what is due, of one channel or of all, for `LEASE` at the least; it counts as a try,
    also for who crashes over it: he, too, comes back to it after growing pauses."""
    values: dict[str, object] = {"by": tx.now, "most": limit}
    if channel is None:
        rows = tx.execute(_DUE, values)
    else:
        rows = tx.execute(_DUE_ON, {**values, "on_channel": channel})
    due = [Evidence(*row) for row in rows]
    for one in due:
        until = tx.now + max(LEASE, _pause(one.tries + 1))
        tx.execute(_LEASE, {"of_id": one.id, "until": until})
    return due


def keep(
    tx: Tx,
    one: Evidence,
    *,
    kind: str,
    sha256: str,
    thumb: str | None,
    source: str,
    phash: int | None,
    mime: str,
    size: int,
    like: str = "",
) -> bool:
    """Its file is on the disk. False when it was given up meanwhile. `like` is the code of an
    earlier report with such a picture."""
    done = tx.execute(
        _KEEP,
        {
            "of_id": one.id, "at": tx.now, "like": like, "as_kind": kind, "to_sha256": sha256,
            "to_thumb": thumb, "to_source": source, "to_phash": phash, "to_mime": mime,
            "to_bytes": size,
        },
    ).rowcount  # fmt: skip
    if done != 1:
        return False
    audit.record(
        tx, "machine", "evidence.kept", f"attachment:{one.id}",
        state=("pending", "kept"), sha256=(None, sha256), source=(None, source),
    )  # fmt: skip
    bound = tx.execute(
        select(attachments.c.contribution_id).where(attachments.c.id == one.id)
    ).scalar()
    if like and bound is not None:
        note_likeness(tx, bound, [one.id])
    return True


def refuse(tx: Tx, one: Evidence, reason: str) -> bool:
    """It cannot be kept, for good. False when it was given up meanwhile."""
    done = tx.execute(_REFUSE, {"of_id": one.id, "why": reason}).rowcount == 1
    if done:
        audit.record(
            tx, "machine", "evidence.refused", f"attachment:{one.id}",
            state=("pending", "refused"), reason=(None, reason),
        )  # fmt: skip
    return done


def done_with(tx: Tx, one: Evidence) -> bool:
    """It was read and none of it is kept. False when it was given up meanwhile, or is done."""
    done = tx.execute(_DONE, {"of_id": one.id}).rowcount == 1
    if done:
        audit.record(
            tx, "machine", "evidence.read", f"attachment:{one.id}", state=("pending", "dropped")
        )
    return done


def put_off(tx: Tx, one: Evidence) -> bool:
    """Try again later; False when it was tried often and long enough."""
    tried = one.tries + 1
    if spent(replace(one, tries=tried), tx.now):
        return False
    tx.execute(_PUT_OFF, {"of_id": one.id, "until": tx.now + _pause(tried)})
    return True


def spent(one: Evidence, now: datetime) -> bool:
    """Whether it was tried often and long enough."""
    return one.tries >= MOST_TRIES and now - one.received_at >= PATIENCE


def _pause(tries: int) -> timedelta:
    return timedelta(seconds=FIRST_PAUSE.total_seconds() * 2 ** (min(tries, MOST_TRIES) - 1))


def same(tx: Tx, one: Evidence, source: str) -> str | None:
    """The code of an earlier report with the very same file, sent before this one."""
    values = {"with_source": source, "before": one.id, "but": one.contribution_id or 0}
    return tx.execute(_SAME, values).scalar()


def pictures_before(tx: Tx, one: Evidence) -> Iterator[tuple[int, str]]:
    """(phash, code of its report) of every earlier report's picture, for the caller to compare."""
    after = 0
    while True:
        values = {"after": after, "before": one.id, "but": one.contribution_id or 0}
        rows = tx.execute(_PHASHES, values).all()
        for row in rows:
            yield row.phash, row.code
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def drop_stale(tx: Tx, limit: int) -> int:
    """Give up what nobody made part of a report in time; how many."""
    values: dict[str, datetime | int] = {
        "held": tx.now - HELD_LIFE, "unbound": tx.now - UNBOUND_LIFE, "most": limit,
    }  # fmt: skip
    ids = [row.id for row in tx.execute(_STALE, values)]
    drop(tx, ids, by="machine")
    return len(ids)


def dropped(tx: Tx, limit: int) -> list[Evidence]:
    """What was given up and whose files may have to be removed."""
    return [Evidence(*row) for row in tx.execute(_DROPPED, {"most": limit})]


def forget(tx: Tx, ids: Collection[int]) -> None:
    """Remove the rows of what was given up, once their files are gone."""
    if ids:
        tx.execute(_FORGET, {"ids": list(ids)})


def unreferred(tx: Tx, names: Collection[str]) -> set[str]:
    """Which of these files no kept evidence refers to. Walks through the table: not for a turn."""
    if not names:
        return set()
    rows = tx.execute(_REFERRED, {"names": list(names)})
    return set(names) - {name for row in rows for name in row}


def awaited(tx: Tx, channel: str) -> set[str]:
    """The references of a channel that are still to be fetched, or held until a consent."""
    values = {"on_channel": channel}
    return {row.reference for each in _WAITING for row in tx.execute(each, values)}
