"""Overrides of edits from the operational store to the lake, so that the warehouse can say what became of them.

Belongs here: the columns that leave the store. A user's name and his own words stay there: words can name a person.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from claims import schema as contract
from claims.lake import Lake

if TYPE_CHECKING:
    from claims.store import Store

TABLE = "edit_overrides"


def export(lake: Lake, tenants: Sequence[str], store: "Store") -> tuple[int, dict[tuple[str, date], str]]:
    """Write every override to `silver/edit_overrides`; how many there are, and a digest by tenant and received day."""
    overrides = [one for tenant in tenants for one in store.overrides.all(tenant)]
    rows = [
        {
            "edit_id": one.edit_id, "claim_id": one.claim_id, "rule_id": one.rule_id,
            "overridden_date": one.at.date(), "actor_role": one.role,
            "tenant_id": one.tenant_id, "received_date": one.received_date,
        }
        for one in overrides
    ]  # fmt: skip
    lake.ensure("silver", TABLE, contract.lake(TABLE))
    by_day: dict[tuple[str, date], list[str]] = {}
    for one in overrides:
        by_day.setdefault((one.tenant_id, one.received_date), []).append(one.edit_id)
    known = lake.read("silver", TABLE, columns=["tenant_id", "received_date"]).to_pylist()
    days = by_day.keys() | {(row["tenant_id"], row["received_date"]) for row in known}
    lake.write("silver", TABLE, pa.Table.from_pylist(rows, schema=contract.lake(TABLE)), days)
    return len(rows), {
        key: hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:32] for key, ids in by_day.items()
    }
