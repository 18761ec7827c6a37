"""Assets `bronze/<table>`: everything that the ledger holds as pending, across the identity line into the lake.

Belongs here: the multi-asset and its metadata. Does not belong here: reading and splitting (`ingest`), the suites
(`checks`). Not partitioned in Dagster: docs/decisions/0003-partitions.md.
"""

from collections.abc import Iterator

import dagster as dg

from claims import schema
from orchestration.defs.bronze.ingest import ingest_pending
from orchestration.lib.automation import DAILY, OWNERS, WHEN_FILES_ARRIVE
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import get_settings

TABLES = tuple(table for table in schema.TABLES if table.in_lake)


def _spec(table: schema.Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=["bronze", table.name],
        deps=[["raw", "files"]],
        description=f"Lake table after the identity line, verbatim values, tokens for identifiers: {table.grain}.",
        group_name="bronze",
        kinds={"parquet", "x12" if table.feed == "x12" else "csv"},
        owners=OWNERS,
        automation_condition=WHEN_FILES_ARRIVE,
        freshness_policy=DAILY,
        metadata={"grain": table.grain, "primary key": ", ".join(table.keys)},
    )


@dg.multi_asset(name="bronze", specs=[_spec(table) for table in TABLES], retry_policy=RETRY_TRANSIENT)
def bronze(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Ingest what is pending and say, per table, how many rows came and how many there are."""
    with permanent_unless_transient("ingesting pending files"):
        report = ingest_pending(get_settings(), progress=context.log.info)
    for state, count in sorted(report.files.items()):
        context.log.info(f"{count} files {state}")
    counts = {
        "files read": report.files.total(),
        "files quarantined": report.files["quarantined"],
        "partitions replaced": len(report.partitions),
    }
    amounts: dict[str, dict[str, int | float]] = {
        "claims": {"claims": report.claims, "charge amount": float(report.charge_amount)},
        "remittance_claims": {"claims": report.remittance_claims, "payment amount": float(report.payment_amount)},
        "transactions": {
            "transactions": report.transactions,
            "transactions quarantined": report.quarantined_transactions,
        },
    }
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=["bronze", table.name],
            metadata={"rows written": report.rows[table.name], **counts, **amounts.get(table.name, {})},
        )
