"""Read-only access to the DuckDB warehouse for assets and checks.

Belongs here: opening and closing. Does not belong here: queries, writing (only dbt writes).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.settings import get_settings

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class WarehouseResource(dg.ConfigurableResource):
    """Read-only doors to the DuckDB warehouse. Only dbt writes it; whatever opens it shares the pool `duckdb`."""

    @contextmanager
    def connect(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A read-only connection that is closed at the end of the `with`."""
        import duckdb

        path = get_settings().warehouse_path
        if not path.exists():
            raise dg.Failure(
                description=f"there is no warehouse at {path}: materialise the dbt assets first", allow_retries=False
            )
        connection = duckdb.connect(str(path), read_only=True)
        try:
            yield connection
        finally:
            connection.close()

    def read(self, layer: str, table: str) -> "pa.Table":
        """The whole of `layer.table`."""
        with self.connect() as connection:
            return connection.table(f'"{layer}"."{table}"').to_arrow_table()
