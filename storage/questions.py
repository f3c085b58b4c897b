"""Unanswered questions (câu hỏi chưa trả lời): kept with their asker's leave, in groups alike.

Which group a question belongs to is decided above; here it is only kept. `lock` a place before
that decision, or a question may join a group in the moment its answer goes out and never get it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update

from storage import audit
from storage.database import Tx
from storage.schema import UtcTime, accounts, question_groups, questions


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask the same at one place ("" where the province answers)."""

    id: int
    place: str
    text: str
    count: int
    first_at: datetime
    last_at: datetime
    answer: str | None = None
    answered_by: int | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one account; `told_at` is when its answer went out."""

    id: int
    group_id: int
    account_id: int
    text: str
    asked_at: datetime
    told_at: datetime | None = None


_GROUP = select(*(question_groups.c[name] for name in Group.__dataclass_fields__))
_QUESTION = select(*(questions.c[name] for name in Question.__dataclass_fields__))
_OPEN = and_(question_groups.c.answered_at.is_(None), question_groups.c.count > 0)
_KEPT_SINCE = (
    select(func.count())
    .select_from(questions)
    .join(accounts, accounts.c.id == questions.c.account_id)
    .where(
        accounts.c.person_id == bindparam("of_person"),
        questions.c.asked_at > bindparam("since", type_=UtcTime),
    )
)
_AT_PLACE = (
    _QUESTION.join(question_groups, question_groups.c.id == questions.c.group_id)
    .where(question_groups.c.place == bindparam("at_place"), questions.c.id > bindparam("after"))
    .order_by(questions.c.id)
    .limit(bindparam("most"))
)


def lock(tx: Tx, place: str) -> None:
    """Keep others from grouping or answering at a place till the transaction ends."""
    tx.lock(f"questions:{place}")


def kept_since(tx: Tx, person_id: int, since: datetime) -> int:
    """How many questions a person has left since a moment."""
    return int(tx.execute(_KEPT_SINCE, {"of_person": person_id, "since": since}).scalar_one())


def at_place(tx: Tx, place: str, after: int, limit: int) -> list[Question]:
    """A place's questions with an id over `after`, oldest first."""
    rows = tx.execute(_AT_PLACE, {"at_place": place, "after": after, "most": limit})
    return [Question(*row) for row in rows]


def keep(
    tx: Tx, account_id: int, by: int, text: str, place: str, group_id: int | None
) -> tuple[Question, Group]:
    """Keep a question in a group, or in a new one. One of an answered group counts as told."""
    joined = get(tx, group_id) if group_id is not None else None
    now = {"last_at": tx.now}
    if joined is None:
        opened = {"place": place, "text": text, "count": 1, "first_at": tx.now, **now}
        group_id = tx.insert(question_groups, opened)
    else:
        group_id = joined.id
        tx.execute(
            update(question_groups)
            .where(question_groups.c.id == group_id)
            .values(count=question_groups.c.count + 1, **now)
        )
    told_at = tx.now if joined is not None and joined.answered_at is not None else None
    row = {
        "group_id": group_id,
        "account_id": account_id,
        "text": text,
        "asked_at": tx.now,
        "told_at": told_at,
    }
    made = tx.insert(questions, row)
    audit.record(tx, by, "question.kept", f"question:{made}", group=(None, group_id))
    return Question(id=made, **row), _found(get(tx, group_id))  # type: ignore[arg-type]


def get(tx: Tx, group_id: int) -> Group | None:
    """A group by its id, None when there is none or all its questions went elsewhere."""
    row = tx.execute(
        _GROUP.where(question_groups.c.id == group_id, question_groups.c.count > 0)
    ).one_or_none()
    return None if row is None else Group(*row)


def question(tx: Tx, question_id: int) -> Question | None:
    """A question by its id."""
    row = tx.execute(_QUESTION.where(questions.c.id == question_id)).one_or_none()
    return None if row is None else Question(*row)


def waiting(
    tx: Tx, places: Collection[str], limit: int, *, after: tuple[int, int] | None = None
) -> list[Group]:
    """Open groups of these places, the most asked first; `after` is a (count, id) already seen."""
    found = _GROUP.where(question_groups.c.place.in_(places), _OPEN)
    if after is not None:
        found = found.where(_comes_after(*after))
    rows = tx.execute(
        found.order_by(question_groups.c.count.desc(), question_groups.c.id).limit(limit)
    )
    return [Group(*row) for row in rows]


