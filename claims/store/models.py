"""The tables of the operational store.

Belongs here: SQLAlchemy declarations, the same for SQLite and PostgreSQL. Does not belong here: queries (one module per
part), migrations. A change here comes with a migration; a test compares the two.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Names every constraint alike in every engine, so that a migration can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class FileState(StrEnum):
    """Where a landed file stands: `received` is pending, all others are outcomes."""

    RECEIVED = "received"
    READ = "read"
    READ_WITH_FINDINGS = "read_with_findings"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    FAILED = "failed"


class FileRow(Base):
    """A landed file. Of files with the same bytes for one tenant the first keeps; the others are duplicates of it."""

    __tablename__ = "files"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(1024))
    feed: Mapped[str] = mapped_column(String(32))
    file_id: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    received_date: Mapped[date] = mapped_column(Date)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(500))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    transaction_count: Mapped[int | None]
    quarantined_count: Mapped[int | None]
    claim_count: Mapped[int | None]
    finding_count: Mapped[int | None]
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("files.id"))

    __table_args__ = (
        Index("uq_files_tenant_id_path_sha256", "tenant_id", "path", "sha256", unique=True),
        Index(
            "uq_files_tenant_id_sha256_first",
            "tenant_id",
            "sha256",
            unique=True,
            sqlite_where=text("state <> 'duplicate'"),
            postgresql_where=text("state <> 'duplicate'"),
        ),
        Index("ix_files_tenant_id_received_date", "tenant_id", "received_date"),
        Index("ix_files_state", "state"),
        Index("ix_files_sha256", "sha256"),
        # Paths are looked up to skip what was digested before.
        Index("ix_files_path", "path"),
    )


class FileOutcomeRow(Base):
    """What had become of a file when it was asked for again: every outcome but the present one, which `files` has."""

    __tablename__ = "file_outcomes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    file: Mapped[int] = mapped_column(ForeignKey("files.id"))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(500))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    transaction_count: Mapped[int | None]
    quarantined_count: Mapped[int | None]
    claim_count: Mapped[int | None]
    finding_count: Mapped[int | None]
    reopened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_file_outcomes_file", "file"),)


class InterchangeRow(Base):
    """An interchange seen in a file: what tells a replay, which is the same control number in other bytes."""

    __tablename__ = "interchanges"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    sender_id: Mapped[str] = mapped_column(String(15))
    receiver_id: Mapped[str] = mapped_column(String(15))
    control_number: Mapped[str] = mapped_column(String(16))
    file_id: Mapped[str] = mapped_column(String(32))
    interchange_ordinal: Mapped[int]

    __table_args__ = (
        Index("uq_interchanges_tenant_id_file_id_ordinal", "tenant_id", "file_id", "interchange_ordinal", unique=True),
        Index("ix_interchanges_control", "tenant_id", "sender_id", "receiver_id", "control_number"),
    )


class FindingCountRow(Base):
    """How often a finding's code stands in a file. The findings themselves are in the lake."""

    __tablename__ = "file_findings"

    file: Mapped[int] = mapped_column(ForeignKey("files.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    severity: Mapped[str] = mapped_column(String(8), primary_key=True)
    count: Mapped[int]


class AuditEventRow(Base):
    """One event of the audit chain: who did what to which object and why. Only ever added; never a value of a claim."""

    __tablename__ = "audit_events"

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    # Text, as it was hashed: an engine that gave a moment back in another form would break the chain.
    at: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    tenant_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    object_reference: Mapped[str] = mapped_column(String(256))
    reason: Mapped[str | None] = mapped_column(String(500))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index("ix_audit_events_object_reference", "object_reference"),)


class ControlNumberRow(Base):
    """The last control number given out to a sender for a receiver, by kind of envelope."""

    __tablename__ = "control_numbers"

    sender_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    receiver_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(3), primary_key=True)
    last_number: Mapped[int]


class CheckResultRow(Base):
    """What one check said of one table in one run, over all tenants. Counts only, never a value of the data."""

    __tablename__ = "check_results"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64))
    # The moment of the recording, UTC to the second: one for all checks that are recorded together.
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    source: Mapped[str] = mapped_column(String(16))
    layer: Mapped[str] = mapped_column(String(32))
    table_name: Mapped[str] = mapped_column(String(128))
    check_name: Mapped[str] = mapped_column(String(256))
    severity: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(8))
    unexpected_count: Mapped[int | None] = mapped_column(BigInteger)
    # Whether `check_tenant_counts` says whose the failure is. Where it does not, it may be anybody's.
    is_by_tenant: Mapped[bool]

    __table_args__ = (
        Index("uq_check_results_run_id_source_layer_table_name_check_name",
              "run_id", "source", "layer", "table_name", "check_name", unique=True),
        Index("ix_check_results_at", "at"),
        Index("ix_check_results_table", "layer", "table_name", "at"),
    )  # fmt: skip


class CheckTenantCountRow(Base):
    """A tenant's share of a failed check; a tenant without a row has none."""

    __tablename__ = "check_tenant_counts"

    check_result: Mapped[int] = mapped_column(ForeignKey("check_results.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    unexpected_count: Mapped[int] = mapped_column(BigInteger)


class UnderpaymentEventRow(Base):
    """A change of the status of an underpaid line by a user. Only ever added; `reason` is his own words."""

    __tablename__ = "underpayment_events"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    claim_id: Mapped[str] = mapped_column(String(48))
    line_number: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_underpayment_events_line", "tenant_id", "claim_id", "line_number"),)


class EditOverrideRow(Base):
    """An edit that a user overrode, once: the claim went out as it was. `reason` is his own words and stays here."""

    __tablename__ = "edit_overrides"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    # The day on which the claim's file was received: the partition of the lake that the edit stands in.
    received_date: Mapped[date] = mapped_column(Date)
    edit_id: Mapped[str] = mapped_column(String(128))
    claim_id: Mapped[str] = mapped_column(String(48))
    rule_id: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("uq_edit_overrides_tenant_id_edit_id", "tenant_id", "edit_id", unique=True),)
