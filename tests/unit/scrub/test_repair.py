"""Safe repair changes writing, logs each change, and touches nothing clinical."""

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


def test_nothing_to_do() -> None:
    given = tables([{}])
    assert repair(given).tables == given


def test_nothing_clinical_is_in_reach() -> None:
    clinical = ("diagnosis", "procedure", "modifier", "unit", "date", "amount", "code_", "revenue")
    for _, places in _REPAIRS.values():
        for table, column in places:
            assert table != "claim_codes"
            assert not any(word in column for word in clinical), column
