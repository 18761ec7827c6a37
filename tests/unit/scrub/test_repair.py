"""Safe repair changes writing, logs each change, and touches nothing clinical."""

import pyarrow as pa

from claims import schema
from quality.scrub.examples import tables
from quality.scrub.repair import _REPAIRS, repair


def test_writing_is_put_right_and_logged() -> None:
    given = tables(
        [
            {"claim": {"billing_provider_zip": "02101-0001", "subscriber_state": "ma", "payer_name": " BLUE  PLAN "}},
            {"claim": {"billing_provider_npi": "12345 67893"}, "line": {"rendering_provider_npi": " 1003000126"}},
            {},
        ]
    )
    done = repair(given)
    claims = done.tables["claims"].to_pylist()
    assert claims[0]["billing_provider_zip"] == "021010001"
    assert claims[0]["subscriber_state"] == "MA"
    assert claims[0]["payer_name"] == "BLUE PLAN"
    assert claims[1]["billing_provider_npi"] == "1234567893"
    assert done.tables["claim_lines"]["rendering_provider_npi"].to_pylist() == [None, "1003000126", None]
    log = sorted((row["claim_ordinal"], row["column"], row["repair"]) for row in done.log.to_pylist())
    assert log == [
        (1, "billing_provider_zip", "zip"),
        (1, "payer_name", "spaces"),
        (1, "subscriber_state", "case"),
        (2, "billing_provider_npi", "npi_spaces"),
        (2, "rendering_provider_npi", "npi_spaces"),
    ]
    again = repair(done.tables)
    assert again.log.num_rows == 0
    assert again.tables["claims"].equals(done.tables["claims"])


def test_numbers_of_contacts_and_providers() -> None:
    """A telephone number loses its signs; a number that is an NPI is called one; what is neither stays."""
    contacts = schema.empty("detail_contacts").to_pylist()
    row = dict.fromkeys(schema.arrow("detail_contacts").names)
    row |= {"file_id": "a", "transaction_ordinal": 1, "segment_ordinal": 9, "byte_offset": 0, "detail_ordinal": 1,
            "transaction_type": "837P", "segment_id": "PER"}  # fmt: skip
    contacts.append(row | {"number_qualifier_1": "TE", "contact_phone_1": "1 (305) 555-2222"})
    contacts.append(row | {"number_qualifier_1": "EM", "contact_phone_1": "305-555-2222"})
    contacts.append(row | {"number_qualifier_1": "TE", "contact_phone_1": "555-2222"})
    given = tables(
        [
            {"parties": [{"loop_id": "2310A", "entity_code": "DN", "id_qualifier": "24", "party_id": "1003000126"}]},
            {"parties": [{"loop_id": "2310A", "entity_code": "DN", "id_qualifier": "24", "party_id": "123456789"}]},
            {"parties": [{"loop_id": "2310A", "entity_code": "DN", "party_id": "1003000126"}]},
        ]
    )
    given["detail_contacts"] = pa.Table.from_pylist(contacts, schema=schema.arrow("detail_contacts"))
    done = repair(given)
    assert done.tables["detail_contacts"]["contact_phone_1"].to_pylist() == ["3055552222", "305-555-2222", "555-2222"]
    referring = [row for row in done.tables["detail_parties"].to_pylist() if row["entity_code"] == "DN"]
    assert [row["id_qualifier"] for row in referring] == ["XX", "24", "XX"]
    assert sorted(done.log["repair"].to_pylist()) == ["npi_qualifier", "npi_qualifier", "phone_1"]
    assert repair(done.tables).log.num_rows == 0


def test_nothing_to_do() -> None:
    given = tables([{}])
    assert repair(given).tables == given


def test_nothing_clinical_is_in_reach() -> None:
    clinical = ("diagnosis", "procedure", "modifier", "unit", "date", "amount", "code_", "revenue")
    for _, places in _REPAIRS.values():
        for table, column in places:
            assert table != "claim_codes"
            assert not any(word in column for word in clinical), column
