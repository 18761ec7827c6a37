"""One DuckDB file per tenant, copied from the warehouse, checked, and put in place in one rename.

Belongs here: what is copied, what must hold before readers see it, and the swap. Does not belong here: how the marts
are built (dbt) and how they are read (dashboards, reports).

Why a copy: DuckDB lets one process write or several read, never both, so a screen that opened the warehouse would
block the next build and the other way round. A published file is never written again. The next version takes its name
by rename; whoever still has the old one open keeps reading it until they close it.
"""

import fcntl
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from claims.warehouse.postgres import WarehouseError, copy_to_duckdb, is_postgres

MARTS = "marts"
GOLD = "gold"
META = "serving"

# Without these no screen has anything to show: a warehouse that lacks one was not built to the end.
REQUIRED_MARTS = (
    "agg_denials_monthly",
    "agg_denied_lines_monthly",
    "agg_kpi_comparison",
    "agg_revenue_monthly",
    "dim_kpi_definition",
    "dim_payer",
    "dim_provider",
    "fct_claims",
    "fct_denials",
)

# Code lists and calendars, the same for every tenant. Any other mart without `tenant_id` stops the publication,
# because nothing would hold one tenant's rows apart from another's.
SHARED_MARTS = frozenset({"dim_adjustment_reason", "dim_date", "dim_diagnosis", "dim_kpi_definition", "dim_procedure"})

# Marts that are built and not published: what a single patient is like (birth year, state, ZIP3). No role looks at one
# patient on a screen or in a report; whose claim it is has a door of its own, with a permission and a record of it.
WITHHELD_MARTS = frozenset({"dim_patient"})

# In the order of days, a question about some months reads only their row groups: half the time of the denials' list.
SORTED_BY = {"fct_claims": "submitted_date", "fct_denials": "denied_date"}

# Tables that models write to the lake, with `tenant_id`; those that exist are published beside the marts.
GOLD_TABLES = ("denial_scores",)

# A tenant whose claims fall below this share of what is published lost them on the way: files are only ever added.
KEPT_CLAIMS_SHARE = 0.5

_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class PublishError(Exception):
    """The copy of some tenant failed a check. No tenant's file was replaced."""


@dataclass(frozen=True)
class PublishedTenant:
    """What one tenant's file holds: rows by `schema.table`, the last day of received data, the model that scored."""

    tenant_id: str
    path: Path
    row_counts: dict[str, int]
    data_cutoff_date: date
    model_version: str | None
    byte_count: int


@dataclass(frozen=True)
class PublishReport:
    """One publication: when (UTC), for whom, and which tenants have sent nothing yet and so have no file."""

    published_at: datetime
    published: tuple[PublishedTenant, ...]
    without_data: tuple[str, ...]


def publish(warehouse: Path | str, lake: Path, serving_dir: Path, tenants: Sequence[str]) -> PublishReport:
    """Copy each tenant's marts and scores to `serving_dir/<tenant>.duckdb`, all of them or none.

    `warehouse` is the path of a DuckDB file, or the address of a PostgreSQL database.

    Checked before any file is replaced: every table of `REQUIRED_MARTS` is there, each copied table has the rows that
    its source has, the tenant's last received day is not before the one already published, and its claims did not fall
    below half of it. A tenant that has no claims and never had a file is reported, not published.

    Cost: about the size of the marts in reading and writing; 20,000 claims take a second.

    Raises:
        PublishError: a check failed or the warehouse is not there; what was published before stays as it is.
    """
    if not is_postgres(warehouse) and not Path(warehouse).is_file():
        raise PublishError("there is no warehouse yet: build the marts first (`claimworks demo`, or the dbt assets)")
    for tenant in tenants:
        if not _TENANT.fullmatch(tenant):
            raise PublishError(f"{tenant!r} cannot name a tenant's file: use small letters, digits, - and _")
    serving_dir.mkdir(parents=True, exist_ok=True)
    with _alone(serving_dir):
        return _publish(warehouse, lake, serving_dir, tenants)


