"""`claimworks bench`: measure this machine against the project's goals.

Belongs here: which benchmark, and how its figures are printed. Does not belong here: measuring (`benchmarks`).
"""

import importlib
from typing import Annotated

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

BENCHMARKS = ("claims", "demo", "reports", "warehouse", "x12")


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(BENCHMARKS)}")] = "demo",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON")] = False,
) -> None:
    """Measure, and say which goals are met. Each figure is measured in this run.

    \b
    Examples:
      claimworks bench demo
      claimworks bench demo --json
      claimworks bench warehouse --json
      claimworks bench reports --json
      claimworks bench claims --json
    """
    if name not in BENCHMARKS:
        raise CommandError(f"no benchmark {name!r}", fix=f"one of {', '.join(BENCHMARKS)}", code=ExitCode.USAGE)
    result = importlib.import_module(f"benchmarks.{name}").run()
    if as_json:
        console.print_json(result)
        return

    from rich.table import Table

    table = Table("figure", "value", "unit", "goal", "meets")
    for figure in result["figures"]:
        meets = {True: "yes", False: "no", None: ""}[figure["meets"]]
        table.add_row(
            figure["name"],
            "" if figure["value"] is None else f"{figure['value']:,.2f}",
            figure["unit"],
            "" if figure["goal"] is None else str(figure["goal"]),
            meets,
        )
    console.stdout().print(table)
