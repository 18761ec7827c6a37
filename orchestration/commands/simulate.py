"""`claimworks simulate`: write the files of a simulated clinic network, nothing else.

Belongs here: arguments, progress, how the report is printed. Does not belong here: simulating (`claims.simulator`),
reading what was written (`claimworks demo` does both).
"""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{feed} {count:,}" for feed, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write landing/, contracts/ and truth/ into")],
    claims: Annotated[int, typer.Option(min=1, help="First submissions; corrections come on top")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes")] = 7,
    months: Annotated[int, typer.Option(min=1, max=120, help="Length of the period")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,
) -> None:
    """Write the files of a simulated clinic network: claims, answers, remittances, eligibility, authorizations.

    \b
    Examples:
      claimworks simulate --out /tmp/network --claims 2000 --seed 7
      claimworks simulate --out /tmp/network --claims 20000 --json
    """
    if (out / "landing").exists():
        raise CommandError(
            f"{out / 'landing'} is there already",
            fix="give --out a folder that holds no landing/ yet: two simulations in one would mix",
            code=ExitCode.USAGE,
        )

    from rich.progress import Progress

    from claims.simulator import simulate as run

    say = console.stderr()
    say.print(f"simulating {claims:,} claims over {months} months with seed {seed} into {out} ...")
    with Progress(console=say, transient=True) as bar:
        task = bar.add_task("  days", total=None)
        report = run(
            out,
            claims=claims,
            seed=seed,
            months=months,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        ).as_dict()
    if as_json:
        console.print_json(report)
    else:
        for name, value in report.items():
            typer.echo(f"{name.replace('_', ' ')}: {_words(value)}")
    say.print(f"next: claimworks ingest {out / 'landing'}/alder/*/*/* --tenant alder")
