"""The state of one call: the lines as arrays, what each has come to so far, and every step on the way.

Belongs here: reading the columns of the input once, the running amount and factor, recording steps. Does not belong
here: any rule.

The running amount of a line is `amount` * `factor`. `amount` is an integer of 10^-11 dollars (RVU with two decimals *
index with three * conversion factor with four, and two more for the reductions), `factor` one of 10^-12. Both are
exact: a factor that would lose a digit goes to `rest` and is multiplied at the end.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from claims.pricing.keys import Flags, Ints, Keys, column, days_of, decimals, dictionary, pack, packed, scaled, valid_of
from claims.pricing.lines import LINES
from claims.pricing.rules import NAMES, REASON_NAMES, STATUS_NAMES, Status

AMOUNT_SCALE = 11
ONE_AMOUNT = 10**AMOUNT_SCALE
ONE_FACTOR = 10**12
CENT = 10 ** (AMOUNT_SCALE - 2)
MICRO = 10**6
MOD_BITS = np.uint64(16)
_MAX_CODE = np.uint64(2**40)
_MAX_UNITS = 10**6
_MOST = np.int64(2**61)  # 23 million dollars a line, so that no sum of lines leaves its integer
_NONPHYSICIAN = ("363L", "363A", "364S")
_STATUS = {status: number for number, status in enumerate(Status)}
_REASON = {name: number for number, name in enumerate(REASON_NAMES)}
_RULE = {name: number for number, name in enumerate(NAMES)}
NO_DAY = np.int64(-(2**30))

STEP = pa.struct([("rule", pa.dictionary(pa.int8(), pa.string())), ("value", pa.decimal128(19, AMOUNT_SCALE))])


class Batch:
    """Lines being priced. Attributes are arrays as long as the batch; rules work on row numbers of it."""

    def __init__(self, lines: pa.Table) -> None:
        """Read the columns of `lines` (see `claims.pricing.lines.LINES`); null where a column is absent."""
        self.lines = lines
        self.count = lines.num_rows
        code = pack(self._column("procedure_code"), 5)
        self.code = np.where(code < _MAX_CODE, code, np.uint64(0))
        self.modifiers: list[Keys] = []
        for position in range(1, 5):
            values = self._column(f"modifier_{position}")
            if values.null_count < self.count:
                modifier = pack(values, 2)
                self.modifiers.append(np.where(modifier < 65536, modifier, np.uint64(0)))
        self.day = days_of(self._column("service_date"), NO_DAY)
        self.units = scaled(self._column("unit_count"), 3)
        charges = self._column("charge_amount")
        self.has_charge = valid_of(charges)
        self.charge = scaled(charges, 2)
        self.amount: Ints = np.zeros(self.count, dtype=np.int64)
        self.factor: Ints = np.full(self.count, ONE_FACTOR, dtype=np.int64)
        self.rest: Ints = np.full(self.count, MICRO, dtype=np.int64)
        self.status: npt.NDArray[np.int8] = np.full(self.count, _STATUS[Status.UNPRICED], dtype=np.int8)
        self.reason: npt.NDArray[np.int8] = np.full(self.count, -1, dtype=np.int8)
        self.basis: npt.NDArray[np.int8] = np.full(self.count, -1, dtype=np.int8)
        self.is_repriced: Flags = np.zeros(self.count, dtype=np.bool_)
        self._steps: list[tuple[int, Ints, Ints]] = []
        self._masks: dict[str, Flags] = {}

    def _column(self, name: str) -> pa.ChunkedArray:
        return column(self.lines, name, LINES.field(name).type)

    @cached_property
    def claim(self) -> Ints:
        """A number for each claim: lines of one claim share it."""
        files = self.lines["file_id"]
        files = files.combine_chunks() if isinstance(files, pa.ChunkedArray) else files
        if isinstance(files, pa.ChunkedArray):
            files = pa.concat_arrays(files.chunks) if files.num_chunks else pa.array([], pa.string())
        numbers = files.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
        ordinals = np.asarray(self.lines["claim_ordinal"].to_numpy(), dtype=np.int64)
        if not self.count:
            return ordinals
        claims: Ints = np.unique((numbers << 32) + ordinals, return_inverse=True)[1].astype(np.int64)
        return claims

    @cached_property
    def ranking(self) -> tuple[Ints, Ints, Keys, Ints]:
        """Keys that break ties between lines by what they say and never by where they stand, least first.

        As `numpy.lexsort` has it the last decides first: the charge, highest first and none at the end, then the code,
        modifiers as a set, and units, fewest first.
        """
        words = np.zeros(self.count, dtype=np.int64)
        for modifier in self.modifiers:
            words += modifier.astype(np.int64)
        words = words * 4 + self.is_nonphysician * 2 + self.flag("is_participating", default=True)
        return self.units, words, self.code, -np.where(self.has_charge, self.charge, -1)

    @cached_property
    def is_nonphysician(self) -> Flags:
        """Rendered by a nurse practitioner, clinical nurse specialist or physician assistant, by taxonomy (NUCC)."""
        values = self._column("rendering_provider_taxonomy_code")
        if values.null_count == self.count:
            return np.zeros(self.count, dtype=np.bool_)
        stem = pack(pc.utf8_slice_codeunits(values, 0, 4), 4)
        return np.isin(stem, [packed(code, 4) for code in _NONPHYSICIAN])

    def highest(self, groups: Ints, value: Ints, rows: Ints) -> Flags:
        """True for the row of each group with the highest value. All three are as long as `rows`."""
        first = np.zeros(len(rows), dtype=np.bool_)
        if len(rows):
            order = np.lexsort((*(key[rows] for key in self.ranking), -value, groups))
            start = np.ones(len(rows), dtype=np.bool_)
            start[1:] = groups[order][1:] != groups[order][:-1]
            first[order[start]] = True
        return first

    def text(self, name: str, width: int) -> Keys:
        """A text column, packed."""
        return pack(self._column(name), width)

    def flag(self, name: str, default: bool) -> Flags:
        """A flag column, null as `default`."""
        values = self._column(name)
        if values.null_count == self.count:
            return np.full(self.count, default, dtype=np.bool_)
        return np.asarray(pc.fill_null(values, default).to_numpy(zero_copy_only=False), dtype=np.bool_)

    def equals(self, name: str, word: str) -> Flags:
        """True where a text column holds the word."""
        values = self._column(name)
        return np.asarray(pc.fill_null(pc.equal(values, word), False).to_numpy(), dtype=np.bool_)

    def integers(self, name: str) -> tuple[Ints, Flags]:
        """An integer column and where it has a value."""
        values = self._column(name)
        return np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False), dtype=np.int64), valid_of(values)

    def has(self, *modifiers: str) -> Flags:
        """Lines with any of the modifiers, wherever it stands."""
        out = np.zeros(self.count, dtype=np.bool_)
        for modifier in modifiers:
            if modifier not in self._masks:
                wanted = packed(modifier, 2)
                mask = np.zeros(self.count, dtype=np.bool_)
                for given in self.modifiers:
                    mask |= given == wanted
                self._masks[modifier] = mask
            out |= self._masks[modifier]
        return out

    def settle(self, rows: Ints, status: Status, reason: str | None = None) -> None:
        """What became of the lines and why. A line without payment gets amount 0 and the step that says so."""
        if not len(rows):
            return
        self.status[rows] = _STATUS[status]
        self.reason[rows] = -1 if reason is None else _REASON[reason]
        if status in {Status.BUNDLED, Status.NOT_PAYABLE}:
            self.amount[rows] = 0
            self.note("no_payment", rows, 0)

    def settled(self, rows: Ints, *statuses: Status) -> Ints:
        """Those of `rows` that have one of the statuses."""
        return rows[np.isin(self.status[rows], [_STATUS[status] for status in statuses])]

    def rows(self, *statuses: Status) -> Flags:
        """True for every line with one of the statuses."""
        return np.isin(self.status, [_STATUS[status] for status in statuses])

    def note(self, rule: str, rows: Ints, values: Ints | int) -> None:
        """Record a step without changing anything. `values` in 10^-11."""
        if len(rows):
            exact = np.asarray(values, dtype=np.int64)
            self._steps.append((_RULE[rule], rows, np.broadcast_to(exact, rows.shape)))

    def forget(self, rows: Flags) -> None:
        """Drop the steps of the lines so far: a contract prices them in another way."""
        if rows.any():
            kept = [(rule, at, values, ~rows[at]) for rule, at, values in self._steps]
            self._steps = [(rule, at[keep], values[keep]) for rule, at, values, keep in kept]
            self.is_repriced |= rows
            self.basis[rows] = -1
            self.factor[rows] = ONE_FACTOR
            self.rest[rows] = MICRO
            self.amount[rows] = 0

    def set(self, rule: str, rows: Ints, amounts: Ints) -> None:
        """Begin with an amount per unit, or for the whole line."""
        self.amount[rows] = amounts
        self.basis[rows] = _RULE[rule]
        self.note(rule, rows, amounts)

    def minus(self, rule: str, rows: Ints, amounts: Ints) -> None:
        """Take an amount off. Only before any factor."""
        taken = amounts > 0
        rows, amounts = rows[taken], amounts[taken]
        self.amount[rows] -= amounts
        self.note(rule, rows, amounts)

    def multiply(self, rule: str, rows: Ints, count: Ints) -> None:
        """Times a whole number (units, sides), into the amount."""
        held = self.amount[rows] <= _MOST // count
        self.settle(rows[~held], Status.UNPRICED, "bad_units")
        rows, count = rows[held], count[held]
        self.amount[rows] *= count
        more = count != 1
        self.note(rule, rows[more], count[more] * ONE_AMOUNT)

    def times(self, rule: str, rows: Ints, millionths: Ints | int) -> None:
        """Times a factor with at most six decimals, exact."""
        if not len(rows):
            return
        by = np.broadcast_to(np.asarray(millionths, dtype=np.int64), rows.shape)
        high, low = np.divmod(self.factor[rows], MICRO)
        fits = low * by % MICRO == 0
        self.factor[rows[fits]] = high[fits] * by[fits] + low[fits] * by[fits] // MICRO
        self.rest[rows[~fits]] = by[~fits]
        self.note(rule, rows, by * (ONE_AMOUNT // MICRO))

    def cents(self, rows: Ints, times: int = MICRO) -> Ints:
        """amount * factor (* `times` millionths) in cents, half up: the one rounding."""
        amount, factor, rest = self.amount[rows], self.factor[rows], self.rest[rows]
        if times != MICRO:
            rest = rest * times // MICRO
        out: Ints = (amount + CENT // 2) // CENT
        slow = np.flatnonzero((factor != ONE_FACTOR) | (rest != MICRO))
        if len(slow):
            exact = pc.multiply(decimals(amount[slow], 19, AMOUNT_SCALE), decimals(factor[slow], 18, 12))
            rest = rest[slow]
            rounded = pc.round(exact, 2, round_mode="half_towards_infinity")
            out[slow] = scaled(rounded, 2)
            longer = np.flatnonzero(rest != MICRO)
            if len(longer):
                wide = pc.multiply(
                    pc.cast(exact.take(pa.array(longer)), pa.decimal256(38, 23)),
                    pc.cast(decimals(rest[longer], 10, 6), pa.decimal256(10, 6)),
                )
                out[slow[longer]] = scaled(
                    pc.cast(pc.round(wide, 2, round_mode="half_towards_infinity"), pa.decimal128(20, 2)), 2
                )
        return out

    def whole_units(self, rows: Ints) -> tuple[Ints, Ints]:
        """Rows whose units are a whole positive number below a million, and their units; others become unpriced."""
        units, part = np.divmod(self.units[rows], 1000)
        good = (part == 0) & (units > 0) & (units < _MAX_UNITS)
        self.settle(rows[~good], Status.UNPRICED, "bad_units")
        return rows[good], units[good]

    def steps(self) -> pa.Array:
        """Every step of every line in the order it was taken: list of (rule, value). No Python per row."""
        counts = np.zeros(self.count, dtype=np.int32)
        for _, rows, _ in self._steps:
            counts[rows] += 1
        offsets = np.zeros(self.count + 1, dtype=np.int32)
        np.cumsum(counts, out=offsets[1:])
        at = offsets[:-1].copy()
        rules = np.zeros(int(offsets[-1]), dtype=np.int8)
        values = np.zeros(int(offsets[-1]), dtype=np.int64)
        for rule, rows, amounts in self._steps:
            places = at[rows]
            rules[places] = rule
            values[places] = amounts
            at[rows] += 1
        children = [
            pa.DictionaryArray.from_arrays(pa.array(rules), pa.array(NAMES, pa.string())),
            decimals(values, 19, AMOUNT_SCALE),
        ]
        return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(children, fields=list(STEP)))

    def status_column(self) -> pa.Array:
        """The status of each line in words."""
        return dictionary(self.status, STATUS_NAMES)

    def based_on(self, rule: str) -> Flags:
        """Lines whose amount began with the rule."""
        out: Flags = self.basis == _RULE[rule]
        return out

    def basis_column(self) -> pa.Array:
        """The rule that each line's amount began with, null where it has none."""
        return dictionary(self.basis, NAMES)

    def reason_column(self) -> pa.Array:
        """The reason of each line, null where it is plainly priced."""
        return dictionary(self.reason, REASON_NAMES)
