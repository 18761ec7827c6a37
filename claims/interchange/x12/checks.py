"""Checks of the content: what the guides require, and money that must add up. They make findings and change no value.

Belongs here: checks of claims and remittances. Does not belong here: envelopes (`envelope`), values that are not of
their type (`columns`), what must be there (`required`, `required_claims`), payer rules and scrubbing (`quality`).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims.interchange.x12 import loops
from claims.interchange.x12.claims837 import Claims837
from claims.interchange.x12.columns import Columns, first_of
from claims.interchange.x12.envelope import CLAIM_KINDS, KIND, Envelope
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.loops import Context
from claims.interchange.x12.remits835 import Remits835
from claims.interchange.x12.required import check_required, is_5010
from claims.interchange.x12.required_claims import IS_MARK, check_required_claims
from claims.interchange.x12.tokens import ABSENT, CODE, Flags, Index, Longs, Spans, Tokens, Words, pack

_BODY = {"837P": "CLM", "837I": "CLM", "837D": "CLM", "835": "BPR", "999": "AK1", "997": "AK1"}

# (segment, sections or all, element, component or 0, codes). Only where an element is present.
_SERVICE_DATES = "D8 RD8 TM DT D6 TS"
_CODES: tuple[tuple[str, tuple[int, ...], int, int, str], ...] = (
    ("CLM", (), 5, 2, "A B"),
    ("CLM", (), 5, 3, "0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K M N P Q Z"),
    ("CLM", (), 6, 0, "Y N"),
    ("CLM", (), 7, 0, "A B C P"),
    ("CLM", (), 8, 0, "Y N W"),
    ("CLM", (), 9, 0, "A I M N O Y"),
    ("SBR", (), 1, 0, "A B C D E F G H P S T U"),
    ("NM1", (), 2, 0, "1 2"),
    ("DMG", (), 3, 0, "F M U"),
    ("DTP", (), 2, 0, _SERVICE_DATES),
    ("CAS", (), 1, 0, "CO CR OA PI PR"),
    ("CLP", (), 2, 0, "1 2 3 4 5 10 13 15 16 17 19 20 21 22 23 25 27"),
    ("BPR", (), 1, 0, "C D H I P U X"),
    ("BPR", (), 3, 0, "C D"),
    ("SV1", (), 3, 0, "UN MJ F2"),
    ("SV2", (), 4, 0, "UN DA F2"),
)


_COMPOSITES = (("CLM", 5), ("SV1", 1), ("SV2", 2), ("SV3", 1), ("SVC", 1))


def check_bodies(tokens: Tokens, envelope: Envelope, findings: Findings) -> None:
    """A set without the one segment that its kind is for is broken."""
    for name, segment in _BODY.items():
        sets = np.flatnonzero((envelope.kind == KIND[name]) & ~envelope.broken)
        if len(sets):
            at = np.flatnonzero(tokens.code == CODE[segment])
            low = np.searchsorted(at, envelope.opens[sets])
            hollow = np.searchsorted(at, envelope.closes[sets], "right") == low
            findings.bad("X12-BODY-MISSING", envelope.opens[sets], hollow, None)
            envelope.broken[sets[hollow]] = True


def check_all(context: Context, columns: Columns) -> None:
    """Code values, dates and NPIs of all sets that are read."""
    findings, tokens = columns.findings, context.tokens
    for name, sections, element, component, codes in _CODES:
        found = context.of(name, *sections)
        is_late = context.kind[found] > KIND["835"]
        found = found[~is_late] if is_late.any() else found
        spans = tokens.element(found, element)
        if component:
            spans = tokens.components(spans, component)[component - 1]
        words = tokens.packed(spans) if component or element > 1 else columns.words(found, 1)
        bad = (spans.end > spans.start) & ~_among(words, codes)
        findings.bad("X12-ELEMENT-CODE", found, bad, element, component or None)
    for name, element in _COMPOSITES:
        found = context.of(name)
        spans = tokens.element(found, element)
        parts = tokens.components(spans, 2)
        # One part alone: a composite whose second component is empty was split, and by the right mark.
        whole = (parts[0].end == spans.end) & (spans.end - spans.start > 3)
        # AD, HC and the like are two letters: what follows them tells the mark that the sender used.
        mark = tokens.bytes[spans.start + 2]
        findings.bad("X12-COMPONENT-MARK", found, whole & IS_MARK[mark], element)
    for name, form, value in (("DTP", 2, 3), ("DTM", 0, 2)):
        found = context.of(name)
        if form:
            found = found[_among(tokens.packed(tokens.element(found, form)), "D8 RD8 DT D6")]
        columns.days(found, value)
    for name, qualifier, value in (("NM1", 8, 9), ("N1", 3, 4)):
        found = context.of(name)
        found = found[columns.words(found, qualifier) == pack("XX")]
        findings.bad("X12-NPI", found, ~is_npi(tokens, tokens.element(found, value)), value)
    # What stands before a later window of the same interchange is a copy of its ISA.
    isa = context.envelope.isa[np.array([region.is_first for region in tokens.regions], np.bool_)]
    has_day = tokens.dates(tokens.element(isa, 9))[2]
    findings.bad("X12-ISA-DATE", isa, ~has_day, 9)
    _check_levels(context, columns)
    check_required(context, findings)
    check_required_claims(context, findings)


def is_npi(tokens: Tokens, spans: Spans) -> Flags:
    """Whether each value is ten digits, begins with 1 or 2, and its Luhn check digit (with prefix 80840) holds."""
    good = spans.end - spans.start == 10
    start = np.where(good, spans.start, 0)
    pairs = np.stack([tokens.windows[start], tokens.windows[start + 8]], axis=1).view(np.uint16)[:, :5]
    total = 24 + _LUHN.take(pairs).sum(axis=1)
    first = tokens.bytes[start]
    out: Flags = good & (total < _NO_DIGITS) & (total % 10 == 0) & ((first == 49) | (first == 50))
    return out


_NO_DIGITS = 1000


def _luhn_of_pairs() -> Longs:
    """By two bytes read as a little-endian word: what two digits, the first doubled, add to the check sum."""
    digit = np.arange(10)
    doubled = digit * 2 - 9 * (digit > 4)
    out = np.full(1 << 16, _NO_DIGITS, np.int64)
    out[(digit[:, None] + 48) | (digit[None, :] + 48) << 8] = doubled[:, None] + digit[None, :]
    return out


_LUHN = _luhn_of_pairs()


def _among(words: Index, codes: str) -> Flags:
    """Whether each packed word is one of the blank-separated `codes`."""
    packed = [pack(code) for code in codes.split()]
    if len(packed) > _FEW and max(packed) < 1 << 16:
        table = np.zeros(1 << 16, np.bool_)
        table[packed] = True
        return table.take((words & 0xFFFF).astype(np.intp)) & (words < 1 << 16)
    out: Flags = words == packed[0]
    for word in packed[1:]:
        out |= words == word
    return out


_FEW = 6


def _check_levels(context: Context, columns: Columns) -> None:
    """HL01 counts from 1 in its set; HL02 names an earlier HL of the same set."""
    at = context.level_at
    if not len(at):
        return
    of_set = context.envelope.transaction[at].astype(np.int64)
    number, has_number, _ = columns.tokens.integer(columns.tokens.element(at, 1))
    place = np.arange(len(at))
    is_new = np.append(True, of_set[1:] != of_set[:-1])
    expected = place - np.maximum.accumulate(np.where(is_new, place, 0)) + 1
    columns.findings.bad("X12-HL-ID", at, ~has_number | (number != expected), 1)
    parent, has_parent, bad_parent = columns.tokens.integer(columns.tokens.element(at, 2))
    limit = np.int64(1) << 31
    own = of_set * limit + np.clip(number, 0, limit - 1)
    keys, first = np.unique(own, return_index=True)
    wanted = of_set * limit + np.clip(parent, 0, limit - 1)
    spot = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    known = (keys[spot] == wanted) & (first[spot] < place)
    columns.findings.bad("X12-HL-PARENT", at, bad_parent | (has_parent & ~known), 2)


def cents(table: pa.Table, column: str) -> tuple[Longs, Flags]:
    """A money column as cents (0 where null), and which rows have a value."""
    array = table.column(column).combine_chunks()
    there = pc.is_valid(array).to_numpy(zero_copy_only=False)
    values = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset : 2 * (array.offset + len(array)) : 2]
    return np.where(there, values, 0), there


def _held(table: pa.Table, column: str) -> Flags:
    out: Flags = pc.is_valid(table.column(column)).to_numpy(zero_copy_only=False)
    return out


def _sum(rows: Index, values: Longs, count: int) -> Longs:
    # Sums in float64 would be exact to 2^53 cents only; add.at stays in integers.
    out = np.zeros(count, np.int64)
    np.add.at(out, rows, values)
    return out


def check_claims(context: Context, columns: Columns, builder: Claims837, tables: dict[str, pa.Table]) -> Flags:
    """Checks of 837 claims; which claims (rows of CLM) are broken."""
    findings = columns.findings
    tokens = context.tokens
    clm, lines = context.claim_at, context.line_at
    claims, services = tables["claims"], tables["claim_lines"]
    count = len(clm)
    kind, line_kind = context.kind[clm], context.kind[lines]
    _check_headers(context, findings)

    total, has_total = cents(claims, "total_charge_amount")
    no_id = ~_held(claims, "patient_control_number")
    line_count = np.bincount(builder.line_claim, minlength=count)
    findings.bad("X12-CLM-ID", clm, no_id, 1)
    findings.bad("X12-CLM-CHARGE", clm, ~has_total, 2)
    findings.bad("X12-CLM-NO-LINES", clm, line_count == 0, None)
    broken: Flags = no_id | ~has_total | (line_count == 0)

    charge, has_charge = cents(services, "charge_amount")
    whole = np.bincount(builder.line_claim, weights=~has_charge, minlength=count) == 0
    differs = _sum(builder.line_claim, charge, count) != total
    findings.bad("X12-CLM-BALANCE", clm, has_total & whole & (line_count > 0) & differs, 2)
    for column, code in (
        ("billing_provider_name", "X12-BILLING-MISSING"),
        ("payer_responsibility_code", "X12-SUBSCRIBER-MISSING"),
        ("payer_name", "X12-PAYER-MISSING"),
    ):
        findings.bad(code, clm, ~_held(claims, column), None)
    needs_diagnosis = is_5010(context, clm) & (kind != KIND["837D"])
    findings.bad("X12-HI-MISSING", clm, needs_diagnosis & ~_held(claims, "principal_diagnosis_code"), None)
    is_institutional = kind == KIND["837I"]
    findings.bad("X12-STATEMENT-MISSING", clm, is_institutional & ~_held(claims, "statement_from_date"), None)
    frequency = tokens.packed(columns.parts(clm, 5, 3)[2])
    is_change = (frequency == pack("7")) | (frequency == pack("8"))
    findings.bad("X12-CLM-ORIGINAL", clm, is_change & ~_held(claims, "payer_claim_control_number"), None)
    _check_claim_ids(context, findings, claims, clm, frequency)

    has_service = builder.sv >= 0
    findings.bad("X12-LINE-SERVICE", lines, ~has_service, None)
    findings.bad("X12-LINE-CHARGE", lines, has_service & ~has_charge, None)
    coded = np.where(line_kind == KIND["837I"], _held(services, "revenue_code"), _held(services, "procedure_code"))
    findings.bad("X12-LINE-PROCEDURE", lines, has_service & ~coded, None)
    is_professional = line_kind == KIND["837P"]
    findings.bad("X12-LINE-DATE", lines, is_professional & (builder.service_at < 0), None)
    diagnoses = claims.column("diagnosis_count").combine_chunks().to_numpy()
    element = np.where(is_professional, 7, 11)
    for n in range(1, 5):
        column = services.column(f"diagnosis_pointer_{n}").combine_chunks()
        there = pc.is_valid(column).to_numpy(zero_copy_only=False)
        pointer = column.fill_null(1).to_numpy()
        astray = there & ((pointer < 1) | (pointer > diagnoses[builder.line_claim]))
        findings.bad("X12-LINE-POINTER", builder.sv, astray, element, n)
    if len(context.other_at):
        _check_other_payers(context, findings, builder, tables, total, charge)
    return broken


def _check_headers(context: Context, findings: Findings) -> None:
    envelope = context.envelope
    sets = np.flatnonzero(np.isin(envelope.kind, CLAIM_KINDS) & ~envelope.broken)
    opens = envelope.opens[sets]
    nm1 = context.of("NM1", loops.ENVELOPE)
    bht = context.of("BHT", loops.ENVELOPE)
    for code, found in (
        ("X12-BHT-MISSING", bht),
        ("X12-SUBMITTER-MISSING", nm1[context.role[nm1] == pack("41")]),
        ("X12-RECEIVER-MISSING", nm1[context.role[nm1] == pack("40")]),
    ):
        seen = np.zeros(len(envelope.opens) + 1, np.bool_)
        seen[envelope.transaction[found]] = True
        findings.bad(code, opens, ~seen[sets], None)


def _check_claim_ids(context: Context, findings: Findings, claims: pa.Table, clm: Index, frequency: Words) -> None:
    encoded = pc.dictionary_encode(claims.column("patient_control_number").combine_chunks())
    if len(encoded.dictionary) == len(clm) - encoded.null_count:
        return
    ids = encoded.indices.fill_null(-1).to_numpy()
    frequencies = np.unique(frequency, return_inverse=True)[1]
    of_set = context.envelope.transaction[clm].astype(np.int64)
    key = (of_set * (len(clm) + 1) + ids) * (frequencies.max(initial=0) + 1) + frequencies
    _, first = np.unique(key, return_index=True)
    again = np.ones(len(clm), np.bool_)
    again[first] = False
    findings.bad("X12-CLM-DUPLICATE", clm, again & (ids >= 0), 1)


def _check_other_payers(
    context: Context,
    findings: Findings,
    builder: Claims837,
    tables: dict[str, pa.Table],
    total: Longs,
    charge: Longs,
) -> None:
    """Coordination of benefits: the three identities, for each prior payer that adjudicated by line or sent AMT*D."""
    payers, adjusted, adjudicated = (
        tables[name] for name in ("claim_other_payers", "claim_adjustments", "claim_line_adjudications")
    )
    other_at = context.other_at
    other_claim = context.claim[other_at]
    svd_at = context.of("SVD", loops.ADJUDICATION)
    svd_line = context.line[svd_at]
    svd_claim = context.claim[svd_at]
    paid, _ = cents(adjudicated, "paid_amount")
    amount, _ = cents(adjusted, "amount")
    cas_at = builder.adjustment_at
    at_line = context.line[cas_at] >= 0
    svd_of_cas = np.searchsorted(svd_at, cas_at) - 1

    by_svd = _sum(svd_of_cas[at_line], amount[at_line], len(svd_at))
    findings.bad("X12-COB-LINE", svd_at, charge[svd_line] != paid + by_svd, 2)

    # Payers of a claim by their identifier: 2330B NM109 = SVD01.
    both = pa.chunked_array(
        [payers.column("payer_id").combine_chunks(), adjudicated.column("payer_id").combine_chunks()]
    )
    ids = both.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
    limit = len(ids) + 2
    own = other_claim * limit + ids[: len(other_at)] + 1
    theirs = svd_claim * limit + ids[len(other_at) :] + 1
    order = np.argsort(own, kind="stable")
    spot = order[np.minimum(np.searchsorted(own[order], theirs), len(own) - 1)] if len(own) else np.zeros(0, np.int64)
    match = np.where(own[spot] == theirs, spot, ABSENT)

    count = len(other_at)
    received, has_received = cents(payers, "paid_amount")
    claim_level = ~at_line & (context.other[cas_at] >= 0)
    by_other = _sum(context.other[cas_at][claim_level], amount[claim_level], count)
    held = match >= 0
    svd_sum = _sum(match[held], paid[held], count)
    svd_count = np.bincount(match[held], minlength=count)
    line_cas = _sum(match[held], by_svd[held], count)
    findings.bad("X12-COB-PAID", other_at, has_received & (svd_count > 0) & (received != svd_sum - by_other), 1)
    adjudicates = has_received & ((svd_count > 0) | (by_other != 0))
    explained = received + by_other + line_cas
    findings.bad("X12-COB-CLAIM", other_at, adjudicates & (explained != total[other_claim]), 1)


def check_remittances(context: Context, columns: Columns, builder: Remits835, tables: dict[str, pa.Table]) -> Flags:
    """Checks of 835 claims and the three balances; which claims (rows of CLP) are broken."""
    findings = columns.findings
    clp, svc = context.remit_claim_at, context.remit_line_at
    claims, lines, adjusted = (
        tables[name] for name in ("remittance_claims", "remittance_lines", "remittance_adjustments")
    )
    count = len(clp)
    charge, has_charge = cents(claims, "total_charge_amount")
    paid, has_paid = cents(claims, "payment_amount")
    no_id = ~_held(claims, "patient_control_number")
    no_status = ~_held(claims, "claim_status_code")
    no_amount = ~has_charge | ~has_paid
    findings.bad("X12-CLP-ID", clp, no_id, 1)
    findings.bad("X12-CLP-STATUS", clp, no_status, 2)
    findings.bad("X12-CLP-AMOUNT", clp, no_amount, np.where(has_charge, 4, 3))
    findings.bad("X12-CLP-CONTROL", clp, ~_held(claims, "payer_claim_control_number"), 7)
    broken: Flags = no_id | no_status | no_amount

    line_charge, has_line_charge = cents(lines, "charge_amount")
    line_paid, has_line_paid = cents(lines, "payment_amount")
    no_line = ~has_line_charge | ~has_line_paid
    findings.bad("X12-SVC-AMOUNT", svc, no_line, np.where(has_line_charge, 3, 2))
    amount, _ = cents(adjusted, "amount")
    cas_at = builder.adjustment_at
    line = context.line[cas_at]
    by_line = _sum(line[line >= 0], amount[line >= 0], len(svc))
    findings.bad("X12-BALANCE-SERVICE", svc, ~no_line & (line_charge - by_line != line_paid), 3)
    by_claim = _sum(context.claim[cas_at], amount, count)
    findings.bad("X12-BALANCE-CLAIM", clp, ~no_amount & (charge - by_claim != paid), 4)

    envelope = context.envelope
    payments = tables["remittances"]
    sets = np.flatnonzero((envelope.kind == KIND["835"]) & ~envelope.broken)
    row = np.full(len(envelope.opens), 0, np.int64)
    row[sets] = np.arange(len(sets))
    total, has_total = cents(payments, "payment_amount")
    taken, _ = cents(tables["provider_adjustments"], "amount")
    expected = _sum(row[envelope.transaction[clp]], paid, len(sets))
    expected -= _sum(row[envelope.transaction[builder.provider_at]], taken, len(sets))
    bpr = context.of("BPR", loops.ENVELOPE)
    bpr = first_of(row[envelope.transaction[bpr]], bpr, len(sets))
    findings.bad("X12-BALANCE-TRANSACTION", bpr, has_total & (total != expected), 2)
    opens = envelope.opens[sets]
    for column, code in (
        ("trace_number", "X12-TRN-MISSING"),
        ("payer_name", "X12-REMIT-PAYER-MISSING"),
        ("payee_name", "X12-REMIT-PAYEE-MISSING"),
    ):
        findings.bad(code, opens, ~_held(payments, column), None)
    return broken
