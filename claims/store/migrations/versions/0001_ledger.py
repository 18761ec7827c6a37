"""The file ledger: files, interchanges, counts of findings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "files",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("path", sa.String(1024), nullable=False),
        sa.Column("feed", sa.String(32), nullable=False),
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("received_date", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("transaction_count", sa.Integer()),
        sa.Column("quarantined_count", sa.Integer()),
        sa.Column("claim_count", sa.Integer()),
        sa.Column("finding_count", sa.Integer()),
        sa.Column("duplicate_of", _ID, sa.ForeignKey("files.id", name="fk_files_duplicate_of")),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("uq_files_tenant_id_path_sha256", "files", ["tenant_id", "path", "sha256"], unique=True)
    op.create_index(
        "uq_files_tenant_id_sha256_first",
        "files",
        ["tenant_id", "sha256"],
        unique=True,
        sqlite_where=sa.text("state <> 'duplicate'"),
        postgresql_where=sa.text("state <> 'duplicate'"),
    )
    op.create_index("ix_files_tenant_id_received_date", "files", ["tenant_id", "received_date"])
    op.create_index("ix_files_state", "files", ["state"])
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_index("ix_files_path", "files", ["path"])
    op.create_table(
        "interchanges",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("sender_id", sa.String(15), nullable=False),
        sa.Column("receiver_id", sa.String(15), nullable=False),
        sa.Column("control_number", sa.String(16), nullable=False),
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("interchange_ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_interchanges"),
    )
    op.create_index(
        "uq_interchanges_tenant_id_file_id_ordinal",
        "interchanges",
        ["tenant_id", "file_id", "interchange_ordinal"],
        unique=True,
    )
    op.create_index(
        "ix_interchanges_control", "interchanges", ["tenant_id", "sender_id", "receiver_id", "control_number"]
    )
    op.create_table(
        "file_findings",
        sa.Column("file", _ID, sa.ForeignKey("files.id", name="fk_file_findings_file"), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("file", "code", "severity", name="pk_file_findings"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("file_findings")
    op.drop_table("interchanges")
    op.drop_table("files")
