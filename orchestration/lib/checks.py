"""From what a validation says to what Dagster shows.

Belongs here: conversions to asset check results. Does not belong here: expectations (quality/suites), the checks
themselves (`orchestration/defs`).
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

# Failures listed on a check result; the rest is a count.
SHOWN_FAILURES = 20


def suite_result(
    key: dg.AssetKey,
    check_name: str,
    *,
    success: bool,
    failures: Sequence[object],
    rows: int,
    data_docs: Path,
) -> dg.AssetCheckResult:
    """The result of a suite on one table: what failed in words, never a value of the data."""
    shown = [str(failure) for failure in failures[:SHOWN_FAILURES]]
    if len(failures) > SHOWN_FAILURES:
        shown.append(f"and {len(failures) - SHOWN_FAILURES} more")
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check_name,
        passed=success,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(shown) if shown else f"every expectation holds on {rows:,} rows",
        metadata={
            "rows": rows,
            "failed_expectations": len(failures),
            "data docs": dg.MetadataValue.path(data_docs),
        },
    )
