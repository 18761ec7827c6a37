"""The pricing kernel: lines in, amounts with their trace out, whole batches at a time.

Belongs here: the order of the parts, the one rounding, lower of charge, what the payer pays of it. Does not belong
here: the rules of a schedule (`.physician`, `.outpatient`), contracts (`.terms`), showing a trace (`.trace`).
"""

from collections.abc import Sequence
from copy import copy
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from claims.pricing.batch import CENT, Batch
from claims.pricing.contracts import Contract
from claims.pricing.keys import Flags, Ints, Keys, column, decimals, packed, scaled
from claims.pricing.lines import LINES, checked
from claims.pricing.outpatient import Rates, is_drug, is_outpatient, price_drugs, price_outpatient
from claims.pricing.physician import PAYABLE, Fees, Schedule, locate, price_physician
from claims.pricing.rules import Status
from claims.pricing.terms import Agreements
from claims.schema import MONEY

# The reference tables that prices are made of.
TABLES = (
    "fee_schedule",
    "gpci",
    "conversion_factors",
    "anesthesia_factors",
    "places_of_service",
    "clfs",
    "hcpcs_codes",
    "zip_localities",
    "opps_status",
)
_WORD = pa.dictionary(pa.int8(), pa.string())
_RVU = pa.decimal128(9, 4)
_STEPS = pa.list_(pa.struct([("rule", _WORD), ("value", pa.decimal128(19, 11))]))
_EPOCH = np.datetime64("1970-01-01", "D")
# Sequestration of Medicare's payments by day of service: from, percent. Budget Control Act and the acts that paused it.
_SEQUESTRATION = (("2013-04-01", 2), ("2020-05-01", 0), ("2022-04-01", 1), ("2022-07-01", 2))

# The kernel's output: one row per line of the input, in its order.
PRICED = pa.schema(
    [
        pa.field("file_id", pa.string(), nullable=False),
        pa.field("claim_ordinal", pa.int32(), nullable=False),
        pa.field("line_number", pa.int32(), nullable=False),
        pa.field("status", _WORD, nullable=False),  # claims.pricing.rules.Status
        pa.field("reason", _WORD),  # why it is not plainly priced: claims.pricing.rules.REASONS
        pa.field("contract_id", pa.dictionary(pa.int32(), pa.string())),  # medicare, or the contract's id
        pa.field("allowed_amount", MONEY),  # null where by report or unpriced
        pa.field("medicare_amount", MONEY),  # Medicare's amount before the lower of charge, null where it has none
        pa.field("limiting_charge_amount", MONEY),  # the most that one who does not participate may charge
        pa.field("deductible_amount", MONEY),  # the next four where the contract follows Medicare's sequestration
        pa.field("coinsurance_amount", MONEY),
        pa.field("sequestration_amount", MONEY),
        pa.field("payment_amount", MONEY),
        pa.field("basis", _WORD),  # the rule that the amount began with
        pa.field("release", pa.dictionary(pa.int32(), pa.string())),  # of the reference row
        pa.field("source_row", pa.int32()),  # line of the published file
        pa.field("row_modifier", pa.string()),  # modifier of the row of the fee schedule
        pa.field("is_facility", pa.bool_()),
        pa.field("locality", pa.string()),
        pa.field("work_rvu", _RVU),
        pa.field("pe_rvu", _RVU),
        pa.field("mp_rvu", _RVU),
        pa.field("work_gpci", _RVU),
        pa.field("pe_gpci", _RVU),
        pa.field("mp_gpci", _RVU),
        pa.field("gpci_release", pa.dictionary(pa.int32(), pa.string())),
        pa.field("conversion_factor", _RVU),
        pa.field("factor_release", pa.dictionary(pa.int32(), pa.string())),
        pa.field("steps", _STEPS, nullable=False),
    ]
)


class Tables(Protocol):
    """Where the reference tables come from: `claims.reference` or anything with the same tables."""

    def table(self, name: str) -> pa.Table:
        """All releases of a table of `claims.reference.schema`, at most one row per key on a day."""


