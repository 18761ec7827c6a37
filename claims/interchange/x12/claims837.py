"""The tables of an 837 (professional, institutional, dental; 005010 and 004010).

Belongs here: which column comes from which element of which loop. Does not belong here: how loops are found, checks
of the content.
"""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from claims.interchange.x12 import loops
from claims.interchange.x12.columns import Columns, first_of, make_table, together, within
from claims.interchange.x12.envelope import KIND, provenance
from claims.interchange.x12.loops import Context
from claims.interchange.x12.tokens import ABSENT, CODE, Index, Ints, flags, int32s, pack

_CLAIM_TYPES = pa.array(["professional", "institutional", "dental"])
_DIAGNOSES = tuple(pack(q) for q in ("ABK", "BK", "ABF", "BF"))
_PERSON = ("last_name", "first_name", "middle_name", "name_suffix")

Row: TypeAlias = dict[str, Any]


class Claims837:
    """Builds the 837 tables of one `Context`. Rows are in file order."""

    def __init__(self, context: Context, columns: Columns, file_ids: pa.Array, ordinals: Ints) -> None:
        """`ordinals` is, by row of CLM, the claim's ordinal in its file."""
        self.context = context
        self.columns = columns
        self.file_ids = file_ids
        self.ordinals = ordinals
        self.count = len(context.claim_at)
        self.line_claim: Ints = context.claim[context.line_at]
        self.rows: dict[str, Ints] = {"claims": np.arange(self.count, dtype=np.int32), "claim_lines": self.line_claim}
        self.adjustment_at: Index = np.zeros(0, np.int64)
        self.service_at: Index = np.full(len(context.line_at), ABSENT)
        self.sv = self._service_segments()
        self.line_number = within(self.line_claim)

    def tables(self) -> dict[str, pa.Table]:
        """Every 837 table; `self.rows` then tells, by table, the claim (row of CLM) of each row."""
        self.context.prepare()
        level = self._levels()
        results = together(
            [
                self._lines,
                self._codes,
                self._claim_columns,
                lambda: self._parties(level),
                self._other_payers,
                self._adjustments,
                self._adjudications,
            ],
            self.count if self.columns.is_alone else 0,
        )
        lines, (codes, by_claim), own, parties, others, adjustments, adjudications = results
        return {
            "claims": make_table("claims", own | by_claim | parties),
            "claim_lines": lines,
            "claim_codes": codes,
            "claim_other_payers": others,
            "claim_adjustments": adjustments,
            "claim_line_adjudications": adjudications,
        }

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _provenance(self, segment: Index) -> Row:
        return dict(provenance(self.context.tokens, self.context.envelope, self.file_ids, segment))

    def _claim_ordinal(self, segment: Index) -> pa.Array:
        return int32s(self.ordinals[self.context.claim[segment]])

    def _qualified(self, name: str, sections: tuple[int, ...], role: int | None = 0) -> tuple[Index, Index]:
        """Segments of `name` in `sections` under party `role` (0: none, None: any), and their packed element 1."""
        found = self.context.of(name, *sections)
        if role is not None:
            found = found[self.context.role[found] == role]
        return found, self.columns.words(found, 1)

    def _pick(self, found: Index, words: Index, row: Ints, count: int, *qualifiers: str) -> Index:
        """By row: the first of `found` whose qualifier is one of `qualifiers`."""
        hit = words == pack(qualifiers[0])
        for qualifier in qualifiers[1:]:
            hit |= words == pack(qualifier)
        chosen = found[hit]
        return first_of(row[chosen], chosen, count)

    def _service_segments(self) -> Index:
        found = np.sort(np.concatenate([self.context.of(name, loops.LINE) for name in ("SV1", "SV2", "SV3")]))
        return first_of(self.context.line[found], found, len(self.context.line_at))

    # -- claims -------------------------------------------------------------------------------------------------------

    def _claim_columns(self) -> Row:
        """Columns of `claims` that come from the claim's own segments."""
        context, columns = self.context, self.columns
        clm = context.claim_at
        count = self.count
        claim = context.claim
        kind = context.kind[clm]

        ref, ref_q = self._qualified("REF", (loops.CLAIM,))
        dtp, dtp_q = self._qualified("DTP", (loops.CLAIM,))
        amt, amt_q = self._qualified("AMT", (loops.CLAIM,))
        nm1, nm1_q = self._qualified("NM1", (loops.CLAIM,), None)
        prv, prv_q = self._qualified("PRV", (loops.CLAIM,), pack("82"))
        cl1 = context.of("CL1", loops.CLAIM)
        cl1 = first_of(claim[cl1], cl1, count)

        def reference(*qualifiers: str) -> pa.Array:
            return columns.text(self._pick(ref, ref_q, claim, count, *qualifiers), 2)

        def day(*qualifiers: str) -> tuple[pa.Array, pa.Array]:
            return columns.dates(self._pick(dtp, dtp_q, claim, count, *qualifiers), 3)

        def npi(qualifier: str) -> pa.Array:
            return columns.text(self._pick(nm1, nm1_q, claim, count, qualifier), 9)

        statement = self._statement(dtp, dtp_q, kind)
        discharge = self._pick(dtp, dtp_q, claim, count, "096")
        form = columns.words(discharge, 2)
        discharge = np.where(form == pack("TM"), ABSENT, discharge)
        place = columns.parts(clm, 5, 3)
        cause = columns.parts(clm, 11, 5)
        tokens = context.tokens
        pwk = context.of("PWK", loops.CLAIM, loops.LINE, loops.DRUG)
        attached = np.zeros(count, np.bool_)
        attached[claim[pwk]] = True
        data: Row = {
            **self._provenance(clm),
            "claim_ordinal": int32s(self.ordinals),
            "claim_type": _CLAIM_TYPES.take(pa.array(kind - np.uint8(KIND["837P"]))),
            "patient_control_number": columns.text(clm, 1),
            "total_charge_amount": columns.money(clm, 2),
            "facility_type_code": tokens.text(place[0]),
            "facility_code_qualifier": tokens.text(place[1]),
            "frequency_code": tokens.text(place[2]),
            "provider_signature_code": columns.text(clm, 6),
            "assignment_code": columns.text(clm, 7),
            "benefits_assignment_code": columns.text(clm, 8),
            "release_code": columns.text(clm, 9),
            "patient_signature_code": columns.text(clm, 10),
            "related_cause_code_1": tokens.text(cause[0]),
            "related_cause_code_2": tokens.text(cause[1]),
            "related_cause_code_3": tokens.text(cause[2]),
            "accident_state": tokens.text(cause[3]),
            "accident_country": tokens.text(cause[4]),
            "special_program_code": columns.text(clm, 12),
            "delay_reason_code": columns.text(clm, 20),
            "statement_from_date": statement[0],
            "statement_through_date": statement[1],
            "admission_date": day("435")[0],
            "discharge_date": columns.date(discharge, 3),
            "onset_date": day("431")[0],
            "initial_treatment_date": day("454")[0],
            "accident_date": day("439")[0],
            "admission_type_code": columns.text(cl1, 1),
            "admission_source_code": columns.text(cl1, 2),
            "patient_status_code": columns.text(cl1, 3),
            "patient_paid_amount": columns.money(self._pick(amt, amt_q, claim, count, "F5"), 2),
            "prior_authorization_number": reference("G1"),
            "referral_number": reference("9F"),
            "payer_claim_control_number": reference("F8"),
            "medical_record_number": reference("EA"),
            "clearinghouse_trace_number": reference("D9"),
            "line_count": int32s(np.bincount(self.line_claim, minlength=count)),
            "has_attachment": flags(attached),
            "rendering_provider_npi": npi("82"),
            "rendering_provider_taxonomy_code": columns.text(self._pick(prv, prv_q, claim, count, "PE"), 3),
            "referring_provider_npi": npi("DN"),
            "attending_provider_npi": npi("71"),
            "service_facility_npi": npi("77"),
            "other_payer_count": int32s(np.bincount(claim[context.other_at], minlength=count)),
        }
        return data

    def _statement(self, dtp: Index, words: Index, kind: Index) -> tuple[pa.Array, pa.Array]:
        """Statement dates; a dental claim says at claim level when the service was."""
        claim, count = self.context.claim, self.count
        statement = self._pick(dtp, words, claim, count, "434")
        service = self._pick(dtp, words, claim, count, "472")
        is_dental = (kind == KIND["837D"]) & (statement < 0)
        return self.columns.dates(np.where(is_dental, service, statement), 3)

    def _levels(self) -> tuple[Index, Index, Index]:
        """By claim: rows of its 2000A, 2000B and 2000C among the HL; ABSENT where it has none."""
        context = self.context
        at = context.level_at
        section = context.section[at]
        place = np.arange(len(at))
        mine = context.level[context.claim_at]
        billing, subscriber = context.latest_level("20"), context.latest_level("22")
        # A subscriber or patient of an earlier provider is not this claim's.
        subscriber = np.where(subscriber > billing, subscriber, ABSENT)
        dependent = np.where(section == loops.DEPENDENT, place, ABSENT)

        def of(values: Index) -> Index:
            if not len(values):
                return np.full(len(mine), ABSENT)
            return np.where(mine >= 0, values[np.maximum(mine, 0)], ABSENT)

        return of(billing), of(subscriber), of(dependent)

    def _parties(self, levels: tuple[Index, Index, Index]) -> Row:
        context, columns = self.context, self.columns
        billing, subscriber, dependent = levels
        count = len(context.level_at)
        level = context.level

        def by_claim(found: Index, words: Index, of: Index, *qualifiers: str) -> Index:
            chosen = found
            if qualifiers:
                hit = words == pack(qualifiers[0])
                for qualifier in qualifiers[1:]:
                    hit |= words == pack(qualifier)
                chosen = found[hit]
            picked = first_of(level[chosen], chosen, count)
            if not count:
                return np.full(len(of), ABSENT)
            return np.where(of >= 0, picked[np.maximum(of, 0)], ABSENT)

        def under(name: str, section: int, role: str | None, of: Index, *qualifiers: str) -> Index:
            found, words = self._qualified(name, (section,), 0 if role is None else pack(role))
            return by_claim(found, words, of, *qualifiers)

        bill = under("NM1", loops.BILLING, "85", billing)
        bill_n4 = under("N4", loops.BILLING, "85", billing)
        tax = under("REF", loops.BILLING, "85", billing, "EI", "SY")
        sbr = under("SBR", loops.SUBSCRIBER, None, subscriber)
        payer = under("NM1", loops.SUBSCRIBER, "PR", subscriber)
        insured = {name: under(name, loops.SUBSCRIBER, "IL", subscriber) for name in ("NM1", "N3", "N4", "DMG")}
        patient = {name: under(name, loops.DEPENDENT, "QC", dependent) for name in ("NM1", "N3", "N4", "DMG")}
        pat = under("PAT", loops.DEPENDENT, None, dependent)
        is_dependent = dependent >= 0
        # 004010 lets the patient under the subscriber's own level; then PAT and NM1*QC stand there.
        person = {name: np.where(is_dependent, patient[name], insured[name]) for name in insured}
        relation = np.where(is_dependent & (pat >= 0), pat, sbr)
        return {
            "billing_provider_npi": columns.text(bill, 9),
            "billing_provider_name": columns.text(bill, 3),
            "billing_provider_taxonomy_code": columns.text(under("PRV", loops.BILLING, None, billing, "BI"), 3),
            "billing_provider_tax_id": columns.text(tax, 2),
            "billing_provider_state": columns.text(bill_n4, 2),
            "billing_provider_zip": columns.text(bill_n4, 3),
            "payer_responsibility_code": columns.text(sbr, 1),
            "is_subscriber": flags(~is_dependent),
            "relationship_code": columns.text(relation, np.where(relation == sbr, 2, 1)),
            "group_number": columns.text(sbr, 3),
            "claim_filing_code": columns.text(sbr, 9),
            "payer_name": columns.text(payer, 3),
            "payer_id": columns.text(payer, 9),
            "subscriber_member_id": columns.text(insured["NM1"], 9),
            "subscriber_ssn": columns.text(under("REF", loops.SUBSCRIBER, "IL", subscriber, "SY"), 2),
            **self._person("subscriber", insured),
            **self._person("patient", person),
        }

    def _person(self, prefix: str, of: dict[str, Index]) -> Row:
        columns = self.columns
        return {
            f"{prefix}_last_name": columns.text(of["NM1"], 3),
            f"{prefix}_first_name": columns.text(of["NM1"], 4),
            f"{prefix}_middle_name": columns.text(of["NM1"], 5),
            f"{prefix}_name_suffix": columns.text(of["NM1"], 7),
            f"{prefix}_address_1": columns.text(of["N3"], 1),
            f"{prefix}_address_2": columns.text(of["N3"], 2),
            f"{prefix}_city": columns.text(of["N4"], 1),
            f"{prefix}_state": columns.text(of["N4"], 2),
            f"{prefix}_zip": columns.text(of["N4"], 3),
            f"{prefix}_birth_date": columns.date(of["DMG"], 2),
            f"{prefix}_sex_code": columns.text(of["DMG"], 3),
        }

    # -- lines --------------------------------------------------------------------------------------------------------

    def _lines(self) -> pa.Table:
        context, columns = self.context, self.columns
        at, sv = context.line_at, self.sv
        count = len(at)
        tokens = context.tokens
        line = context.line
        code = np.where(sv >= 0, tokens.code[np.maximum(sv, 0)], 0) if tokens.count else np.zeros(count, np.uint8)
        kind = np.zeros(256, np.int64)
        kind[[CODE["SV1"], CODE["SV2"], CODE["SV3"]]] = (1, 2, 3)
        kind = kind[code]

        def element(professional: int, institutional: int, dental: int) -> Index:
            return np.array([0, professional, institutional, dental])[kind]

        ref, ref_q = self._qualified("REF", (loops.LINE,))
        dtp, dtp_q = self._qualified("DTP", (loops.LINE,))
        nm1, nm1_q = self._qualified("NM1", (loops.LINE,), None)
        lin = context.of("LIN", loops.DRUG)
        lin = first_of(line[lin], lin, count)
        ctp = context.of("CTP", loops.DRUG)
        ctp = first_of(line[ctp], ctp, count)
        product = columns.parts(sv, element(1, 2, 1), 7)
        pointer_at = element(7, 0, 11)
        pointers = columns.parts(sv, pointer_at, 4)
        units = element(4, 5, 6)
        self.service_at = self._pick(dtp, dtp_q, line, count, "472")
        service = columns.dates(self.service_at, 3)
        data: Row = {
            **self._provenance(at),
            "claim_ordinal": self._claim_ordinal(at),
            "line_number": int32s(self.line_number),
            "assigned_number": columns.text(at, 1),
            "product_qualifier": tokens.text(product[0]),
            "procedure_code": tokens.text(product[1]),
            **{f"modifier_{n}": tokens.text(product[n + 1]) for n in range(1, 5)},
            "line_description": tokens.text(product[6]),
            "charge_amount": columns.money(sv, element(2, 3, 2)),
            "unit_code": columns.text(sv, element(3, 4, 0)),
            "unit_count": columns.quantity(sv, units),
            "place_of_service_code": columns.text(sv, element(5, 0, 3)),
            **{f"diagnosis_pointer_{n}": columns.integer_of(pointers[n - 1], sv, pointer_at, n) for n in range(1, 5)},
            "emergency_code": columns.text(sv, element(9, 0, 0)),
            "epsdt_code": columns.text(sv, element(11, 0, 0)),
            "family_planning_code": columns.text(sv, element(12, 0, 0)),
            "revenue_code": columns.text(sv, element(0, 1, 0)),
            "non_covered_amount": columns.money(sv, element(0, 7, 0)),
            "service_from_date": service[0],
            "service_through_date": service[1],
            "line_control_number": columns.text(self._pick(ref, ref_q, line, count, "6R"), 2),
            "prior_authorization_number": columns.text(self._pick(ref, ref_q, line, count, "G1"), 2),
            "rendering_provider_npi": columns.text(self._pick(nm1, nm1_q, line, count, "82"), 9),
            "ndc_code": columns.text(lin, 3),
            "ndc_unit_count": columns.quantity(ctp, 4),
            "ndc_unit_code": tokens.text(columns.parts(ctp, 5, 1)[0]),
        }
        return make_table("claim_lines", data)

    # -- codes --------------------------------------------------------------------------------------------------------

    def _codes(self) -> tuple[pa.Table, Row]:
        """The `claim_codes` table, and what of it stands in `claims`."""
        context, columns = self.context, self.columns
        tokens = context.tokens
        segment, position = columns.repeat(context.of("HI", loops.CLAIM), 1, 1, 12)
        parts = columns.parts(segment, position, 9)
        claim = context.claim[segment]
        self.rows["claim_codes"] = claim
        qualifier = tokens.packed(parts[0])
        is_diagnosis = np.isin(qualifier, _DIAGNOSES)
        running = np.cumsum(is_diagnosis)
        before = np.zeros(self.count + 1, np.int64)
        np.add.at(before, claim + 1, is_diagnosis)
        per_claim = before[1:]
        rank = running - np.cumsum(before)[claim]
        from_date, through_date = columns.dates_of(parts[3], segment, position, 4)
        data: Row = {
            **self._provenance(segment),
            "claim_ordinal": int32s(self.ordinals[claim]),
            "code_ordinal": int32s(within(claim)),
            "qualifier": tokens.text(parts[0]).fill_null(""),
            "diagnosis_position": int32s(rank, is_diagnosis),
            "code": tokens.text(parts[1]),
            "from_date": from_date,
            "through_date": through_date,
            "amount": columns.money_of(parts[4], segment, position, 5),
            "quantity": columns.quantity_of(parts[5], segment, position, 6),
            "version_code": tokens.text(parts[6]),
            "present_on_admission_code": tokens.text(parts[8]),
        }
        codes = make_table("claim_codes", data)

        def pick(*qualifiers: str) -> pa.Array:
            rows = np.flatnonzero(np.isin(qualifier, [pack(q) for q in qualifiers]))
            chosen = first_of(claim[rows], rows, self.count)
            return data["code"].take(pa.array(chosen, mask=chosen < 0))

        return codes, {
            "principal_diagnosis_code": pick("ABK", "BK"),
            "admitting_diagnosis_code": pick("ABJ", "BJ"),
            "drg_code": pick("DR"),
            "diagnosis_count": int32s(per_claim),
        }

    # -- other payers -------------------------------------------------------------------------------------------------

    def _other_payers(self) -> pa.Table:
        context, columns = self.context, self.columns
        at = context.other_at
        count = len(at)
        other = context.other
        amt, amt_q = self._qualified("AMT", (loops.OTHER_PAYER,))
        oi = context.of("OI", loops.OTHER_PAYER)
        oi = first_of(other[oi], oi, count)
        self.rows["claim_other_payers"] = context.claim[at]
        payer = self._payer_nm1()
        nm1, nm1_q = self._qualified("NM1", (loops.OTHER_PAYER,), None)
        insured = self._pick(nm1, nm1_q, other, count, "IL")
        dtp, dtp_q = self._qualified("DTP", (loops.OTHER_PAYER,), pack("PR"))
        ref, ref_q = self._qualified("REF", (loops.OTHER_PAYER,), pack("PR"))

        def amount(qualifier: str) -> pa.Array:
            return columns.money(self._pick(amt, amt_q, other, count, qualifier), 2)

        data: Row = {
            **self._provenance(at),
            "claim_ordinal": self._claim_ordinal(at),
            "other_payer_ordinal": int32s(within(context.claim[at])),
            "payer_responsibility_code": columns.text(at, 1),
            "relationship_code": columns.text(at, 2),
            "group_number": columns.text(at, 3),
            "claim_filing_code": columns.text(at, 9),
            "paid_amount": amount("D"),
            "non_covered_amount": amount("A8"),
            "remaining_liability_amount": amount("EAF"),
            "benefits_assignment_code": columns.text(oi, 3),
            "release_code": columns.text(oi, 6),
            "payer_name": columns.text(payer, 3),
            "payer_id": columns.text(payer, 9),
            "adjudication_date": columns.date(self._pick(dtp, dtp_q, other, count, "573"), 3),
            "payer_claim_control_number": columns.text(self._pick(ref, ref_q, other, count, "F8"), 2),
            "subscriber_member_id": columns.text(insured, 9),
            "subscriber_last_name": columns.text(insured, 3),
            "subscriber_first_name": columns.text(insured, 4),
        }
        return make_table("claim_other_payers", data)

    def _payer_nm1(self) -> Index:
        nm1, nm1_q = self._qualified("NM1", (loops.OTHER_PAYER,), None)
        return self._pick(nm1, nm1_q, self.context.other, len(self.context.other_at), "PR")

    def _adjustments(self) -> pa.Table:
        context, columns = self.context, self.columns
        segment, position = columns.repeat(context.of("CAS", loops.OTHER_PAYER, loops.ADJUDICATION), 2, 3, 6, 2)
        claim, line, other = context.claim[segment], context.line[segment], context.other[segment]
        self.rows["claim_adjustments"] = claim
        self.adjustment_at = segment
        is_line = line >= 0
        svd_at = context.of("SVD", loops.ADJUDICATION)
        svd = svd_at[np.searchsorted(svd_at, segment) - 1] if len(svd_at) else np.full(len(segment), ABSENT)
        payers = self._payer_nm1()
        payer = payers[np.maximum(other, 0)] if len(payers) else np.full(len(segment), ABSENT)
        who = np.where(is_line, svd, np.where(other >= 0, payer, ABSENT))
        number = self.line_number[np.maximum(line, 0)] if len(self.line_number) else np.zeros(len(segment), np.int32)
        ordinal = within(context.claim[context.other_at])
        place = ordinal[np.maximum(other, 0)] if len(ordinal) else np.zeros(len(segment), np.int32)
        data: Row = {
            **self._provenance(segment),
            "claim_ordinal": int32s(self.ordinals[claim]),
            "adjustment_ordinal": int32s(within(claim)),
            "line_number": int32s(number, is_line),
            "other_payer_ordinal": int32s(place, ~is_line & (other >= 0)),
            "payer_id": columns.text(who, np.where(is_line, 1, 9)),
            "group_code": columns.text(segment, 1),
            "reason_code": columns.text(segment, position),
            "amount": columns.money(segment, position + 1),
            "quantity": columns.quantity(segment, position + 2),
        }
        return make_table("claim_adjustments", data)

    def _adjudications(self) -> pa.Table:
        context, columns = self.context, self.columns
        tokens = context.tokens
        at = context.of("SVD", loops.ADJUDICATION)
        count = len(at)
        line = context.line[at]
        self.rows["claim_line_adjudications"] = context.claim[at]

        def row_of(segment: Index) -> Index:
            return np.searchsorted(at, segment) - 1

        def pick(name: str, qualifier: str) -> Index:
            found, words = self._qualified(name, (loops.ADJUDICATION,), None)
            found = found[words == pack(qualifier)]
            return first_of(row_of(found), found, count)

        product = columns.parts(at, 3, 6)
        data: Row = {
            **self._provenance(at),
            "claim_ordinal": self._claim_ordinal(at),
            "line_number": int32s(self.line_number[line]),
            "adjudication_ordinal": int32s(within(line)),
            "payer_id": columns.text(at, 1),
            "paid_amount": columns.money(at, 2),
            "product_qualifier": tokens.text(product[0]),
            "procedure_code": tokens.text(product[1]),
            **{f"modifier_{n}": tokens.text(product[n + 1]) for n in range(1, 5)},
            "paid_units": columns.quantity(at, 5),
            "bundled_line_number": columns.integer(at, 6),
            "adjudication_date": columns.date(pick("DTP", "573"), 3),
            "remaining_liability_amount": columns.money(pick("AMT", "EAF"), 2),
        }
        return make_table("claim_line_adjudications", data)
