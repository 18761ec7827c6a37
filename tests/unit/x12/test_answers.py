"""999, 997, TA1, 277CA and 277: values of real files by hand."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from claims.interchange.x12 import Source, read
from tests.unit.x12.interchanges import interchange, transaction


def rows(data: bytes, table: str) -> list[dict[str, Any]]:
    return read([Source.of(data)]).tables[table].to_pylist()


def test_status_response_by_hand(shared_dir: Path) -> None:
    data = (shared_dir / "samples/x12/277/x12__claim-level-status.277").read_bytes()
    found = rows(data, "claim_statuses")
    assert [
        (r["level"], r["patient_control_number"], r["category_code"], r["status_code"], r["entity_code"]) for r in found
    ] == [
        ("claim", "SM123456", "P3", "317", None),
        ("claim", "J0234567", "F0", "3", None),
        ("claim", "MA345678", "F2", "88", "QC"),
        ("line", "MA345678", "F2", "88", "QC"),
    ]
    assert [r["payer_claim_control_number"] for r in found] == [
        "05347006051",
        "0529675341",
        "051681010827",
        "051681010827",
    ]
    assert [r["billing_provider_npi"] for r in found] == ["1666666661", "1666666661", "166666666", "166666666"]
    assert {r["payer_id"] for r in found} == {"12345"}
    assert (found[0]["charge_amount"], found[1]["payment_amount"]) == (Decimal("8513.88"), Decimal("7599.00"))
    assert (found[0]["service_from_date"], found[0]["service_through_date"]) == (date(2005, 8, 31), date(2005, 9, 6))
    assert (found[3]["procedure_code"], found[3]["service_from_date"]) == ("99203", date(2005, 5, 1))


def test_claim_acknowledgement_with_levels_and_several_statuses() -> None:
    body = [
        "BHT*0085*08*1*20240301*1200*TH",
        "HL*1**20*1", "NM1*PR*2*PAYER*****PI*60054", "TRN*1*T0",
        "HL*2*1*21*1", "NM1*41*2*CLINIC*****46*123", "TRN*2*B1", "STC*A1:19:PR*20240301*WQ*300",
        "HL*3*2*19*1", "NM1*85*2*ALDER*****XX*1234567893", "TRN*2*P1", "STC*A1:19:PR**WQ*300",
        "HL*4*3*PT", "NM1*QC*1*DOE*JANE****MI*W1", "TRN*2*C1", "STC*A2:20:PR*20240301*WQ*100",
        "REF*1K*ICN1", "REF*D9*CH1", "DTP*472*D8*20240115",
        "HL*5*3*PT", "NM1*QC*1*ROE*R****MI*W2", "TRN*2*C2", "STC*A7:562:85*20240301*U*200******A7:187",
        "REF*D9*CH2", "SVC*HC:99213*200", "STC*A7:187**U", "DTP*472*D8*20240116",
    ]  # fmt: skip
    data = interchange(transaction("277", "005010X214", body), functional="HN", guide="005010X214")
    found = rows(data, "claim_statuses")
    assert [(r["level"], r["patient_control_number"], r["category_code"], r["action_code"]) for r in found] == [
        ("receiver", None, "A1", "WQ"),
        ("provider", None, "A1", "WQ"),
        ("claim", "C1", "A2", "WQ"),
        ("claim", "C2", "A7", "U"),
        ("line", "C2", "A7", "U"),
    ]
    # The trace of the receiver level is the reference of the 837, whatever the level; a provider's own trace is not.
    assert [r["batch_reference_id"] for r in found] == ["B1"] * 5
    assert [r["subscriber_member_id"] for r in found] == [None, None, "W1", "W2", "W2"]
    assert [r["clearinghouse_trace_number"] for r in found] == [None, None, "CH1", "CH2", "CH2"]
    assert (found[3]["category_code_2"], found[3]["status_code_2"]) == ("A7", "187")
    assert found[1]["billing_provider_npi"] == "1234567893"
    assert (found[4]["procedure_code"], found[4]["service_from_date"]) == ("99213", date(2024, 1, 16))
    assert rows(data, "transactions")[0]["transaction_type"] == "277CA"


def test_a_batch_reference_is_of_the_receiver_around() -> None:
    body = [
        "BHT*0085*08*1*20240301*1200*TH",
        "HL*1**20*1", "NM1*PR*2*PAYER*****PI*60054", "TRN*1*T0", "STC*A0:16",
        "HL*2*1*21*0", "NM1*41*2*CLINIC*****46*123", "TRN*2*B1", "STC*A8:24**U*300",
        "HL*3*1*21*1", "NM1*41*2*CLINIC*****46*124", "TRN*2*B2", "STC*A1:19**WQ*300",
        "HL*4*3*19*1", "NM1*85*2*ALDER*****XX*1234567893", "TRN*1*0", "STC*A1:19**WQ*300",
        "HL*5*1*21*1", "NM1*41*2*CLINIC*****46*125", "STC*A1:19**WQ*300",
    ]  # fmt: skip
    data = interchange(transaction("277", "005010X214", body), functional="HN", guide="005010X214")
    found = rows(data, "claim_statuses")
    assert [(r["level"], r["batch_reference_id"]) for r in found] == [
        ("source", None), ("receiver", "B1"), ("receiver", "B2"), ("provider", "B2"), ("receiver", None),
    ]  # fmt: skip


def test_functional_acknowledgement_by_hand(shared_dir: Path) -> None:
    data = (shared_dir / "samples/x12/999/pyx12__x12testdata.py_834_eol_in_element.resAck").read_bytes()
    found = rows(data, "acknowledgements")
    assert [(r["level"], r["status_code"], r["error_code"]) for r in found] == [
        ("segment", None, "8"),
        ("element", None, "6"),
        ("transaction", "R", "5"),
        ("group", "R", None),
    ]
    assert found[1]["error_value"] == "<LF>"
    assert {r["acknowledged_gs_control_number"] for r in found} == {"13360001"}


def test_997_and_ta1_of_one_file(shared_dir: Path) -> None:
    data = (shared_dir / "samples/x12/997/pyx12__x12testdata.py_trailer_errors.res997").read_bytes()
    found = rows(data, "acknowledgements")
    assert [(r["acknowledgement_type"], r["level"], r["status_code"], r["error_code"]) for r in found] == [
        ("997", "transaction", "R", "4"),
        ("997", "transaction", "A", None),
        ("997", "group", "R", "4"),
        ("TA1", "interchange", "R", "018"),
    ]
    assert found[3]["acknowledged_isa_control_number"] == "000484950"
    assert [t["transaction_type"] for t in rows(data, "transactions")] == ["997", "TA1"]
