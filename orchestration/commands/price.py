"""`claimworks price`: what a line, every line of an 837, or a claim of the lake is allowed, with the arithmetic.

Belongs here: arguments, the report, exit codes. Does not belong here: prices (`claims.pricing`), reading X12.
"""

import re
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from claims.pricing import Contract, Pricer

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_CODE = re.compile(r"[A-Z0-9]{5}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")
_LOCALITY = re.compile(r"[0-9]{5}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_CLAIM = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,8})")
_MAX_MODIFIERS = 4
_ROWS = 1000  # rendered at a time


@app.command()
def price(
    file: Annotated[Path | None, typer.Argument(help="An 837, or - for stdin", metavar="FILE")] = None,
    code: Annotated[str | None, typer.Option(help="CPT or HCPCS code of one line, instead of a file")] = None,
    mods: Annotated[str, typer.Option(help="Modifiers, separated by commas")] = "",
    units: Annotated[str, typer.Option(help="Units; minutes of an anesthesia code go by --minutes")] = "1",
    pos: Annotated[str, typer.Option(help="Place of service")] = "11",
    locality: Annotated[
        str | None,
        typer.Option(help="CCCCC-LL: contractor and locality; with a file instead of the provider's ZIP code"),
    ] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Date of service; today where not said")
    ] = None,
    charge: Annotated[str | None, typer.Option(help="Charge of the line")] = None,
    minutes: Annotated[str | None, typer.Option(help="Anesthesia minutes")] = None,
    base_units: Annotated[
        int | None, typer.Option(min=1, max=99, help="Anesthesia base units, where the reference tables have none")
    ] = None,
    deductible: Annotated[str | None, typer.Option(help="What is left of the deductible")] = None,
    taxonomy: Annotated[str | None, typer.Option(help="Taxonomy code of the rendering provider")] = None,
    payer: Annotated[str | None, typer.Option(help="Payer, as contracts name it; Medicare where not said")] = None,
    is_nonparticipating: Annotated[
        bool, typer.Option("--nonparticipating", help="The provider does not participate in Medicare")
    ] = False,
    contracts: Annotated[
        Path | None,
        typer.Option(
            help="File or folder of contracts; else $CLAIMWORKS_HOME/contracts, and the tenant's folder there"
        ),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose contracts, or whose claim")] = None,
    claim: Annotated[
        str | None,
        typer.Option("--claim", help="Claim ID of the marts: how its lines were priced (silver/priced_lines)"),
    ] = None,
    line_number: Annotated[int | None, typer.Option("--line", min=1, help="One line of that claim")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print amounts and trace as JSON")] = False,
) -> None:
    """Price one line, or every line of an 837, and show each factor and rule. docs/pricing.md explains them.

    Reference tables are those of `claimworks reference load`, else the bundled default. A line without an amount says
    why and is no failure. Exit 3 when something of the file was quarantined.

    \b
    Examples:
      claimworks price --code 99213 --locality 10112-00 --date 2025-03-03
      claimworks price --code 70450 --mods 26 --pos 22 --locality 10112-00 --date 2025-03-03 --charge 250 --json
      claimworks price claims.837 --json
      claimworks price claims.837 --contracts contracts/
      claimworks price --tenant alder --claim 0f3a...-12 --line 1
    """
    if claim is not None:
        if file is not None or code is not None or tenant is None:
            raise CommandError("--claim goes with --tenant alone", fix="claimworks price --help", code=ExitCode.USAGE)
        _explain(tenant, claim, line_number, as_json)
        return
    from claims.pricing import Pricer
    from claims.pricing.keys import PackError
    from claims.reference import open_reference

    if (file is None) == (code is None):
        raise CommandError("give a file or --code", fix="claimworks price --help", code=ExitCode.USAGE)
    if locality is not None:
        _matches(_LOCALITY, locality, "--locality", "contractor and locality, as 10112-00")
    settings = get_settings()
    agreed = _contracts(contracts or settings.contracts, tenant, is_asked=contracts is not None)
    try:
        pricer = Pricer(open_reference(settings.reference), agreed)
    except PackError as error:
        raise CommandError(f"the reference tables cannot be used: {error}", fix="claimworks reference list") from error
    if file is not None:
        if not agreed:
            console.stderr().print("no contracts: every payer is priced as Medicare", markup=False)
        _price_file(pricer, file, locality, as_json, is_medicare=not agreed)
        return
    line = _line(code or "", mods, units, pos, locality, day.date() if day else date.today(), charge, minutes)  # noqa: DTZ011
    line |= {
        "anesthesia_base_units": base_units,
        "deductible_amount": _decimal(deductible, "--deductible"),
        "rendering_provider_taxonomy_code": taxonomy,
        "payer_id": payer,
        "is_participating": not is_nonparticipating,
    }
    _price_line(pricer, line, as_json)


def _matches(pattern: re.Pattern[str], value: str, option: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise CommandError(f"{option} {value!r} is no {what}", fix="claimworks price --help", code=ExitCode.USAGE)
    return value


def _decimal(value: str | None, option: str, pattern: re.Pattern[str] = _MONEY) -> Decimal | None:
    return None if value is None else Decimal(_matches(pattern, value, option, "number that it can be"))


def _contracts(path: Path, tenant: str | None, *, is_asked: bool) -> "tuple[Contract, ...]":
    from claims.pricing import ContractError, contracts_of, load_contracts

    if not path.exists():
        if is_asked:
            raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
        return ()
    try:
        return load_contracts(path) if is_asked or tenant is None else contracts_of(path, tenant)
    except ContractError as error:
        raise CommandError(f"contracts cannot be used:\n{error}", fix="docs/pricing.md shows a contract") from error


def _line(
    code: str,
    mods: str,
    units: str,
    pos: str,
    locality: str | None,
    day: date,
    charge: str | None,
    minutes: str | None,
) -> dict[str, Any]:
    words = [word.strip().upper() for word in mods.split(",") if word.strip()]
    if len(words) > _MAX_MODIFIERS:
        raise CommandError(f"a line has at most {_MAX_MODIFIERS} modifiers", fix="leave some out", code=ExitCode.USAGE)
    line: dict[str, Any] = {
        "file_id": "command",
        "claim_ordinal": 1,
        "line_number": 1,
        "procedure_code": _matches(_CODE, code.upper(), "--code", "code of five letters and digits"),
        "unit_count": _decimal(units if minutes is None else minutes, "--units", _NUMBER),
        "unit_code": "UN" if minutes is None else "MJ",
        "charge_amount": _decimal(charge, "--charge"),
        "service_date": day,
        "place_of_service_code": _matches(_MODIFIER, pos, "--pos", "place of service of two digits"),
        "locality_code": locality,
    }
    for number, word in enumerate(words, start=1):
        line[f"modifier_{number}"] = _matches(_MODIFIER, word, "--mods", "modifier of two letters or digits")
    return line


def _price_line(pricer: "Pricer", line: dict[str, Any], as_json: bool) -> None:
    import pyarrow as pa

    from claims.pricing import LINES, to_document, to_text

    table = pa.table({field.name: pa.array([line.get(field.name)], field.type) for field in LINES}, schema=LINES)
    [row] = pricer.price(table).to_pylist()
    if as_json:
        document = to_document(row)
        del document["claim_ordinal"], document["line_number"]
        console.print_json(document)
    else:
        sys.stdout.write(to_text(row) + "\n")


def _price_file(pricer: "Pricer", file: Path, locality: str | None, as_json: bool, *, is_medicare: bool) -> None:
    from claims.interchange import x12
    from claims.pricing import lines_of, to_document, to_text

    if str(file) == "-":
        source = x12.Source.drain(sys.stdin.buffer)
    elif file.is_file():
        source = x12.Source.of(file.read_bytes(), file.name)
    else:
        raise CommandError(f"{file} is no file", fix="check the path", code=ExitCode.USAGE)
    total, count, is_put_aside = Decimal(0), 0, False
    lines: list[dict[str, Any]] = []
    trace: list[dict[str, Any]] = []
    for batch in x12.read_batches([source]):
        is_put_aside |= "quarantined" in batch.tables["transactions"]["status"].to_pylist()
        given = lines_of(batch.tables, locality_code=locality)
        for row in _rows(pricer.price(given.drop_columns(["payer_id"]) if is_medicare else given)):
            claim_id = f"{row['file_id']}-{row['claim_ordinal']}"
            total += row["allowed_amount"] or 0
            count += 1
            if not as_json:
                sys.stdout.write(f"{claim_id} line {row['line_number']}: {to_text(row)}\n")
                continue
            document = to_document(row)
            place = {"claim_id": claim_id, "line_number": row["line_number"]}
            trace += [place | step for step in document.pop("trace")]
            del document["claim_ordinal"]
            lines.append(place | document)
    if not count:
        raise CommandError("the file holds no service line", fix="claimworks x12 read FILE says what it holds")
    if as_json:
        console.print_json({"allowed_amount": f"{total:.2f}", "lines": lines, "trace": trace})
    else:
        console.stderr().print(f"{count:,} lines, allowed {total:,.2f}", markup=False)
    if is_put_aside:
        raise typer.Exit(ExitCode.QUARANTINED)


def _explain(tenant: str, claim: str, line_number: int | None, as_json: bool) -> None:
    """What `silver/priced_lines` has of a claim, each line with its trace."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    from claims.lake import Lake
    from claims.pricing import priced_row, to_document, to_text

    settings = get_settings()
    known = _CLAIM.fullmatch(claim)
    if known is None:
        raise CommandError(f"{claim!r} is no claim ID", fix="take one of marts.fct_claims", code=ExitCode.USAGE)
    if tenant not in settings.tenants:
        raise CommandError(
            f"unknown tenant {tenant!r}", fix=f"one of {', '.join(settings.tenants)}", code=ExitCode.USAGE
        )
    folder = Lake(settings.lake).directory("silver", "priced_lines") / tenant
    where = (pc.field("file_id") == known[1]) & (pc.field("claim_ordinal") == int(known[2]))
    if line_number is not None:
        where &= pc.field("line_number") == line_number
    found = ds.dataset(folder).to_table(filter=where).sort_by("line_number").to_pylist() if folder.is_dir() else []
    if not found:
        raise CommandError("no priced line of that claim", fix="materialise silver/priced_lines, or check --claim")
    if as_json:
        documents = [to_document(priced_row(row)) for row in found]
        console.print_json({"claim_id": claim, "lines": documents})
        return
    for row in found:
        contract = f", contract {row['contract_id']}" if row["contract_id"] else ""
        sys.stdout.write(f"{claim} line {row['line_number']}{contract}: {to_text(priced_row(row))}\n")


def _rows(table: "pa.Table") -> "Iterator[dict[str, Any]]":
    for start in range(0, table.num_rows, _ROWS):
        yield from table.slice(start, _ROWS).to_pylist()