class Pricer:
    """The tables and contracts made ready once; then `price` as often as wanted, from any thread."""

    def __init__(self, reference: Tables, contracts: Sequence[Contract] = ()) -> None:
        """Read the tables it needs. Raises `PackError` where a table holds what no official file does."""
        tables = {name: reference.table(name) for name in TABLES}
        self._schedule = Schedule(tables)
        self._rates = Rates(tables["opps_status"])
        self._agreements = Agreements(contracts)
        self._releases = _Releases(tables)

    def under(self, contracts: Sequence[Contract]) -> "Pricer":
        """The same tables under other contracts, without reading them again."""
        other = copy(self)
        other._agreements = Agreements(contracts)
        return other

    def price(self, lines: pa.Table) -> pa.Table:
        """Amounts and traces (`PRICED`) of `lines` (`claims.pricing.lines.LINES`), row by row.

        Lines of one claim on one day are one set: reductions see each other, across claims they do not. Raises
        `LinesError` where a needed column is missing; a line that cannot be priced says why instead.
        """
        batch = Batch(checked(lines))
        fees, rate_row = self._medicare(batch)
        medicare = batch.cents(np.arange(batch.count))
        has_medicare = batch.rows(Status.PRICED, Status.BUNDLED, Status.NOT_PAYABLE)
        limiting, is_limited = _limiting_charge(batch)
        contract = self._agreements.of(batch)
        allowed = medicare.copy()
        if contract.any():
            in_facility = fees.in_facility | batch.equals("claim_type", "institutional")
            self._agreements.apply(batch, contract, self._component(batch), in_facility)
            other = np.flatnonzero(contract != 0)
            allowed[other] = batch.cents(other)
        _finish(batch, fees, allowed, self._agreements.is_lesser_of[contract] & (contract >= 0))
        return self._output(batch, fees, rate_row, contract, allowed, (medicare, has_medicare), (limiting, is_limited))

    def _medicare(self, batch: Batch) -> tuple[Fees, Ints]:
        """Medicare's own amount of every line."""
        institutional, outpatient = is_outpatient(batch)
        dental = batch.equals("claim_type", "dental")
        fees = locate(self._schedule, batch, outpatient)
        everything = np.arange(batch.count)
        rate_row = np.full(batch.count, -1, dtype=np.int64)
        chosen = everything[~institutional & ~dental]
        if institutional.any():
            batch.settle(everything[institutional & ~outpatient], Status.UNPRICED, "not_outpatient")
            hospital = everything[outpatient]
            rate_row[hospital] = self._rates.find(batch, hospital)
            others = price_outpatient(self._rates, batch, hospital, rate_row[hospital])
            rate_row[others] = -1
            chosen = np.concatenate([chosen, others])
        batch.settle(everything[dental], Status.UNPRICED, "no_schedule")
        status = np.zeros(len(chosen), dtype=np.uint8)
        known = fees.row[chosen] >= 0
        status[known] = self._schedule.status[fees.row[chosen[known]]]
        maybe = chosen[~np.isin(status, list(PAYABLE)) & ~institutional[chosen]]
        found = self._rates.find(batch, maybe) if len(self._rates.indicator) else np.full(len(maybe), -1)
        drug = is_drug(self._rates, found) if len(self._rates.indicator) else np.zeros(len(maybe), dtype=np.bool_)
        rate_row[maybe[drug]] = found[drug]
        price_drugs(self._rates, batch, maybe[drug], found[drug])
        price_physician(self._schedule, batch, fees, chosen[~np.isin(chosen, maybe[drug])])
        return fees, rate_row

    @staticmethod
    def _component(batch: Batch) -> Keys:
        out = np.zeros(batch.count, dtype=np.uint64)
        for modifier in ("TC", "26"):
            out[batch.has(modifier)] = packed(modifier, 2)
        return out

    def _output(
        self,
        batch: Batch,
        fees: Fees,
        rate_row: Ints,
        contract: Ints,
        allowed: Ints,
        medicare: tuple[Ints, Flags],
        limiting: tuple[Ints, Flags],
    ) -> pa.Table:
        has_amount = batch.rows(Status.PRICED, Status.BUNDLED, Status.NOT_PAYABLE)
        followed = has_amount & self._agreements.is_sequestered[contract] & (contract >= 0)
        payment = _payment(batch, allowed)
        schedule = self._schedule
        physician = batch.based_on("fee_schedule")
        anesthesia = batch.based_on("anesthesia")
        sources = (
            ("fee_schedule", physician, fees.row),
            ("anesthesia_factors", anesthesia, fees.anesthesia_row),
            ("clfs", batch.based_on("laboratory"), fees.laboratory_row),
            ("opps_status", batch.based_on("outpatient") | batch.based_on("drug"), rate_row),
        )
        release, source_row = self._releases.of(batch.count, sources)
        in_row = physician & (fees.row >= 0)
        row = np.where(in_row, fees.row, 0)
        place = np.where(in_row, fees.place, 0)

        def taken(values: Ints, at: Ints, scale: int, where: Flags = in_row) -> pa.Array:
            got = values[at] if len(values) else np.zeros(batch.count, dtype=np.int64)
            return decimals(got * 10 ** (4 - scale), 9, 4, where)

        pe = (
            taken(np.where(fees.in_facility, schedule.pe[1][row], schedule.pe[0][row]), np.arange(batch.count), 2)
            if (len(schedule.status))
            else pa.nulls(batch.count, _RVU)
        )
        factor = np.where(physician, fees.factor, 0)
        if len(schedule.anesthesia_factor):
            factor = np.where(anesthesia, schedule.anesthesia_factor[fees.anesthesia_row], factor)
        localized = physician | anesthesia
        columns = {
            "file_id": batch.lines["file_id"],
            "claim_ordinal": batch.lines["claim_ordinal"],
            "line_number": batch.lines["line_number"],
            "status": batch.status_column(),
            "reason": batch.reason_column(),
            "contract_id": pa.DictionaryArray.from_arrays(
                pa.array(contract.astype(np.int32), mask=contract < 0), pa.array(self._agreements.names, pa.string())
            ),
            "allowed_amount": decimals(allowed, 18, 2, has_amount),
            "medicare_amount": decimals(medicare[0], 18, 2, medicare[1]),
            "limiting_charge_amount": decimals(limiting[0], 18, 2, limiting[1]),
            **{name: decimals(values, 18, 2, followed) for name, values in payment.items()},
            "basis": batch.basis_column(),
            "release": release,
            "source_row": source_row,
            "row_modifier": _row_modifier(schedule.table, row, in_row),
            "is_facility": pa.array(fees.in_facility, mask=~physician),
            "locality": _localities(fees, localized),
            "work_rvu": taken(schedule.work, row, 2),
            "pe_rvu": pe,
            "mp_rvu": taken(schedule.mp, row, 2),
            "work_gpci": taken(schedule.gpci[0], place, 3),
            "pe_gpci": taken(schedule.gpci[1], place, 3),
            "mp_gpci": taken(schedule.gpci[2], place, 3),
            "gpci_release": self._releases.of(batch.count, (("gpci", physician, fees.place),))[0],
            "conversion_factor": decimals(factor, 9, 4, localized),
            "factor_release": self._releases.of(
                batch.count,
                (
                    ("conversion_factors", physician & (fees.factor_row >= 0), fees.factor_row),
                    ("fee_schedule", physician & (fees.factor_row < 0), fees.row),
                    ("anesthesia_factors", anesthesia, fees.anesthesia_row),
                ),
            )[0],
            "steps": batch.steps(),
        }
        return pa.table([columns[name] for name in PRICED.names], schema=PRICED)


