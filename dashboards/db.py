"""The only door to data: finds the published copies and asks them, read-only.

Belongs here: where the copies are, which tenants have one, running a query. Does not belong here: any SQL about claims
(`queries.py`), any drawing.

A connection lives inside one query. It opens an empty in-memory database and attaches the copy: `duckdb.connect(path)`
would hand back the database that this process already has open under that path, which after a publication is the old
version. What a query returned is cached under the tenant and the file's inode and time, so no tenant is ever shown
another's rows, and a publication is seen at the next click.
"""

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import streamlit as st

from dashboards import viewer

Value = str | int | date | tuple[str, ...]

CACHED_QUERIES = 512


class DataError(Exception):
    """A published copy cannot be read; the message says what to do and holds no value of the data."""


@dataclass(frozen=True)
class Copy:
    """One version of one tenant's published file."""

    tenant_id: str
    path: str
    inode: int
    modified_ns: int


@dataclass(frozen=True)
class Published:
    """What a copy says of itself."""

    tenant_id: str
    published_at: datetime
    data_cutoff_date: date
    model_version: str | None


def home() -> Path:
    """The folder that holds all state: CLAIMWORKS_HOME, else `.claimworks` where the server was started."""
    return Path(os.environ.get("CLAIMWORKS_HOME", ".claimworks"))


def store_url() -> str:
    """Where the operational store is: CLAIMWORKS_STORE_URL, else in the home."""
    return os.environ.get("CLAIMWORKS_STORE_URL") or f"sqlite:///{home().absolute() / 'store' / 'operational.db'}"


def tenants() -> list[str]:
    """The tenants that have a published copy and that the viewer is assigned to, in order."""
    published = {path.stem for path in (home() / "serving").glob("[!.]*.duckdb")}
    only = viewer.assigned()
    return sorted(published if only is None else published & only)


def current(tenant_id: str) -> Copy | None:
    """The version that is published now, None where there is none."""
    if tenant_id not in tenants():
        return None
    path = home() / "serving" / f"{tenant_id}.duckdb"
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return Copy(tenant_id, str(path.resolve()), facts.st_ino, facts.st_mtime_ns)


def published(copy: Copy) -> Published:
    """When the copy was made, on what data; raises DataError where it is another tenant's."""
    sql = """
        select tenant_id, published_at::varchar as published_at, data_cutoff_date, model_version
        from serving.published
    """
    rows = read(copy, sql).to_pylist()
    if len(rows) != 1 or rows[0]["tenant_id"] != copy.tenant_id:
        raise DataError(f"The published copy of {copy.tenant_id} is not its own. Publish again: `make demo`.")
    row = rows[0]
    return Published(
        row["tenant_id"], datetime.fromisoformat(row["published_at"]), row["data_cutoff_date"], row["model_version"]
    )


def read(copy: Copy, sql: str, **values: Value) -> pa.Table:
    """Run one query on the copy; `values` are bound by name, a tuple as a list of texts."""
    return _read(copy.tenant_id, copy.path, copy.inode, copy.modified_ns, sql, tuple(sorted(values.items())))


@st.cache_data(max_entries=CACHED_QUERIES, show_spinner=False)
def _read(
    tenant_id: str, path: str, inode: int, modified_ns: int, sql: str, values: tuple[tuple[str, Value], ...]
) -> pa.Table:
    del inode, modified_ns  # part of the key only
    bound: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in values}
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute("attach '" + path.replace("'", "''") + "' as copy (read_only)")
            connection.execute("use copy")
            connection.execute("set timezone = 'UTC'")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            return connection.sql(sql, params=bound or None).to_arrow_table()
    except duckdb.Error as error:
        raise DataError(
            f"The published copy of {tenant_id} could not be read ({type(error).__name__}). Publish again: `make demo`."
        ) from error
