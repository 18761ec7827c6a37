"""Lines of outpatient hospitals by the status indicator of their code: national rates, packaging, discounts.

Belongs here: which lines of a claim are packaged, rates by units, the discount of status T. Does not belong here: wage
indices, outliers, composite rates and APC copayments, which need tables that are not loaded; docs/pricing.md says so.
"""

import numpy as np
import pyarrow as pa

from claims.pricing.batch import CENT, MICRO, MOD_BITS, Batch
from claims.pricing.keys import Flags, Ints, Reach, as_of, pack, packed, scaled, valid_of
from claims.pricing.physician import row_keys
from claims.pricing.rules import Status

_BILL_TYPES = ("12", "13", "14")
_STAYS = ("11", "18", "21", "41")  # hospital, swing bed, skilled nursing facility, religious non-medical: a stay
_PAID = ("S", "T", "V", "J1", "J2", "Q1", "Q2", "Q3", "P", "R", "U", "X", "K", "K1", "K2", "K3", "K4", "G")
# What a comprehensive payment takes in: everything adjunctive; not pass-through, brachytherapy, vaccines, ambulance.
_ADJUNCT = ("J1", "J2", "S", "T", "V", "Q1", "Q2", "Q3", "Q4", "N", "K", "K1", "K2", "K4", "R", "P", "X")
_DRUGS = ("G", "K", "K1", "K2", "K4")
_COST = ("F", "H", "L", "Y")
_NEVER = ("B", "C", "D", "E1", "E2", "M")


class Rates:
    """Addendum B as arrays, made once."""

    def __init__(self, table: pa.Table) -> None:
        """`table`: opps_status of the reference tables."""
        self.table = table
        self.index = as_of(table, row_keys(table, modifier=None), Reach.YEAR)
        self.indicator = pack(table["status_indicator"], 2, strict=True)
        self.rate = scaled(table["payment_amount"], 2)
        self.has_rate = valid_of(table["payment_amount"])

    def find(self, batch: Batch, lines: Ints) -> Ints:
        """Rows of the table for lines, -1 where it has none on the day."""
        return self.index.find(batch.code[lines] << MOD_BITS, batch.day[lines])


def is_outpatient(batch: Batch) -> tuple[Flags, Flags]:
    """Institutional lines, and those of them that are of an outpatient hospital."""
    kinds = batch.equals("claim_type", "institutional")
    if not kinds.any():
        return kinds, kinds
    bills = np.isin(batch.text("bill_type_code", 2), [packed(code, 2) for code in _BILL_TYPES])
    return kinds, kinds & bills


def is_inpatient(batch: Batch) -> Flags:
    """Institutional lines of a stay, which no fee by procedure pays."""
    kinds = batch.equals("claim_type", "institutional")
    if not kinds.any():
        return kinds
    stays: Flags = kinds & np.isin(batch.text("bill_type_code", 2), [packed(code, 2) for code in _STAYS])
    return stays


def price_outpatient(rates: Rates, batch: Batch, lines: Ints, row: Ints) -> Ints:
    """Price outpatient `lines`, whose rows of Addendum B are `row`. Gives those that go by another fee schedule."""
    batch.settle(lines[row < 0], Status.UNPRICED, "no_schedule")
    lines, row = lines[row >= 0], row[row >= 0]
    if not len(lines):
        return lines
    indicator = rates.indicator[row]

    def among(*codes: str) -> Flags:
        return np.isin(indicator, [packed(code, 2) for code in codes])

    claim = batch.claim[lines]

    def beside(flags: Flags) -> Flags:
        return np.isin(claim, claim[flags])

    chosen = among("J1")
    best = _highest(batch, claim, np.where(rates.has_rate[row], rates.rate[row], 0), lines, chosen)
    packaged = among("N") | (beside(chosen) & among(*_ADJUNCT) & ~best)
    packaged |= among("Q1") & beside(among("S", "T", "V", "J1", "J2"))
    packaged |= among("Q2") & beside(among("T", "J1", "J2"))
    for code in ("Q1", "Q2"):
        alone = among(code) & ~packaged
        packaged |= alone & ~_highest(batch, claim, rates.rate[row], lines, alone)
    packaged |= among("Q4") & beside(among("S", "T", "V", "J1", "J2", "Q1", "Q2", "Q3"))
    batch.settle(lines[packaged], Status.BUNDLED, "packaged")
    batch.settle(lines[among(*_NEVER)], Status.NOT_PAYABLE, "not_outpatient")
    batch.settle(lines[among(*_COST)], Status.UNPRICED, "by_cost")
    elsewhere = lines[(among("A") | among("Q4")) & ~packaged]
    paid = among(*_PAID) & ~packaged
    batch.settle(lines[paid & ~rates.has_rate[row]], Status.UNPRICED, "no_rate")
    paid &= rates.has_rate[row]
    drugs = paid & among(*_DRUGS)
    price_drugs(rates, batch, lines[drugs], row[drugs])
    paid &= ~drugs
    discounted = among("T")[paid]
    single = (among("J1") | among("Q1"))[paid]
    rows, row = lines[paid], row[paid]
    good, units = batch.whole_units(rows)
    keep = np.isin(rows, good)
    row, discounted, single = row[keep], discounted[keep], single[keep]
    units = np.where(single, 1, units)
    units = np.where(discounted & (units == 1) & batch.has("50")[good], 2, units)
    batch.settle(good, Status.PRICED)
    batch.set("outpatient", good, rates.rate[row] * CENT)
    batch.note("later_release", good[rates.index.is_later(row, batch.day[good])], 0)
    batch.multiply("units", good, units)
    at = np.flatnonzero(discounted)
    days = (batch.claim[good] << 20) + batch.day[good] + 2**18
    first = _highest(batch, days, rates.rate[row], good, discounted)[at]
    half = rates.rate[row[at]] * CENT // 2
    batch.minus("procedure_discount", good[at], half * (units[at] - first))
    return elsewhere


def price_drugs(rates: Rates, batch: Batch, lines: Ints, row: Ints) -> None:
    """Payment limit of Addendum B times units, which may have a fraction."""
    good = (batch.units[lines] > 0) & (batch.units[lines] < 10**8) & rates.has_rate[row]
    batch.settle(lines[~good], Status.UNPRICED, "bad_units")
    lines, row = lines[good], row[good]
    batch.settle(lines, Status.PRICED)
    batch.set("drug", lines, rates.rate[row] * CENT)
    batch.note("later_release", lines[rates.index.is_later(row, batch.day[lines])], 0)
    batch.times("units", lines, batch.units[lines] * (MICRO // 1000))


def is_drug(rates: Rates, row: Ints) -> Flags:
    """Rows of Addendum B that are separately paid drugs."""
    return (row >= 0) & np.isin(rates.indicator[row], [packed(code, 2) for code in _DRUGS]) & rates.has_rate[row]


def _highest(batch: Batch, claim: Ints, value: Ints, lines: Ints, flags: Flags) -> Flags:
    """True for the one of the flagged lines of each claim with the highest value; ties as in `Batch.ranking`."""
    out = np.zeros(len(lines), dtype=np.bool_)
    at = np.flatnonzero(flags)
    out[at] = batch.highest(claim[at], value[at], lines[at])
    return out
