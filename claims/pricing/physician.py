"""Medicare's physician fee schedule, set-wise: fee of a row, reductions of the day, modifiers.

Belongs here: the formula, the OPPS cap, bilateral and multiple procedures, shares, assistants, anesthesia and the
laboratory schedule. Does not belong here: outpatient hospitals (`.outpatient`), contracts (`.terms`).

Order, as the official text has it: fee and cap, units, bilateral, endoscopy family, ranking of the day or the reduction
of imaging, therapy, cardiology or ophthalmology, then the shares of who did what. Lines of one claim and one day are
one set; lines of other claims are not seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from claims.pricing.batch import CENT, MICRO, MOD_BITS, NO_DAY, Batch
from claims.pricing.keys import Flags, Ints, Keys, Reach, as_of, pack, packed, scaled
from claims.pricing.rules import Status

Letters = npt.NDArray[np.uint8]
PAYABLE = b"ART"
_HOSPITAL = ("19", "21", "22", "23")
_MOST_RANKED = 5


def row_keys(table: pa.Table, code: str = "hcpcs_code", modifier: str | None = "modifier") -> Keys:
    """Packed (code, modifier) of a reference table."""
    keys = pack(table[code], 5, strict=True) << MOD_BITS
    return keys if modifier is None else keys | pack(table[modifier], 2, strict=True)


def locality_keys(table: pa.Table) -> Keys:
    """Packed CCCCC-LL of a reference table."""
    return pack(pc.binary_join_element_wise(table["mac"], table["locality"], "-"), 8, strict=True)


def _letter(table: pa.Table, name: str) -> Letters:
    return pack(table[name], 1, strict=True).astype(np.uint8)


class Schedule:
    """The fee schedule and what belongs to it as arrays, made once from the reference tables."""

    def __init__(self, tables: "dict[str, pa.Table]") -> None:
        """`tables`: fee_schedule, gpci, conversion_factors, anesthesia_factors, places_of_service, clfs and others.

        Raises `PackError` where a figure has more decimals than official files have.
        """
        fees = self.table = tables["fee_schedule"]
        self.index = as_of(fees, row_keys(fees), Reach.YEAR)
        self.status = _letter(fees, "status_code")
        self.work = scaled(fees["work_rvu"], 2)
        self.pe = (scaled(fees["nonfacility_pe_rvu"], 2), scaled(fees["facility_pe_rvu"], 2))
        self.mp = scaled(fees["mp_rvu"], 2)
        self.cap_pe = (scaled(fees["opps_nonfacility_pe_rvu"], 2), scaled(fees["opps_facility_pe_rvu"], 2))
        self.cap_mp = scaled(fees["opps_mp_rvu"], 2)
        self.is_capped = (self.cap_pe[0] > 0) | (self.cap_pe[1] > 0) | (self.cap_mp > 0)
        self.pctc = _letter(fees, "pctc_indicator")
        self.multiple = _letter(fees, "multiple_procedure_indicator")
        self.bilateral = _letter(fees, "bilateral_indicator")
        self.assistant = _letter(fees, "assistant_indicator")
        self.cosurgeon = _letter(fees, "cosurgeon_indicator")
        self.before = scaled(fees["preoperative_share"], 4)
        self.during = scaled(fees["intraoperative_share"], 4)
        self.after = scaled(fees["postoperative_share"], 4)
        self.base = pack(fees["endoscopic_base_code"], 5, strict=True)
        self.family = pack(fees["imaging_family"], 2)
        self.row_factor = scaled(fees["conversion_factor"], 4)
        indices = self.indices = tables["gpci"]
        self.localities = as_of(indices, locality_keys(indices), Reach.YEAR)
        self.gpci = tuple(scaled(indices[f"{part}_gpci"], 3) for part in ("work", "pe", "mp"))
        factors = self.factors = tables["conversion_factors"]
        self._kind = pc.fill_null(pc.index_in(factors["factor_code"], pa.array(["physician", "physician_qp"])), 9)
        self.factor_index = as_of(factors, np.asarray(self._kind.to_numpy(), dtype=np.uint64))
        self.factor = scaled(factors["conversion_factor"], 4)
        anesthesia = self.anesthesia = tables["anesthesia_factors"]
        self.anesthesia_index = as_of(anesthesia, locality_keys(anesthesia), Reach.YEAR)
        self.anesthesia_factor = scaled(anesthesia["conversion_factor"], 4)
        codes = tables["hcpcs_codes"]
        self.code_index = as_of(codes, row_keys(codes, modifier=None))
        self.base_units = scaled(pc.cast(codes["anesthesia_base_units"], pa.decimal128(10, 0)), 0)
        places = tables["places_of_service"]
        self.place_index = as_of(places, pack(places["pos_code"], 2, strict=True))
        setting = pc.index_in(places["setting"], pa.array(["nonfacility", "facility", "either"]))
        self.place_setting = np.asarray(pc.fill_null(setting, -1).to_numpy(), dtype=np.int64) % 2
        self.place_setting[np.asarray(pc.is_null(setting).to_numpy(zero_copy_only=False))] = -1
        laboratory = self.laboratory = tables["clfs"]
        self.laboratory_index = as_of(laboratory, row_keys(laboratory), Reach.YEAR)
        self.laboratory_rate = scaled(laboratory["rate_amount"], 2)
        zips = tables["zip_localities"]
        self.zip_index = as_of(zips, pack(zips["zip5"], 5, strict=True), Reach.ANY)
        self.zip_locality = locality_keys(zips)

    def fee(self, row: Ints, place: Ints, factor: Ints, in_facility: Flags) -> tuple[Ints, Ints]:
        """Fee of one unit before and after the OPPS cap, in 10^-11 dollars, for rows of the schedule and of gpci."""
        work, pe_index, mp_index = (index[place] for index in self.gpci)
        pe = np.where(in_facility, self.pe[1][row], self.pe[0][row])
        plain = (self.work[row] * work + pe * pe_index + self.mp[row] * mp_index) * factor * 100
        cap_pe = np.where(in_facility, self.cap_pe[1][row], self.cap_pe[0][row])
        cap = (self.work[row] * work + cap_pe * pe_index + self.cap_mp[row] * mp_index) * factor * 100
        return plain, np.where(self.is_capped[row], np.minimum(plain, cap), plain)


@dataclass
class Fees:
    """What the physician schedule found for the lines of a batch; row numbers are -1 where it found nothing."""

    row: Ints  # of fee_schedule
    place: Ints  # of gpci
    locality: Keys
    factor: Ints  # conversion factor, 10^-4 dollars
    factor_row: Ints  # of conversion_factors; -1 where the row's own factor was used
    in_facility: Flags
    has_place: Flags
    anesthesia_row: Ints
    laboratory_row: Ints
    is_second: Flags  # the other line of a pair carries it
    pair: Ints  # line of the other side, where LT and RT are two lines paid as one


def locate(schedule: Schedule, batch: Batch, as_outpatient: Flags) -> Fees:
    """Rows of the reference tables for every line of the batch. `as_outpatient` lines have no place of service."""
    count = batch.count
    component = np.zeros(count, dtype=np.uint64)
    for modifier in ("53", "TC", "26"):
        component[batch.has(modifier)] = packed(modifier, 2)
    row = schedule.index.find((batch.code << MOD_BITS) | component, batch.day)
    missing = np.flatnonzero((row < 0) & (component == packed("53", 2)))
    row[missing] = schedule.index.find(batch.code[missing] << MOD_BITS, batch.day[missing])
    locality = batch.text("locality_code", 8)
    unknown = np.flatnonzero(locality == 0)
    if len(unknown):
        zips = (
            pack(pc.utf8_slice_codeunits(batch.lines["zip_code"], 0, 5), 5)
            if "zip_code" in (batch.lines.column_names)
            else np.zeros(count, dtype=np.uint64)
        )
        found = schedule.zip_index.find(zips[unknown], batch.day[unknown])
        hit = found >= 0
        locality[unknown[hit]] = schedule.zip_locality[found[hit]]
    kind = batch.flag("is_qualifying_participant", default=False).astype(np.uint64)
    factor_row = schedule.factor_index.find(kind, batch.day)
    if kind.any():
        plain = np.flatnonzero((factor_row < 0) & (kind > 0))  # before 2026 there is one factor for all
        factor_row[plain] = schedule.factor_index.find(np.zeros(len(plain), dtype=np.uint64), batch.day[plain])
    if len(schedule.factor):
        factor = np.where(factor_row >= 0, schedule.factor[factor_row], 0)
    else:
        factor = np.zeros(count, dtype=np.int64)
    own = np.flatnonzero((factor_row < 0) & (row >= 0))
    factor[own] = schedule.row_factor[row[own]]
    setting = schedule.place_index.find(batch.text("place_of_service_code", 2), batch.day)
    in_facility = np.full(count, -1, dtype=np.int64)
    known = setting >= 0
    in_facility[known] = schedule.place_setting[setting[known]]
    in_facility[as_outpatient] = 0
    return Fees(
        row,
        schedule.localities.find(locality, batch.day),
        locality,
        factor,
        factor_row,
        in_facility > 0,
        in_facility >= 0,
        np.full(count, -1, dtype=np.int64),
        np.full(count, -1, dtype=np.int64),
        np.zeros(count, dtype=np.bool_),
        np.full(count, -1, dtype=np.int64),
    )


def price_physician(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints) -> None:
    """Price `lines` by the physician schedule, anesthesia or the laboratory schedule, whatever their code is of."""
    row = fees.row
    dated = batch.day[lines] != NO_DAY
    batch.settle(lines[~dated], Status.UNPRICED, "no_date")
    lines = lines[dated]
    status = np.where(row[lines] >= 0, schedule.status[row[lines]] if len(schedule.status) else 0, 0)
    component = batch.has("26", "TC")[lines]
    _laboratory(schedule, batch, fees, lines[np.isin(status, [0, *b"XEINMDFGH"]) & ~component])
    for codes, became, reason in (
        (b"C", Status.BY_REPORT, "carrier_priced"),
        (b"BP", Status.BUNDLED, "bundled_status"),
        (b"NIM", Status.NOT_PAYABLE, "not_covered"),
        (b"\0XEDFGH", Status.UNPRICED, "no_schedule"),
    ):
        rest = lines[np.isin(status, list(codes)) & (fees.laboratory_row[lines] < 0)]
        batch.settle(rest, became, reason)
    lost = lines[component & (status == 0)]
    known = schedule.index.find(batch.code[lost] << MOD_BITS, batch.day[lost]) >= 0
    batch.settle(lost[known], Status.NOT_PAYABLE, "component_invalid")
    _anesthesia(schedule, batch, fees, lines[status == ord("J")])
    _services(schedule, batch, fees, lines[np.isin(status, list(PAYABLE))])


def _services(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints) -> None:
    row = fees.row
    totals = schedule.work[row[lines]] + schedule.pe[0][row[lines]] + schedule.pe[1][row[lines]]
    priced = totals + schedule.mp[row[lines]] > 0
    batch.settle(lines[~priced], Status.BY_REPORT, "carrier_priced")
    lines = lines[priced]
    ok = np.ones(len(lines), dtype=np.bool_)
    discontinued = batch.has("53")[lines] & (fees.row[lines] >= 0)
    if discontinued.any():
        own = schedule.index.find((batch.code[lines] << MOD_BITS) | packed("53", 2), batch.day[lines])
        discontinued &= own != row[lines]
    for mask, became, reason in (
        (batch.has("22", "52", "56")[lines] | discontinued, Status.BY_REPORT, "by_contractor"),
        (batch.has("66")[lines], Status.BY_REPORT, "team_surgery"),
        (~fees.has_place[lines], Status.UNPRICED, "no_place"),
        (fees.place[lines] < 0, Status.UNPRICED, "no_locality"),
        (fees.factor[lines] <= 0, Status.UNPRICED, "no_factor"),
    ):
        batch.settle(lines[ok & mask], became, reason)
        ok &= ~mask
    hospital = np.isin(batch.text("place_of_service_code", 2)[lines], [packed(code, 2) for code in _HOSPITAL])
    mask = ok & (schedule.pctc[row[lines]] == ord("5")) & hospital
    batch.settle(lines[mask], Status.NOT_PAYABLE, "facility_incident_to")
    ok &= ~mask
    lines, units = batch.whole_units(lines[ok])
    lines, units = _injections(schedule, batch, fees, lines, units)
    lines, units = _permitted(schedule, batch, fees, lines, units)
    if not len(lines):
        return
    plain, fee = schedule.fee(row[lines], fees.place[lines], fees.factor[lines], fees.in_facility[lines])
    batch.settle(lines, Status.PRICED)
    batch.set("fee_schedule", lines, plain)
    capped = fee < plain
    batch.amount[lines[capped]] = fee[capped]
    batch.note("opps_cap", lines[capped], fee[capped])
    later = schedule.index.is_later(row[lines], batch.day[lines])
    later |= schedule.localities.is_later(fees.place[lines], batch.day[lines])
    batch.note("later_release", lines[later], 0)
    sane = fee <= (np.int64(2**61) // units)
    batch.settle(lines[~sane], Status.UNPRICED, "bad_units")
    lines, units, fee = lines[sane], units[sane], fee[sane]
    procedures, lead = _bilateral(schedule, batch, fees, lines, units, fee)
    _reduce(schedule, batch, fees, lines[lead], procedures[lead], fee[lead])
    _shares(schedule, batch, fees, lines)


def _laboratory(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints) -> None:
    found = np.full(len(lines), -1, dtype=np.int64)
    if not len(schedule.laboratory_rate):
        return
    waived = batch.has("QW")[lines]
    found[waived] = schedule.laboratory_index.find(
        (batch.code[lines[waived]] << MOD_BITS) | packed("QW", 2), batch.day[lines[waived]]
    )
    rest = found < 0
    found[rest] = schedule.laboratory_index.find(batch.code[lines[rest]] << MOD_BITS, batch.day[lines[rest]])
    hit = found >= 0
    fees.laboratory_row[lines[hit]] = found[hit]
    chosen, units = batch.whole_units(lines[hit])
    batch.settle(chosen, Status.PRICED)
    batch.set("laboratory", chosen, schedule.laboratory_rate[fees.laboratory_row[chosen]] * CENT)
    later = schedule.laboratory_index.is_later(fees.laboratory_row[chosen], batch.day[chosen])
    batch.note("later_release", chosen[later], 0)
    batch.multiply("units", chosen, units)


def _anesthesia(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints) -> None:
    if not len(lines):
        return
    found = schedule.anesthesia_index.find(fees.locality[lines], batch.day[lines])
    batch.settle(lines[found < 0], Status.UNPRICED, "no_locality")
    fees.anesthesia_row[lines] = found
    lines, found = lines[found >= 0], found[found >= 0]
    given, has_given = batch.integers("anesthesia_base_units")
    coded = schedule.code_index.find(batch.code[lines] << MOD_BITS, batch.day[lines])
    own = schedule.base_units[coded] if len(schedule.base_units) else np.zeros(len(lines), dtype=np.int64)
    base = np.where(has_given[lines], given[lines], np.where(coded >= 0, own, 0))
    supervised = batch.has("AD")[lines]
    base = np.where(supervised, 3, base)
    is_minutes = batch.text("unit_code", 2)[lines] == packed("MJ", 2)
    thousandths = np.where(is_minutes, batch.units[lines], batch.units[lines] * 15)
    thousandths = np.where(supervised, 0, thousandths)
    for mask, reason in ((base <= 0, "no_base_units"), ((thousandths <= 0) & ~supervised, "no_minutes")):
        batch.settle(lines[mask], Status.UNPRICED, reason)
    good = (base > 0) & ((thousandths > 0) | supervised) & (thousandths < 10**8) & (base < 1000)
    lines, found, base, thousandths = lines[good], found[good], base[good], thousandths[good]
    batch.settle(lines, Status.PRICED)
    # 10^-3 minutes * 10^-4 dollars, up to 10^-11. The 15 leaves no tie where it does not divide: the floor is exact.
    amount = (15_000 * base + thousandths) * schedule.anesthesia_factor[found] * 10_000 // 15
    batch.set("anesthesia", lines, amount)
    batch.note("later_release", lines[schedule.anesthesia_index.is_later(found, batch.day[lines])], 0)
    directed = lines[batch.has("QK", "QX", "QY")[lines]]
    batch.times("medical_direction", directed, MICRO // 2)
    _nonparticipating(batch, lines)


def _injections(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Status T: paid only where nothing else of the schedule is paid that day."""
    injections = schedule.status[fees.row[lines]] == ord("T")
    if not injections.any():
        return lines, units
    day = _days(batch, lines)
    others = np.isin(day, day[~injections]) & injections
    batch.settle(lines[others], Status.BUNDLED, "bundled_injection")
    return lines[~others], units[~others]