def every(tx: Tx, *, answered: bool, after: int, limit: int) -> list[Group]:
    """Groups of all places by id, for the operator."""
    rows = tx.execute(
        _GROUP.where(
            question_groups.c.answered_at.is_not(None) if answered else _OPEN,
            question_groups.c.id > after,
        )
        .order_by(question_groups.c.id)
        .limit(limit)
    )
    return [Group(*row) for row in rows]


def members(tx: Tx, group_id: int, limit: int, *, after: int = 0) -> list[Question]:
    """The questions of a group, oldest first."""
    rows = tx.execute(
        _QUESTION.where(questions.c.group_id == group_id, questions.c.id > after)
        .order_by(questions.c.id)
        .limit(limit)
    )
    return [Question(*row) for row in rows]


def newest(tx: Tx, group_id: int, limit: int) -> list[Question]:
    """The questions of a group, newest first."""
    rows = tx.execute(
        _QUESTION.where(questions.c.group_id == group_id)
        .order_by(questions.c.id.desc())
        .limit(limit)
    )
    return [Question(*row) for row in rows]


def answer(tx: Tx, group: Group, text: str, *, by: int) -> bool:
    """Answer a group; False when somebody was quicker."""
    done = tx.execute(
        update(question_groups)
        .where(question_groups.c.id == group.id, _OPEN)
        .values(answer=text, answered_by=by, answered_at=tx.now)
    )
    if done.rowcount == 1:
        audit.record(tx, by, "question.answered", f"question_group:{group.id}", answer=(None, text))
    return done.rowcount == 1


def take_untold(tx: Tx, group_id: int, limit: int) -> tuple[list[Question], bool]:
    """Who is to be told next, once an account, marked as told; and whether more are left."""
    rows = tx.execute(
        _QUESTION.where(questions.c.group_id == group_id, questions.c.told_at.is_(None))
        .order_by(questions.c.id)
        .limit(limit + 1)
    ).all()
    found = {row.account_id: Question(*row) for row in reversed(rows[:limit])}
    if found:
        tx.execute(
            update(questions)
            .where(
                questions.c.group_id == group_id,
                questions.c.account_id.in_(list(found)),
                questions.c.told_at.is_(None),
            )
            .values(told_at=tx.now)
        )
    return sorted(found.values(), key=lambda one: one.id), len(rows) > limit


def split(tx: Tx, one: Question, *, by: int) -> Group:
    """Take a question out of its group into one of its own, open again."""
    old = _found(get(tx, one.group_id))
    row = {
        "place": old.place,
        "text": one.text,
        "count": 1,
        "first_at": one.asked_at,
        "last_at": one.asked_at,
    }
    made = tx.insert(question_groups, row)
    tx.execute(
        update(questions).where(questions.c.id == one.id).values(group_id=made, told_at=None)
    )
    tx.execute(
        update(question_groups)
        .where(question_groups.c.id == old.id)
        .values(count=question_groups.c.count - 1)
    )
    audit.record(tx, by, "question.split", f"question:{one.id}", group=(old.id, made))
    return _found(get(tx, made))


def merge(tx: Tx, gone: Group, kept: Group, *, by: int) -> bool:
    """Put the questions of an open group into another open one of its place; False when it is too
    late for that. `lock` the place first."""
    first, second = get(tx, gone.id), get(tx, kept.id)
    if first is None or second is None or first.id == second.id or first.place != second.place:
        return False
    if first.answered_at is not None or second.answered_at is not None:
        return False
    tx.execute(update(questions).where(questions.c.group_id == gone.id).values(group_id=kept.id))
    for group_id, count in ((gone.id, 0), (kept.id, first.count + second.count)):
        tx.execute(
            update(question_groups).where(question_groups.c.id == group_id).values(count=count)
        )
    audit.record(tx, by, "question.merged", f"question_group:{gone.id}", group=(gone.id, kept.id))
    return True


def _comes_after(count: int, group_id: int) -> ColumnElement[bool]:
    return or_(
        question_groups.c.count < count,
        and_(question_groups.c.count == count, question_groups.c.id > group_id),
    )


def _found(group: Group | None) -> Group:
    if group is None:
        raise LookupError("the group is gone")
    return group
