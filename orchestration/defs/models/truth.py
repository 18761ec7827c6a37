"""The simulator's true denial probabilities by `claim_id`: for the evaluation of a model, and for nothing else.

Belongs here: finding the claim that a truth row speaks of. Does not belong here: training, scoring, features; none of
them may see this table (tests/architecture). On data that was not simulated there is no truth, and this says so.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from compliance.keys import KeyRing
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb


def true_probabilities(settings: Settings, warehouse: "duckdb.DuckDBPyConnection") -> pa.Table | None:
    """(claim_id, denial_probability) of every simulated claim in the marts; null where nothing was simulated.

    The truth names a claim as the outside world does, by CLM01; its token is computed here, with the tenant's key.
    """
    if not any((settings.truth / "denials").glob("*.parquet")):
        return None
    truth: pa.Table = warehouse.execute(
        "select tenant_id, upper(trim(patient_control_number)) as number, submission_number, denial_probability"
        " from read_parquet(?)",
        [str(settings.truth / "denials" / "*.parquet")],
    ).to_arrow_table()
    ring = KeyRing(settings.keys)
    tenants = truth["tenant_id"].to_pylist()
    numbers = truth["number"].to_pylist()
    by_tenant = {tenant: ring.tenant(tenant) for tenant in set(tenants)}
    order: dict[str, list[int]] = {}
    for position, tenant in enumerate(tenants):
        order.setdefault(tenant, []).append(position)
    tokens = [""] * len(tenants)
    for tenant, positions in order.items():
        for position, token in zip(
            positions, by_tenant[tenant].tokens("claim", (numbers[p] for p in positions)), strict=True
        ):
            tokens[position] = token
    keyed = truth.drop_columns(["number"]).append_column("claim_key", pa.array(tokens, pa.string()))
    warehouse.register("keyed_truth", keyed)
    try:
        return warehouse.sql(
            "select claims.claim_id, any_value(keyed.denial_probability) as denial_probability"
            " from keyed_truth as keyed"
            " join marts.fct_claims as claims using (tenant_id, claim_key, submission_number)"
            " group by claims.claim_id"
        ).to_arrow_table()
    finally:
        warehouse.unregister("keyed_truth")