def _publish(warehouse: Path | str, lake: Path, serving_dir: Path, tenants: Sequence[str]) -> PublishReport:
    """Copy all, check all, and only then swap."""
    published_at = datetime.now(UTC).replace(microsecond=0)
    staged: list[tuple[PublishedTenant, Path]] = []
    without_data: list[str] = []
    try:
        with _open_warehouse(warehouse, serving_dir) as connection:
            marts = _marts(connection)
            for tenant in tenants:
                target = serving_dir / f"{tenant}.duckdb"
                before = _facts(target)
                if before is None and not _claim_count(connection, tenant):
                    without_data.append(tenant)
                    continue
                temporary = serving_dir / f".{tenant}.{uuid.uuid4().hex}.part"
                try:
                    copied = _copy(connection, marts, lake, tenant, temporary, target, published_at)
                    _check(copied, before)
                except duckdb.Error as error:
                    temporary.unlink(missing_ok=True)
                    kind = type(error).__name__
                    raise PublishError(
                        f"the copy of {tenant} could not be made ({kind}): {_first_line(error)}"
                    ) from error
                except BaseException:
                    temporary.unlink(missing_ok=True)
                    raise
                staged.append((copied, temporary))
        for copied, temporary in staged:
            temporary.replace(copied.path)
    finally:
        for _, temporary in staged:
            temporary.unlink(missing_ok=True)
    _sync(serving_dir)
    return PublishReport(published_at, tuple(copied for copied, _ in staged), tuple(without_data))


