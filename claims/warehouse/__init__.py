"""The warehouse as the rest of the house sees it: loading its bronze, publishing a tenant's copy of its marts.

Belongs here: what fills the warehouse for dbt and reads what dbt built, on DuckDB and on PostgreSQL. Does not belong
here: building models, which dbt alone does, and what a screen asks of the published copy, which stands in
`dashboards/queries.py`.
"""

from claims.warehouse.bronze import Loaded, load_bronze
from claims.warehouse.postgres import WarehouseError, copy_to_duckdb, is_postgres
from claims.warehouse.publishing import PublishedTenant, PublishError, PublishReport, publish

__all__ = [
    "Loaded",
    "PublishError",
    "PublishReport",
    "PublishedTenant",
    "WarehouseError",
    "copy_to_duckdb",
    "is_postgres",
    "load_bronze",
    "publish",
]