class _Releases:
    """Release and published line of any row of any table, with one vocabulary for all."""

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        self._words: list[str] = []
        self._codes: dict[str, npt.NDArray[np.int32]] = {}
        self._rows: dict[str, Ints] = {}
        for name, table in tables.items():
            coded = pa.chunked_array(table["release"].chunks, pa.string()).combine_chunks()
            coded = pa.concat_arrays(coded.chunks) if isinstance(coded, pa.ChunkedArray) else coded
            coded = coded.dictionary_encode()
            self._codes[name] = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32) + len(self._words)
            self._words += coded.dictionary.to_pylist()
            self._rows[name] = np.asarray(table["source_row"].to_numpy(), dtype=np.int64)
        self._dictionary = pa.array(self._words, pa.string())

    def of(self, count: int, sources: Sequence[tuple[str, Flags, Ints]]) -> tuple[pa.Array, pa.Array]:
        """Release and line by (table, where it holds, row number)."""
        code = np.full(count, -1, dtype=np.int32)
        line = np.zeros(count, dtype=np.int32)
        for name, where, rows in sources:
            at = np.flatnonzero(where & (rows >= 0))
            code[at] = self._codes[name][rows[at]]
            line[at] = self._rows[name][rows[at]]
        missing = code < 0
        return (
            pa.DictionaryArray.from_arrays(pa.array(code, mask=missing), self._dictionary),
            pa.array(line, mask=missing),
        )


