"""Edits of claims that users overrode."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "edit_overrides",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("received_date", sa.Date(), nullable=False),
        sa.Column("edit_id", sa.String(128), nullable=False),
        sa.Column("claim_id", sa.String(48), nullable=False),
        sa.Column("rule_id", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edit_overrides"),
    )
    op.create_index("uq_edit_overrides_tenant_id_edit_id", "edit_overrides", ["tenant_id", "edit_id"], unique=True)


def downgrade() -> None:
    """Take back."""
    op.drop_table("edit_overrides")
