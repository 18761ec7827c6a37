"""The history of data quality checks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "check_results",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("layer", sa.String(32), nullable=False),
        sa.Column("table_name", sa.String(128), nullable=False),
        sa.Column("check_name", sa.String(256), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("unexpected_count", sa.BigInteger()),
        sa.Column("is_by_tenant", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check_results"),
    )
    op.create_index(
        "uq_check_results_run_id_source_layer_table_name_check_name",
        "check_results",
        ["run_id", "source", "layer", "table_name", "check_name"],
        unique=True,
    )
    op.create_index("ix_check_results_at", "check_results", ["at"])
    op.create_index("ix_check_results_table", "check_results", ["layer", "table_name", "at"])
    op.create_table(
        "check_tenant_counts",
        sa.Column("check_result", _ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("unexpected_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_result"],
            ["check_results.id"],
            name="fk_check_tenant_counts_check_result",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("check_result", "tenant_id", name="pk_check_tenant_counts"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("check_tenant_counts")
    op.drop_table("check_results")
