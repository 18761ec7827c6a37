"""Claims written as 837: professional, institutional and dental, from the typed tables and their details.

Belongs here: which element each column becomes, and the order of loops and segments in the guides. Does not belong
here: envelopes (`writer`), reading, checks.

Nothing is done claim by claim. Each kind of segment is one column of text made by one expression; a segment has a sort
key (claim, block of the claim, loop, instance, place in the loop, where it stood when it was read), and one sort puts
all of them in the guide's order.

With their details, claims of 005010 and of 004010 come back segment by segment. Derived, not kept, are: HL numbers,
every count and control number of the envelopes, amounts and quantities (`40.00` comes back as `40`), DMG01 (`D8`), the
format of the dates in HI, and empty elements at the end. Not written is what has no column: segments that the guides do
not name or that stand in no loop, elements that the guides do not use (the eighth component of HI, SV101, SV202 and
SV301; REF04 after its second component; AMT, QTY, REF, DMG, PRV and PER beyond what the guides give them), values that
are not of their type (they have their findings), and empty places between the codes of an HI.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache, cached_property
from typing import TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from claims import schema
from claims.interchange.x12.details import ELEMENTS, FOLLOWING, Place
from claims.interchange.x12.writer import (
    Address,
    Group,
    MarkInDataError,
    Marks,
    RenderedSet,
    UnknownAddressError,
    WriteError,
)

GUIDES = {"professional": "005010X222A1", "institutional": "005010X223A2", "dental": "005010X224A2"}
# Guides of 004010, without their addenda.
_GUIDES_4010 = {"professional": "004010X098", "institutional": "004010X096", "dental": "004010X097"}
_LETTER = {"professional": "P", "institutional": "I", "dental": "D"}

Value: TypeAlias = pl.Expr | str | None

_PROVENANCE = frozenset(column.name for column in schema.PROVENANCE)
_TYPED = ("claim_lines", "claim_codes", "claim_other_payers", "claim_adjustments", "claim_line_adjudications")
_KEYS = ("n", "block", "loop", "sub")

# A claim's segments stand in blocks: 0 its own, then each other payer, then each line.
_FIRST_LINE = 1 << 8

# Segments of a loop in the order of the guides; where the three guides differ they have different segments.
_IN_CLAIM = "CLM DTP CL1 DN1 DN2 PWK CN1 AMT REF K3 NTE CR1 CR2 CRC CR3 CR5 CR6 HI QTY HCP CR7 HSD"
_IN_LINE = "LX SV1 SV2 SV3 TOO SV5 PWK CR1 CR2 CR3 CR5 CRC DTP QTY MEA CN1 REF AMT K3 NTE PS1 HCP"
_IN_PARTY = "NM1 PRV N3 N4 DMG DTP REF PER"
_IN_LOOP = {
    "BHT": "BHT REF", "1000A": _IN_PARTY, "1000B": _IN_PARTY, "2000A": "HL PRV CUR", "2000B": "HL SBR PAT",
    "2000C": "HL PAT", "2300": _IN_CLAIM, "2320": "SBR CAS AMT DMG OI MIA MOA", "2400": _IN_LINE, "2410": "LIN CTP REF",
    "2430": "SVD CAS DTP AMT",
}  # fmt: skip
# Questions and their answers alternate.
_ALTERNATING = "2440"
_PARTY_LOOPS = (
    *(f"2010{x}" for x in ("AA", "AB", "AC", "A", "BA", "BB", "BC", "BD", "B", "CA", "C")),
    *(f"{loop}{x}" for loop in ("2310", "2330", "2420") for x in ("", *"ABCDEFGHI")),
)
_LOOP_ORDER = {
    name: number
    for number, name in enumerate(
        (
            "BHT", "1000A", "1000B", "2000A", "2010AA", "2010AB", "2010AC", "2010A", "2000B", "2010BA", "2010BB",
            "2010BC", "2010BD", "2010B", "2000C", "2010CA", "2010C", "2300", *(f"2310{x}" for x in "ABCDEFGHI"), "2310",
            "2320", *(f"2330{x}" for x in "ABCDEFGHI"), "2330", "2400", "2410", *(f"2420{x}" for x in "ABCDEFGHI"),
            "2420", "2430", "2440",
        )
    )
}  # fmt: skip
# Party -> PRV01 of the PRV that stands under it.
_PROVIDER_CODE = {"82": "PE", "71": "AT", "DN": "RF", "P3": "RF", "DD": "AS", "85": "BI"}
# Typed column -> party, the loop of it in 837P, 837I, 837D, and person (1) or organisation (2).
_CLAIM_PARTIES = (
    ("referring_provider_npi", "DN", "AFA", "1"),
    ("attending_provider_npi", "71", "AAA", "1"),
    ("rendering_provider_npi", "82", "BDB", "1"),
    ("service_facility_npi", "77", "CEC", "2"),
)
_RENDERING_LINE = "ACA"
_HEAD_PARTIES = {"2010AA": "85", "2010BA": "IL", "2010BB": "PR", "2010CA": "QC", "2330A": "IL", "2330B": "PR"}
_PROVIDER_COLUMNS = tuple(f"billing_provider_{x}" for x in ("npi", "name", "taxonomy_code", "tax_id", "state", "zip"))
_NAMES = ("last_name", "first_name", "middle_name", "name_suffix")
_PERSON = (*_NAMES, "address_1", "address_2", "city", "state", "zip", "birth_date", "sex_code")
_SUBSCRIBER_COLUMNS = (
    "payer_responsibility_code", "group_number", "claim_filing_code", "payer_name", "payer_id", "subscriber_member_id",
    "subscriber_ssn", *(f"subscriber_{x}" for x in _PERSON),
)  # fmt: skip
_PATIENT_COLUMNS = ("relationship_code", *(f"patient_{x}" for x in _PERSON))
# Typed columns that are one segment each: column -> qualifier.
_CLAIM_DATES = {
    "admission_date": "435", "discharge_date": "096", "onset_date": "431", "initial_treatment_date": "454",
    "accident_date": "439",
}  # fmt: skip
_CLAIM_REFERENCES = {
    "referral_number": "9F", "prior_authorization_number": "G1", "payer_claim_control_number": "F8",
    "clearinghouse_trace_number": "D9", "medical_record_number": "EA",
}  # fmt: skip
_OTHER_AMOUNTS = {"paid_amount": "D", "non_covered_amount": "A8", "remaining_liability_amount": "EAF"}
_STATEMENT = "434"
# Detail table -> the column that a typed column holds.
_VALUE = {
    "detail_parties": "party_id", "detail_references": "reference_text", "detail_dates": "from_date",
    "detail_amounts": "amount",
}  # fmt: skip
# Detail table -> (section, slot) of what typed columns hold.
_SLOTS = {
    "detail_parties": {*(("2310", party) for _, party, _, _ in _CLAIM_PARTIES), ("2420", "82")},
    "detail_dates": {
        *(("2300", q) for q in (_STATEMENT, *_CLAIM_DATES.values())), ("2400", "472"), ("2330B", "573"), ("2430", "573")
    },
    "detail_amounts": {("2300", "F5"), *(("2320", q) for q in _OTHER_AMOUNTS.values()), ("2430", "EAF")},
    "detail_references": {
        *(("2300", q) for q in _CLAIM_REFERENCES.values()), ("2400", "6R"), ("2400", "G1"), ("2330B", "F8"),
        ("2010AA", "EI"), ("2010BA", "SY"),
    },
}  # fmt: skip
# Detail tables written as they are, with the segments of each that no typed column holds any of.
_AS_READ = {
    "detail_amounts": ("QTY",),
    "detail_contacts": ("PER",),
    "detail_notes": ("NTE", "K3"),
    "detail_attachments": ("PWK",),
    "detail_conditions": ("CRC",),
    "detail_transports": ("CR1",),
    "detail_pricing": ("HCP",),
    "detail_contracts": ("CN1",),
    "detail_forms": ("LQ", "FRM"),
    "detail_teeth": ("TOO",),
    "detail_adjudications": ("MIA", "MOA"),
    "detail_elements": ("CUR", "CR2", "CR3", "CR5", "CR6", "CR7", "HSD", "MEA", "PS1", "DN1", "DN2", "SV5"),
}


@dataclass(frozen=True)
class Party:
    """Submitter (1000A) or receiver (1000B): NM103, NM109, and for the submitter PER02 and its telephone."""

    name: str
    identifier: str
    contact: str | None = None
    telephone: str | None = None


def write_claims(
    tables: Mapping[str, pa.Table],
    *,
    at: datetime,
    submitter: Party | None = None,
    receiver: Party | None = None,
    marks: Marks | None = None,
) -> list[Group]:
    """The 837 groups for every row of `tables["claims"]`, one for each guide, ready for `write_interchange`.

    `tables` are those of `read`, in clear: `claims` and `claim_lines` at least. The other typed tables, the detail
    tables and `transactions` (for BHT) add what they hold; where a typed column and a detail row say the same thing
    differently, the typed column is written. Without details what no typed column holds is left out: street and city of
    the billing provider, names of rendering and referring providers.

    There is one transaction set for each (file_id, transaction_ordinal) and kind, in the guide of `GUIDES`, or in the
    004010 guide that `transactions` says it came in: nothing is converted from one to the other. Claims that follow
    each other with the same provider, or subscriber, share its level. `submitter` and `receiver` are needed where
    neither details nor `transactions` name them.

    Raises `MarkInDataError` where a value holds a delimiter and `WriteError` where no submitter is known. Costs 20 to
    35 microseconds a claim on two cores.
    """
    marks = marks or Marks()
    _refuse_marks(tables, marks)
    return list(_Build(tables, at, submitter, receiver, marks).groups())


def by_address(tables: Mapping[str, pa.Table], known: Mapping[str, str]) -> list[tuple[Address, dict[str, pa.Table]]]:
    """The tables of each sender and receiver that the claims came with: one interchange each, in file order.

    Addresses are those of `interchanges` and `transactions`; `known` (fields of `Address`) stands over them. Raises
    `UnknownAddressError` where neither names a sender or a receiver.
    """

    def frame(name: str) -> pl.DataFrame:
        return pl.DataFrame(tables[name] if name in tables else schema.empty(name))

    names = [field.name for field in fields(Address)]
    own = ["sender_id", "receiver_id", "sender_qualifier", "receiver_qualifier", "usage_code"]
    heads = frame("interchanges").select("file_id", "interchange_ordinal", *own)
    of_group = ["group_sender_id", "group_receiver_id"]
    sets = frame("transactions").select("file_id", "transaction_ordinal", "interchange_ordinal", *of_group)
    sets = sets.join(heads, on=["file_id", "interchange_ordinal"], how="left").drop("interchange_ordinal")
    # Who is named anew is named anew in the group too.
    over: dict[str, str | None] = {**known}
    for side in ("sender", "receiver"):
        if f"{side}_id" in known:
            over.setdefault(f"group_{side}_id", None)
    keys = ["file_id", "transaction_ordinal"]
    rows = frame("claims").select(keys).join(sets, on=keys, how="left", maintain_order="left")
    rows = rows.with_columns(pl.lit(value, pl.String).alias(name) for name, value in over.items()).with_columns(
        pl.col("sender_qualifier", "receiver_qualifier").fill_null("ZZ"), pl.col("usage_code").fill_null("P")
    )
    if rows["sender_id"].null_count() or rows["receiver_id"].null_count():
        raise UnknownAddressError("the tables name no sender and receiver for some claims, so say both")
    out = []
    for _, mine in rows.with_row_index("row").group_by(names, maintain_order=True):
        address = Address(**mine.select(names).row(0, named=True))
        out.append((address, {**tables, "claims": tables["claims"].take(mine["row"].to_arrow())}))
    return out


def _refuse_marks(tables: Mapping[str, pa.Table], marks: Marks) -> None:
    """Amounts, dates and ranges hold `.` and `-`; any other value may hold anything but a delimiter."""
    if marks.all & set(".-"):
        raise MarkInDataError("amounts and ranges of dates hold . and -, which cannot be delimiters")
    for name in ("claims", *_TYPED, *(table.name for table in schema.DETAIL_TABLES)):
        if name not in tables:
            continue
        for column in tables[name].column_names:
            if column in _PROVENANCE or not pa.types.is_string(tables[name].schema.field(column).type):
                continue
            for chunk in tables[name].column(column).chunks:
                _refuse_chunk(chunk, name, column, marks)


def _refuse_chunk(chunk: pa.Array, table: str, column: str, marks: Marks) -> None:
    held = chunk.buffers()[2]
    if held is None:
        return
    raw = held.to_pybytes()
    for mark in marks.all:
        # The buffer also holds what slicing left out: only then does each value count.
        if mark.encode() in raw and pc.any(pc.match_substring(chunk, mark)).as_py():
            raise MarkInDataError(f"a value of {table}.{column} holds a delimiter")


class _Build:
    """One call of `write_claims`."""

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        at: datetime,
        submitter: Party | None,
        receiver: Party | None,
        marks: Marks,
    ) -> None:
        self.tables = tables
        self.at = at
        self.submitter, self.receiver = submitter, receiver
        self.marks = marks
        self.rows: list[pl.LazyFrame] = []
        claims = self._frame("claims")
        kind = pl.col("claim_type").replace_strict(_LETTER, return_dtype=pl.String)
        order = pl.col("claim_type").replace_strict({name: n for n, name in enumerate(GUIDES)}, return_dtype=pl.Int32)
        claims = claims.with_columns(kind=kind, order=order).sort("order", maintain_order=True).with_row_index("n")
        source = pl.struct("order", "file_id", "transaction_ordinal")
        self.claims = claims.with_columns(n=pl.col("n").cast(pl.Int64), set=source.rle_id().cast(pl.Int64))

    def _frame(self, name: str) -> pl.DataFrame:
        table = self.tables.get(name)
        return pl.DataFrame(table) if table is not None and table.num_rows else _nothing(name)

    # -- text of a segment --------------------------------------------------------------------------------------------

    def _joined(self, values: Sequence[Value], mark: str) -> pl.Expr:
        parts = [pl.lit(v or "") if v is None or isinstance(v, str) else v.fill_null("") for v in values]
        return pl.concat_str(parts, separator=mark).str.strip_chars_end(mark)

    def _segment(self, *values: Value) -> pl.Expr:
        """A segment; trailing empty elements are left out."""
        return self._joined(values, self.marks.element)

    def _composite(self, *values: Value) -> pl.Expr:
        return self._joined(values, self.marks.component)

    def _text(self, name: str, column: str) -> pl.Expr:
        """A column of table `name` as it stands in a segment."""
        kind = schema.arrow(name).field(column).type
        if pa.types.is_decimal(kind):
            return pl.col(column).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        if pa.types.is_date(kind):
            return self._day(column)
        if pa.types.is_integer(kind):
            return pl.col(column).cast(pl.String)
        return pl.col(column)

    def _day(self, column: str) -> pl.Expr:
        day = pl.col(column).dt
        whole = day.year() * 10_000 + day.month().cast(pl.Int32) * 100 + day.day().cast(pl.Int32)
        return whole.cast(pl.String).str.zfill(8)

    def _is_range(self, first: str, last: str) -> pl.Expr:
        return (pl.col(last) != pl.col(first)).fill_null(value=False)

    # -- collecting ---------------------------------------------------------------------------------------------------

    def _add(
        self,
        frame: pl.DataFrame | pl.LazyFrame,
        loop: str | pl.Expr,
        segment: str,
        text: pl.Expr,
        *,
        unless_bare: bool = True,
    ) -> None:
        """Segments of `frame` (columns n, and block, sub, ordinal where they are not 0) at their place."""
        if isinstance(frame, pl.DataFrame) and not frame.height:
            return
        lazy = frame.lazy()
        have = frame.columns if isinstance(frame, pl.DataFrame) else frame.collect_schema().names()
        held = {name: pl.col(name) if name in have else pl.lit(0) for name in ("block", "sub", "ordinal")}
        if isinstance(loop, str):
            place: pl.Expr = pl.lit(_LOOP_ORDER[loop])
            rank: pl.Expr = pl.lit(_rank(loop, segment))
        else:
            place = loop.replace_strict(_LOOP_ORDER, return_dtype=pl.Int64)
            ranks = {name: _rank(name, segment) for name in _LOOP_ORDER}
            rank = loop.replace_strict(ranks, return_dtype=pl.Int64)
        first = pl.col("n") * (1 << 24) + held["block"].cast(pl.Int64) * (1 << 8) + place.cast(pl.Int64)
        second = held["sub"].cast(pl.Int64) * (1 << 32) + rank.cast(pl.Int64) * (1 << 24)
        second = second + held["ordinal"].cast(pl.Int64)
        rows = lazy.select(first=first, second=second, text=text)
        bare = pl.col("text") != segment if unless_bare else pl.lit(value=True)
        self.rows.append(rows.filter(pl.col("text").is_not_null() & bare))

    # -- details ------------------------------------------------------------------------------------------------------

    def _placed(self, name: str) -> pl.DataFrame:
        """Detail table `name` with each row's claim (`n`), `block`, `sub` and `ordinal`."""
        return self._placed_all[name]

    @cached_property
    def _placed_all(self) -> dict[str, pl.DataFrame]:
        return {table.name: self._place(table.name) for table in schema.DETAIL_TABLES}

    def _place(self, name: str) -> pl.DataFrame:
        if not self._frame(name).height:
            return _nothing_placed(name)
        frame = self._frame(name).filter(pl.col("transaction_type").is_in(["837P", "837I", "837D"]))
        frame = frame.filter(pl.col("loop_id").is_in(list(_LOOP_ORDER))).rename({"loop_id": "loop"})
        mine = self.claims.select("file_id", "claim_ordinal", "n")
        own = frame.filter(pl.col("claim_ordinal").is_not_null()).join(mine, on=["file_id", "claim_ordinal"])
        # What stands above the claims belongs to the first claim after it.
        heads = frame.filter(pl.col("claim_ordinal").is_null()).sort("segment_ordinal")
        starts = self.claims.select("file_id", "transaction_ordinal", "segment_ordinal", "n").sort("segment_ordinal")
        above = heads.join_asof(
            starts, on="segment_ordinal", by=["file_id", "transaction_ordinal"], strategy="forward",
            check_sortedness=False,
        ).filter(pl.col("n").is_not_null())  # fmt: skip
        placed = pl.concat([own.select(*frame.columns, "n"), above.select(*frame.columns, "n")])
        block = pl.coalesce(pl.col("line_number") + _FIRST_LINE, pl.col("other_payer_ordinal"), pl.lit(0))
        placed = placed.with_columns(block=block.cast(pl.Int64), ordinal=pl.col("segment_ordinal").cast(pl.Int64))
        placed = self._with_instance(placed.sort("segment_ordinal"))
        is_party = pl.col("loop").is_in(["1000A", "1000B", *_PARTY_LOOPS])
        single = pl.col("block").eq(0) & is_party & ~pl.col("loop").str.starts_with("2310")
        # A level without claims stands before the one that has them.
        latest = pl.col("opener") == self._latest()
        return (
            placed.with_columns(latest=latest).filter(~single | pl.col("latest").fill_null(value=True)).drop("latest")
        )

    def _latest(self) -> pl.Expr:
        return pl.col("opener").max().over("n", "loop")

    def _with_instance(self, placed: pl.DataFrame) -> pl.DataFrame:
        """Column `sub`: which of several parties, or adjudications, of the same loop a row belongs to."""
        source = ["file_id", "transaction_ordinal"]
        parties = self._frame("detail_parties").select(*source, "segment_ordinal", opener="segment_ordinal")
        placed = placed.join_asof(
            parties.sort("segment_ordinal"), on="segment_ordinal", by=source, check_sortedness=False
        )
        svd = self._frame("claim_line_adjudications").select(*source, "segment_ordinal", svd="adjudication_ordinal")
        placed = placed.join_asof(svd.sort("segment_ordinal"), on="segment_ordinal", by=source, check_sortedness=False)
        drug = self._frame("detail_drugs").filter(pl.col("segment_id") == "LIN")
        drug = drug.select(*source, "segment_ordinal", lin="segment_ordinal")
        placed = placed.join_asof(drug.sort("segment_ordinal"), on="segment_ordinal", by=source, check_sortedness=False)
        repeats = pl.col("loop").str.contains("^(2310|2420|2330[C-I]?$)")
        sub = pl.when(repeats).then(pl.col("opener")).when(pl.col("loop") == "2430").then(pl.col("svd"))
        within = sub.when(pl.col("loop") == "2410").then(pl.col("lin")).otherwise(0)
        return placed.with_columns(sub=within.fill_null(0).cast(pl.Int64)).drop("svd", "lin")

    def _detail_text(self, table: str, segment: str) -> pl.Expr:
        """The segment as a row of its detail table holds it."""
        places: dict[int, list[tuple[int, str]]] = {}
        for column, place in ELEMENTS[table][segment].items():
            element, component = _split(place)
            if not column.startswith("through") and not (table == "detail_dates" and column == "from_date"):
                places.setdefault(element, []).append((component, column))
        values: list[Value] = [segment]
        for element in range(1, max(places) + 1):
            held = dict(places.get(element, []))
            if not held:
                values.append(None)
            elif 0 in held:
                values.append(self._text(table, held[0]))
            else:
                count = max(held)
                parts = [self._text(table, held[n]) if n in held else None for n in range(1, count + 1)]
                values.append(self._composite(*parts))
        return self._segment(*values)

    def _reconciled(self, typed: pl.DataFrame, table: str, segment: str, same: pl.Expr) -> pl.DataFrame:
        """Details of `segment` without those that `typed` holds otherwise, then the typed rows that no detail says.

        `typed` has n, block, loop, sub, slot and columns ending in `_typed`; `same` compares both. A slot is what the
        reader takes the first of: a qualifier in a section.
        """
        detail = self._placed(table).filter(pl.col("segment_id") == segment)
        if not detail.height:
            return typed.with_columns(is_typed=pl.lit(value=True), ordinal=pl.lit(0, pl.Int64))
        key = ["n", "block", "section", "instance", "slot"]
        instance = pl.when(pl.col("loop") == "2430").then("sub").otherwise(0).cast(pl.Int64)
        detail = detail.with_columns(slot=self._slot(table), section=self._section(), instance=instance).sort("ordinal")
        detail = detail.with_columns(nth=pl.int_range(pl.len()).over(key))
        typed = typed.with_columns(section=self._section(), instance=instance, is_typed=pl.lit(value=True))
        held = [name for name in typed.columns if name.endswith("_typed")]
        known = pl.DataFrame(sorted(_SLOTS[table]), schema=["section", "slot"], orient="row").with_columns(known=True)
        both = detail.join(typed.select(*key, *held), on=key, how="left").join(
            known, on=["section", "slot"], how="left"
        )
        is_first = (pl.col("nth") == 0) & pl.col("known").fill_null(value=False) & self._is_typed_form(table)
        agrees = pl.col("is_typed").fill_null(value=False) & same.fill_null(value=False)
        # The typed column of a row without a value is null too.
        own = _VALUE[table]
        is_blank = pl.col(own).is_null() & pl.col("qualifier_typed").is_null()
        kept = both.filter(~is_first | agrees | is_blank).drop(held)
        said = both.filter(is_first & agrees).select(key)
        new = typed.join(said, on=key, how="anti")
        # A typed value that replaces a detail takes its place.
        was = both.filter(is_first).select(*key, "ordinal", was=pl.col("sub"))
        new = new.join(was, on=key, how="left").with_columns(
            sub=pl.col("was").fill_null(pl.col("sub")), ordinal=pl.col("ordinal").fill_null(0)
        )
        return pl.concat([kept, new.drop("was")], how="diagonal_relaxed").with_columns(
            is_typed=pl.col("is_typed").fill_null(value=False)
        )

    def _add_both(self, typed: pl.DataFrame, table: str, segment: str, same: pl.Expr, typed_text: pl.Expr) -> None:
        """Typed segments and the details that add to them."""
        frame = self._reconciled(typed, table, segment, same)
        text = typed_text
        if "detail_ordinal" in frame.columns:
            text = pl.when("is_typed").then(typed_text).otherwise(self._detail_text(table, segment))
        self._add(frame, pl.col("loop"), segment, text)

    def _section(self) -> pl.Expr:
        return (
            pl.when(pl.col("loop").is_in(["2330A", "2330B"]))
            .then("loop")
            .otherwise(
                pl.when(pl.col("loop").str.starts_with("2010")).then("loop").otherwise(pl.col("loop").str.slice(0, 4))
            )
        )

    def _slot(self, table: str) -> pl.Expr:
        if table == "detail_parties":
            return pl.col("entity_code")
        if table == "detail_dates":
            # A dental claim says at claim level when the service was, and that is its statement period.
            is_dental = (pl.col("loop") == "2300") & (pl.col("transaction_type") == "837D")
            return pl.when(is_dental & (pl.col("qualifier") == "472")).then(pl.lit(_STATEMENT)).otherwise("qualifier")
        is_tax = (pl.col("loop") == "2010AA") & (pl.col("qualifier") == "SY")
        return pl.when(is_tax).then(pl.lit("EI")).otherwise("qualifier")

    def _is_typed_form(self, table: str) -> pl.Expr:
        if table == "detail_dates":
            return pl.col("from_date").is_not_null()
        return pl.lit(value=True)

    # -- levels -------------------------------------------------------------------------------------------------------

    def _with_levels(self) -> pl.DataFrame:
        """Claims with their level numbers: which of them begin a provider, subscriber or patient, and every HL."""
        parties = self._placed("detail_parties")

        def begins(loop: str, columns: Sequence[str]) -> pl.Expr:
            changes = [pl.col(c).ne_missing(pl.col(c).shift(1)) for c in columns]
            opened = parties.filter(pl.col("loop") == loop)["n"].unique().to_list()
            return pl.any_horizontal(*changes, pl.col("n").is_in(opened))

        frame = self.claims.with_columns(
            new_set=(pl.col("set") != pl.col("set").shift(1)).fill_null(value=True),
            is_child=~pl.col("is_subscriber"),
        )
        frame = frame.with_columns(
            new_provider=pl.col("new_set") | begins("2010AA", _PROVIDER_COLUMNS).fill_null(value=True)
        )
        after_child = pl.col("is_subscriber") & pl.col("is_child").shift(1)
        frame = frame.with_columns(
            new_subscriber=pl.col("new_provider")
            | begins("2010BA", _SUBSCRIBER_COLUMNS).fill_null(value=True)
            | after_child.fill_null(value=False)
        )
        frame = frame.with_columns(
            new_patient=pl.col("is_child")
            & (
                pl.col("new_subscriber")
                | pl.col("is_subscriber").shift(1).fill_null(value=True)
                | begins("2010CA", _PATIENT_COLUMNS).fill_null(value=True)
            )
        )
        levels = ("new_provider", "new_subscriber", "new_patient")
        frame = frame.with_columns(at=pl.sum_horizontal(*levels).cum_sum().over("set").cast(pl.Int64))
        number = pl.col("at") - pl.col("new_patient").cast(pl.Int64)
        frame = frame.with_columns(
            subscriber_hl=pl.when("new_subscriber").then(number).forward_fill(),
            provider_hl=pl.when("new_provider").then(number - 1).forward_fill(),
            group=pl.col("new_subscriber").cum_sum(),
        )
        return frame.with_columns(has_child=pl.col("is_child").any().over("group"))

    def _levels(self, claims: pl.DataFrame) -> None:

        def hl(number: str, parent: str | None, code: str, child: pl.Expr) -> pl.Expr:
            up = None if parent is None else pl.col(parent).cast(pl.String)
            return self._segment("HL", pl.col(number).cast(pl.String), up, pl.lit(code), child)

        one, none = pl.lit("1"), pl.lit("0")
        providers = claims.filter("new_provider")
        self._add(providers, "2000A", "HL", hl("provider_hl", None, "20", one))
        taxonomy = pl.col("billing_provider_taxonomy_code")
        heads = self._with_elements(providers, "PRV", ["n"], "2000A")
        code, qualifier = pl.col("value_1").fill_null("BI"), pl.col("value_2").fill_null("PXC")
        text = self._segment("PRV", code, qualifier, taxonomy)
        self._add(heads, "2000A", "PRV", pl.when(taxonomy.is_not_null()).then(text))
        self._head_party(
            providers, "2010AA", "2", "XX",
            {"party_last_name": "billing_provider_name", "party_id": "billing_provider_npi",
             "party_state": "billing_provider_state", "party_zip": "billing_provider_zip"},
        )  # fmt: skip

        subscribers = claims.filter("new_subscriber")
        child = pl.when("has_child").then(one).otherwise(none)
        self._add(subscribers, "2000B", "HL", hl("subscriber_hl", "provider_hl", "22", child))
        relation = pl.when("is_subscriber").then("relationship_code")
        subscribers = self._with_elements(subscribers, "SBR", ["n"], "2000B")
        self._add(subscribers, "2000B", "SBR", self._sbr(relation))
        self._add_elements("PAT", "2000B")
        person = {f"party_{x}": f"subscriber_{x}" for x in _PERSON if x != "sex_code"}
        self._head_party(
            subscribers, "2010BA", "1", "MI", {**person, "sex_code": "subscriber_sex_code",
                                               "party_id": "subscriber_member_id"},
        )  # fmt: skip
        self._head_party(subscribers, "2010BB", "2", "PI", {"party_last_name": "payer_name", "party_id": "payer_id"})

        patients = claims.filter("new_patient")
        self._add(patients, "2000C", "HL", hl("at", "subscriber_hl", "23", none))
        patients = self._with_elements(patients, "PAT", ["n"], "2000C")
        others = [pl.col(f"value_{n}") for n in range(2, 10)]
        self._add(
            patients, "2000C", "PAT", self._segment("PAT", pl.col("relationship_code"), *others), unless_bare=False
        )
        person = {f"party_{x}": f"patient_{x}" for x in _PERSON if x != "sex_code"}
        self._head_party(patients, "2010CA", "1", None, {**person, "sex_code": "patient_sex_code"})

        taxes = providers.filter(pl.col("billing_provider_tax_id").is_not_null())
        ssn = subscribers.filter(pl.col("subscriber_ssn").is_not_null())
        self._references.append(self._reference(taxes, "2010AA", "EI", "billing_provider_tax_id"))
        self._references.append(self._reference(ssn, "2010BA", "SY", "subscriber_ssn"))

    def _sbr(self, relation: pl.Expr) -> pl.Expr:
        values = [pl.col(f"value_{n}") for n in range(4, 9)]
        return self._segment(
            "SBR", pl.col("payer_responsibility_code"), relation, pl.col("group_number"), *values,
            pl.col("claim_filing_code"),
        )  # fmt: skip

    def _with_elements(self, frame: pl.DataFrame, segment: str, on: Sequence[str], loop: str) -> pl.DataFrame:
        """`frame` with the columns of `detail_elements` for its own `segment`."""
        names = [
            c.name
            for c in schema.BY_NAME["detail_elements"].columns
            if c.name.startswith(("value_", "cavity_", "part_"))
        ]
        found = self._placed("detail_elements").filter((pl.col("segment_id") == segment) & (pl.col("loop") == loop))
        return frame.join(found.unique(list(on), keep="last").select(*on, *names), on=list(on), how="left")

    def _add_elements(self, segment: str, loop: str) -> None:
        found = self._placed("detail_elements").filter((pl.col("segment_id") == segment) & (pl.col("loop") == loop))
        self._add(found, loop, segment, self._detail_text("detail_elements", segment))

    def _head_party(
        self, frame: pl.DataFrame, loop: str, kind: str, qualifier: str | None, columns: Mapping[str, str]
    ) -> None:
        """The one party of `loop`: from typed `columns`, and from its detail what they do not hold."""
        entity = _HEAD_PARTIES[loop]
        detail = self._placed("detail_parties").filter((pl.col("loop") == loop) & (pl.col("entity_code") == entity))
        keys = ["n", "block"] if "block" in frame.columns else ["n"]
        names = [c.name for c in schema.BY_NAME["detail_parties"].columns if c.name not in _PROVENANCE]
        names = [name for name in names if name in ELEMENTS["detail_parties"]["NM1"] or name in FOLLOWING]
        held = detail.unique(keys, keep="last").select(*keys, *names)
        typed = frame.select(*keys, *(pl.col(source).alias(f"{name}_typed") for name, source in columns.items()))
        both = typed.join(held, on=keys, how="left")
        values = {name: pl.coalesce(f"{name}_typed", name) for name in columns if name != "party_id"}
        # A name or identifier that the typed column does not have was taken away, not forgotten.
        both = both.with_columns(
            is_known=pl.col("entity_code").is_not_null() | pl.any_horizontal(pl.col("^.*_typed$").is_not_null()),
            **values,
            party_id=pl.col("party_id_typed") if "party_id" in columns else pl.col("party_id"),
        ).filter("is_known")
        both = both.with_columns(
            entity_code=pl.lit(entity),
            entity_type_code=pl.col("entity_type_code").fill_null(kind),
            id_qualifier=pl.when(pl.col("party_id").is_not_null()).then(
                pl.coalesce("id_qualifier", pl.lit(qualifier, pl.String))
            ),
            loop=pl.lit(loop),
        )
        self._add_party(both)

    def _add_party(self, frame: pl.DataFrame) -> None:
        """NM1, PRV, N3, N4 and DMG of rows with the columns of `detail_parties`."""
        loop = pl.col("loop")
        col = pl.col
        name = self._segment(
            "NM1", col("entity_code"), col("entity_type_code"), col("party_last_name"), col("party_first_name"),
            col("party_middle_name"), col("party_name_prefix"), col("party_name_suffix"), col("id_qualifier"),
            col("party_id"), col("related_entity_relationship_code"), col("related_entity_code"),
            col("party_second_last_name"),
        )  # fmt: skip
        self._add(frame, loop, "NM1", name)
        code = col("entity_code").replace_strict(_PROVIDER_CODE, default="PE", return_dtype=pl.String)
        provider = self._segment(
            "PRV", col("provider_code").fill_null(code), col("taxonomy_qualifier").fill_null("PXC"),
            col("taxonomy_code"),
        )  # fmt: skip
        self._add(frame, loop, "PRV", pl.when(col("taxonomy_code").is_not_null()).then(provider))
        self._add(frame, loop, "N3", self._segment("N3", col("party_address_1"), col("party_address_2")))
        place = self._segment(
            "N4", col("party_city"), col("party_state"), col("party_zip"), col("country_code"),
            col("location_qualifier"), col("party_location_id"), col("country_subdivision_code"),
        )  # fmt: skip
        self._add(frame, loop, "N4", place)
        born = col("party_birth_date").is_not_null()
        demographic = self._segment(
            "DMG", pl.when(born).then(pl.lit("D8")), self._day("party_birth_date"), col("sex_code")
        )
        self._add(frame, loop, "DMG", demographic)

    # -- claims -------------------------------------------------------------------------------------------------------

    @cached_property
    def _references(self) -> list[pl.DataFrame]:
        return []

    @cached_property
    def _dates(self) -> list[pl.DataFrame]:
        return []

    @cached_property
    def _amounts(self) -> list[pl.DataFrame]:
        return []

    def _base(self, frame: pl.DataFrame, loop: str, qualifier: str | pl.Expr) -> pl.DataFrame:
        have = frame.columns
        slot = pl.lit(qualifier) if isinstance(qualifier, str) else qualifier
        return frame.with_columns(
            block=pl.col("block").cast(pl.Int64) if "block" in have else pl.lit(0, pl.Int64),
            sub=pl.col("sub").cast(pl.Int64) if "sub" in have else pl.lit(0, pl.Int64),
            loop=pl.lit(loop),
            slot=slot,
            qualifier_typed=slot,
        )

    def _reference(self, frame: pl.DataFrame, loop: str, qualifier: str, column: str) -> pl.DataFrame:
        found = self._base(frame.filter(pl.col(column).is_not_null()), loop, qualifier)
        return found.select(*_KEYS, "slot", "qualifier_typed", text_typed=column)

    def _date(self, frame: pl.DataFrame, loop: str, qualifier: str, first: str, last: str | None) -> pl.DataFrame:
        found = self._base(frame.filter(pl.col(first).is_not_null()), loop, qualifier)
        return found.select(
            *_KEYS, "slot", "qualifier_typed", from_typed=first,
            through_typed=pl.lit(None, pl.Date) if last is None else pl.col(last),
        )  # fmt: skip

    def _amount(self, frame: pl.DataFrame, loop: str, qualifier: str, column: str) -> pl.DataFrame:
        found = self._base(frame.filter(pl.col(column).is_not_null()), loop, qualifier)
        return found.select(*_KEYS, "slot", "qualifier_typed", amount_typed=column)

    def _claims(self, claims: pl.DataFrame) -> None:
        col = pl.col
        institutional = self._with_elements(claims, "CL1", ["n"], "2300")
        codes = (col("admission_type_code"), col("admission_source_code"), col("patient_status_code"), col("value_4"))
        self._add(institutional, "2300", "CL1", self._segment("CL1", *codes))
        claims = self._with_elements(claims, "CLM", ["n"], "2300")
        place = self._composite(col("facility_type_code"), col("facility_code_qualifier"), col("frequency_code"))
        causes = [col(f"related_cause_code_{n}") for n in range(1, 4)]
        cause = self._composite(*causes, col("accident_state"), col("accident_country"))
        text = self._segment(
            "CLM", col("patient_control_number"), self._text("claims", "total_charge_amount"), col("value_3"),
            col("value_4"), place,
            col("provider_signature_code"), col("assignment_code"), col("benefits_assignment_code"),
            col("release_code"), col("patient_signature_code"), cause, col("special_program_code"),
            *(col(f"value_{n}") for n in range(13, 20)), col("delay_reason_code"),
        )  # fmt: skip
        self._add(claims, "2300", "CLM", text)
        statement = self._date(claims, "2300", _STATEMENT, "statement_from_date", "statement_through_date")
        dental = claims.filter(col("kind") == "D").select("n", is_dental=pl.lit(value=True))
        statement = statement.join(dental, on="n", how="left").with_columns(
            qualifier_typed=pl.when("is_dental").then(pl.lit("472")).otherwise("qualifier_typed")
        )
        self._dates.append(statement.drop("is_dental"))
        self._dates += [self._date(claims, "2300", q, column, None) for column, q in _CLAIM_DATES.items()]
        self._amounts.append(self._amount(claims, "2300", "F5", "patient_paid_amount"))
        self._references += [self._reference(claims, "2300", q, column) for column, q in _CLAIM_REFERENCES.items()]
        self._codes()
        parties = [
            self._typed_party(claims.filter((col("kind") == kind) & col(column).is_not_null()), column, entity,
                              f"2310{letters[place_]}", person)
            for column, entity, letters, person in _CLAIM_PARTIES
            for place_, kind in enumerate("PID")
        ]  # fmt: skip
        lines = self._lines()
        parties += [
            self._typed_party(lines.filter((col("kind") == kind) & col("rendering_provider_npi").is_not_null()),
                              "rendering_provider_npi", "82", f"2420{_RENDERING_LINE[place_]}", "1")
            for place_, kind in enumerate("PID")
        ]  # fmt: skip
        self._other_providers(pl.concat(parties))

    def _typed_party(self, frame: pl.DataFrame, column: str, entity: str, loop: str, person: str) -> pl.DataFrame:
        found = self._base(frame, loop, entity)
        has_taxonomy = entity == "82" and "rendering_provider_taxonomy_code" in frame.columns
        return found.select(
            *_KEYS, "slot", "qualifier_typed", id_typed=column, kind_typed=pl.lit(person),
            taxonomy_typed=pl.col("rendering_provider_taxonomy_code") if has_taxonomy else pl.lit(None, pl.String),
        )  # fmt: skip

    def _other_providers(self, typed: pl.DataFrame) -> None:
        """Parties that are not the one of their level: 2010AB, 2310, 2330C.., 2420."""
        col = pl.col
        agrees = col("party_id") == col("id_typed")
        agrees &= col("taxonomy_typed").is_null() | col("taxonomy_typed").eq_missing(col("taxonomy_code"))
        frame = self._reconciled(typed, "detail_parties", "NM1", agrees)
        names = [*ELEMENTS["detail_parties"]["NM1"], *FOLLOWING]
        types = {
            c.name: pl.Date if c.type == schema.DATE else pl.String for c in schema.BY_NAME["detail_parties"].columns
        }
        missing = [pl.lit(None, types[name]).alias(name) for name in names if name not in frame.columns]
        frame = frame.with_columns(missing)
        frame = frame.with_columns(
            entity_code=pl.when("is_typed").then("slot").otherwise("entity_code"),
            entity_type_code=pl.when("is_typed").then("kind_typed").otherwise("entity_type_code"),
            id_qualifier=pl.when("is_typed").then(pl.lit("XX")).otherwise("id_qualifier"),
            party_id=pl.when("is_typed").then("id_typed").otherwise("party_id"),
            taxonomy_code=pl.when("is_typed").then("taxonomy_typed").otherwise("taxonomy_code"),
        )
        heads = [(col("loop") == loop) & (col("entity_code") == entity) for loop, entity in _HEAD_PARTIES.items()]
        self._add_party(frame.filter(~pl.any_horizontal(heads) & ~col("loop").is_in(["1000A", "1000B"])))

    def _of_claim(self, name: str) -> pl.DataFrame:
        """Typed table `name` with its claim's `n` and kind."""
        mine = self.claims.select("file_id", "claim_ordinal", "n", "kind", opened="segment_ordinal")
        return self._frame(name).join(mine, on=["file_id", "claim_ordinal"], maintain_order="left")

    def _codes(self) -> None:
        col = pl.col
        codes = self._of_claim("claim_codes")
        if not codes.height:
            return
        # An occurrence span (BI) is a range even where it is one day.
        ranged = self._is_range("from_date", "through_date") | (col("qualifier") == "BI")
        last = pl.coalesce(self._day("through_date"), self._day("from_date"))
        both = pl.concat_str(self._day("from_date"), pl.lit("-"), last)
        period = pl.when(ranged).then(both).otherwise(self._day("from_date"))
        form = pl.when(col("from_date").is_not_null()).then(pl.when(ranged).then(pl.lit("RD8")).otherwise(pl.lit("D8")))
        value = self._composite(
            col("qualifier"), col("code"), form, period,
            self._text("claim_codes", "amount"), self._text("claim_codes", "quantity"), col("version_code"), None,
            col("present_on_admission_code"),
        )  # fmt: skip
        family = (
            pl.when(col("qualifier").is_in(["ABK", "ABF"]))
            .then(pl.lit("AB"))
            .otherwise(pl.when(col("qualifier").is_in(["BK", "BF"])).then(pl.lit("B")).otherwise("qualifier"))
        )
        # Codes that were read stand in the segments they stood in; others by what they are.
        was_read = col("segment_ordinal") > col("opened")
        codes = codes.with_columns(
            ordinal=col("code_ordinal").cast(pl.Int64), text=value, family=pl.when(~was_read).then(family)
        ).sort("n", "ordinal")
        self._add_run(codes, ["n"], ["segment_ordinal", "family"], 12, "2300", "HI")

    def _add_run(
        self, frame: pl.DataFrame, keys: list[str], runs: list[str], most: int, loop: str, segment: str
    ) -> None:
        """Rows whose `text`s stand side by side, at most `most` in a segment, as long as `runs` stays the same."""
        frame = frame.with_columns(run=pl.struct(*keys, *runs).rle_id())
        frame = frame.with_columns(part=pl.int_range(pl.len()).over("run") // most)
        joined = frame.group_by("run", "part", maintain_order=True).agg(
            *(pl.col(key).first() for key in keys),
            pl.col("ordinal").first(),
            pl.col("text").str.join(self.marks.element),
            *([pl.col("group_code").first()] if segment == "CAS" else []),
        )
        start: list[Value] = [segment, pl.col("group_code")] if segment == "CAS" else [segment]
        self._add(joined, loop, segment, self._segment(*start, pl.col("text")))

    # -- lines --------------------------------------------------------------------------------------------------------

    def _lines(self) -> pl.DataFrame:
        """What is typed of 2400 and 2410; the lines."""
        col = pl.col
        lines = self._of_claim("claim_lines").with_columns(block=col("line_number").cast(pl.Int64) + _FIRST_LINE)
        lines = lines.with_columns(sub=pl.lit(0, pl.Int64))
        number = col("assigned_number").fill_null(col("line_number").cast(pl.String))
        self._add(lines, "2400", "LX", self._segment("LX", number))
        modifiers = [col(f"modifier_{n}") for n in range(1, 5)]
        product = self._composite(col("product_qualifier"), col("procedure_code"), *modifiers, col("line_description"))
        pointers = self._composite(*(col(f"diagnosis_pointer_{n}").cast(pl.String) for n in range(1, 5)))
        charge, units = self._text("claim_lines", "charge_amount"), self._text("claim_lines", "unit_count")
        of_kind = {kind: lines.filter(col("kind") == kind) for kind in "PID"}
        place = col("place_of_service_code")
        texts: dict[str, tuple[str, list[Value]]] = {
            "P": ("SV1", [
                product, charge, col("unit_code"), units, place, col("value_6"), pointers, col("value_8"),
                col("emergency_code"), col("value_10"), col("epsdt_code"), col("family_planning_code"),
                *(col(f"value_{n}") for n in range(13, 22))]),
            "I": ("SV2", [
                col("revenue_code"), product, charge, col("unit_code"), units, col("value_6"),
                self._text("claim_lines", "non_covered_amount"), col("value_8"), col("value_9"), col("value_10")]),
            "D": ("SV3", [
                product, charge, place, self._composite(*(col(f"cavity_code_{n}") for n in range(1, 6))),
                col("value_5"), units, *(col(f"value_{n}") for n in range(7, 11)), pointers]),
        }  # fmt: skip
        for kind, (segment, values) in texts.items():
            mine = self._with_elements(of_kind[kind], segment, ["n", "block"], "2400")
            self._add(mine, "2400", segment, self._segment(segment, *values))
        self._dates.append(self._date(lines, "2400", "472", "service_from_date", "service_through_date"))
        self._references.append(self._reference(lines, "2400", "6R", "line_control_number"))
        self._references.append(self._reference(lines, "2400", "G1", "prior_authorization_number"))
        self._drugs(lines)
        return lines

    def _drugs(self, lines: pl.DataFrame) -> None:
        """2410: the drug that is typed, in the place of the first LIN and CTP of its line, and what details add."""
        col = pl.col
        keys = ["n", "block"]
        count = self._text("claim_lines", "ndc_unit_count")
        names = ["ndc_code", "ndc_unit_count", "ndc_unit_code"]
        typed = lines.filter(pl.any_horizontal(col(name).is_not_null() for name in names)).select(*keys, *names)
        found = self._placed("detail_drugs").sort("ordinal")
        found = found.with_columns(first=pl.int_range(pl.len()).over(*keys, "segment_id") == 0)
        found = found.join(typed, on=keys, how="left").with_columns(
            code=pl.when("first").then("ndc_code").otherwise("code"),
            unit_count=pl.when("first").then("ndc_unit_count").otherwise("unit_count"),
            unit_code=pl.when("first").then("ndc_unit_code").otherwise("unit_code"),
        )
        opened = found.filter(col("first") & (col("segment_id") == "LIN")).select(*keys, "sub")
        # A code that the typed column does not have was taken away, and its quantity with it.
        for segment, text in (
            ("LIN", self._segment("LIN", None, "N4", col("ndc_code"))),
            ("CTP", self._segment("CTP", None, None, None, count, col("ndc_unit_code"))),
        ):
            mine = found.filter(col("segment_id") == segment)
            bare = typed.join(mine.select(keys), on=keys, how="anti").join(opened, on=keys, how="left")
            bare = bare.with_columns(col("sub").fill_null(0))
            self._add(bare.filter(col("ndc_code").is_not_null()) if segment == "LIN" else bare, "2410", segment, text)
            mine = mine.filter(col("code").is_not_null()) if segment == "LIN" else mine
            self._add(mine, "2410", segment, self._detail_text("detail_drugs", segment))

    def _others(self) -> None:
        """2320 with 2330A and 2330B, and what adjudicated lines and claims: SVD and CAS."""
        col = pl.col
        payers = self._of_claim("claim_other_payers").with_columns(block=col("other_payer_ordinal").cast(pl.Int64))
        adjustments = self._of_claim("claim_adjustments").with_columns(ordinal=col("adjustment_ordinal").cast(pl.Int64))
        if payers.height:
            keys = ["n", "block"]
            self._add(
                self._with_elements(payers, "SBR", keys, "2320"), "2320", "SBR", self._sbr(col("relationship_code"))
            )
            elements = self._with_elements(payers, "OI", keys, "2320")
            values = [col(f"value_{n}") for n in (1, 2, 4, 5)]
            text = self._segment(
                "OI", *values[:2], col("benefits_assignment_code"), *values[2:], col("release_code")
            )  # fmt: skip
            self._add(elements, "2320", "OI", text)
            self._amounts += [self._amount(payers, "2320", q, column) for column, q in _OTHER_AMOUNTS.items()]
            self._head_party(
                payers, "2330A", "1", "MI",
                {"party_last_name": "subscriber_last_name", "party_first_name": "subscriber_first_name",
                 "party_id": "subscriber_member_id"},
            )  # fmt: skip
            self._head_party(payers, "2330B", "2", "PI", {"party_last_name": "payer_name", "party_id": "payer_id"})
            self._dates.append(self._date(payers, "2330B", "573", "adjudication_date", None))
            self._references.append(self._reference(payers, "2330B", "F8", "payer_claim_control_number"))
        triplet = self._joined_fixed(
            col("reason_code"), self._text("claim_adjustments", "amount"), self._text("claim_adjustments", "quantity")
        )
        adjustments = adjustments.with_columns(text=triplet)
        of_payer = adjustments.filter(col("line_number").is_null()).with_columns(
            block=col("other_payer_ordinal").cast(pl.Int64)
        )
        runs = ["segment_ordinal", "group_code"]
        if of_payer.height:
            self._add_run(of_payer.sort("n", "block", "ordinal"), ["n", "block"], runs, 6, "2320", "CAS")
        self._adjudications(adjustments.filter(col("line_number").is_not_null()), runs)

    def _joined_fixed(self, *values: pl.Expr) -> pl.Expr:
        """Values side by side, empty ones kept."""
        return pl.concat_str([value.fill_null("") for value in values], separator=self.marks.element)

    def _adjudications(self, adjustments: pl.DataFrame, runs: list[str]) -> None:
        col = pl.col
        block = col("line_number").cast(pl.Int64) + _FIRST_LINE
        found = self._of_claim("claim_line_adjudications").with_columns(
            block=block, sub=col("adjudication_ordinal").cast(pl.Int64)
        )
        if not found.height:
            return
        product = self._composite(
            col("product_qualifier"), col("procedure_code"), *(col(f"modifier_{n}") for n in range(1, 5)),
            col("part_7"), col("part_8"),
        )  # fmt: skip
        found = self._with_elements(found, "SVD", ["n", "block", "sub"], "2430")
        name = "claim_line_adjudications"
        text = self._segment(
            "SVD", col("payer_id"), self._text(name, "paid_amount"), product, col("value_4"),
            self._text(name, "paid_units"), self._text(name, "bundled_line_number"),
        )  # fmt: skip
        self._add(found, "2430", "SVD", text)
        self._dates.append(self._date(found, "2430", "573", "adjudication_date", None))
        self._amounts.append(self._amount(found, "2430", "EAF", "remaining_liability_amount"))
        if adjustments.height:
            # The adjudication of the same payer that stands last before the CAS.
            mine = found.select("n", "block", "payer_id", "segment_ordinal", "sub").sort("segment_ordinal", "sub")
            linked = adjustments.with_columns(block=block).sort("segment_ordinal").join_asof(
                mine, on="segment_ordinal", by=["n", "block", "payer_id"], check_sortedness=False
            ).with_columns(sub=col("sub").fill_null(1))  # fmt: skip
            keys = ["n", "block", "sub"]
            self._add_run(linked.sort(*keys, "ordinal"), keys, runs, 6, "2430", "CAS")

    # -- all together -------------------------------------------------------------------------------------------------

    def _qualified(self) -> None:
        """DTP, REF and AMT of every loop."""
        col = pl.col
        ranged = self._is_range("from_typed", "through_typed") | (col("qualifier_typed") == _STATEMENT)
        both = pl.concat_str(
            self._day("from_typed"), pl.lit("-"), pl.coalesce(self._day("through_typed"), self._day("from_typed"))
        )
        form = pl.when(ranged).then(pl.lit("RD8")).otherwise(pl.lit("D8"))
        period = pl.when(ranged).then(both).otherwise(self._day("from_typed"))
        same = (col("from_date") == col("from_typed")) & (
            col("through_typed").is_null() | (col("through_typed") == col("through_date"))
        )
        text = self._segment("DTP", col("qualifier_typed"), form, period)
        self._add_both(pl.concat(self._dates), "detail_dates", "DTP", same, text)
        same = col("reference_text") == col("text_typed")
        text = self._segment("REF", col("qualifier_typed"), col("text_typed"))
        self._add_both(pl.concat(self._references), "detail_references", "REF", same, text)
        same = col("amount") == col("amount_typed")
        amount = col("amount_typed").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        text = self._segment("AMT", col("qualifier_typed"), amount)
        self._add_both(pl.concat(self._amounts), "detail_amounts", "AMT", same, text)

    def _heads(self, claims: pl.DataFrame) -> pl.DataFrame:
        """BHT, submitter and receiver of each set; the sets."""
        col = pl.col
        keys = ["file_id", "transaction_ordinal"]
        names = ["purpose_code", "reference_id", "created_date", "created_time", "usage_code", "implementation_guide"]
        held = self._frame("transactions").select(*keys, *names, "group_sender_id", "group_receiver_id")
        sets = claims.filter("new_set").join(held, on=keys, how="left", maintain_order="left")
        use = pl.when(col("usage_code").is_in(["CH", "RP", "31"])).then("usage_code").otherwise(pl.lit("CH"))
        text = self._segment(
            "BHT", "0019", col("purpose_code").fill_null("00"),
            col("reference_id").fill_null((col("set") + 1).cast(pl.String)),
            self._day("created_date").fill_null(f"{self.at:%Y%m%d}"), col("created_time").fill_null(f"{self.at:%H%M}"),
            use,
        )  # fmt: skip
        self._add(sets, "BHT", "BHT", text)
        guide = col("implementation_guide")
        old = pl.col("claim_type").replace_strict(_GUIDES_4010, return_dtype=pl.String)
        new = pl.col("claim_type").replace_strict(GUIDES, return_dtype=pl.String)
        is_old = guide.str.starts_with(old).fill_null(value=False)
        sets = sets.with_columns(guide=pl.when(is_old).then(guide).otherwise(new), is_old=is_old)
        # 004010 names its guide in a REF under the BHT too, often without its addenda.
        held = self._frame("detail_references").filter(
            col("loop_id").is_null() & col("claim_ordinal").is_null() & (col("qualifier") == "87")
        )
        named = held.unique(keys, keep="first", maintain_order=True).select(*keys, "reference_text")
        named = sets.filter("is_old").join(named, on=keys, how="left", maintain_order="left")
        text = self._segment("REF", "87", col("reference_text").fill_null(col("guide")))
        self._add(named.with_columns(ordinal=pl.lit(1)), "BHT", "REF", text)
        for loop, entity, party, column in (
            ("1000A", "41", self.submitter, "group_sender_id"),
            ("1000B", "40", self.receiver, "group_receiver_id"),
        ):
            parties = self._placed("detail_parties").filter((col("loop") == loop) & (col("entity_code") == entity))
            bare = sets
            if party is None:
                self._add_party(parties.filter(col("n").is_in(sets["n"].to_list())))
                bare = sets.join(parties.select("n"), on="n", how="anti")
                name = identifier = col(column)
                if bare[column].null_count():
                    raise WriteError("no submitter and receiver: the tables name none, so pass both")
            else:
                name, identifier = pl.lit(party.name), pl.lit(party.identifier)
            empty = [None] * 4
            self._add(bare, loop, "NM1", self._segment("NM1", entity, "2", name, *empty, "46", identifier))
            if party is not None and party.contact and loop == "1000A":
                phone: list[Value] = ["TE", party.telephone] if party.telephone else []
                self._add(bare, loop, "PER", self._segment("PER", "IC", party.contact, *phone))
        return sets

    def groups(self) -> Iterator[Group]:
        """One group for each guide."""
        col = pl.col
        if not self.claims.height:
            return
        claims = self._with_levels()
        sets = self._heads(claims)
        self._levels(claims)
        self._claims(claims)
        self._others()
        self._qualified()
        for table, segments in _AS_READ.items():
            found = self._placed(table)
            for segment in segments:
                mine = found.filter(col("segment_id") == segment)
                if self.submitter is not None:
                    mine = mine.filter(col("loop") != "1000A")
                if mine.height:
                    self._add(mine, col("loop"), segment, self._detail_text(table, segment))
        demographics = self._placed("detail_demographics").filter(col("loop") == "2320")
        self._add(demographics, "2320", "DMG", self._detail_text("detail_demographics", "DMG"))
        rows = pl.concat(pl.collect_all(self.rows, optimizations=pl.QueryOptFlags.none())).sort(
            "first", "second", maintain_order=True
        )
        end = self.marks.terminator + self.marks.line_break
        places = rows["first"].search_sorted(sets["n"] * (1 << 24)).to_list()
        texts = rows["text"]
        rendered: dict[str, list[RenderedSet]] = {}
        for guide, begin, stop in zip(sets["guide"].to_list(), places, [*places[1:], rows.height], strict=True):
            body = texts.slice(begin, stop - begin)
            text = str(body.str.join(end).item()) + end
            rendered.setdefault(guide, []).append(RenderedSet("837", guide, text, stop - begin, self.marks))
        for guide, bodies in rendered.items():
            yield Group("HC", guide, bodies)


@cache
def _nothing(name: str) -> pl.DataFrame:
    """Table `name` without rows."""
    return pl.DataFrame(schema.empty(name))


@cache
def _nothing_placed(name: str) -> pl.DataFrame:
    """Detail table `name` without rows, as `_Build._place` gives it."""
    numbers = {column: pl.lit(0, pl.Int64) for column in ("n", "block", "ordinal", "sub")}
    frame = _nothing(name).rename({"loop_id": "loop"})
    return frame.with_columns(**numbers, opener=pl.lit(0, pl.Int32)).clear()


def _split(place: Place) -> tuple[int, int]:
    return place if isinstance(place, tuple) else (place, 0)


def _rank(loop: str, segment: str) -> int:
    if loop == _ALTERNATING:
        return 0
    order = _IN_LOOP.get(loop, _IN_PARTY).split()
    return order.index(segment) if segment in order else len(order)
