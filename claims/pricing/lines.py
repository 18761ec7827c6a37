"""What a line must say to be priced, and how the tables of a reader become such lines.

Belongs here: the schema of the kernel's input, the join of claim and line. Does not belong here: prices.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from claims.schema import MONEY, QUANTITY

_INSTITUTIONAL = "institutional"

# Columns of the kernel's input. Only the first four must be there; a column left out is null on every line.
LINES = pa.schema(
    [
        pa.field("file_id", pa.string(), nullable=False),
        pa.field("claim_ordinal", pa.int32(), nullable=False),
        pa.field("line_number", pa.int32(), nullable=False),
        pa.field("procedure_code", pa.string()),
        pa.field("modifier_1", pa.string()),
        pa.field("modifier_2", pa.string()),
        pa.field("modifier_3", pa.string()),
        pa.field("modifier_4", pa.string()),
        pa.field("unit_count", QUANTITY),
        pa.field("unit_code", pa.string()),  # MJ = minutes; anything else counts services
        pa.field("charge_amount", MONEY),
        pa.field("service_date", pa.date32()),
        pa.field("place_of_service_code", pa.string()),  # professional lines
        pa.field("claim_type", pa.string()),  # professional (also where null), institutional, dental
        pa.field("bill_type_code", pa.string()),  # institutional lines: first digits of the bill type
        pa.field("locality_code", pa.string()),  # CCCCC-LL; where null, the one of zip_code
        pa.field("zip_code", pa.string()),  # of the place of service
        pa.field("payer_id", pa.string()),  # null = Medicare
        pa.field("claim_filing_code", pa.string()),  # MA, MB = Medicare, where no contract names the payer
        pa.field("rendering_provider_taxonomy_code", pa.string()),
        pa.field("is_participating", pa.bool_()),  # null = yes
        pa.field("is_qualifying_participant", pa.bool_()),  # advanced payment model (2026 on); null = no
        pa.field("anesthesia_base_units", pa.int32()),  # where null, those of the reference tables
        pa.field("deductible_amount", MONEY),  # what is left of the deductible for this line; null = none
    ]
)
_REQUIRED = ("file_id", "claim_ordinal", "line_number", "procedure_code")
_CLAIM_COLUMNS = {
    "claim_type": "claim_type",
    "facility_type_code": "bill_type_code",
    "billing_provider_zip": "zip_code",
    "payer_id": "payer_id",
    "claim_filing_code": "claim_filing_code",
    "rendering_provider_taxonomy_code": "rendering_provider_taxonomy_code",
    "statement_from_date": "statement_from_date",
}
# What `lines_of` and the rows of the lake read of the tables of bronze.
NEEDED = {
    "claims": frozenset({"file_id", "claim_ordinal", *_CLAIM_COLUMNS}),
    "claim_lines": frozenset({*LINES.names, "service_from_date", "transaction_ordinal", "tenant_id", "received_date"}),
}


class LinesError(ValueError):
    """The lines to be priced lack a column that the kernel cannot do without."""

    code = "PRICE-LINES"


def checked(lines: pa.Table) -> pa.Table:
    """`lines` if it has the needed columns. Raises `LinesError` naming those that are missing."""
    if missing := [name for name in _REQUIRED if name not in lines.column_names]:
        raise LinesError(f"lines without {', '.join(missing)}")
    return lines


def lines_of(tables: Mapping[str, pa.Table], *, locality_code: str | None = None) -> pa.Table:
    """Lines for the kernel from the tables `claims` and `claim_lines` of a reader or of bronze.

    The place of service is the line's, else the claim's; the date the line's, else the statement's first. The locality
    is `locality_code` where given, else that of the billing provider's ZIP code. Order is that of `claim_lines`.
    """
    claims, lines = tables["claims"], tables["claim_lines"]
    place = pa.array(range(claims.num_rows), pa.int64())
    if claims.num_rows:
        keys = pa.table({"file_id": claims["file_id"], "claim_ordinal": claims["claim_ordinal"], "place": place})
        order = pa.table(
            {
                "file_id": lines["file_id"],
                "claim_ordinal": lines["claim_ordinal"],
                "at": pa.array(range(lines.num_rows), pa.int64()),
            }
        )
        joined = order.join(keys, ["file_id", "claim_ordinal"], join_type="left outer").sort_by("at")
        of_claim = claims.select(list(_CLAIM_COLUMNS)).take(joined["place"].combine_chunks())
    else:
        of_claim = claims.select(list(_CLAIM_COLUMNS)).slice(0, 0)
        lines = lines.slice(0, 0)
    of_claim = of_claim.rename_columns(list(_CLAIM_COLUMNS.values()))
    is_institutional = pc.equal(of_claim["claim_type"], _INSTITUTIONAL)
    columns = {
        name: lines[name] for name in LINES.names if name in lines.column_names and name != "place_of_service_code"
    }
    columns["service_date"] = pc.coalesce(lines["service_from_date"], of_claim["statement_from_date"])
    columns["place_of_service_code"] = pc.if_else(
        is_institutional,
        pa.scalar(None, pa.string()),
        pc.coalesce(lines["place_of_service_code"], of_claim["bill_type_code"]),
    )
    for name in of_claim.column_names:
        if name in LINES.names:
            columns[name] = of_claim[name]
    if locality_code is not None:
        columns["locality_code"] = pa.array([locality_code], pa.string()).take(pa.array([0] * lines.num_rows))
    return pa.table({name: columns[name] for name in LINES.names if name in columns})
