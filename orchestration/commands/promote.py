"""`claimworks promote`: make a registered version of a model the champion.

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
def promote(
    model: Annotated[str, typer.Argument(help="Model: denial")],
    version: Annotated[str, typer.Argument(help="Version to promote, as `claimworks train` names it")],
    why: Annotated[str, typer.Option(help="Reason, kept beside the move")] = "promoted by hand",
    by: Annotated[str | None, typer.Option(help="Who decides; the user of this process when not given")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the move as JSON")] = False,
) -> None:
    """Make a registered version of a model the champion; who did it and why is kept.

    \b
    Examples:
      claimworks promote denial 3
      claimworks promote denial 3 --why "agreed in review" --by jane --json
    """
    from ml import registry

    settings = get_settings()
    known = registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts)
    try:
        registry.promote(known, model, version, by=by or getpass.getuser(), why=why)
    except LookupError as error:
        listed = ", ".join(v.version for v in registry.versions(known, model)) or "none"
        raise CommandError(str(error), fix=f"versions there are: {listed}") from error
    if as_json:
        console.print_json({"model": model, "champion": version, "why": why})
    else:
        console.stdout().print(f"{model} version {version} is champion; the next scoring uses it")
