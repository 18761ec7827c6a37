"""The tables of an 835 (005010X221 and 004010X091).

Belongs here: which column comes from which element of which loop. Does not belong here: how loops are found, checks
of the content.
"""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims.interchange.x12 import loops
from claims.interchange.x12.columns import Columns, first_of, make_table, together, within
from claims.interchange.x12.envelope import KIND, provenance
from claims.interchange.x12.loops import Context
from claims.interchange.x12.tokens import ABSENT, CODE, Index, Ints, int32s, pack

Row: TypeAlias = dict[str, Any]

_MIA_REMARKS = (5, 20, 21, 22, 23)
_MOA_REMARKS = (3, 4, 5, 6, 7)


class Remits835:
    """Builds the 835 tables of one `Context`. Rows are in file order."""

    def __init__(self, context: Context, columns: Columns, file_ids: pa.Array, ordinals: Ints) -> None:
        """`ordinals` is, by row of CLP, the claim's ordinal in its file."""
        self.context = context
        self.columns = columns
        self.file_ids = file_ids
        self.ordinals = ordinals
        self.rows: dict[str, Ints] = {
            "remittance_claims": np.arange(len(context.remit_claim_at), dtype=np.int32),
            "remittance_lines": context.claim[context.remit_line_at],
        }
        self.adjustment_at: Index = np.zeros(0, np.int64)
        self.provider_at: Index = np.zeros(0, np.int64)
        self.line_number: Ints = within(context.claim[context.remit_line_at])

    def tables(self) -> dict[str, pa.Table]:
        """Every 835 table; `self.rows` then tells, by table, the claim (row of CLP) of each row."""
        self.context.prepare()
        makers = {
            "remittance_lines": self._lines,
            "remittance_claims": self._claims,
            "remittance_adjustments": self._adjustments,
            "remittance_remarks": self._remarks,
            "provider_adjustments": self._provider_adjustments,
            "remittances": self._remittances,
        }
        made = together(list(makers.values()), len(self.context.remit_claim_at) if self.columns.is_alone else 0)
        return dict(zip(makers, made, strict=True))

    def _provenance(self, segment: Index) -> Row:
        return dict(provenance(self.context.tokens, self.context.envelope, self.file_ids, segment))

    def _words(self, name: str, *sections: int) -> tuple[Index, Index]:
        found = self.context.of(name, *sections)
        found = found[self.context.kind[found] == KIND["835"]]
        return found, self.columns.words(found, 1)

    def _pick(self, found: Index, words: Index, row: Index, count: int, *qualifiers: str) -> Index:
        hit = words == pack(qualifiers[0])
        for qualifier in qualifiers[1:]:
            hit |= words == pack(qualifier)
        chosen = found[hit]
        return first_of(row[chosen], chosen, count)

    def _line_numbers(self, segment: Index) -> pa.Array:
        line = self.context.line[segment]
        if not len(self.line_number):
            return int32s(np.zeros(len(segment), np.int32), np.zeros(len(segment), np.bool_))
        return int32s(self.line_number[np.maximum(line, 0)], line >= 0)

    def _remittances(self) -> pa.Table:
        context, columns = self.context, self.columns
        envelope = context.envelope
        sets = np.flatnonzero((envelope.kind == KIND["835"]) & ~envelope.broken)
        count = len(sets)
        row_of_set = np.full(len(envelope.opens) + 1, ABSENT, np.int64)
        row_of_set[sets] = np.arange(count)
        row = row_of_set[envelope.transaction]
        head = (loops.ENVELOPE,)

        def first(name: str) -> Index:
            found, _ = self._words(name, *head)
            return first_of(row[found], found, count)

        bpr, trn = first("BPR"), first("TRN")
        dtm, dtm_q = self._words("DTM", *head)
        n1, n1_q = self._words("N1", loops.PARTY)
        payer = self._pick(n1, n1_q, row, count, "PR")
        payee = self._pick(n1, n1_q, row, count, "PE")
        ref, ref_q = self._words("REF", loops.PARTY)
        of_payer = context.role[ref] == pack("PR")
        of_payee = context.role[ref] == pack("PE")
        payer_ref = self._pick(ref[of_payer], ref_q[of_payer], row, count, "2U")
        payee_ref = self._pick(ref[of_payee], ref_q[of_payee], row, count, "TJ")
        qualifier = columns.words(payee, 3)
        by_tax = np.where((qualifier == pack("FI")) | (qualifier == pack("24")), payee, ABSENT)
        data: Row = {
            # Of the BPR, which says what was paid; of the ST where a set has none.
            **self._provenance(np.where(bpr == ABSENT, envelope.opens[sets], bpr)),
            "handling_code": columns.text(bpr, 1),
            "payment_amount": columns.money(bpr, 2),
            "credit_debit_code": columns.text(bpr, 3),
            "payment_method_code": columns.text(bpr, 4),
            "payment_date": columns.date(bpr, 16),
            "trace_number": columns.text(trn, 2),
            "payer_trace_id": columns.text(trn, 3),
            "production_date": columns.date(self._pick(dtm, dtm_q, row, count, "405"), 2),
            "payer_name": columns.text(payer, 2),
            "payer_id": pc.coalesce(columns.text(payer, 4), columns.text(payer_ref, 2), columns.text(trn, 3)),
            "payee_name": columns.text(payee, 2),
            "payee_npi": columns.text(np.where(qualifier == pack("XX"), payee, ABSENT), 4),
            "payee_tax_id": pc.coalesce(columns.text(by_tax, 4), columns.text(payee_ref, 2)),
        }
        return make_table("remittances", data)

    def _claims(self) -> pa.Table:
        context, columns = self.context, self.columns
        clp = context.remit_claim_at
        count = len(clp)
        claim = context.claim
        nm1, nm1_q = self._words("NM1", loops.REMIT_CLAIM)
        ref, ref_q = self._words("REF", loops.REMIT_CLAIM)
        dtm, dtm_q = self._words("DTM", loops.REMIT_CLAIM)
        amt, amt_q = self._words("AMT", loops.REMIT_CLAIM)

        def party(qualifier: str) -> Index:
            return self._pick(nm1, nm1_q, claim, count, qualifier)

        def day(qualifier: str) -> pa.Array:
            return columns.date(self._pick(dtm, dtm_q, claim, count, qualifier), 2)

        patient, insured = party("QC"), party("IL")
        # The 2000 around a claim: the last LX before it inside its set.
        lx, _ = self._words("LX", loops.HEADER_NUMBER)
        header = np.full(count, ABSENT, np.int64)
        if len(lx):
            place = np.searchsorted(lx, clp) - 1
            near = lx[np.maximum(place, 0)]
            same = (place >= 0) & (context.envelope.transaction[near] == context.envelope.transaction[clp])
            header = np.where(same, near, ABSENT)
        data: Row = {
            **self._provenance(clp),
            "claim_ordinal": int32s(self.ordinals),
            "patient_control_number": columns.text(clp, 1),
            "claim_status_code": columns.text(clp, 2),
            "total_charge_amount": columns.money(clp, 3),
            "payment_amount": columns.money(clp, 4),
            "patient_responsibility_amount": columns.money(clp, 5),
            "claim_filing_code": columns.text(clp, 6),
            "payer_claim_control_number": columns.text(clp, 7),
            "facility_type_code": columns.text(clp, 8),
            "frequency_code": columns.text(clp, 9),
            "drg_code": columns.text(clp, 11),
            "header_number": columns.text(header, 1),
            "patient_last_name": columns.text(patient, 3),
            "patient_first_name": columns.text(patient, 4),
            "patient_middle_name": columns.text(patient, 5),
            "patient_member_id": pc.coalesce(columns.text(patient, 9), columns.text(insured, 9)),
            "subscriber_last_name": columns.text(insured, 3),
            "subscriber_first_name": columns.text(insured, 4),
            "rendering_provider_npi": columns.text(party("82"), 9),
            "crossover_payer_id": columns.text(party("TT"), 9),
            "original_payer_claim_control_number": columns.text(self._pick(ref, ref_q, claim, count, "F8"), 2),
            "statement_from_date": day("232"),
            "statement_through_date": day("233"),
            "claim_received_date": day("050"),
            "coverage_expiration_date": day("036"),
            "coverage_amount": columns.money(self._pick(amt, amt_q, claim, count, "AU"), 2),
            "interest_amount": columns.money(self._pick(amt, amt_q, claim, count, "I"), 2),
            "line_count": int32s(np.bincount(claim[context.remit_line_at], minlength=count)),
        }
        return make_table("remittance_claims", data)

    def _lines(self) -> pa.Table:
        context, columns = self.context, self.columns
        tokens = context.tokens
        svc = context.remit_line_at
        count = len(svc)
        line = context.line
        ref, ref_q = self._words("REF", loops.REMIT_LINE)
        dtm, dtm_q = self._words("DTM", loops.REMIT_LINE)
        amt, amt_q = self._words("AMT", loops.REMIT_LINE)
        product = columns.parts(svc, 1, 6)
        first = self._pick(dtm, dtm_q, line, count, "472", "150")
        last = self._pick(dtm, dtm_q, line, count, "472", "151")
        data: Row = {
            **self._provenance(svc),
            "claim_ordinal": int32s(self.ordinals[context.claim[svc]]),
            "line_number": int32s(self.line_number),
            "product_qualifier": tokens.text(product[0]),
            "procedure_code": tokens.text(product[1]),
            **{f"modifier_{n}": tokens.text(product[n + 1]) for n in range(1, 5)},
            "charge_amount": columns.money(svc, 2),
            "payment_amount": columns.money(svc, 3),
            "revenue_code": columns.text(svc, 4),
            "paid_units": columns.quantity(svc, 5),
            "submitted_procedure_code": tokens.text(columns.parts(svc, 6, 2)[1]),
            "submitted_units": columns.quantity(svc, 7),
            "service_from_date": columns.date(first, 2),
            "service_through_date": columns.date(last, 2),
            "line_control_number": columns.text(self._pick(ref, ref_q, line, count, "6R"), 2),
            "rendering_provider_npi": columns.text(self._pick(ref, ref_q, line, count, "HPI"), 2),
            "allowed_amount": columns.money(self._pick(amt, amt_q, line, count, "B6"), 2),
        }
        return make_table("remittance_lines", data)

    def _adjustments(self) -> pa.Table:
        context, columns = self.context, self.columns
        segment, position = columns.repeat(context.of("CAS", loops.REMIT_CLAIM, loops.REMIT_LINE), 2, 3, 6, 2)
        claim = context.claim[segment]
        self.rows["remittance_adjustments"] = claim
        self.adjustment_at = segment
        data: Row = {
            **self._provenance(segment),
            "claim_ordinal": int32s(self.ordinals[claim]),
            "adjustment_ordinal": int32s(within(claim)),
            "line_number": self._line_numbers(segment),
            "group_code": columns.text(segment, 1),
            "reason_code": columns.text(segment, position),
            "amount": columns.money(segment, position + 1),
            "quantity": columns.quantity(segment, position + 2),
        }
        return make_table("remittance_adjustments", data)

    def _remarks(self) -> pa.Table:
        """LQ of both levels, and the remark codes of MIA and MOA, in file order."""
        context, columns = self.context, self.columns
        lq = context.of("LQ", loops.REMIT_CLAIM, loops.REMIT_LINE)
        rows: list[tuple[Index, Index]] = [(lq, np.full(len(lq), 2, np.int64))]
        for name, positions in (("MIA", _MIA_REMARKS), ("MOA", _MOA_REMARKS)):
            found = context.of(name, loops.REMIT_CLAIM)
            for position in positions:
                spans = context.tokens.element(found, position)
                held = found[spans.end > spans.start]
                rows.append((held, np.full(len(held), position, np.int64)))
        segment = np.concatenate([segment for segment, _ in rows])
        element = np.concatenate([position for _, position in rows])
        order = np.lexsort((element, segment))
        segment, element = segment[order], element[order]
        code = context.tokens.code[segment]
        is_lq = code == CODE["LQ"]
        claim = context.claim[segment]
        self.rows["remittance_remarks"] = claim
        names = pa.array(["LQ", "MIA", "MOA"])
        source = np.where(is_lq, 0, np.where(code == CODE["MIA"], 1, 2))
        data: Row = {
            **self._provenance(segment),
            "claim_ordinal": int32s(self.ordinals[claim]),
            "remark_ordinal": int32s(within(claim)),
            "line_number": self._line_numbers(segment),
            "source": names.take(pa.array(source)),
            "qualifier": columns.text(np.where(is_lq, segment, ABSENT), 1).fill_null("HE"),
            "remark_code": columns.text(segment, element),
        }
        return make_table("remittance_remarks", data)

    def _provider_adjustments(self) -> pa.Table:
        context, columns = self.context, self.columns
        tokens = context.tokens
        segment, position = columns.repeat(context.of("PLB", loops.PROVIDER_LEVEL), 3, 2, 6, 2)
        self.provider_at = segment
        reason = columns.parts(segment, position, 2)
        data: Row = {
            **self._provenance(segment),
            "adjustment_ordinal": int32s(within(context.envelope.transaction[segment])),
            "provider_id": columns.text(segment, 1),
            "fiscal_period_date": columns.date(segment, 2),
            "reason_code": tokens.text(reason[0]),
            "reference_id": tokens.text(reason[1]),
            "amount": columns.money(segment, position + 1),
        }
        return make_table("provider_adjustments", data)