def _permitted(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Drop assistants, co-surgeons and split care where the row of the schedule does not pay them."""
    row = fees.row[lines]
    assists = batch.has("80", "81", "82", "AS")[lines]
    package = schedule.before[row] + schedule.during[row] + schedule.after[row] > 0
    ok = np.ones(len(lines), dtype=np.bool_)
    for mask, became, reason in (
        (assists & ~np.isin(schedule.assistant[row], list(b"02")), Status.NOT_PAYABLE, "assistant_not_payable"),
        (
            batch.has("62")[lines] & ~np.isin(schedule.cosurgeon[row], list(b"12")),
            Status.NOT_PAYABLE,
            "co_surgeon_not_payable",
        ),
        (batch.has("54", "55")[lines] & ~package, Status.NOT_PAYABLE, "no_global_package"),
    ):
        batch.settle(lines[ok & mask], became, reason)
        ok &= ~mask
    return lines[ok], units[ok]


def _days(batch: Batch, lines: Ints) -> Ints:
    """A number for each (claim, day)."""
    return (batch.claim[lines] << 20) + batch.day[lines] + 2**18


def _roles(batch: Batch, lines: Ints) -> Ints:
    """A number for each (claim, day, role): surgeons, assistants and co-surgeons are ranked among themselves."""
    role = batch.has("80", "81", "82", "AS")[lines].astype(np.int64) + 2 * batch.has("62")[lines]
    return _days(batch, lines) * 4 + role


def _bilateral(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints, fee: Ints) -> tuple[Ints, Flags]:
    """Units and both sides by indicator; `fee` becomes the amount of one procedure as it is ranked.

    Gives the number of procedures and which lines stand for themselves: two lines LT and RT of one code are one
    procedure, the first carries it, the second waits for its part.
    """
    indicator = schedule.bilateral[fees.row[lines]]
    both = batch.has("50")[lines]
    twice = units == 2
    lead = np.ones(len(lines), dtype=np.bool_)
    left, right = batch.has("LT")[lines], batch.has("RT")[lines]
    sided = (left ^ right) & ~both & (units == 1) & np.isin(indicator, list(b"012"))
    paired = np.zeros(len(lines), dtype=np.bool_)
    if sided.any():
        at = np.flatnonzero(sided)
        key = (_roles(batch, lines[at]) << 20) + fees.row[lines[at]]
        _, group, size = np.unique(key, return_inverse=True, return_counts=True)
        lefts = np.bincount(group[left[at]], minlength=len(size))
        is_pair = (size[group] == 2) & (lefts[group] == 1)
        at, key = at[is_pair], key[is_pair]
        # Higher charge first, so that the order of the lines does not matter.
        order = np.lexsort((~left[at], -batch.charge[lines[at]], key))
        first, second = at[order[::2]], at[order[1::2]]
        paired[first] = True
        lead[second] = False
        fees.is_second[lines[second]] = True
        fees.pair[lines[first]] = lines[second]
        fees.pair[lines[second]] = lines[first]
    one = (both & (indicator != ord("9"))) | (twice & np.isin(indicator, list(b"12"))) | paired
    for codes, rule, halves in ((b"1", "bilateral_150", 3), (b"02", "bilateral_100", 2)):
        at = np.flatnonzero(one & np.isin(indicator, list(codes)))
        units[at] = np.where(units[at] == 2, 1, units[at])
        fee[at] = fee[at] * halves // 2
        batch.amount[lines[at]] = fee[at]
        batch.note(rule, lines[at], halves * 10**11 // 2)
    batch.multiply("units", lines, units)
    at = np.flatnonzero(both & (indicator == ord("3")) & (units == 1))
    sides = np.full(len(at), 2, dtype=np.int64)
    batch.multiply("bilateral_sides", lines[at], sides)
    procedures = units.copy()
    procedures[at] = sides
    return procedures, lead


def _reduce(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints, each: Ints) -> None:
    """What the other lines of the day take off, by the multiple procedure indicator."""
    indicator = schedule.multiple[fees.row[lines]]
    surgical = np.isin(indicator, list(b"123"))
    if surgical.any():
        _surgery(schedule, batch, fees, lines[surgical], units[surgical], each[surgical], indicator[surgical])
    for code, rule, percent in (
        (b"6", "cardiology_technical", 25),
        (b"7", "ophthalmology_technical", 20),
    ):
        at = np.flatnonzero(indicator == code[0])
        _technical(schedule, batch, fees, lines[at], units[at], rule, percent)
    at = np.flatnonzero((indicator == ord("4")) & (schedule.family[fees.row[lines]] == packed("88", 2)))
    _technical(schedule, batch, fees, lines[at], units[at], "imaging_technical", 50)
    _professional(schedule, batch, fees, lines[at], units[at])
    at = np.flatnonzero(indicator == ord("5"))
    _therapy(schedule, batch, fees, lines[at], units[at])


def _technical(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints, rule: str, percent: int) -> None:
    if not len(lines):
        return
    row = fees.row[lines]
    component = np.full(len(lines), -1, dtype=np.int64)
    is_test = schedule.pctc[row] == ord("1")
    component[is_test] = schedule.index.find(
        (batch.code[lines[is_test]] << MOD_BITS) | packed("TC", 2), batch.day[lines[is_test]]
    )
    alone = schedule.pctc[row] == ord("3")
    component[alone] = row[alone]
    component[batch.has("26")[lines]] = -1
    batch.note("technical_share_unknown", lines[schedule.pctc[row] == ord("4")], 0)
    at = np.flatnonzero(component >= 0)
    lines, units = lines[at], units[at]
    _, part = schedule.fee(component[at], fees.place[lines], fees.factor[lines], fees.in_facility[lines])
    first = batch.highest(_days(batch, lines), part, lines)
    batch.minus(rule, lines, part * percent // 100 * (units - first))


def _professional(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints) -> None:
    if not len(lines):
        return
    keep = (schedule.pctc[fees.row[lines]] == ord("1")) & ~batch.has("TC")[lines]
    lines, units = lines[keep], units[keep]
    component = schedule.index.find((batch.code[lines] << MOD_BITS) | packed("26", 2), batch.day[lines])
    lines, units, component = lines[component >= 0], units[component >= 0], component[component >= 0]
    _, part = schedule.fee(component, fees.place[lines], fees.factor[lines], fees.in_facility[lines])
    first = batch.highest(_days(batch, lines), part, lines)
    batch.minus("imaging_professional", lines, part * 5 // 100 * (units - first))


def _therapy(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints, units: Ints) -> None:
    if not len(lines):
        return
    row = fees.row[lines]
    pe = np.where(fees.in_facility[lines], schedule.pe[1][row], schedule.pe[0][row])
    part = pe * schedule.gpci[1][fees.place[lines]] * fees.factor[lines] * 100
    first = batch.highest(_days(batch, lines), pe, lines)
    batch.minus("therapy", lines, part // 2 * (units - first))


def _surgery(
    schedule: Schedule,
    batch: Batch,
    fees: Fees,
    lines: Ints,
    units: Ints,
    each: Ints,
    indicator: Letters,
) -> None:
    """Endoscopy families first, then the ranking of the day: 100, 50, 50, 50, 50 %, then by report."""
    group = _roles(batch, lines)
    row = fees.row[lines]
    entity = np.arange(len(lines), dtype=np.int64)  # a family or a line
    single = np.ones(len(lines), dtype=np.bool_)
    named = batch.code[lines]
    endoscopic = (indicator == ord("3")) & (schedule.base[row] > 0)
    if endoscopic.any():
        entity, single, named = _families(schedule, batch, fees, lines, units, each, group, endoscopic)
    amounts = batch.amount[lines]
    worth = np.zeros(len(lines), dtype=np.int64)
    worth[single] = each[single]
    shared = np.flatnonzero(~single)
    if len(shared):
        total = np.zeros(len(lines), dtype=np.int64)
        np.add.at(total, entity[shared], amounts[shared])
        worth[shared] = total[entity[shared]]
    places = np.where(single, units, 0)
    head = single.copy()
    heads = np.unique(entity[shared], return_index=True)[1]
    head[shared[heads]] = True
    places[shared[heads]] = 1
    count, words, _, charge = (key[lines] * single for key in batch.ranking)
    order = np.lexsort((count, words, named, charge, single, -worth, group))
    order = order[head[order]]
    before = np.cumsum(places[order]) - places[order]
    start = np.ones(len(order), dtype=np.bool_)
    start[1:] = group[order][1:] != group[order][:-1]
    before -= np.maximum.accumulate(np.where(start, before, 0))
    place = np.zeros(len(lines), dtype=np.int64)
    place[entity[order]] = before  # procedures ranked before the entity
    before = place[entity]
    taken = np.where(single, each // 2 * (units - (before == 0)), np.where(before == 0, 0, amounts // 2))
    late = before + np.where(single, units, 1) > _MOST_RANKED
    batch.minus("multiple_surgery", lines[~late], taken[~late])
    batch.settle(batch.settled(lines[late], Status.PRICED), Status.BY_REPORT, "beyond_fifth")


def _families(
    schedule: Schedule,
    batch: Batch,
    fees: Fees,
    lines: Ints,
    units: Ints,
    each: Ints,
    group: Ints,
    endoscopic: Flags,
) -> tuple[Ints, Flags, Keys]:
    """Take the base off all but the highest of a family.

    Gives the entity of each line, its family or itself, which lines stand outside any family, and the code by which
    the entity is named.
    """
    base = np.where(endoscopic, schedule.base[fees.row[lines]], batch.code[lines])
    _, number = np.unique(base, return_inverse=True)
    _, family = np.unique((group << 16) + number, return_inverse=True)
    is_family = np.bincount(family[endoscopic], minlength=int(family.max()) + 1) > 0
    inside = is_family[family]
    at = np.flatnonzero(inside)
    is_base = ~endoscopic[at]
    # The base is worth nothing beside its family, so it is never the highest.
    first = batch.highest(family[at], np.where(is_base, -1, each[at]), lines[at])
    own = schedule.index.find(base[at] << MOD_BITS, batch.day[lines[at]])
    fee = np.zeros(len(at), dtype=np.int64)
    known = own >= 0
    where = lines[at][known]
    fee[known] = schedule.fee(own[known], fees.place[where], fees.factor[where], fees.in_facility[where])[1]
    less = np.minimum(fee, each[at]) * (units[at] - first)
    less = np.where(is_base, batch.amount[lines[at]], less)
    batch.minus("endoscopy_base", lines[at], less)
    gone = lines[at][is_base]
    batch.settle(gone, Status.BUNDLED, "base_in_family")
    entity = np.arange(len(lines), dtype=np.int64)
    smallest = np.full(int(family.max()) + 1, len(lines), dtype=np.int64)
    np.minimum.at(smallest, family, entity)
    entity[at] = smallest[family[at]]
    return entity, ~inside, base


def _shares(schedule: Schedule, batch: Batch, fees: Fees, lines: Ints) -> None:
    """Who did which part of the service: split care, assistants, co-surgeons, non-physicians."""
    lines = batch.settled(lines, Status.PRICED)
    row = fees.row[lines]
    package = schedule.before[row] + schedule.during[row] + schedule.after[row] > 0
    for modifier, rule, share in (
        ("54", "share_54", schedule.before[row] + schedule.during[row]),
        ("55", "share_55", schedule.after[row]),
        ("78", "share_78", schedule.during[row]),
    ):
        at = batch.has(modifier)[lines] & package
        batch.times(rule, lines[at], share[at] * 100)
    nonphysician = batch.has("AS")[lines]
    assists = batch.has("80", "81", "82")[lines] & ~nonphysician
    batch.times("assistant_nonphysician", lines[nonphysician], 136_000)
    batch.times("assistant", lines[assists], 160_000)
    batch.note("needs_documentation", lines[(assists | nonphysician) & (schedule.assistant[row] == ord("0"))], 0)
    together = batch.has("62")[lines]
    batch.times("co_surgeon", lines[together], 625_000)
    batch.note("needs_documentation", lines[together & (schedule.cosurgeon[row] == ord("1"))], 0)
    batch.times("nonphysician", lines[batch.is_nonphysician[lines] & ~nonphysician], 850_000)
    batch.times("therapy_assistant", lines[batch.has("CQ", "CO")[lines]], 850_000)
    _nonparticipating(batch, lines)


def _nonparticipating(batch: Batch, lines: Ints) -> None:
    participates = batch.flag("is_participating", default=True)
    batch.times("nonparticipating", lines[~participates[lines]], 950_000)
