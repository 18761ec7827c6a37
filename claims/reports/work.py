"""What users did about underpaid lines, as reports take it.

Belongs here: the newest change of each line as a table. Does not belong here: changing anything (`compliance.working`).
"""

import pyarrow as pa

from claims.reports.published import WORK
from claims.store import open_store


def work_of(store_url: str, tenant_id: str) -> pa.Table:
    """Where the work on a tenant's underpaid lines stands (`WORK`): one row per line that was worked."""
    with open_store(store_url) as store:
        newest = store.underpayments.newest(tenant_id)
    return pa.Table.from_pylist(
        [
            {
                "claim_id": one.claim_id,
                "line_number": one.line_number,
                "work_status": one.status.value,
                "worked_date": one.at.date(),
            }
            for one in newest
        ],
        schema=WORK,
    )
