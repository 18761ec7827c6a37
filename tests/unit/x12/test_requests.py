"""Requests written from claims read back with their levels, and nothing wrong in them."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from claims.interchange.x12 import (
    Address,
    Numbers,
    Source,
    eligibility_request,
    read,
    review_request,
    status_request,
    write_interchange,
)
from tests.unit.x12.interchanges import BILLING, CLAIM, SUBSCRIBER, interchange, transaction

AT = datetime(2024, 3, 1, 12, 30)  # noqa: DTZ001 - an envelope carries local wall-clock time without a zone


@pytest.fixture(scope="module")
def claims() -> pa.Table:
    dependent = ["HL*3*1*22*1", "SBR*P********CI", *SUBSCRIBER[2:4], SUBSCRIBER[6]]
    dependent += [
        "HL*4*3*23*0",
        "PAT*19",
        "NM1*QC*1*DOE*BOB",
        "DMG*D8*20150607*M",
        "CLM*C2*9***11:B:1*Y*A*Y*Y",
        *CLAIM[2:4],
    ]
    dependent += ["SV1*HC:99213*9*UN*1***1", "DTP*472*D8*20240115"]
    body = ["BHT*0019*00*1*20240131*1200*CH", *BILLING, *SUBSCRIBER, *CLAIM, *dependent]
    return read([Source.of(interchange(transaction("837", "005010X222A2", body)))]).tables["claims"]


@pytest.mark.parametrize(
    ("make", "kind", "loops"),
    [
        (status_request, "276", ["2100A", "2100B", "2100C", "2100D", "2100D", "2100E"]),
        (eligibility_request, "270", ["2100A", "2100B", "2100C", "2100C", "2100D"]),
        (review_request, "278", ["2010A", "2010B", "2010C", "2010C", "2010D"]),
    ],
)
def test_requests_read_back(make: object, kind: str, loops: list[str], claims: pa.Table) -> None:
    group = make(claims, reference="R1", created=date(2024, 3, 1))  # type: ignore[operator]
    data = write_interchange(Address("S", "R"), [group], numbers=Numbers(), at=AT)
    tables = read([Source.of(data)], details=True).tables
    assert tables["findings"].to_pylist() == []
    assert tables["transactions"]["transaction_type"].to_pylist() == [kind]
    assert tables["detail_parties"]["loop_id"].to_pylist() == loops
    assert tables["detail_traces"]["trace_text"].to_pylist() == ["C1", "C2"]
    assert tables["detail_parties"]["party_first_name"].to_pylist()[-1] == "BOB"
