"""`claimworks contracts`: check a tenant's payer contracts, put them in place, say which hold when.

Belongs here: options, what is printed, the swap of the folder. Does not belong here: what a contract is
(`claims.pricing.contracts`), pricing by it (asset `silver/priced_lines`).
"""

import shutil
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.pricing import Contract

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_SUFFIXES = frozenset({".yml", ".yaml", ".json", ".csv"})

TenantOption = Annotated[str, typer.Option("--tenant", help="Whose contracts")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print as JSON")]


@app.command()
def load(
    path: Annotated[Path, typer.Argument(help="A contract file, or a folder of them with their fee lists")],
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Check contracts and put them beside those that the tenant has; a file of the same name is replaced.

    All files are checked together with what is there, and nothing is put in place when anything is wrong: every
    problem is named with file and line. Lines are priced anew when silver/priced_lines is materialised next, those
    of the days that a contract changed for.

    \b
    Examples:
      claimworks contracts load payers-2026/ --tenant alder
      claimworks contracts load bluebird-2026.yml --tenant alder --json
    """
    settings = get_settings()
    _known(tenant)
    sources = _sources(path)
    target = settings.contracts / tenant
    settings.contracts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{tenant}-", dir=settings.contracts) as folder:
        stage = Path(folder) / "contracts"
        if target.is_dir():
            shutil.copytree(target, stage)
        stage.mkdir(exist_ok=True)
        for source in sources:
            shutil.copyfile(source, stage / source.name)
        found = _checked(settings.contracts, stage)
        # Two renames: a reader between them finds no contracts of the tenant, and prices nothing by half of them.
        if target.is_dir():
            target.rename(Path(folder) / "before")
        stage.rename(target)
    _show(found, None, as_json)
    console.stderr().print(f"{len(sources):,} files put in place for {tenant}", markup=False)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A contract file, or a folder of them with their fee lists")],
    as_json: JsonOption = False,
) -> None:
    """Check contracts and change nothing: every problem is named with file and line.

    \b
    Example:
      claimworks contracts check payers-2026/
    """
    if not path.exists():
        raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
    _show(_checked(path), None, as_json)


@app.command("list")
def list_contracts(
    tenant: TenantOption,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Only those that hold on a day of service")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the contracts of a tenant: whose, from when to when, and by which methods.

    \b
    Examples:
      claimworks contracts list --tenant alder
      claimworks contracts list --tenant alder --date 2025-03-01 --json
    """
    settings = get_settings()
    _known(tenant)
    folders = [folder for folder in (settings.contracts, settings.contracts / tenant) if folder.is_dir()]
    _show(_checked(*folders), day.date() if day else None, as_json)


def _known(tenant: str) -> None:
    tenants = get_settings().tenants
    if tenant not in tenants:
        raise CommandError(f"unknown tenant {tenant!r}", fix=f"one of {', '.join(tenants)}", code=ExitCode.USAGE)


def _sources(path: Path) -> list[Path]:
    """The files to be put in place; of a single contract also the fee lists beside it that it names."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES and one.is_file())
    elif path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
        found = [path, *sorted(one for one in path.parent.glob("*.csv") if one.name in text)]
    else:
        raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
    if not found:
        raise CommandError(f"no contract in {path}", fix="docs/pricing.md shows one", code=ExitCode.USAGE)
    return found


def _checked(*paths: Path) -> "tuple[Contract, ...]":
    from claims.pricing import ContractError, load_contracts

    try:
        return load_contracts(*paths)
    except ContractError as error:
        raise CommandError(
            f"{error.code}: contracts cannot be used:\n{error}", fix="docs/pricing.md shows a contract"
        ) from error


def _show(found: "tuple[Contract, ...]", day: date | None, as_json: bool) -> None:
    held: list[dict[str, Any]] = [
        {
            "contract_id": one.contract_id,
            "payers": list(one.payer_ids),
            "effective_from": one.effective_from.isoformat(),
            "effective_to": one.effective_to.isoformat() if one.effective_to else None,
            "methods": sorted({term.method.value for term in one.terms}),
            "fees": sum(len(term.fees) for term in one.terms),
        }
        for one in sorted(found, key=lambda one: (one.payer_ids, one.effective_from))
        if day is None or (one.effective_from <= day and (one.effective_to is None or day <= one.effective_to))
    ]
    if as_json:
        console.print_json({"contracts": held})
        return
    from rich.table import Table

    table = Table("contract", "payers", "from", "to", "methods", "fees")
    for row in held:
        table.add_row(
            row["contract_id"], ", ".join(row["payers"]), row["effective_from"], row["effective_to"] or "open",
            ", ".join(row["methods"]), f"{row['fees']:,}",
        )  # fmt: skip
    console.stdout().print(table)
