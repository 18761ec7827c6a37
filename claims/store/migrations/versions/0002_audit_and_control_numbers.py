"""The audit chain, and the control numbers of what we send."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit_events",
        sa.Column("sequence", _ID, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object_reference", sa.String(256), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_object_reference", "audit_events", ["object_reference"])
    op.create_table(
        "control_numbers",
        sa.Column("sender_id", sa.String(32), nullable=False),
        sa.Column("receiver_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sender_id", "receiver_id", "kind", name="pk_control_numbers"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("control_numbers")
    op.drop_table("audit_events")
