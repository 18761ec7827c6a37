"""Partitions: the day on which a file was received, times the tenant it was received for.

Belongs here: the partitions definition and conversions between keys and (tenant, day). Does not belong here: assets.
Never one partition per file (docs/decisions/0003-partitions.md).
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg

from orchestration.settings import get_settings

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

RECEIVED = dg.MultiPartitionsDefinition(
    {
        # end_offset: the current day has a partition from its first minute.
        "received_date": dg.DailyPartitionsDefinition(get_settings().first_day.isoformat(), end_offset=1),
        "tenant": dg.StaticPartitionsDefinition(list(get_settings().tenants)),
    }
)


def partition_key(tenant: str, day: date) -> dg.MultiPartitionKey:
    """The key of one tenant's day."""
    return dg.MultiPartitionKey({"received_date": day.isoformat(), "tenant": tenant})


def partitions_of(keys: Iterable[str]) -> list[tuple[str, date]]:
    """(tenant, received day) of each key, as a run's context gives them."""
    out = []
    for key in keys:
        day, tenant = str(key).split("|")
        out.append((tenant, date.fromisoformat(day)))
    return out


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that select every tenant's partitions from `first` to `last` in one run."""
    tenants = sorted(get_settings().tenants)
    return {
        RANGE_START: f"{first.isoformat()}|{tenants[0]}",
        RANGE_END: f"{last.isoformat()}|{tenants[-1]}",
    }
