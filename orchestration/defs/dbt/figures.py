"""Rows and money of the warehouse's tables, read from its catalogue in one go.

Belongs here: the figures that a person looks for on an asset's page. Does not belong here: KPIs (marts). Asking
dagster-dbt for row counts instead costs one query and one connection per model, 10 s a run.
"""

from decimal import Decimal
from pathlib import Path

Figures = dict[tuple[str, str], dict[str, int | float]]

# Sums shown on facts, when they have the column.
AMOUNTS = ("charge_amount", "paid_amount", "denied_amount", "open_balance_amount", "difference_amount")


def figures(warehouse_path: Path) -> Figures:
    """Rows of every table and the sums of `AMOUNTS` of every fact, by (schema, table), without views. About 50 ms."""
    import duckdb

    out: Figures = {}
    with duckdb.connect(str(warehouse_path), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
        for schema, table, rows in tables:
            out[schema, table] = {"rows": int(rows)}
        columns = connection.execute(
            "select schema_name, table_name, list(column_name) from duckdb_columns()"
            " where table_name like 'fct\\_%' escape '\\' and list_contains(?, column_name) group by all",
            [list(AMOUNTS)],
        ).fetchall()
        for schema, table, names in columns:
            if (schema, table) not in out:
                continue
            sums = ", ".join(f'sum("{name}")' for name in names)
            values = connection.execute(f'select {sums} from "{schema}"."{table}"').fetchone() or ()
            out[schema, table] |= {name: float(value or Decimal(0)) for name, value in zip(names, values, strict=True)}
    return out
