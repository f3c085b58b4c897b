"""Every table. Times are aware UTC, money is integer VND, text is NFC (cleaned by the channel).

Nothing here may assume ids without gaps or in global order: on PostgreSQL they are neither.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive one is refused: it would be read elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a column that is exactly INTEGER."""


def _id() -> Column[int]:
    return Column("id", BigId, primary_key=True)


households = Table(
    "households",
    metadata,
    _id(),
    Column("place", String(16), nullable=False),
    Column("village", String(80), nullable=False),
    Column("head", String(80), nullable=False),
    # What the place became, and FOLD forms: one household is one however and whenever it is told.
    Column("place_key", String(16), nullable=False),
    Column("village_key", String(80), nullable=False),
    Column("head_key", String(80), nullable=False),
    UniqueConstraint("place_key", "village_key", "head_key"),
)

organisations = Table(
    "organisations",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("place", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("name_key", String(120), nullable=False),
    UniqueConstraint("place", "kind", "name_key"),
)

people = Table(
    "people",
    metadata,
    _id(),
    Column("name", String(80)),
    Column("created_at", UtcTime, nullable=False),
    Column("household_id", BigId, ForeignKey("households.id")),
    # The FOLD form of the name: what a gift in his name is known by.
    Column("name_key", String(80), nullable=False, server_default=""),
)

household_members = Table(
    "household_members",
    metadata,
    # Every household a person ever said was his: saying another one makes him no stranger to it.
    Column("person_id", BigId, ForeignKey("people.id"), primary_key=True),
    Column("household_id", BigId, ForeignKey("households.id"), primary_key=True, index=True),
    Column("since", UtcTime, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    # Nothing reaches this account until he writes again.
    Column("unreachable_at", UtcTime),
    Column("unreachable_why", String(64), nullable=False, server_default=""),
    # A human operator has taken the talk over.
    Column("paused_until", UtcTime),
    UniqueConstraint("channel", "account", "sender"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("account_id", BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("state", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    Column("text_version", String(64), nullable=False),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("choice", String(80), nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    # Who agreed for somebody under 16; nothing for whoever agreed for himself.
    Column("guardian", String(80)),
)

grants = Table(
    "grants",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False, index=True),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("role", String(32), nullable=False),
    Column("place", String(16), nullable=False),
    Column("given_by", BigId, ForeignKey("people.id")),
    Column("given_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    # 0 and "" where the role is the whole place's: a unique key takes two NULLs for different.
    Column("organisation_id", BigId, nullable=False, server_default="0"),
    Column("village", String(80), nullable=False, server_default=""),
    Column("until", UtcTime),
    Index(None, "place", "role"),
    # Held twice, a role would show every report twice and be told of it twice.
    Index(
        "uq_grants_live",
        "person_id",
        "role",
        "place",
        "organisation_id",
        "village",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("place", String(16), nullable=False),
    Column("created_by", BigId, ForeignKey("people.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("used_by", BigId, ForeignKey("people.id")),
    Column("organisation_id", BigId, nullable=False, server_default="0"),
    Column("village", String(80), nullable=False, server_default=""),
    Column("until", UtcTime),
)

representations = Table(
    "representations",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("organisation_id", BigId, ForeignKey("organisations.id"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("decided_by", BigId, ForeignKey("people.id")),
    UniqueConstraint("person_id", "organisation_id"),
)

links = Table(
    "links",
    metadata,
    _id(),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)

contributions = Table(
    "contributions",
    metadata,
    _id(),
    Column("code", String(16), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("reporter_id", BigId, ForeignKey("people.id"), nullable=False),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("contributor_kind", String(16), nullable=False),
    Column("contributor_name", String(120), nullable=False),
    Column("contributor_id", BigId, ForeignKey("people.id")),
    Column("place", String(16), nullable=False),
    Column("village", String(80), nullable=False),
    Column("purpose", String(300), nullable=False),
    Column("made_on", Date, nullable=False),
    Column("told_vnd", BigInteger),
    Column("verified_vnd", BigInteger),
    # Person-days, m² or stars, by kind; whole days and their halves are exact in binary.
    Column("told_quantity", Float),
    Column("verified_quantity", Float),
    Column("details", JSON, nullable=False, server_default="{}"),
    Column("note", Text, nullable=False, server_default=""),
    Column("submitted_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    # FOLD forms, to find the same contributor and the same village however they were typed.
    Column("contributor_key", String(120), nullable=False, server_default=""),
    Column("village_key", String(80), nullable=False, server_default=""),
    Column("household_id", BigId, ForeignKey("households.id")),
    Column("organisation_id", BigId, ForeignKey("organisations.id")),
    # The officer who typed it for somebody who came in person.
    Column("entered_by", BigId, ForeignKey("people.id")),
    Column("holder_id", BigId, ForeignKey("people.id")),
    Column("held_until", UtcTime),
    # How many things about it look doubtful: hints that put it first, never a verdict.
    Column("doubts", Integer, nullable=False, server_default="0"),
    # Since when the level above may decide because the commune has not.
    Column("raised_at", UtcTime),
    # What the reporter said to a corrected figure: "", agreed, objected, twice (objected again).
    Column("answer", String(8), nullable=False, server_default=""),
    CheckConstraint("told_vnd IS NULL OR told_vnd > 0", name="told_positive"),
    CheckConstraint("verified_vnd IS NULL OR verified_vnd > 0", name="verified_positive"),
    # The queue is read oldest first within a place; without the state in front of the time, a
    # commune's decided reports would be walked through for ever.
    Index(None, "place", "state", "submitted_at", "id"),
    Index(None, "reporter_id", "id"),
    Index(None, "contributor_key", "place"),
    # The level above looks for what was raised to it among everything below.
    Index(
        "ix_contributions_raised",
        "submitted_at",
        "id",
        sqlite_where=text("raised_at IS NOT NULL"),
        postgresql_where=text("raised_at IS NOT NULL"),
    ),
)

attachments = Table(
    "attachments",
    metadata,
    _id(),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    # Nothing while the report it belongs to is still being told.
    Column("contribution_id", BigId, ForeignKey("contributions.id"), index=True),
    Column("kind", String(8), nullable=False),
    Column("channel", String(16), nullable=False),
    # The platform's reference while pending; a rounded place for a location; "" once it is kept.
    Column("reference", Text, nullable=False),
    Column("name", String(120), nullable=False, server_default=""),
    Column("state", String(8), nullable=False),
    Column("reason", String(32), nullable=False, server_default=""),
    Column("sha256", String(64)),
    Column("thumb", String(64)),
    Column("source", String(64), index=True),
    Column("phash", BigInteger),
    Column("mime", String(80), nullable=False, server_default=""),
    Column("bytes", BigInteger),
    Column("received_at", UtcTime, nullable=False),
    Column("kept_at", UtcTime),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcTime),
    Index(None, "account_id", "id"),
    Index(
        "ix_attachments_pending",
        "due_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

contribution_versions = Table(
    "contribution_versions",
    metadata,
    Column("contribution_id", BigId, ForeignKey("contributions.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by_person", BigId, ForeignKey("people.id"), nullable=False),
    Column("changes", JSON, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    Column("contribution_id", BigId, ForeignKey("contributions.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("officer_id", BigId, ForeignKey("people.id"), nullable=False),
    Column("grant_id", BigId, ForeignKey("grants.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False, server_default=""),
    Column("verified_vnd", BigInteger),
    Column("verified_quantity", Float),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("contribution_id", "version"),
)

honours = Table(
    "honours",
    metadata,
    _id(),
    Column("award", String(48), nullable=False),
    Column("place", String(16), nullable=False),
    Column("recipient_kind", String(16), nullable=False),
    Column("recipient_name", String(120), nullable=False),
    Column("recipient_id", BigId, ForeignKey("people.id")),
    Column("year", Integer, nullable=False),
    Column("decision_number", String(64), nullable=False),
    Column("recorded_by", BigId, ForeignKey("people.id"), nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    UniqueConstraint("award", "place", "recipient_kind", "recipient_name", "year"),
)

commune_facts = Table(
    "commune_facts",
    metadata,
    Column("place", String(16), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("field", String(32), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("by_person", BigId, ForeignKey("people.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
)

reached_villages = Table(
    "reached_villages",
    metadata,
    _id(),
    Column("place", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("name_key", String(80), nullable=False),
    Column("year", Integer, nullable=False),
    Column("decision", String(64), nullable=False, server_default=""),
    Column("by_person", BigId, ForeignKey("people.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("place", "name_key"),
)

products = Table(
    "products",
    metadata,
    _id(),
    Column("place", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("name_key", String(120), nullable=False),
    Column("owner", String(120), nullable=False),
    Column("owner_key", String(120), nullable=False),
    Column("year", Integer, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("decision", String(64), nullable=False, server_default=""),
    Column("by_person", BigId, ForeignKey("people.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("place", "name_key", "owner_key", "year"),
)

fact_sheets = Table(
    "fact_sheets",
    metadata,
    _id(),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("state", String(8), nullable=False),
    # How many of its rows can be taken, and how many cannot.
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(
        "ix_fact_sheets_waiting",
        "at",
        sqlite_where=text("state IN ('wrong', 'right')"),
        postgresql_where=text("state IN ('wrong', 'right')"),
    ),
)

question_groups = Table(
    "question_groups",
    metadata,
    _id(),
    # Whose office it is: a commune's key, "" where the province answers.
    Column("place", String(16), nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("answer", Text),
    Column("answered_by", BigId, ForeignKey("people.id")),
    Column("answered_at", UtcTime),
    Index(None, "place", "answered_at"),
)

questions = Table(
    "questions",
    metadata,
    _id(),
    Column("group_id", BigId, ForeignKey("question_groups.id"), nullable=False, index=True),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("told_at", UtcTime),
)

data_requests = Table(
    "data_requests",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False, index=True),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("answer_by", Date, nullable=False),
    Column("done_by", Date, nullable=False),
    Column("done_at", UtcTime),
    Column("outcome", Text, nullable=False, server_default=""),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", String(200), nullable=False, server_default=""),
    Index(None, "account_id", "id"),
    # Sent rows stay for the record; only what is still to send may cost anything to look for.
    Index(
        "ix_outbox_waiting",
        "account_id",
        "id",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
)

recipients = Table(
    "recipients",
    metadata,
    # Accounts of platforms that have something queued; who sends to one leases it.
    Column("account_id", BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("channel", String(16), nullable=False),
    # 0 when a reply waits, 1 when only pushes do; 2 more where the last call came to nothing sure.
    Column("rank", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("leased_until", UtcTime, nullable=False),
    Column("holder", String(32), nullable=False, server_default=""),
    Index(None, "channel", "rank", "due_at"),
)

limits = Table(
    "limits",
    metadata,
    Column("name", String(80), primary_key=True),
    # When the next call may be made, by the generic cell rate algorithm.
    Column("free_at", UtcTime, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(80), primary_key=True),
    # Both sealed: neither a backup nor a reader of the database can use them.
    Column("access", Text, nullable=False),
    Column("refresh", Text, nullable=False),
    Column("refresh_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("seed", String(64), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    # What only one replica may do at a time.
    Column("name", String(80), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", UtcTime, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    Column("person_id", BigId, ForeignKey("people.id"), nullable=False),
    Column("account_id", BigId, ForeignKey("accounts.id"), nullable=False),
    # A role of the plan's deadlines, or villager.
    Column("actor", String(32), nullable=False),
    Column("place", String(16), nullable=False, server_default=""),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime),
    Index(None, "person_id", "id"),
    # An officer's preview counts his own commune, not the province.
    Index(
        "ix_subscriptions_place",
        "place",
        "person_id",
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
    Index(
        "uq_subscriptions_live",
        "person_id",
        "actor",
        "place",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
)

campaigns = Table(
    "campaigns",
    metadata,
    _id(),
    # One a day for reminders, one an announcement: planned twice is planned once.
    Column("key", String(80), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(8), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    # The last person it has gone to: a crash goes on behind him.
    Column("cursor", BigId, nullable=False, server_default="0"),
    Column("count", Integer, nullable=False, server_default="0"),
    Column("text", Text, nullable=False, server_default=""),
    # Keys of the places it is for; [] is everywhere.
    Column("places", JSON, nullable=False),
    Column("made_by", BigId, ForeignKey("people.id")),
    Column("account_id", BigId, ForeignKey("accounts.id")),
    Column("released_by", BigId, ForeignKey("people.id")),
    Column("made_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Index(None, "state", "due_at"),
)

campaign_people = Table(
    "campaign_people",
    metadata,
    Column("campaign_id", BigId, ForeignKey("campaigns.id"), primary_key=True, autoincrement=False),
    Column("person_id", BigId, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

reminded = Table(
    "reminded",
    metadata,
    Column("person_id", BigId, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("deadline", String(48), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("lead", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

timers = Table(
    "timers",
    metadata,
    _id(),
    Column("kind", String(24), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("key", String(128), nullable=False, unique=True),
    Column("due_at", UtcTime, nullable=False),
    Column("done", Boolean, nullable=False),
    Index(
        "ix_timers_due",
        "due_at",
        sqlite_where=text("done = 0"),
        postgresql_where=text("NOT done"),
    ),
)

received = Table(
    "received",
    metadata,
    # A digest of (channel, account, sender on the web, event id): short keys keep the tree shallow.
    Column("key", LargeBinary(16), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("outcome", String(8), nullable=False),
    sqlite_with_rowid=False,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _id(),
    Column("key", LargeBinary(16), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(32), nullable=False),
    Column("action", String(48), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("commitments", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(None, "subject", "seq"),
)

audit_values = Table(
    "audit_values",
    metadata,
    Column("seq", BigId, ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    Column("field", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigId, nullable=False),
    Column("digest", String(64), nullable=False),
    CheckConstraint("one = 1", name="single"),
)
