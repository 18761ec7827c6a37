"""The `claimworks` command: a table of subcommands, and what every one of them has in common.

Belongs here: the table, lazy loading, exit codes, how an error is shown. Does not belong here: any subcommand's work.

A subcommand `name` lives in `orchestration/commands/<module>.py`, which is imported only when `name` is invoked, and
exposes `app: typer.Typer`. With one `@app.command()` the module is that command (`claimworks name ...`); with several,
or with an `@app.callback()`, it is a group (`claimworks name sub ...`). Each command

- writes data to stdout (`--json` for machines) and everything else to stderr, through `orchestration.lib.console`;
- ends normally for exit 0, raises `orchestration.exits.CommandError(message, fix=..., code=...)` to fail,
  and `typer.Exit(ExitCode.QUARANTINED)` when it is done but some input was put aside;
- has examples in its docstring after a `\\b` line, and imports what is heavy inside the function.
"""

import importlib
import os
import sys
from dataclasses import dataclass

import typer
from typer.core import TyperGroup

from orchestration.exits import CommandError, ExitCode


@dataclass(frozen=True)
class Command:
    """One row of the table: the module under `orchestration/commands` and the line that `claimworks --help` shows."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "demo": Command("demo", "Simulate a network, materialise everything, print the KPIs and where to look"),
    "simulate": Command("simulate", "Write the files of a simulated clinic network, nothing else"),
    "ingest": Command("ingest", "Put files in landing and materialise what depends on them"),
    "x12": Command("x12", "Read X12 files to tables"),
    "reference": Command("reference", "Load the official code and fee files, and say which releases are there"),
    "price": Command("price", "What a line, or every line of an 837, is allowed, with its arithmetic"),
    "scrub": Command("scrub", "Say what a payer would refuse on the claims of 837 files, and what to do about it"),
    "prepare": Command("prepare", "Read, scrub, price and score claims before they go out, as Parquet"),
    "override": Command("override", "Say that a claim goes out although a rule fired, and why; recorded"),
    "train": Command("train", "Train a model and register it"),
    "promote": Command("promote", "Make a version of a model the champion"),
    "rollback": Command("rollback", "Give a model's champion back to the version before"),
    "trace": Command("trace", "From a claim, or any row, back to the segments and bytes it was read from"),
    "report": Command("report", "Write a finance report of a tenant as CSV, XLSX or PDF"),
    "underpayments": Command("underpayments", "The work list of lines that payers allowed too little for"),
    "contracts": Command("contracts", "Check a tenant's payer contracts, put them in place, and list them"),
    "verify": Command("verify", "Dated evidence that a promise of the platform holds"),
    "serve": Command("serve", "Serve the dashboard or Dagster in the foreground"),
    "bench": Command("bench", "Measure this machine against the project's goals"),
}


class LazyGroup(TyperGroup):
    """A group that shows its help from `COMMANDS` alone and imports a subcommand's module when it is invoked."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Subcommands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str):  # type: ignore[no-untyped-def, override]
        """Import the subcommand's module; null for an unknown name, which the parser reports."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"orchestration.commands.{COMMANDS[cmd_name].module}")
        module.app._add_completion = False  # one completion, the root's, would do; the options only lengthen each help
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: typer.Context, formatter) -> None:  # type: ignore[no-untyped-def, override]
        """Write the table, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback()
def root() -> None:
    """Claimworks: open data platform for US healthcare claims, remittances and denials.

    \b
    Start with:      claimworks demo
    One command:     claimworks COMMAND --help
    State lives in:  $CLAIMWORKS_HOME (default ./.claimworks)

    Exit codes: 0 done, 1 failed, 2 usage, 3 done with some input quarantined, 4 refused by access rules.
    """


def main() -> None:
    """Entry point of `claimworks`: run, and show a failure as what is wrong and what to do."""
    # Set before any library reads it: nothing of a run leaves this machine.
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        app(prog_name="claimworks")
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.fix:
            print(f"  fix: {error.fix}", file=sys.stderr)
        sys.exit(error.code)
    except Exception as error:
        if os.environ.get("CLAIMWORKS_TRACEBACK"):
            raise
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        print("  fix: set CLAIMWORKS_TRACEBACK=1 to see where, and report it", file=sys.stderr)
        sys.exit(ExitCode.FAILED)


if __name__ == "__main__":
    main()
