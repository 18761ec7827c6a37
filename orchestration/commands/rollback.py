"""`claimworks rollback`: give a model's championship back to the version before.

Belongs here: the command. Does not belong here: what a champion is (`ml.registry`).
"""

import getpass
from typing import Annotated

import typer

from orchestration.exits import CommandError
from orchestration.lib import console
from orchestration.settings import get_settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def rollback(
    model: Annotated[str, typer.Argument(help="Model: denial")],
    why: Annotated[str, typer.Option(help="Reason, kept beside the move")] = "rolled back",
    by: Annotated[str | None, typer.Option(help="Who decides; the user of this process when not given")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the move as JSON")] = False,
) -> None:
    """Make the version that was champion before the present one champion again.

    \b
    Examples:
      claimworks rollback denial
      claimworks rollback denial --why "drift after the new release"
    """
    from ml import registry

    settings = get_settings()
    known = registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts)
    try:
        version = registry.rollback(known, model, by=by or getpass.getuser(), why=why)
    except registry.NoChampion as error:
        raise CommandError(str(error), fix=f"train one: claimworks train {model}") from error
    if as_json:
        console.print_json({"model": model, "champion": version, "why": why})
    else:
        console.stdout().print(f"{model} version {version} is champion again; the next scoring uses it")
