"""835: values of real files by hand, adjustments, remarks, provider level, and the three balances."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims.interchange.x12 import Source, read
from tests.unit.x12.interchanges import interchange, remittance


def rows(data: bytes, table: str) -> list[dict[str, Any]]:
    return read([Source.of(data)]).tables[table].to_pylist()


def remit(*body: str, total: str = "80") -> bytes:
    return interchange(remittance(*body, total=total), functional="HP", guide="005010X221A1")


def codes(data: bytes) -> list[str]:
    return [row["code"] for row in rows(data, "findings")]


@pytest.fixture(scope="module")
def samples(shared_dir: Path) -> Path:
    return shared_dir / "samples" / "x12" / "835"


def test_medicare_part_a_by_hand(samples: Path) -> None:
    data = (samples / "x12__medicare-part-a.835").read_bytes()
    [payment] = rows(data, "remittances")
    assert payment["payment_amount"] == Decimal("150000.00")
    assert (payment["payment_method_code"], payment["trace_number"], payment["payer_trace_id"]) == (
        "ACH",
        "12345",
        "1512345678",
    )
    assert (payment["payer_id"], payment["payee_npi"]) == ("999", "6543210903")
    assert (payment["payment_date"], payment["production_date"]) == (date(2002, 9, 13), date(2002, 9, 16))
    claims = rows(data, "remittance_claims")
    assert [
        (c["patient_control_number"], c["header_number"], c["payment_amount"], c["line_count"]) for c in claims
    ] == [
        ("666123", "110212", Decimal("138018.40"), 0),
        ("777777", "130212", Decimal("11980.33"), 0),
    ]
    assert [(c["statement_from_date"], c["statement_through_date"]) for c in claims] == [
        (date(2002, 8, 16), date(2002, 8, 24)),
        (date(2002, 5, 12), None),
    ]
    assert [
        (a["line_number"], a["group_code"], a["reason_code"], a["amount"]) for a in rows(data, "remittance_adjustments")
    ] == [
        (None, "CO", "45", Decimal("73348.57")),
        (None, "CO", "45", Decimal("3019.67")),
    ]
    [remark] = rows(data, "remittance_remarks")
    assert (remark["claim_ordinal"], remark["source"], remark["remark_code"]) == (2, "MOA", "MA02")
    [provider] = rows(data, "provider_adjustments")
    assert (provider["reason_code"], provider["reference_id"], provider["amount"]) == ("CV", "CP", Decimal("-1.27"))
    assert not [code for code in codes(data) if code.startswith("X12-BALANCE")]


def test_triplets_with_and_without_quantity() -> None:
    data = remit(
        "CLP*C1*1*200*80*20*CI*ICN1*11*1",
        "NM1*QC*1*DOE*JANE",
        "SVC*HC:99213:25:59*200*80**1*HC:99214*2",
        "DTM*150*20240101",
        "DTM*151*20240103",
        "CAS*CO*45*70*1*97*10",
        "CAS*PR*1*20**2*20*2",
        "REF*6R*L7",
        "AMT*B6*130",
        "LQ*HE*N130",
    )
    assert [
        (a["group_code"], a["reason_code"], a["amount"], a["quantity"]) for a in rows(data, "remittance_adjustments")
    ] == [
        ("CO", "45", Decimal(70), Decimal(1)),
        ("CO", "97", Decimal(10), None),
        ("PR", "1", Decimal(20), None),
        ("PR", "2", Decimal(20), Decimal(2)),
    ]
    [line] = rows(data, "remittance_lines")
    assert (line["modifier_1"], line["modifier_2"], line["modifier_3"]) == ("25", "59", None)
    assert (line["submitted_procedure_code"], line["submitted_units"]) == ("99214", Decimal(2))
    assert (line["service_from_date"], line["service_through_date"]) == (date(2024, 1, 1), date(2024, 1, 3))
    assert (line["line_control_number"], line["allowed_amount"]) == ("L7", Decimal(130))
    assert codes(data) == []


def test_negative_reversal_and_provider_level() -> None:
    data = remit(
        "CLP*C1*22*-200*-80**CI*ICN1",
        "NM1*QC*1*DOE*JANE",
        "CAS*CO*45*-120",
        "CLP*C1*1*200*100**CI*ICN2",
        "NM1*QC*1*DOE*JANE",
        "CAS*CO*45*100",
        "REF*F8*ICN1",
        "PLB*1234567893*20241231*WO:ICN9*10*L6*-5",
        total="15",
    )
    assert [c["payment_amount"] for c in rows(data, "remittance_claims")] == [Decimal(-80), Decimal(100)]
    assert rows(data, "remittance_claims")[1]["original_payer_claim_control_number"] == "ICN1"
    assert [(p["reason_code"], p["amount"]) for p in rows(data, "provider_adjustments")] == [
        ("WO", Decimal(10)),
        ("L6", Decimal(-5)),
    ]
    assert codes(data) == []  # 15 = -80 + 100 - (10 - 5)


@pytest.mark.parametrize(
    ("body", "total", "code"),
    [
        (
            ("CLP*C1*1*100*80**CI*I", "NM1*QC*1*DOE*JANE", "SVC*HC:1*100*80", "CAS*CO*45*19"),
            "80",
            ["X12-BALANCE-CLAIM", "X12-BALANCE-SERVICE"],
        ),
        (("CLP*C1*1*100*80**CI*I", "NM1*QC*1*DOE*JANE", "CAS*CO*45*19"), "80", ["X12-BALANCE-CLAIM"]),
        (("CLP*C1*1*100*80**CI*I", "NM1*QC*1*DOE*JANE", "CAS*CO*45*20"), "81", ["X12-BALANCE-TRANSACTION"]),
        (("CLP*C1*1*100*80**CI*I", "NM1*QC*1*DOE*JANE", "CAS*XX*45*20"), "80", ["X12-ELEMENT-CODE"]),
        (("CLP*C1*1*100*80**CI", "NM1*QC*1*DOE*JANE", "CAS*CO*45*20"), "80", ["X12-CLP-CONTROL"]),
    ],
)
def test_each_balance_is_found(body: tuple[str, ...], total: str, code: list[str]) -> None:
    assert sorted(codes(remit(*body, total=total))) == code


def test_a_claim_without_amount_is_put_aside_and_its_neighbour_stays() -> None:
    data = remit("CLP*C1*1*100*xx**CI*I1", "CAS*CO*45*20", "CLP*C2*1*100*80**CI*I2", "CAS*CO*45*20")
    assert [(c["claim_ordinal"], c["patient_control_number"]) for c in rows(data, "remittance_claims")] == [(2, "C2")]
    assert [a["claim_ordinal"] for a in rows(data, "remittance_adjustments")] == [2]
    [found] = [f for f in rows(data, "findings") if f["scope"] == "claim"]
    assert (found["code"], found["claim_ordinal"], found["element_position"]) == ("X12-CLP-AMOUNT", 1, 4)


def test_a_line_keeps_all_modifiers_its_first_code_its_key_and_its_remarks() -> None:
    body = [
        "TS3*1234567893*11*20241231*2*200", "TS2*1*2*3", "CLP*C1*22*-100*-80**CI*I1", "NM1*QC*1*DOE*JANE",
        "MIA*1***5*MA01", "MOA***MA02", "PER*CX*X*TE*1", "SVC*HC:99213:25:26:59:TC*-100*-80**1*HC:99214*2",
        "DTM*472*20240115", "CAS*CO*45*-20", "REF*6R*L7", "LQ*HE*N130",
    ]  # fmt: skip
    data = interchange(remittance(*body, total="-80"), functional="HP", guide="005010X221A1")
    tables = read([Source.of(data)], details=True).tables
    assert tables["findings"].num_rows == 0
    [line] = tables["remittance_lines"].to_pylist()
    assert [line[f"modifier_{n}"] for n in range(1, 5)] == ["25", "26", "59", "TC"]
    assert (line["submitted_procedure_code"], line["line_control_number"]) == ("99214", "L7")
    remarks = [(r["source"], r["remark_code"], r["line_number"]) for r in tables["remittance_remarks"].to_pylist()]
    assert remarks == [("MIA", "MA01", None), ("MOA", "MA02", None), ("LQ", "N130", 1)]
    assert tables["detail_contacts"]["contact_phone_1"].to_pylist()[1:] == ["1"]
    assert tables["detail_summaries"]["segment_id"].to_pylist() == ["TS3", "TS2"]
