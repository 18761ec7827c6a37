"""Tables beside the claims: a tenant's file is checked by line, its row holds before the project's own, 271 is read."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from claims.interchange import x12
from quality.scrub import Scrubber
from quality.scrub.beside import BesideError, arrow, coverage_of_answers, read_file, read_folder, with_defaults
from quality.scrub.examples import tables
from quality.scrub.rulebook import load_rules

HEAD = "payer_id,filing_code,filing_limit_days,counts_from,requires_referral,member_id_pattern\n"


def _read(folder: Path, text: str, name: str = "payer_policies") -> pa.Table:
    path = folder / f"{name}.csv"
    path.write_text(text)
    return read_file(path, name)


def test_a_file_is_read(tmp_path: Path) -> None:
    given = _read(tmp_path, HEAD + "12345,,90,last,true,W[0-9]+\n")
    assert given.schema == arrow("payer_policies")
    assert given["filing_limit_days"].to_pylist() == [90]
    assert read_folder(tmp_path).keys() == {"payer_policies"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (HEAD + "12345,,90,last,true,W\n12345,,80,last,true,W\n", 3, "repeats the row of line 2"),
        (HEAD + ",,90,last,true,W\n", 2, "of a payer_id or of a filing_code"),
        (HEAD + "12345,,ninety,last,true,W\n", 2, "is no int32"),
        (HEAD + "12345,,90,middle,true,W\n", 2, "first or last"),
        (HEAD + "12345,,90,last,true,W[\n", 2, "no regular expression"),
        (HEAD + "12345,,90,last,true,W,more\n", 2, "more fields"),
        ("payer,filing_code\n", 1, "no column payer"),
    ],
)
def test_an_error_has_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(BesideError) as caught:
        _read(tmp_path, text)
    assert str(caught.value).startswith(f"payer_policies.csv:{line}:")
    assert says in str(caught.value)


def test_a_kind_of_record_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(BesideError, match="kind is one of"):
        _read(tmp_path, "npi,kind\n1003000126,famous\n", "provider_records")


def test_the_tenants_row_holds_before_the_projects(tmp_path: Path) -> None:
    own = _read(tmp_path, HEAD + "12345,,90,,,\n,MC,,,true,\n")
    merged = with_defaults({"payer_policies": own})["payer_policies"].to_pylist()
    assert [row["filing_limit_days"] for row in merged if row["payer_id"] == "12345"] == [90]
    assert [row["requires_referral"] for row in merged if row["filing_code"] == "MC"] == [True]
    claims = tables([{"submitted": date(2024, 9, 1)}])
    book = load_rules()
    assert Scrubber(book, beside={"payer_policies": own}).run(claims)["rule_id"].to_pylist() == ["TFL-003"]
    assert Scrubber(book).run(claims).num_rows == 0


def test_coverage_of_271_answers(shared_dir: Path) -> None:
    sources = [x12.Source.at(path) for path in sorted((shared_dir / "samples" / "x12" / "271").iterdir())]
    given = coverage_of_answers(x12.read(sources, details=True).tables)
    assert given.schema == arrow("coverage")
    active = [row for row in given.to_pylist() if row["benefit_code"] == "1" and row["coverage_from_date"]]
    assert active
    assert all(row["payer_id"] and row["member_id"] and row["checked_date"] for row in active)
