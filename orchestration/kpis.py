"""The figures that a command prints at its end, read from the published copies and the model registry.

Belongs here: a handful of totals over all tenants. Does not belong here: definitions of KPIs (dbt marts), screens
(dashboards).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings


@dataclass(frozen=True)
class Kpis:
    """Totals over the published tenants. Money in dollars; rates as shares; null where there is nothing to divide."""

    tenants: int
    claims: int
    charge_amount: str
    payment_amount: str
    denial_rate: float | None
    days_in_receivable: float | None
    model_version: str | None
    roc_auc: float | None
    ceiling_roc_auc: float | None


_TOTALS = """
with revenue as (
    select month_date, is_mature, claim_count, gross_charge_amount, payment_amount, receivable_amount,
        trailing_charge_amount, trailing_day_count
    from ({revenue})
),
last_month as (
    select sum(receivable_amount)::double * max(trailing_day_count) / nullif(sum(trailing_charge_amount)::double, 0)
        as days_in_receivable
    from revenue
    where month_date = (select coalesce(max(month_date) filter (is_mature), max(month_date)) from revenue)
),
denials as (select sum(denied_claim_count) as denied, sum(adjudicated_claim_count) as adjudicated from ({denials}))
select
    (select coalesce(sum(claim_count), 0) from revenue),
    (select coalesce(sum(gross_charge_amount), 0)::varchar from revenue),
    (select coalesce(sum(payment_amount), 0)::varchar from revenue),
    (select denied::double / nullif(adjudicated, 0) from denials),
    (select days_in_receivable from last_month)
"""


def read_kpis(settings: Settings) -> Kpis:
    """Read them. About 50 ms, and half a second more for the registry."""
    import duckdb

    files = [path for tenant in settings.tenants if (path := settings.serving / f"{tenant}.duckdb").exists()]
    with duckdb.connect() as connection:
        for number, path in enumerate(files):
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as t{number} (read_only)")
        row = connection.execute(
            _TOTALS.format(revenue=_union("agg_revenue_monthly", files), denials=_union("agg_denials_monthly", files))
        ).fetchone() if files else None  # fmt: skip
    claims, charges, payments, rate, days = row or (0, "0.00", "0.00", None, None)
    version, metrics = _champion(settings)
    return Kpis(
        len(files),
        int(claims),
        charges,
        payments,
        rate,
        days,
        version,
        metrics.get("roc_auc"),
        metrics.get("ceiling_roc_auc"),
    )


def _union(table: str, files: Sequence[Path]) -> str:
    return " union all by name ".join(f"select * from t{number}.marts.{table}" for number in range(len(files)))


def _champion(settings: Settings) -> tuple[str | None, dict[str, float]]:
    from ml import registry

    found = registry.versions(registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts), "denial")
    champion = next((one for one in found if "champion" in one.aliases), None)
    return (champion.version, champion.metrics) if champion else (None, {})
