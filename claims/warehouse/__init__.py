"""The warehouse as the rest of the house sees it: publishing a tenant's copy of the marts.

Belongs here: what reads the built warehouse on behalf of others. Does not belong here: building it, which dbt alone
does, and what a screen asks of the published copy, which stands in `dashboards/queries.py`.
"""

from claims.warehouse.publishing import PublishedTenant, PublishError, PublishReport, publish

__all__ = ["PublishError", "PublishReport", "PublishedTenant", "publish"]
