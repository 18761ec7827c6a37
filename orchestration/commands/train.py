"""`claimworks train`: train a model on what the warehouse holds, through Dagster.

Belongs here: running the retraining job and telling what came of it. Does not belong here: training, the registry.
"""

from typing import Annotated

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

MODELS = ("denial",)


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="Model to train: denial")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the new version as JSON")] = False,
) -> None:
    """Train a model, register it with its card, make it champion, score all claims with it and publish.

    \b
    Examples:
      claimworks train denial
      claimworks train denial --json
    """
    if model not in MODELS:
        raise CommandError(f"unknown model {model!r}", fix=f"one of {', '.join(MODELS)}", code=ExitCode.USAGE)
    from ml import registry
    from orchestration.lib.instance import open_instance
    from orchestration.lib.jobs import RETRAIN

    settings = get_settings()
    say = console.stderr()
    say.print("loading the code location ...")
    with open_instance(settings) as instance:
        from orchestration.runs import run_job

        report = run_job(instance, RETRAIN, progress=say.print)
    if not report.success:
        raise CommandError(
            "training failed:\n  " + "\n  ".join([*report.failures, *report.failed_checks]),
            fix=f"`make dev` shows run {report.run_id}",
        )
    newest = registry.versions(registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts), model)[0]
    figures = {name: newest.metrics[name] for name in ("roc_auc", "brier", "ece") if name in newest.metrics}
    if as_json:
        console.print_json(
            {
                "model": model,
                "version": newest.version,
                "aliases": list(newest.aliases),
                "cutoff": newest.cutoff.isoformat(),
            }
            | {"metrics": newest.metrics}
        )
    else:
        words = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        console.stdout().print(f"{model} version {newest.version} is champion (data to {newest.cutoff}): {words}")
