"""workbooks of communes' facts, sent in the chat and waiting to be recorded

Revision: 0007, after 0006.
"""

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
