"""contributions of every kind: a quantity beside the value in money, and what belongs to the kind

Revision: 0002, after 0001. Columns are only added: making a table anew would lose its triggers.
"""

from alembic import op
import sqlalchemy as sa


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("contributions", sa.Column("told_quantity", sa.Float(), nullable=True))
    op.add_column("contributions", sa.Column("verified_quantity", sa.Float(), nullable=True))
    op.add_column(
        "contributions", sa.Column("details", sa.JSON(), server_default="{}", nullable=False)
    )
    op.add_column("decisions", sa.Column("verified_quantity", sa.Float(), nullable=True))
