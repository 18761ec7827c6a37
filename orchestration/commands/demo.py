"""`claimworks demo`: simulate a network, materialise everything through Dagster, print the KPIs and where to look.

Belongs here: the order of the steps and what is said. Does not belong here: the steps.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exits import CommandError
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.kpis import Kpis
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

MARKER = "simulation.json"


@app.command()
def demo(
    claims: Annotated[int, typer.Option(min=1, help="First submissions to simulate")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulated world")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print the KPIs as JSON")] = False,
) -> None:
    """Simulate a clinic network and run the main job on it: files in, numbers on a screen.

    A second run with the same arguments is quick: what did not change is not done again.

    \b
    Examples:
      claimworks demo
      claimworks demo --claims 2000 --seed 11
      CLAIMWORKS_HOME=/tmp/other claimworks demo --claims 600 --json
    """
    from dataclasses import asdict

    say = console.stderr()
    settings = get_settings()
    simulate_once(settings, claims, seed, say)
    run_main_job(settings, say)

    from orchestration.kpis import read_kpis

    kpis = read_kpis(settings)
    if as_json:
        console.print_json(asdict(kpis))
    else:
        _show(kpis)
        say.print(
            f"\nState is in {settings.home}.\n"
            "Look at it:  make dashboard   the published numbers, in Streamlit\n"
            "             make dev         the assets, their checks and runs, in Dagster"
        )


def simulate_once(settings: "Settings", claims: int, seed: int, say: "Console") -> None:
    """Write the files of the simulation into `home`, unless they are there. Another simulation there is an error."""
    wanted = {"claims": claims, "seed": seed}
    marker = settings.home / MARKER
    if marker.exists():
        found = json.loads(marker.read_text())
        if found == wanted:
            say.print(f"simulation of {claims:,} claims with seed {seed}: already there")
            return
        raise CommandError(
            f"{settings.home} holds another simulation ({found['claims']} claims, seed {found['seed']})",
            fix="set CLAIMWORKS_HOME to another folder, or remove this one",
        )

    from rich.progress import Progress

    from claims.simulator import simulate

    say.print(f"simulating {claims:,} claims with seed {seed} ...")
    with Progress(console=say, transient=True) as bar:
        task = bar.add_task("  days", total=None)
        report = simulate(
            settings.home,
            claims=claims,
            seed=seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    # Written last: a simulation that was interrupted is done again.
    marker.write_text(json.dumps(wanted))
    files = sum(report.files.values())
    say.print(
        f"simulated {report.submissions:,} submissions in {files:,} files, {report.first_day} to {report.last_day}; "
        f"policies change on {report.change_day}"
    )


def run_main_job(settings: "Settings", say: "Console") -> None:
    """Land what is new and run the main job, both on the persisted instance; skip what would change nothing."""
    from orchestration.fingerprint import TAG, fingerprint, is_current
    from orchestration.lib.instance import open_instance
    from orchestration.lib.jobs import MAIN

    say.print("loading the code location ...")
    with open_instance(settings) as instance:
        from orchestration.runs import land_new_files, run_job

        landed = land_new_files(instance, settings, progress=say.print)
        say.print(f"ledger: {landed.new:,} new files, {landed.known:,} known, {landed.duplicates:,} duplicates")
        digest = fingerprint(settings)
        if is_current(instance, MAIN, digest):
            say.print("nothing changed since the last run: every asset is up to date")
            return
        report = run_job(instance, MAIN, tags={TAG: digest}, progress=say.print)
    for words in report.warnings:
        say.print(f"warning: {words}")
    if not report.success:
        raise CommandError(
            "the main job failed:\n  " + "\n  ".join([*report.failures, *report.failed_checks]),
            fix=f"`make dev` shows run {report.run_id}; what had succeeded stays, and the command can be given again",
        )
    say.print(f"main job done in {report.seconds:.1f} s")


def _show(kpis: "Kpis") -> None:
    from rich.table import Table

    def share(value: float | None) -> str:
        return "n/a" if value is None else f"{value:.1%}"

    def number(value: float | None, digits: int) -> str:
        return "n/a" if value is None else f"{value:.{digits}f}"

    table = Table(title=f"{kpis.tenants} tenants", show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("Claims", f"{kpis.claims:,}")
    table.add_row("Charges", f"${float(kpis.charge_amount):,.2f}")
    table.add_row("Payments", f"${float(kpis.payment_amount):,.2f}")
    table.add_row("Initial denial rate", share(kpis.denial_rate))
    table.add_row("Days in A/R", number(kpis.days_in_receivable, 1))
    table.add_row("Denial model", f"version {kpis.model_version}" if kpis.model_version else "none")
    table.add_row("ROC AUC on months held out", number(kpis.roc_auc, 3))
    table.add_row("  of at most (true probabilities)", number(kpis.ceiling_roc_auc, 3))
    console.stdout().print(table)
