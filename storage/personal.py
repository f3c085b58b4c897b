"""Everything that is kept about one person (dữ liệu cá nhân), for himself to see and to take away.

What each table is kept for, and for how long, stands in `purposes.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from storage.database import Tx
from storage.schema import (
    accounts,
    attachments,
    campaigns,
    consents,
    contribution_versions,
    contributions,
    conversations,
    data_requests,
    decisions,
    grants,
    household_members,
    households,
    people,
    questions,
    representations,
    subscriptions,
)

MOST = 1_000
"""Rows of one kind at most: a person's own are some dozens, and a turn has its limits."""
Row = dict[str, Any]


def kept(tx: Tx, person_id: int) -> dict[str, list[Row]]:
    """What is kept about a person by the kind of thing, its columns by their names. Times are
    aware; nothing of anybody else is in it but what he told of others himself."""
    own = select(accounts.c.id).where(accounts.c.person_id == person_id)
    reports = select(contributions.c.id).where(contributions.c.reporter_id == person_id)
    of_his = household_members.c.person_id == person_id
    ever = select(household_members.c.household_id).where(of_his)
    now = select(people.c.household_id).where(
        people.c.id == person_id, people.c.household_id.is_not(None)
    )
    return {
        "person": _rows(tx, people, ["name", "created_at"], people.c.id == person_id),
        "household": _rows(
            tx,
            households,
            ["place", "village", "head"],
            households.c.id.in_(now),
        ),
        "households_before": _rows(
            tx,
            households,
            ["place", "village", "head"],
            households.c.id.in_(ever) & households.c.id.not_in(now),
        ),
        "accounts": _rows(
            tx, accounts, ["channel", "sender", "created_at"], accounts.c.person_id == person_id
        ),
        "consents": _rows(
            tx,
            consents,
            ["purpose", "text_version", "given_at", "withdrawn_at", "guardian"],
            consents.c.person_id == person_id,
        ),
        "reminders": _rows(
            tx, subscriptions, ["actor", "place", "since", "until"],
            subscriptions.c.person_id == person_id,
        ),
        "announcements": _rows(
            tx, campaigns, ["key", "state", "text", "places", "count", "made_at", "done_at"],
            (campaigns.c.made_by == person_id) & (campaigns.c.text != ""),
        ),
        "roles": _rows(
            tx, grants, ["role", "place", "given_at", "revoked_at"],
            grants.c.person_id == person_id,
        ),
        "representations": _rows(
            tx, representations, ["organisation_id", "state", "asked_at", "decided_at"],
            representations.c.person_id == person_id,
        ),
        "contributions": _rows(
            tx,
            contributions,
            ["code", "kind", "state", "contributor_kind", "contributor_name", "place", "village",
             "purpose", "made_on", "told_vnd", "told_quantity", "verified_vnd",
             "verified_quantity", "details", "note", "answer", "submitted_at", "updated_at"],
            contributions.c.reporter_id == person_id,
        ),
        "contribution_versions": _rows(
            tx,
            contribution_versions,
            ["contribution_id", "version", "state", "at", "changes"],
            contribution_versions.c.contribution_id.in_(reports),
        ),
        "decisions": _rows(
            tx, decisions, ["contribution_id", "version", "state", "reason", "at"],
            decisions.c.contribution_id.in_(reports),
        ),
        "attachments": _rows(
            tx, attachments, ["kind", "name", "state", "sha256", "received_at"],
            attachments.c.account_id.in_(own),
        ),
        "questions": _rows(
            tx, questions, ["text", "asked_at", "told_at"], questions.c.account_id.in_(own)
        ),
        "conversation": _rows(
            tx, conversations, ["state", "updated_at"], conversations.c.account_id.in_(own)
        ),
        "data_requests": _rows(
            tx,
            data_requests,
            ["kind", "asked_at", "answer_by", "done_by", "done_at", "outcome"],
            data_requests.c.person_id == person_id,
        ),
    }  # fmt: skip


def _rows(tx: Tx, table: Table, names: Iterable[str], where: ColumnElement[bool]) -> list[Row]:
    key = list(table.primary_key.columns)
    query = select(*(table.c[name] for name in names)).where(where).order_by(*key).limit(MOST)
    return [dict(row._mapping) for row in tx.execute(query)]