@contextmanager
def _alone(serving_dir: Path) -> Iterator[None]:
    """One publication at a time: the second waits. What one that was killed left half made is removed."""
    handle = os.open(serving_dir, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for part in serving_dir.glob(".*.part*"):
            part.unlink()
        yield
    finally:
        os.close(handle)


@contextmanager
def _open_warehouse(warehouse: Path | str, serving_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts, attached as `warehouse`: of PostgreSQL as a copy of one moment, which goes with the connection."""
    mirror = serving_dir / f".warehouse.{uuid.uuid4().hex}.part"
    try:
        if isinstance(warehouse, str) and is_postgres(warehouse):
            try:
                copy_to_duckdb(warehouse, mirror, schemas=[MARTS])
            except WarehouseError as error:
                raise PublishError(str(error)) from error
        with duckdb.connect(":memory:") as connection:
            path = mirror if mirror.exists() else Path(warehouse)
            try:
                connection.execute(f"attach {_text(path)} as warehouse (read_only)")
            except duckdb.Error as error:
                raise PublishError(
                    f"the warehouse cannot be read ({type(error).__name__}): is a build writing it?"
                ) from error
            yield connection
    finally:
        mirror.unlink(missing_ok=True)


def _marts(connection: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    """The tables of the marts, each with whether it has a `tenant_id`."""
    rows = connection.execute(
        """
        select table_name, bool_or(column_name = 'tenant_id')
        from duckdb_columns()
        where database_name = 'warehouse' and schema_name = $schema
        group by table_name
        order by table_name
        """,
        {"schema": MARTS},
    ).fetchall()
    marts = {str(name): bool(has_tenant) for name, has_tenant in rows if name not in WITHHELD_MARTS}
    if missing := [name for name in REQUIRED_MARTS if name not in marts]:
        raise PublishError(f"the warehouse lacks {MARTS}.{', '.join(missing)}: build the marts to the end first")
    if mixed := [name for name, has_tenant in marts.items() if not has_tenant and name not in SHARED_MARTS]:
        raise PublishError(f"{MARTS}.{', '.join(mixed)} has no tenant_id, so its rows cannot be told apart by tenant")
    return marts


def _claim_count(connection: duckdb.DuckDBPyConnection, tenant: str) -> int:
    return _number(connection, f"select count(*) from warehouse.{MARTS}.fct_claims where tenant_id = $tenant", tenant)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    marts: dict[str, bool],
    lake: Path,
    tenant: str,
    temporary: Path,
    target: Path,
    published_at: datetime,
) -> PublishedTenant:
    """Write the tenant's tables to `temporary` and say what it holds; counts are compared with the source's."""
    connection.execute(f"attach {_text(temporary)} as copy")
    try:
        counts: dict[str, int] = {}
        connection.execute(f"create schema copy.{MARTS}")
        for name, has_tenant in marts.items():
            source = f"warehouse.{MARTS}.{_name(name)}"
            where = "where tenant_id = $tenant" if has_tenant else ""
            order = f"order by {SORTED_BY[name]}" if name in SORTED_BY else ""
            copied = f"copy.{MARTS}.{_name(name)}"
            counts[f"{MARTS}.{name}"] = _copy_table(connection, source, where, order, copied, tenant)
        model_version = None
        connection.execute(f"create schema copy.{GOLD}")
        for name in GOLD_TABLES:
            if next((lake / GOLD / name).glob("**/*.parquet"), None) is None:
                continue
            source = f"read_parquet({_text(lake / GOLD / name / '**' / '*.parquet')}, union_by_name = true)"
            copied = f"copy.{GOLD}.{_name(name)}"
            counts[f"{GOLD}.{name}"] = _copy_table(connection, source, "where tenant_id = $tenant", "", copied, tenant)
        if counts.get(f"{GOLD}.denial_scores"):
            row = connection.execute(
                f"""
                select model_version
                from copy.{GOLD}.denial_scores
                order by received_date desc, try_cast(model_version as bigint) desc nulls last
                limit 1
                """
            ).fetchone()
            model_version = None if row is None or row[0] is None else str(row[0])
        cutoff = _cutoff(connection, tenant)
        connection.execute(f"create schema copy.{META}")
        connection.execute(
            f"""
            create table copy.{META}.published as
            select
                $tenant::varchar as tenant_id,
                $published_at::timestamptz as published_at,
                $cutoff::date as data_cutoff_date,
                $model_version::varchar as model_version,
                map_from_entries($counts::struct(k varchar, v bigint)[]) as row_counts
            """,
            {
                "tenant": tenant,
                "published_at": published_at,
                "cutoff": cutoff,
                "model_version": model_version,
                "counts": [{"k": key, "v": value} for key, value in counts.items()],
            },
        )
        connection.execute("checkpoint copy")
    finally:
        connection.execute("detach copy")
    _sync(temporary)
    return PublishedTenant(tenant, target, counts, cutoff, model_version, temporary.stat().st_size)


def _copy_table(
    connection: duckdb.DuckDBPyConnection, source: str, where: str, order: str, copy: str, tenant: str
) -> int:
    """Copy the tenant's rows of `source`, compare the counts on both sides, return them."""
    values = {"tenant": tenant} if where else {}
    connection.execute(f"create table {copy} as select * from {source} {where} {order}", values)
    expected = _number(connection, f"select count(*) from {source} {where}", tenant if where else None)
    found = _number(connection, f"select count(*) from {copy}")
    if found != expected:
        raise PublishError(f"{copy.removeprefix('copy.')} of {tenant} has {found} rows, its source has {expected}")
    return found


def _cutoff(connection: duckdb.DuckDBPyConnection, tenant: str) -> date:
    """The last day on which a file of the tenant was received, as the copied marts have it."""
    row = connection.execute(f"select max(cut_off_date) from copy.{MARTS}.fct_claims").fetchone()
    if row is None or row[0] is None:
        raise PublishError(f"{MARTS}.fct_claims of {tenant} has no cut_off_date: how fresh it is cannot be said")
    return date.fromisoformat(str(row[0]))


@dataclass(frozen=True)
class _Before:
    """What the file that readers have now says of itself."""

    data_cutoff_date: date
    claim_count: int


def _facts(path: Path) -> _Before | None:
    """The facts of the file that is published now; None where there is none, or none that can be read."""
    if not path.is_file():
        return None
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"attach {_text(path)} as current (read_only)")
            row = connection.execute(
                f"select data_cutoff_date, row_counts['{MARTS}.fct_claims'] from current.{META}.published"
            ).fetchone()
    except duckdb.Error:
        return None
    return None if row is None else _Before(row[0], int(row[1] or 0))


def _check(copied: PublishedTenant, before: _Before | None) -> None:
    """Hold the new copy against the one that readers have."""
    if before is None:
        return
    tenant = copied.tenant_id
    if copied.data_cutoff_date < before.data_cutoff_date:
        raise PublishError(
            f"{tenant}: the warehouse ends on {copied.data_cutoff_date}, what is published ends on "
            f"{before.data_cutoff_date}: build the marts on the whole lake, then publish again"
        )
    claims = copied.row_counts[f"{MARTS}.fct_claims"]
    if claims < before.claim_count * KEPT_CLAIMS_SHARE:
        raise PublishError(
            f"{tenant}: the warehouse has {claims} claims, what is published has {before.claim_count}: "
            f"find what was lost, or remove {copied.path.name} if it is meant to shrink, then publish again"
        )


def _number(connection: duckdb.DuckDBPyConnection, sql: str, tenant: str | None = None) -> int:
    row = connection.execute(sql, {"tenant": tenant} if tenant is not None else {}).fetchone()
    return 0 if row is None else int(row[0])


def _first_line(error: duckdb.Error) -> str:
    """What the engine says of names and types; the lines after it can quote the statement."""
    return str(error).partition("\n")[0]


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to disk before anyone is told that it is there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
