"""Asset `model/denial`: trained, evaluated, registered, and made champion.

Belongs here: where its inputs come from and where the card goes. Does not belong here: fitting, evaluation, the
registry (`ml`).
"""

import dagster as dg

from orchestration.defs.models.truth import true_probabilities
from orchestration.lib.automation import ML_OWNERS, MONTHLY
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.lib.warehouse import WarehouseResource
from orchestration.settings import get_settings

FEATURES = dg.AssetKey(["features", "ftr_denial__claim"])
LABELS = dg.AssetKey(["features", "ftr_denial__label"])
CLAIMS = dg.AssetKey(["marts", "fct_claims"])

# Metrics shown on the asset's page, when the evaluation has them.
SHOWN = ("roc_auc", "brier", "ece", "ceiling_roc_auc", "ceiling_brier", "shuffled_roc_auc", "test_rows")


@dg.asset(
    key=["model", "denial"],
    deps=[FEATURES, LABELS, CLAIMS],
    description=(
        "The denial model: will at least one line of a claim be denied at first adjudication? LightGBM on features "
        "known at submission, split by time, immature labels left out; registered with its card as @champion."
    ),
    group_name="model",
    kinds={"lightgbm", "mlflow"},
    owners=ML_OWNERS,
    automation_condition=(
        dg.AutomationCondition.on_cron("0 6 1 * *") & dg.AutomationCondition.all_deps_blocking_checks_passed()
    ).with_label("monthly_unless_blocked"),
    freshness_policy=MONTHLY,
    retry_policy=RETRY_TRANSIENT,
    pool="duckdb",
)
def denial(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Train on everything known at the cut-off, evaluate on the months left out, register as champion."""
    from ml import registry as models
    from ml.denial import evaluate, model_card, train

    settings = get_settings()
    tables = ["features.ftr_denial__claim", "features.ftr_denial__label", "marts.fct_claims"]
    with warehouse.connect(*tables) as connection:
        features = connection.table("features.ftr_denial__claim").to_arrow_table()
        labels = connection.table("features.ftr_denial__label").to_arrow_table()
        cutoff = connection.execute("select max(cut_off_date) from marts.fct_claims").fetchall()[0][0]
        truth = true_probabilities(settings, connection)
    if cutoff is None:
        raise dg.Failure(description="there are no claims to learn from: ingest some first", allow_retries=False)
    with permanent_unless_transient("training the denial model"):
        model = train(features, labels, cutoff=cutoff)
        evaluation = evaluate(model, features, labels, truth=truth)
        card = model_card(model, evaluation)
        version = models.register(
            models.Registry(settings.mlflow_uri, settings.mlflow_artifacts),
            model,
            metrics=evaluation.metrics,
            card=card,
            alias="champion",
            by="dagster",
            why=f"trained by run {context.run_id}",
        )
    path = settings.reports / "denial" / f"model-card-v{version}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(card)
    return dg.MaterializeResult(
        metadata={
            "version": version,
            "cutoff": str(cutoff),
            "model card": dg.MetadataValue.path(path),
            **{name: evaluation.metrics[name] for name in SHOWN if name in evaluation.metrics},
        }
    )
