"""Earlier outcomes of files that were read again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "file_outcomes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("file", _ID, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("transaction_count", sa.Integer()),
        sa.Column("quarantined_count", sa.Integer()),
        sa.Column("claim_count", sa.Integer()),
        sa.Column("finding_count", sa.Integer()),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_file_outcomes"),
        sa.ForeignKeyConstraint(["file"], ["files.id"], name="fk_file_outcomes_file"),
    )
    op.create_index("ix_file_outcomes_file", "file_outcomes", ["file"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("file_outcomes")
