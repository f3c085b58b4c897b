"""workbooks of communes' facts, sent in the chat and waiting to be recorded; an end to
announcements that were held before there was one

Revision: 0007, after 0006.
"""

from datetime import timedelta

from alembic import op
import sqlalchemy as sa

import storage.schema


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "fact_sheets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("at", storage.schema.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_fact_sheets_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_sheets")),
    )
    op.create_index(op.f("ix_fact_sheets_account_id"), "fact_sheets", ["account_id"])
    op.create_index(
        "ix_fact_sheets_waiting",
        "fact_sheets",
        ["at"],
        sqlite_where=sa.text("state IN ('wrong', 'right')"),
        postgresql_where=sa.text("state IN ('wrong', 'right')"),
    )
    _lapses()


def _lapses():
    """Whatever is held lapses a week after it was written, like what is held from now on."""
    at = storage.schema.UtcTime(timezone=True)
    campaigns = sa.table(
        "campaigns", sa.column("key"), sa.column("kind"), sa.column("state"), sa.column("made_at", at)
    )
    timers = sa.table(
        "timers", *(sa.column(name) for name in ("kind", "subject", "key")),
        sa.column("due_at", at), sa.column("done", sa.Boolean()),
    )
    bind = op.get_bind()
    held = bind.execute(
        sa.select(campaigns.c.key, campaigns.c.made_at).where(
            campaigns.c.kind == "announce", campaigns.c.state == "held"
        )
    ).all()
    for code, made_at in held:
        subject = f"campaign:{code}"
        bind.execute(
            sa.insert(timers).values(
                kind="release", subject=subject, key=f"release:{subject}:0",
                due_at=made_at + timedelta(days=7), done=False,
            )
        )
