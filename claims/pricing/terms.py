"""Contracts applied to lines, set-wise: which contract, which term, and what it makes of Medicare's amount.

Belongs here: the match of payer, day and code, the four methods. Does not belong here: reading contract files
(`claims.pricing.contracts`), Medicare's own amounts.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims.pricing.batch import CENT, MICRO, Batch
from claims.pricing.contracts import MEDICARE, Contract, Method, Term
from claims.pricing.keys import OPEN_DAY, AsOf, Flags, Ints, Keys, packed
from claims.pricing.outpatient import is_inpatient
from claims.pricing.rules import Status

_EPOCH = date(1970, 1, 1)
_MOD_BITS = 16


def _millionths(value: Decimal | None) -> int:
    return 0 if value is None else int(value * MICRO)


class _Term:
    """A term as arrays."""

    def __init__(self, term: Term) -> None:
        self.method = term.method
        self.is_all = term.codes.is_all
        self.single = np.array([packed(code, 5) for code in term.codes.single], dtype=np.uint64)
        self.ranges = [(packed(low, 5), packed(high, 5)) for low, high in term.codes.ranges]
        self.percent = _millionths(term.percent)
        self.unpriced = _millionths(term.unpriced_percent_of_charge)
        self.amount = 0 if term.amount is None else int(term.amount * 100)
        keys = {
            (int(packed(code, 5)) << _MOD_BITS) + int(packed(mod, 2)): (fee, term.facility_fees.get((code, mod), fee))
            for (code, mod), fee in term.fees.items()
        }
        self.fee_keys = np.array(sorted(keys), dtype=np.uint64)
        cents = [[int(fee * 100) for fee in keys[key]] for key in sorted(keys)]
        self.fees = np.array(cents, dtype=np.int64).reshape(-1, 2)

    def takes(self, code: Keys) -> Flags:
        if self.is_all:
            return np.ones(len(code), dtype=np.bool_)
        out: Flags = np.isin(code, self.single)
        for low, high in self.ranges:
            out |= (code >= low) & (code <= high)
        return out

    def fee(self, code: Keys, modifier: Keys, in_facility: Flags) -> tuple[Ints, Flags]:
        """Fee in cents and whether there is one, by code, modifier (0: none) and setting."""
        key = (code << np.uint64(_MOD_BITS)) | modifier
        at = np.minimum(np.searchsorted(self.fee_keys, key), len(self.fee_keys) - 1)
        return self.fees[at, in_facility.astype(np.int64)], self.fee_keys[at] == key


class Agreements:
    """Every contract as arrays, made once. Number 0 is Medicare itself."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        """`contracts` as `load_contracts` gives them: no payer has two on one day."""
        self.contracts = (MEDICARE, *contracts)
        self.names = [contract.contract_id for contract in self.contracts]
        self.is_lesser_of = np.array([one.is_lesser_of for one in self.contracts])
        self.is_sequestered = np.array([one.is_sequestered for one in self.contracts])
        self._terms = [[_Term(term) for term in one.terms] for one in self.contracts]
        held = [(payer, number) for number, one in enumerate(self.contracts) for payer in one.payer_ids]
        self._payers = pa.array(sorted({payer for payer, _ in held}), pa.string())
        places = {payer: place for place, payer in enumerate(self._payers.to_pylist())}
        self._numbers = np.array([number for _, number in held], dtype=np.int64)
        spans = [self.contracts[number] for _, number in held]
        self._index = AsOf(
            np.array([places[payer] for payer, _ in held], dtype=np.uint64),
            np.array([(one.effective_from - _EPOCH).days for one in spans], dtype=np.int64),
            np.array(
                [OPEN_DAY if one.effective_to is None else (one.effective_to - _EPOCH).days for one in spans],
                dtype=np.int64,
            ),
        )

    def of(self, batch: Batch) -> Ints:
        """Contract number of each line; -1 where the payer has none on the day and is not Medicare."""
        out = np.zeros(batch.count, dtype=np.int64)
        if "payer_id" not in batch.lines.column_names or batch.lines["payer_id"].null_count == batch.count:
            return out
        payers = batch.lines["payer_id"]
        place = np.asarray(pc.fill_null(pc.index_in(payers, self._payers), -1).to_numpy(), dtype=np.int64)
        named = np.asarray(pc.is_valid(payers).to_numpy(), dtype=np.bool_)
        medicare = batch.equals("claim_filing_code", "MA") | batch.equals("claim_filing_code", "MB")
        out[named & ~medicare] = -1
        at = np.flatnonzero(place >= 0)
        found = self._index.find(place[at].astype(np.uint64), batch.day[at])
        hit = found >= 0
        out[at[hit]] = self._numbers[found[hit]]
        return out

    def apply(self, batch: Batch, contract: Ints, component: Keys, in_facility: Flags) -> None:
        """Turn Medicare's amounts into those of each line's contract.

        `component` is the modifier of its fee row, `in_facility` whether the fee of a facility is the one that holds.
        """
        none = np.flatnonzero(contract < 0)
        batch.forget(contract < 0)
        batch.settle(none, Status.UNPRICED, "no_contract")
        for number in np.unique(contract[contract > 0]):
            lines = np.flatnonzero(contract == number)
            term = np.full(len(lines), -1, dtype=np.int64)
            for position, one in enumerate(self._terms[number]):
                term[(term < 0) & one.takes(batch.code[lines])] = position
            for position, one in enumerate(self._terms[number]):
                if one.method is Method.CASE_RATE:
                    term = self._whole_claims(batch, lines, term, position, self._carved(int(number)))
            missing = np.zeros(batch.count, dtype=np.bool_)
            missing[lines[term < 0]] = True
            batch.forget(missing)
            stay = is_inpatient(batch)[lines] & (term < 0)
            batch.settle(lines[term < 0], Status.UNPRICED, "no_fee")
            batch.settle(lines[stay], Status.UNPRICED, "not_outpatient")
            for position, one in enumerate(self._terms[number]):
                _price(batch, lines[term == position], one, component, in_facility)

    def _carved(self, number: int) -> list[int]:
        return [place for place, term in enumerate(self.contracts[number].terms) if term.is_carve_out]

    @staticmethod
    def _whole_claims(batch: Batch, lines: Ints, term: Ints, position: int, carved: list[int]) -> Ints:
        """A case rate takes every line of a claim that has one of its codes, but for what is carved out."""
        claims = batch.claim[lines]
        inside = np.isin(claims, claims[term == position]) & ~np.isin(term, carved)
        return np.where(inside, position, term)


def _price(batch: Batch, lines: Ints, term: _Term, component: Keys, in_facility: Flags) -> None:
    if not len(lines):
        return
    if term.method is Method.PERCENT_OF_MEDICARE:
        open_ = batch.rows(Status.UNPRICED, Status.BY_REPORT)[lines]
        priced = batch.settled(lines, Status.PRICED)
        changed = priced if term.percent != MICRO else priced[:0]
        batch.times("percent_of_medicare", changed, term.percent)
        if term.unpriced:
            _of_charge(batch, lines[open_], term.unpriced)
        return
    if term.method is Method.PERCENT_OF_CHARGE:
        _of_charge(batch, lines, term.percent)
        return
    mask = np.zeros(batch.count, dtype=np.bool_)
    mask[lines] = True
    batch.forget(mask)
    if term.method is Method.FIXED_FEE:
        _fixed(batch, lines, term, component, in_facility)
        return
    order = lines[np.lexsort((batch.code[lines], -batch.charge[lines], batch.claim[lines]))]
    claims = batch.claim[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = claims[1:] != claims[:-1]
    batch.settle(order[first], Status.PRICED)
    batch.set("case_rate", order[first], np.full(int(first.sum()), term.amount * CENT, dtype=np.int64))
    batch.settle(order[~first], Status.BUNDLED, "in_case_rate")


def _fixed(batch: Batch, lines: Ints, term: _Term, component: Keys, in_facility: Flags) -> None:
    """The fee of the list, times units. A professional or technical part has its own row or none; another modifier may
    have one, the lowest where several do, else the row without modifier holds."""
    stay = is_inpatient(batch)[lines]
    batch.settle(lines[stay], Status.UNPRICED, "not_outpatient")
    lines = lines[~stay]
    code, part, setting = batch.code[lines], component[lines], in_facility[lines]
    fee, known = term.fee(code, part, setting)
    lowest = np.full(len(lines), np.iinfo(np.int64).max)
    for modifier in batch.modifiers:
        own, has_own = term.fee(code, modifier[lines], setting)
        has_own &= (part == 0) & (modifier[lines] != 0)
        lowest[has_own] = np.minimum(lowest[has_own], own[has_own])
    named = lowest < np.iinfo(np.int64).max
    fee, known = np.where(named, lowest, fee), known | named
    batch.settle(lines[~known], Status.UNPRICED, "no_fee")
    lines, fee = lines[known], fee[known]
    good = (batch.units[lines] > 0) & (batch.units[lines] < 10**8)
    batch.settle(lines[~good], Status.UNPRICED, "bad_units")
    lines, fee = lines[good], fee[good]
    batch.settle(lines, Status.PRICED)
    batch.set("fixed_fee", lines, fee * CENT)
    several = lines[batch.units[lines] != 1000]
    batch.times("units", several, batch.units[several] * (MICRO // 1000))


def _of_charge(batch: Batch, lines: Ints, millionths: int) -> None:
    mask = np.zeros(batch.count, dtype=np.bool_)
    mask[lines] = True
    batch.forget(mask)
    has = batch.has_charge[lines] & (batch.charge[lines] >= 0) & (batch.charge[lines] < 10**9)
    batch.settle(lines[~has], Status.UNPRICED, "no_charge")
    lines = lines[has]
    batch.settle(lines, Status.PRICED)
    batch.set("charge", lines, batch.charge[lines] * CENT)
    batch.times("percent_of_charge", lines, millionths)
