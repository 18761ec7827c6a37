"""Read-only access to the warehouse for assets and checks.

Belongs here: opening and closing. Does not belong here: queries, writing (only dbt writes).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.lib.failures import permanent_unless_transient
from orchestration.settings import get_settings

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class WarehouseResource(dg.ConfigurableResource):
    """Read-only doors to the warehouse. Only dbt writes it; whatever opens it shares the pool `duckdb`."""

    @contextmanager
    def connect(self, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A read-only connection to `tables`, named `layer.table`, that is closed at the end of the `with`.

        Whatever the engine, it is DuckDB that answers: of a PostgreSQL warehouse it holds a copy of just these tables,
        streamed to a file that goes with the connection.
        """
        import duckdb

        with self._file(tables) as path, duckdb.connect(str(path), read_only=True) as connection:
            yield connection

    @contextmanager
    def _file(self, tables: tuple[str, ...]) -> Iterator[Path]:
        settings = get_settings()
        if settings.dbt_target == "duckdb":
            if not settings.warehouse_path.exists():
                raise dg.Failure(
                    description=f"there is no warehouse at {settings.warehouse_path}: materialise the dbt assets first",
                    allow_retries=False,
                )
            yield settings.warehouse_path
            return
        from claims.warehouse import copy_to_duckdb

        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".warehouse-", dir=settings.home) as folder:
            path = Path(folder) / "copy.duckdb"
            with permanent_unless_transient("reading the warehouse"):
                copy_to_duckdb(settings.warehouse, path, names=tables)
            yield path

    def read(self, layer: str, table: str) -> "pa.Table":
        """The whole of `layer.table`."""
        with self.connect(f"{layer}.{table}") as connection:
            return connection.table(f'"{layer}"."{table}"').to_arrow_table()
