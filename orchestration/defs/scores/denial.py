"""Asset `gold/denial_scores`: what the champion says about every claim, its suite, and the check of drift.

Belongs here: reading features, calling the model, writing scores to the lake; their checks. Does not belong here:
scoring and drift themselves (`ml`).
"""

from datetime import timedelta

import dagster as dg

from orchestration.lib.automation import DAILY, ML_OWNERS, WHEN_DEPS_CHANGE
from orchestration.lib.checks import suite_result
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.lib.warehouse import WarehouseResource
from orchestration.settings import get_settings

KEY = dg.AssetKey(["gold", "denial_scores"])

# The window that drift is looked for in, counted back from the newest submission.
CURRENT_DAYS = 60


@dg.asset(
    key=KEY,
    deps=[["features", "ftr_denial__claim"], ["marts", "fct_claims"], ["model", "denial"]],
    description=(
        "Denial probability of every claim by the @champion model, with its version and the reasons of the riskiest; "
        "fails, with what to do, when there is no champion."
    ),
    group_name="gold",
    kinds={"parquet", "lightgbm"},
    owners=ML_OWNERS,
    automation_condition=WHEN_DEPS_CHANGE,
    freshness_policy=DAILY,
    retry_policy=RETRY_TRANSIENT,
    pool="duckdb",
)
def denial_scores(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Score all claims and replace what changed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from claims.lake import Lake
    from ml import registry as models
    from ml.denial import read_model, score

    settings = get_settings()
    try:
        champion = models.load_champion(
            models.Registry(settings.mlflow_uri, settings.mlflow_artifacts), "denial", read_model
        )
    except models.NoChampion as error:
        raise dg.Failure(
            description=f"no champion to score with: {error} Materialise model/denial, or `claimworks train denial`.",
            allow_retries=False,
        ) from error
    with warehouse.connect("features.ftr_denial__claim", "marts.fct_claims") as connection:
        features = connection.table("features.ftr_denial__claim").to_arrow_table()
        received = connection.sql("select claim_id, received_date from marts.fct_claims").to_arrow_table()
    with permanent_unless_transient("scoring claims"):
        scores = score(champion, features)
        position = pc.index_in(scores["claim_id"], value_set=received["claim_id"].combine_chunks())
        days = received["received_date"].combine_chunks().take(position.combine_chunks())
        scores = scores.append_column(pa.field("received_date", pa.date32(), nullable=False), days)
        target = Lake(settings.lake)
        target.ensure("gold", "denial_scores", scores.schema)
        known = target.read("gold", "denial_scores", columns=["tenant_id", "received_date"])
        partitions = {
            (row["tenant_id"], row["received_date"])
            for table in (known, scores.select(["tenant_id", "received_date"]))
            for row in table.group_by(["tenant_id", "received_date"]).aggregate([]).to_pylist()
        }
        written = target.write("gold", "denial_scores", scores, partitions)
    return dg.MaterializeResult(
        metadata={
            "rows": scores.num_rows,
            "model version": str(champion.version),
            "mean probability": float(pc.mean(scores["denial_probability"]).as_py() or 0.0),
            "month files written": written.written,
            "month files unchanged": written.unchanged,
        }
    )


@dg.asset_check(
    asset=KEY,
    name="suite",
    blocking=True,
    description="Expectation suite of the scores: a failure stops their publication.",
)
def suite(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Validate the scores in the lake whole."""
    import pyarrow as pa

    from claims.lake import Lake
    from ml.denial.features import Reason
    from ml.denial.scoring import REASON_COUNT, SCORES
    from orchestration.checking import keep
    from quality.suites import contract_checks, contract_of, hold

    settings = get_settings()
    layer, table = KEY.path
    codes = {f"reason_{n + 1}_code": tuple(reason.value for reason in Reason) for n in range(REASON_COUNT)}
    schema = SCORES.append(pa.field("received_date", pa.date32(), nullable=False))
    contract = contract_of(layer, table, schema, ("tenant_id", "claim_id"), codes)
    with permanent_unless_transient("validating the scores"):
        data = Lake(settings.lake).read(layer, table)
        result = hold(layer, table, contract_checks(contract), data, tenants=settings.tenants)
    kept = keep(settings, context.run.run_id, [result])
    return suite_result(
        KEY,
        "suite",
        success=result.success,
        failures=result.failures,
        rows=result.row_count,
        data_docs=kept.data_docs,
    )


@dg.asset_check(
    asset=KEY,
    name="drift",
    blocking=False,
    pool="duckdb",
    description=(
        "Do the features of the newest claims look like those that the model learned from? Evidently's report is kept. "
        "Never blocks: payers do change, and scores must go on."
    ),
)
def drift(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Compare the last `CURRENT_DAYS` of submissions with all before."""
    import pyarrow.compute as pc

    from claims.store.checks import CheckResult, Outcome, Source
    from ml.denial import FEATURES
    from ml.drift import DriftError, report
    from orchestration.checking import record

    settings = get_settings()
    layer, table = KEY.path

    def note(outcome: Outcome, drifted: int | None = None) -> None:
        result = CheckResult(Source.DRIFT, layer, table, "drift", "warning", outcome, drifted)
        record(settings, context.run.run_id, [result])

    def undecided(why: str) -> dg.AssetCheckResult:
        """Passed to Dagster, which knows no third answer; in the history it is what it is."""
        note(Outcome.SKIPPED)
        return dg.AssetCheckResult(passed=True, description=f"not judged: {why}")

    features = warehouse.read("features", "ftr_denial__claim")
    newest = pc.max(features["submitted_date"]).as_py()
    if newest is None:
        return undecided("no claims yet")
    edge = newest - timedelta(days=CURRENT_DAYS)
    is_current = pc.greater(features["submitted_date"], edge)
    columns = features.select([feature.name for feature in FEATURES])
    reference, current = columns.filter(pc.invert(is_current)), columns.filter(is_current)
    if reference.num_rows == 0:
        return undecided(f"nothing older than {edge} to compare with")
    path = settings.reports / "denial" / f"drift-{newest}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with permanent_unless_transient("comparing features"):
            summary = report(reference, current, path)
    except dg.Failure as error:
        if isinstance(error.__cause__, DriftError):
            return undecided(str(error.__cause__))
        raise
    if summary.is_drifted:
        note(Outcome.FAILED, len(summary.drifted))
    else:
        note(Outcome.PASSED)
    return dg.AssetCheckResult(
        passed=not summary.is_drifted,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(summary.drifted)} of {len(summary.scores)} features drifted",
        metadata={
            "report": dg.MetadataValue.path(summary.html),
            "drifted share": summary.drifted_share,
            "drifted features": ", ".join(summary.drifted) or "none",
            "reference rows": summary.reference_rows,
            "current rows": summary.current_rows,
        },
    )
