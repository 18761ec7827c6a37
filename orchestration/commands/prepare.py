"""`claimworks prepare`: 837 files made ready to go out, as Parquet: edits, prices, scores.

Belongs here: arguments, exit codes, what is printed. Does not belong here: the work (`orchestration.preparing`).
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console

if TYPE_CHECKING:
    from orchestration.preparing import Kernels
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def prepare(
    files: Annotated[list[Path], typer.Argument(help="Files or folders", metavar="FILE...")],
    out: Annotated[Path, typer.Option(help="Folder to write; it must not be there")],
    tenant: Annotated[str, typer.Option(help="Whose claims they are")],
    as_json: Annotated[bool, typer.Option("--json", help="Print counts and seconds as JSON")] = False,
) -> None:
    """Read, scrub, price and score claims before they go out, and write it all as Parquet without identifiers.

    Identities and raw bytes go sealed to the tenant's vault; nothing enters landing or the lake. Scores need a
    champion; without one they are left out. A score here knows the claim alone: no eligibility, no history. Exit 3 when
    something of a file was quarantined.

    \b
    Examples:
      claimworks prepare outbox/ --tenant alder --out ready
      claimworks prepare claims.837 --tenant alder --out ready --json
    """
    from claims.pricing import ContractError
    from orchestration.preparing import OutputError, prepare
    from orchestration.settings import get_settings

    settings = get_settings()
    if tenant not in settings.tenants:
        raise CommandError(f"no tenant {tenant!r}", fix=f"one of {', '.join(settings.tenants)}", code=ExitCode.USAGE)
    paths = [found for path in files for found in _files(path)]
    begun = time.perf_counter()
    try:
        kernels = _kernels(settings, tenant)
    except ContractError as error:
        raise CommandError(f"contracts cannot be used:\n{error}", fix="docs/pricing.md shows a contract") from error
    ready = time.perf_counter() - begun
    if kernels.model is None:
        console.stderr().print("no champion: claims are not scored", markup=False)
    try:
        done = prepare(paths, out, kernels, progress=lambda words: console.stderr().print(words, markup=False))
    except OutputError as error:
        raise CommandError(str(error), fix="name another folder", code=ExitCode.USAGE) from error
    if as_json:
        console.print_json(
            {
                "files": done.files,
                "claims": done.claims,
                "lines": done.lines,
                "edits": done.edits,
                "claims_with_error": done.claims_with_error,
                "priced_lines": done.priced_lines,
                "quarantined_transactions": done.quarantined_transactions,
                "ready_seconds": round(ready, 3),
                "seconds": round(done.seconds, 3),
                "stages": {name: round(seconds, 3) for name, seconds in sorted(done.stages.items())},
            }
        )
    else:
        console.stdout().print(
            f"{done.claims:,} claims of {done.files:,} files in {done.seconds:.1f} s: {done.edits:,} edits, "
            f"{done.claims_with_error:,} claims with an error, {done.priced_lines:,} of {done.lines:,} lines priced"
        )
    if done.quarantined_transactions:
        raise typer.Exit(ExitCode.QUARANTINED)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def _kernels(settings: "Settings", tenant: str) -> "Kernels":
    from claims.pricing import Pricer, contracts_of
    from claims.reference import open_reference
    from compliance.vault import Vault
    from ml import registry
    from ml.denial import read_model
    from orchestration.preparing import Kernels
    from quality.scrub import Scrubber, load_rules

    reference = open_reference(settings.reference)
    try:
        model = registry.load_champion(
            registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts), "denial", read_model
        )
    except registry.NoChampion:
        model = None
    return Kernels(
        tenant,
        Scrubber(load_rules(), reference=reference, tenant=tenant),
        Pricer(reference).under(contracts_of(settings.contracts, tenant)),
        model,
        Vault(settings.vault, settings.keys),
    )
