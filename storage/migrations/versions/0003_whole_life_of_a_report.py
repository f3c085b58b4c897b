"""evidence, roles with dates, households, organisations, commune facts, unanswered questions

Revision: 0003, after 0002. Columns are only added: making a table anew would lose its triggers.
"""

import re
import unicodedata

from alembic import op
import sqlalchemy as sa

import storage.schema


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ADDED = {
    "people": {
        "household_id": "{id} REFERENCES households(id)",
        "name_key": "VARCHAR(80) DEFAULT '' NOT NULL",
    },
    "consents": {"guardian": "VARCHAR(80)"},
    "grants": {
        "organisation_id": "{id} DEFAULT '0' NOT NULL",
        "village": "VARCHAR(80) DEFAULT '' NOT NULL",
        "until": "{time}",
    },
    "invitations": {
        "organisation_id": "{id} DEFAULT '0' NOT NULL",
        "village": "VARCHAR(80) DEFAULT '' NOT NULL",
        "until": "{time}",
    },
    "contributions": {
        "contributor_key": "VARCHAR(120) DEFAULT '' NOT NULL",
        "village_key": "VARCHAR(80) DEFAULT '' NOT NULL",
        "household_id": "{id} REFERENCES households(id)",
        "organisation_id": "{id} REFERENCES organisations(id)",
        "entered_by": "{id} REFERENCES people(id)",
        "holder_id": "{id} REFERENCES people(id)",
        "held_until": "{time}",
        "doubts": "INTEGER DEFAULT '0' NOT NULL",
        "raised_at": "{time}",
        "answer": "VARCHAR(8) DEFAULT '' NOT NULL",
    },
}
OWN = """EXISTS (
    SELECT 1 FROM contributions c WHERE c.id = NEW.contribution_id AND (
        NEW.officer_id IN (c.reporter_id, c.contributor_id, c.entered_by)
        OR EXISTS (
            SELECT 1 FROM household_members m WHERE m.person_id = NEW.officer_id AND (
                m.household_id = c.household_id
                OR m.household_id IN (
                    SELECT r.household_id FROM household_members r
                    WHERE r.person_id IN (c.reporter_id, c.contributor_id)
                )
            )
        )
        OR EXISTS (
            SELECT 1 FROM people o WHERE o.id = NEW.officer_id AND o.name_key <> ''
            AND o.name_key = c.contributor_key AND c.contributor_kind IN ('individual', 'household')
        )
        OR EXISTS (
            SELECT 1 FROM grants g WHERE g.person_id = NEW.officer_id
            AND g.organisation_id = c.organisation_id AND g.revoked_at IS NULL
        )
    )
)"""
"""Whether the officer told, made or typed the contribution, it is told in his name, he ever was of
its household or speaks for the organisation that made it."""
BEFORE_A_VILLAGE = re.compile(
    "^(?:(?:khu dan cu|to dan pho|tieu khu|khu pho|thon|ban|xom|tdp|khu|to|kp|b|t) )+"
    r"(?:so (?=\d))?"
)
"""What does not count of a village's name, as the program reads it today."""
SAME = " AND ".join(
    f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}"
    for name in (
        "id",
        "contribution_id",
        "version",
        "officer_id",
        "grant_id",
        "state",
        "verified_vnd",
        "verified_quantity",
        "at",
    )
)


def upgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    types = {
        "id": "INTEGER" if sqlite else "BIGINT",
        "time": "DATETIME" if sqlite else "TIMESTAMP WITH TIME ZONE",
    }
    _tables()
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind.format(**types)}")
    op.create_index(
        "ix_contributions_contributor_key_place", "contributions", ["contributor_key", "place"]
    )
    raised = sa.text("raised_at IS NOT NULL")
    op.create_index(
        "ix_contributions_raised",
        "contributions",
        ["submitted_at", "id"],
        sqlite_where=raised,
        postgresql_where=raised,
    )
    op.drop_index("uq_grants_live", "grants")
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_grants_live",
        "grants",
        ["person_id", "role", "place", "organisation_id", "village"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    _triggers(sqlite)
    _keys()


def _keys():
    """Reports and people from before get the keys they are found by, in slices."""
    bind, after = op.get_bind(), 0
    take = sa.text(
        "SELECT id, contributor_name, village FROM contributions WHERE id > :after "
        "ORDER BY id LIMIT 1000"
    )
    put = sa.text(
        "UPDATE contributions SET contributor_key = :name, village_key = :village WHERE id = :id"
    )
    while rows := bind.execute(take, {"after": after}).all():
        bind.execute(
            put,
            [
                {
                    "id": row.id,
                    "name": _fold(row.contributor_name),
                    "village": BEFORE_A_VILLAGE.sub("", _fold(row.village)),
                }
                for row in rows
            ],
        )
        after = rows[-1].id
    after = 0
    take = sa.text(
        "SELECT id, name FROM people WHERE id > :after AND name IS NOT NULL ORDER BY id LIMIT 1000"
    )
    put = sa.text("UPDATE people SET name_key = :name WHERE id = :id")
    while rows := bind.execute(take, {"after": after}).all():
        bind.execute(put, [{"id": row.id, "name": _fold(row.name)} for row in rows])
        after = rows[-1].id


def _fold(text):
    """Lower-case letters and digits without marks, words apart, as the program folds today."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall("[a-z0-9]+", kept))


def _tables():
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "households",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("village", sa.String(length=80), nullable=False),
        sa.Column("head", sa.String(length=80), nullable=False),
        sa.Column("place_key", sa.String(length=16), nullable=False),
        sa.Column("village_key", sa.String(length=80), nullable=False),
        sa.Column("head_key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint(
            "place_key",
            "village_key",
            "head_key",
            name=op.f("uq_households_place_key_village_key_head_key"),
        ),
    )
    op.create_table(
        "household_members",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_members_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_household_members_person_id")
        ),
        sa.PrimaryKeyConstraint(
            "person_id", "household_id", name=op.f("pk_household_members")
        ),
    )
    op.create_index(
        op.f("ix_household_members_household_id"),
        "household_members",
        ["household_id"],
        unique=False,
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint(
            "place", "kind", "name_key", name=op.f("uq_organisations_place_kind_name_key")
        ),
    )
    op.create_table(
        "commune_facts",
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column(
            "by_person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_person"], ["people.id"], name=op.f("fk_commune_facts_by_person")
        ),
        sa.PrimaryKeyConstraint("place", "year", "field", name=op.f("pk_commune_facts")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String(length=120), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("owner_key", sa.String(length=120), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=64), server_default="", nullable=False),
        sa.Column(
            "by_person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_person"], ["people.id"], name=op.f("fk_products_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint(
            "place",
            "name_key",
            "owner_key",
            "year",
            name=op.f("uq_products_place_name_key_owner_key_year"),
        ),
    )
    op.create_table(
        "question_groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.String(length=16), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("last_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column(
            "answered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("answered_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["people.id"], name=op.f("fk_question_groups_answered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_groups")),
    )
    op.create_index(
        op.f("ix_question_groups_place_answered_at"),
        "question_groups",
        ["place", "answered_at"],
        unique=False,
    )
    op.create_table(
        "reached_villages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_key", sa.String(length=80), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=64), server_default="", nullable=False),
        sa.Column(
            "by_person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_person"], ["people.id"], name=op.f("fk_reached_villages_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reached_villages")),
        sa.UniqueConstraint("place", "name_key", name=op.f("uq_reached_villages_place_name_key")),
    )
    op.create_table(
        "data_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("asked_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("done_by", sa.Date(), nullable=False),
        sa.Column("done_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_data_requests_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_data_requests_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
    )
    op.create_index(
        op.f("ix_data_requests_person_id"), "data_requests", ["person_id"], unique=False
    )
    op.create_table(
        "links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_links_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_links_code_hash")),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("told_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_questions_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["question_groups.id"], name=op.f("fk_questions_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_account_id"), "questions", ["account_id"], unique=False)
    op.create_index(op.f("ix_questions_group_id"), "questions", ["group_id"], unique=False)
    op.create_table(
        "representations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("decided_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_representations_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_representations_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_representations_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_representations_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_representations")),
        sa.UniqueConstraint(
            "person_id",
            "organisation_id",
            name=op.f("uq_representations_person_id_organisation_id"),
        ),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contribution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("thumb", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("phash", sa.BigInteger(), nullable=True),
        sa.Column("mime", sa.String(length=80), server_default="", nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("received_at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.Column("kept_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", storage.schema.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_attachments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_attachments_contribution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(
        op.f("ix_attachments_account_id_id"), "attachments", ["account_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_attachments_contribution_id"), "attachments", ["contribution_id"], unique=False
    )
    op.create_index(
        "ix_attachments_pending",
        "attachments",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(op.f("ix_attachments_source"), "attachments", ["source"], unique=False)


def _triggers(sqlite):
    """A reason may be wiped when its subject is erased; everything else of a decision stands."""
    if sqlite:
        op.execute("DROP TRIGGER decisions_no_update")
        op.execute(
            "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions "
            f"WHEN NOT (NEW.reason = '' AND {SAME.replace('IS NOT DISTINCT FROM', 'IS')}) "
            "BEGIN SELECT RAISE(ABORT, 'the decisions only grows'); END"
        )
        op.execute("DROP TRIGGER decisions_four_eyes")
        op.execute(
            f"CREATE TRIGGER decisions_four_eyes BEFORE INSERT ON decisions WHEN {OWN} "
            "BEGIN SELECT RAISE(ABORT, 'nobody decides on his own'); END"
        )
        return
    op.execute("DROP TRIGGER decisions_only_grow ON decisions")
    op.execute(
        "CREATE FUNCTION decisions_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF TG_OP = 'UPDATE' AND NEW.reason = '' AND {SAME} THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'the audit only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER decisions_only_grow BEFORE UPDATE OR DELETE ON decisions "
        "FOR EACH ROW EXECUTE FUNCTION decisions_only_grow()"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION decisions_four_eyes() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {OWN} THEN RAISE EXCEPTION 'nobody decides on his own'; END IF; "
        "RETURN NEW; END $$"
    )
