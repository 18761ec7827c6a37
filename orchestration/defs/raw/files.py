"""Asset `raw/files`: files as received, entered into the ledger by day and tenant.

Belongs here: registering what lies in landing. Does not belong here: opening a file beyond its digest (bronze).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.lib.automation import DAILY, OWNERS
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.lib.partitions import RECEIVED, partition_key, partitions_of
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.store.ledger import LandedFile

KEY = dg.AssetKey(["raw", "files"])

# From so many partitions on, one walk over all of landing is cheaper than one per day and tenant.
WALK_ALL_FROM = 90


@dg.asset(
    key=KEY,
    description=(
        "Files as received (837, 835, 999, 277CA, eligibility, authorizations), immutable in landing, entered into the "
        "ledger by digest. A file that came before is a duplicate: it is noted and never read again."
    ),
    group_name="raw",
    kinds={"file"},
    owners=OWNERS,
    partitions_def=RECEIVED,
    backfill_policy=dg.BackfillPolicy.single_run(),
    freshness_policy=DAILY,
    retry_policy=RETRY_TRANSIENT,
)
def files(context: dg.AssetExecutionContext) -> None:
    """Register the landed files of the run's partitions."""
    # SQLAlchemy costs half a second that loading the code location need not pay.
    from claims.store import open_store

    settings = get_settings()
    wanted = partitions_of(context.partition_keys)
    with permanent_unless_transient("registering landed files"), open_store(settings.store_url) as store:
        ledger = store.ledger
        if len(wanted) >= WALK_ALL_FROM:
            pairs = set(wanted)
            found = [f for f in ledger.scan_all(settings.landing) if (f.tenant_id, f.received_date) in pairs]
        else:
            found = [f for tenant, day in wanted for f in ledger.scan(settings.landing, tenant, day)]
        registered = ledger.register(found)
    _describe(context, found, partitions=len(wanted))
    context.log.info(
        f"{len(wanted)} partitions: {registered.new} new files, {registered.known} known, "
        f"{registered.duplicates} duplicates"
    )


def _describe(context: dg.AssetExecutionContext, found: "Sequence[LandedFile]", *, partitions: int) -> None:
    """Files and bytes per partition; of a historical load the totals, on every one of its partitions.

    Dagster looks through all keys of the run for each partition that is described: 2,193 of them would cost 40 s.
    """
    if partitions >= WALK_ALL_FROM:
        totals = {"files of the run": len(found), "bytes of the run": sum(f.size for f in found)}
        context.add_asset_metadata(totals, KEY)
        return
    sizes: dict[str, list[int]] = {}
    for file in found:
        sizes.setdefault(partition_key(file.tenant_id, file.received_date), []).append(file.size)
    for key, of_key in sizes.items():
        context.add_asset_metadata({"files": len(of_key), "bytes": sum(of_key)}, KEY, key)