def price(lines: pa.Table, reference: Tables, contracts: Sequence[Contract] = ()) -> pa.Table:
    """`Pricer(reference, contracts).price(lines)`, for those who price once."""
    return Pricer(reference, contracts).price(lines)


def _limiting_charge(batch: Batch) -> tuple[Ints, Flags]:
    """109.25 % of the fee where the provider does not participate: 95 % is in the amount already, times 115 %."""
    out = np.zeros(batch.count, dtype=np.int64)
    where = ~batch.flag("is_participating", default=True) & batch.rows(Status.PRICED)
    where &= batch.based_on("fee_schedule") | batch.based_on("anesthesia")
    rows = np.flatnonzero(where)
    if len(rows):
        out[rows] = batch.cents(rows, times=1_150_000)
    return out, where


def _finish(batch: Batch, fees: Fees, allowed: Ints, is_lesser_of: Flags) -> None:
    """Lower of charge and fee, the rounding, and the parts of two lines that are one procedure. Changes `allowed`."""
    priced = batch.rows(Status.PRICED)
    paired = priced & (fees.pair >= 0) & ~batch.is_repriced
    paired &= paired[fees.pair]
    second = paired & fees.is_second
    first = np.flatnonzero(paired & ~fees.is_second)
    limit, has_limit = batch.charge.copy(), batch.has_charge & (batch.charge >= 0)
    other = fees.pair[first]
    limit[first] += batch.charge[other]
    has_limit[first] &= has_limit[other]
    compared = np.flatnonzero(priced & is_lesser_of & has_limit & ~second)
    allowed[compared] = np.minimum(allowed[compared], limit[compared])
    batch.note("lower_of_charge", compared, limit[compared] * CENT)
    batch.forget(second)
    rounded = np.flatnonzero(priced & ~second)
    batch.note("round", rounded, allowed[rounded] * CENT)
    if len(first):
        own = np.where(has_limit[first], np.minimum(allowed[first], batch.charge[first]), allowed[first])
        rest = allowed[first] - own
        batch.note("other_side", first, rest * CENT)
        allowed[first] = own
        allowed[other] = rest
        batch.set("this_side", other, rest * CENT)
    lone = np.flatnonzero(batch.rows(Status.UNPRICED, Status.BY_REPORT, Status.BUNDLED, Status.NOT_PAYABLE))
    allowed[lone] = 0


def _payment(batch: Batch, allowed: Ints) -> dict[str, Ints]:
    """Deductible, coinsurance, sequestration and what is paid, in cents. Laboratory tests have neither of the first."""
    asked = scaled(column(batch.lines, "deductible_amount", LINES.field("deductible_amount").type), 2)
    laboratory = batch.based_on("laboratory")
    deductible = np.where(laboratory, 0, np.clip(asked, 0, np.maximum(allowed, 0)))
    coinsurance = np.where(laboratory, 0, ((allowed - deductible) * 20 + 50) // 100)
    paid = allowed - deductible - coinsurance
    percent = np.zeros(batch.count, dtype=np.int64)
    for start, rate in _SEQUESTRATION:
        percent[batch.day >= (np.datetime64(start, "D") - _EPOCH).astype(np.int64)] = rate
    sequestered = (paid * percent + 50) // 100
    return {
        "deductible_amount": deductible,
        "coinsurance_amount": coinsurance,
        "sequestration_amount": sequestered,
        "payment_amount": paid - sequestered,
    }


def _row_modifier(table: pa.Table, row: Ints, where: Flags) -> pa.ChunkedArray:
    if not table.num_rows:
        return pa.nulls(len(row), pa.string())
    return table["modifier"].take(pa.array(row, mask=~where))


def _localities(fees: Fees, where: Flags) -> pa.Array:
    data = fees.locality.astype(">u8").tobytes()
    text = pa.Array.from_buffers(pa.binary(8), len(fees.locality), [None, pa.py_buffer(data)]).cast(pa.string())
    return pc.if_else(pa.array(where), text, pa.scalar(None, pa.string()))
