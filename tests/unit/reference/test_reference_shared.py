"""Every file of the manifest of official tables, where it is: rows read = rows in the file less those reported."""

import csv
from datetime import date
from decimal import Decimal

import pyarrow.compute as pc
import pytest

from claims.reference import Status, load, open_reference, schema

pytestmark = pytest.mark.slow  # 4.9 million rows of official files

# Not tables of reference: a document, and examples made up by a reader of web pages.
_NO_TABLE = {"docs/RVU25D_documentation_extracted.txt", "truth/modifier_worked_examples.csv"}
_ROWS = {
    "pprrvu/rvu24a_jan.csv": 18499, "pprrvu/rvu24c_jul.csv": 18664, "pprrvu/rvu25d_oct.csv": 19090,
    "gpci/gpci_rvu24c.csv": 109, "gpci/GPCI2025.csv": 109, "gpci/GPCI2026.csv": 109,
    "zip_locality/zip5_2025Q4.csv": 42956, "mue/mue_practitioner_2024Q3.csv": 14677,
    "mue/mue_outpatient_hospital_2024Q3.csv": 14628, "mue/mue_dme_2024Q3.csv": 2928,
    "addon/ncci_addon_2024.csv": 7465, "codesets/place_of_service.csv": 99,
    "codesets/hcpcs_level2_2024Q3_fields.csv": 8033, "codesets/hcpcs_noc.csv": 161,
    "codesets/carc_rarc_group_ids.csv": 1581, "clfs/clfs_2026Q2.csv": 2006,
    "ncci_ptp/ncci_ptp_practitioner_2024Q3.csv": 1669820,
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(shared_dir, tmp_path_factory):
    home = tmp_path_factory.mktemp("reference")
    source = shared_dir / "reference"
    return source, home, {report.file: report for report in load(source, home)}


def test_every_file_of_the_manifest_is_loaded_row_for_row(loaded):
    source, _, reports = loaded
    with (source / "MANIFEST.tsv").open() as stream:
        names = [row["name"] for row in csv.DictReader(stream, delimiter="\t")]
    on_disk = [name for name in names if (source / name).is_file()]
    assert len(on_disk) >= 30
    for name in on_disk:
        report = reports[name.removesuffix(".gz")]
        if name in _NO_TABLE:
            assert report.status == Status.UNKNOWN
            continue
        assert report.status in {Status.LOADED, Status.LOADED_WITH_FINDINGS}, report
        used = report.header_lines + report.blank_lines + report.rows_read + report.rows_left_out + report.rows_refused
        assert used == report.lines, name
        reported = sum(f.count for f in report.findings if f.severity == "error")
        assert reported >= report.rows_refused, name
        assert report.rows_left_out == 0 or any(f.severity == "note" for f in report.findings), name
    assert {name: reports[name].rows_read for name in _ROWS} == _ROWS


def test_all_that_is_refused_is_one_placeholder_of_the_2026_fee_file(loaded):
    _, _, reports = loaded
    refused = {name: report.findings for name, report in reports.items() if report.rows_refused}
    assert list(refused) == ["pprrvu/rvu26c_jul_nonqpp.csv"]
    [finding] = [f for f in refused["pprrvu/rvu26c_jul_nonqpp.csv"] if f.severity == "error"]
    assert (finding.row, finding.column) == (16239, "hcpcs_code")


def test_a_second_load_changes_nothing(loaded):
    source, home, _ = loaded
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}
    again = {report.status for report in load(source / "pprrvu", home)}
    assert again == {Status.UNCHANGED}
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")} == before


def test_keys_hold_once_on_each_day_where_a_release_begins(loaded):
    _, home, _ = loaded
    reference = open_reference(home)
    for name, declared in schema.TABLES.items():
        for _, first, _ in reference.windows(name):
            held = reference.as_of(name, max(first, date(2024, 7, 1)))
            distinct = held.group_by(list(declared.key)).aggregate([]).num_rows
            assert distinct == held.num_rows, (name, first)


def test_prices_of_a_day_come_from_the_release_of_that_day(loaded):
    _, home, _ = loaded
    reference = open_reference(home)
    releases = {
        day: reference.release_of("fee_schedule", day)
        for day in (date(2024, 6, 30), date(2024, 7, 1), date(2025, 1, 1), date(2025, 10, 1), date(2026, 12, 31))
    }
    assert list(releases.values()) == ["2024-01-01", "2024-07-01", None, "2025-10-01", "2026-07-01"]
    held = reference.as_of("fee_schedule", date(2025, 12, 1))
    [visit] = held.filter(pc.and_(pc.equal(held["hcpcs_code"], "99213"), pc.equal(held["modifier"], ""))).to_pylist()
    assert (visit["work_rvu"], visit["conversion_factor"], visit["release"]) == (
        Decimal("1.3000"), Decimal("32.3465"), "2025-10-01",
    )  # fmt: skip
    assert reference.release_of("mue", date(2025, 1, 1), part="dme") == "dme-2024-07-01"


def test_millions_of_pairs_are_searched_without_being_read_whole(loaded):
    _, home, _ = loaded
    reference = open_reference(home)
    found = reference.table("ncci_pairs", where=pc.field("column1_code") == "29880")
    assert found.num_rows > 100
    assert set(found["column1_code"].to_pylist()) == {"29880"}
    assert not reference._tables


def test_no_table_holds_wording_that_is_not_ours(loaded):
    _, home, _ = loaded
    reference = open_reference(home)
    for release in reference.releases:
        wordy = {"description", "long_description", "short_description", "descriptor"}
        columns = set(schema.arrow(release.table).names)
        assert not columns & wordy or release.table == "icd10cm_codes"
