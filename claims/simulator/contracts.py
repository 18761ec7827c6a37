"""The contracts that the payers of the network price by, as a tenant would keep them: terms and fee lists as files.

Belongs here: writing what `adjudication` allows as contract files. Does not belong here: amounts (`catalog`, `payers`),
when a payer pays less than it agreed to (`payers.Payer.short`): a contract says what was agreed.

The network's payers, Medicare's contractor among them, price by fee lists of their own: the national fees of one
release times the payer's multiple, the same for every tenant. A stay is paid by case and has no fee here.
"""

from pathlib import Path

from claims.simulator.adjudication import bilateral, unit_fee
from claims.simulator.catalog import CODES
from claims.simulator.payers import BEFORE, Payer

_HEADER = "code,modifier,fee,facility_fee\n"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def fee_list(payer: Payer) -> str:
    """The payer's fees as CSV: each code, its professional part, and both sides of it."""
    rows = [_HEADER]
    for code in CODES.values():
        office, facility = (unit_fee(code, payer.multiple, in_facility, False) for in_facility in (False, True))
        rows.append(f"{code.code},,{_money(office)},{_money(facility)}\n")
        if code.professional:
            rows.append(f"{code.code},26,{_money(unit_fee(code, payer.multiple, False, True))},\n")
        if code.sided:
            rows.append(f"{code.code},50,{_money(bilateral(office))},{_money(bilateral(facility))}\n")
    return "".join(rows)


def terms(payer: Payer, years: range) -> str:
    """The payer's contracts as YAML: one a year, by the fee list beside it, never above the charge."""
    text = "contracts:\n"
    for year in years:
        text += (
            f"  - id: {payer.id.lower()}-{year}\n"
            f"    payers: [{payer.id}]\n"
            f"    effective_from: {year}-01-01\n"
            f"    effective_to: {year}-12-31\n"
            "    lesser_of: true\n"
            "    terms:\n"
            f"      - {{method: fixed_fee, fees_file: {payer.id.lower()}.csv}}\n"
        )
    return text


def write(folder: Path, years: range) -> None:
    """Write every payer's contract and fee list into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for payer in BEFORE:
        (folder / f"{payer.id.lower()}.csv").write_text(fee_list(payer), encoding="ascii")
        (folder / f"{payer.id.lower()}.yml").write_text(terms(payer, years), encoding="ascii")
