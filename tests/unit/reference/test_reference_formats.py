"""Each published layout, written here with made-up figures: told by its header, read whole, wrong cells named."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claims.reference import Status, load, open_reference, releases

_PPRRVU_HEAD = """,,{year} National Physician Fee Schedule Relative Value File {month} Release{fill}
,,Made-up figures in the published layout{fill}
,,RELEASED 12/23/{year}{fill}
"""
_STACK = (
    ",,,STATUS,MEDICARE ,WORK,NON-FAC,NA,FACILITY,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,INTRA,POST,MULT,BILAT,ASST,"
    "CO-,TEAM,{pric}ENDO,CONV,DIAGNOSTIC,CALCULATION,FAMILY,PAYMENT,PAYMENT,PAYMENT\n"
    "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,OP,PROC,"
    "SURG,SURG,SURG,SURG,{ind}BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,AMOUNT,AMOUNT,AMOUNT\n"
)


def _pprrvu(year: int, *, factor: str, wide: bool = False, rows: tuple[str, ...] = ()) -> bytes:
    pric = "9," if wide else ""
    tail = f"{factor},09,0"
    lines = rows or (
        f'99213,,"Words, not ours",A,,1.30,1.33,,0.55,,0.10,2.73,1.95,0,XXX,0,0,0,0,0,0,0,0,{pric},{tail},99,0,0,0',
        f"71046,26,Words,A,,0.18,0.07,NA,0.07,,0.01,0.26,0.26,1,XXX,0,0,0,4,0,0,0,0,{pric},{tail},88,0.10,0.10,0.01",
        f"45385,,Words,A,,4.57,8.94,,2.41,NA,0.65,14.16,7.63,0,000,0,1,0,3,0,1,0,0,{pric}45378,{tail},99,0,0,0",
    )
    head = _PPRRVU_HEAD.format(year=year, month="January", fill="," * (29 if wide else 28))
    stack = _STACK.format(pric="PRIC," if wide else "", ind="IND," if wide else "")
    return (head + stack + "\n".join(lines) + "\n").encode("cp1252")


def _load(tmp_path: Path, name: str, content: bytes, **options):
    inbox, home = tmp_path / "inbox", tmp_path / "reference"
    inbox.mkdir(exist_ok=True)
    path = inbox / name
    path.write_bytes(content)
    return list(load(path, home, **options)), open_reference(home)


@pytest.mark.parametrize(("year", "factor", "wide"), [(2025, "32.3465", False), (2026, "33.4009", True)])
def test_pprrvu_of_31_and_32_columns(tmp_path, year, factor, wide):
    [report], reference = _load(tmp_path, "anything.csv", _pprrvu(year, factor=factor, wide=wide))
    assert (report.status, report.format, report.rows_read) == (Status.LOADED, "pprrvu", 3)
    assert report.effective_from == f"{year}-01-01"
    rows = {(r["hcpcs_code"], r["modifier"]): r for r in reference.table("fee_schedule").to_pylist()}
    polyp = rows["45385", ""]
    assert (polyp["endoscopic_base_code"], polyp["multiple_procedure_indicator"]) == ("45378", "3")
    assert (polyp["conversion_factor"], polyp["intraoperative_share"]) == (Decimal(factor), Decimal(1))
    assert polyp["is_facility_na"]
    assert not polyp["is_nonfacility_na"]
    assert polyp["pricing_indicator"] == ("9" if wide else None)
    assert rows["71046", "26"]["opps_mp_rvu"] == Decimal("0.01")
    assert polyp["source_row"] == 8
    assert not any("Words" in str(value) for row in rows.values() for value in row.values())
    assert any("descriptor" in f.message for f in report.findings)


def test_the_qp_file_stands_beside_the_other(tmp_path):
    _load(tmp_path, "a.csv", _pprrvu(2026, factor="33.4009", wide=True))
    [report], reference = _load(tmp_path, "b.csv", _pprrvu(2026, factor="33.5675", wide=True))
    assert report.table == "fee_schedule_qp"
    assert reference.as_of("fee_schedule", date(2026, 3, 1)).num_rows == 3


def test_a_factor_of_another_year_and_a_total_that_does_not_add_up_are_warnings(tmp_path):
    row = "99213,,W,A,,1.30,1.33,,0.55,,0.10,2.99,1.95,0,XXX,0.00,0.00,0.00,0,0,0,0,0,,33.8872,09,0,99,0.00,0.00,0.00"
    [report], _ = _load(tmp_path, "a.csv", _pprrvu(2025, factor="", rows=(row,)))
    assert report.status == Status.LOADED
    assert {f.column for f in report.findings if f.severity == "warning"} == {
        "nonfacility_total_rvu",
        "conversion_factor",
    }


def test_wrong_cells_are_named_by_line_and_column_and_the_other_rows_are_loaded(tmp_path):
    content = (
        b"hcpcs_code,mue_units,mue_mai,mue_rationale\n"
        b"99213,1,2,x\n99214,minus,2,x\n9921,1,2,x\n99215,1,7,x\n"
        b"99215,1,2,x,too many\n,,,\n99202,3,3,x\n99202,4,3,x\n99213,1,2,x\n"
    )
    [report], reference = _load(tmp_path, "mue_practitioner_2024Q3.csv", content)
    assert report.status == Status.LOADED_WITH_FINDINGS
    assert [(f.row, f.column) for f in report.findings if f.severity == "error"] == [
        (6, None), (4, "hcpcs_code"), (3, "mue_units"), (5, "mai"), (9, "setting"),
    ]  # fmt: skip
    assert all(f.fix for f in report.findings if f.severity == "error")
    assert (report.lines, report.header_lines, report.blank_lines) == (10, 1, 1)
    assert (report.rows_read, report.rows_refused, report.rows_left_out) == (2, 5, 1)
    assert reference.table("mue")["mue_units"].to_pylist() == [3, 1]


_PTP_TEXT = (
    "Column1/Column2 Edits\t\t\t\t\t\t\n"
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\t\n"
    "\t\t\t\t*=no data\t1=allowed\t\n"
    "\t\t\t\t\t9=not applicable\t\n"
    "29880\t29881\t\t20000101\t20091231\t1\tr\n"
    "29880\t29881\t\t20120401\t*\t0\tr\n"
    "43239\t43235\t*\t19960101\t*\t0\tr\n"
)


def test_ncci_text_with_a_reinstated_pair_and_the_next_release(tmp_path):
    [report], reference = _load(tmp_path, "ccipra-v302r0-f1.txt", _PTP_TEXT.encode())
    assert (report.format, report.release, report.rows_read) == ("ncci_ptp", "practitioner-2024-07-01-f1", 3)
    held = {
        day: [
            r["modifier_indicator"]
            for r in reference.as_of("ncci_pairs", day).to_pylist()
            if r["column1_code"] == "29880"
        ]
        for day in (date(2009, 12, 31), date(2010, 1, 1), date(2012, 4, 1), date(2024, 8, 1))
    }
    assert list(held.values()) == [["1"], [], ["0"], ["0"]]
    # Another file of the same release stands beside it, the next release of the same part replaces both.
    second = _PTP_TEXT.replace("29880", "29870")
    _, reference = _load(tmp_path, "ccipra-v302r0-f2.txt", second.encode())
    assert reference.as_of("ncci_pairs", date(2024, 8, 1)).num_rows == 3
    _, reference = _load(tmp_path, "ccipra-v303r0-f1.txt", _PTP_TEXT.replace("29881", "29882").encode())
    assert set(reference.as_of("ncci_pairs", date(2024, 8, 1))["column2_code"].to_pylist()) == {"29882", "43235"}
    assert len(releases(tmp_path / "reference")) == 3


def test_ncci_workbook(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for line in _PTP_TEXT.splitlines():
        book.active.append([int(c) if c.isdigit() and len(c) == 8 else c for c in line.split("\t")])
    stream = io.BytesIO()
    book.save(stream)
    [report], reference = _load(tmp_path, "ccioph-v302r0-f1.xlsx", stream.getvalue())
    assert (report.status, report.rows_read) == (Status.LOADED, 3)
    assert set(reference.table("ncci_pairs")["setting"].to_pylist()) == {"outpatient_hospital"}


def test_mue_as_published_with_a_header_cell_over_two_lines(tmp_path):
    content = (
        '"Some notice\nover two lines",,,\n"HCPCS/\nCPT Code",Outpatient Hospital Services MUE Values,'
        "MUE Adjudication Indicator,MUE Rationale\n99213,2,3 Date of Service Edit: Clinical,Data\n"
    )
    [report], reference = _load(tmp_path, "MCR_MUE_Eff_07-01-2024.csv", content.encode())
    assert (report.release, report.rows_read) == ("outpatient-hospital-2024-07-01", 1)
    assert reference.table("mue").select(["mai", "source_row"]).to_pylist() == [{"mai": "3", "source_row": 5}]


def test_add_on_codes_as_published_with_julian_dates(tmp_path):
    content = (
        "Add-On Code,AOC Del Dt,Primary Code,Primary Code Del Dt,AOC Edit Eff Dt,AOC Edit Del Dt,AOC Edit Type\n"
        "99292,,99291,,2013091,,1\n01968,,01967,2024366,2013091,,1\n0054T,,CCCCC,,2013091,,2\n"
    )
    [report], reference = _load(tmp_path, "AOC_V2024Q2-MCR.csv", content.encode())
    assert (report.effective_from, report.rows_read) == ("2024-04-01", 3)
    rows = {r["add_on_code"]: r for r in reference.table("add_on_codes").to_pylist()}
    assert rows["99292"]["effective_from"] == date(2013, 4, 1)
    assert rows["01968"]["effective_to"] == date(2024, 12, 31)


def test_icd10cm_order_file(tmp_path):
    content = (
        f"00001 A00     0 {'Cholera':60} Cholera\r\n"
        f"00002 A000    1 {'Cholera due to Vibrio':60} Cholera due to Vibrio cholerae 01, biovar cholerae\r\n"
    )
    [report], reference = _load(tmp_path, "icd10cm_order_2025.txt", content.encode())
    assert (report.format, report.effective_from, report.rows_read) == ("icd10cm_order", "2024-10-01", 2)
    codes = reference.table("icd10cm_codes").to_pylist()
    assert [(c["icd10cm_code"], c["is_billable"]) for c in codes] == [("A00", False), ("A000", True)]
    assert codes[1]["description"].endswith("biovar cholerae")


_TABULAR = """<?xml version="1.0"?><ICD10CM.tabular><version>2025</version><chapter><name>19</name>
<section id="S50-S59"><diag><name>S52</name><desc>Fracture of forearm</desc>
<excludes1><note>traumatic amputation of forearm (S58.-)</note></excludes1>
<excludes2><note>fracture at wrist and hand level (S62.-)</note><note>burns (T20-T32)</note></excludes2>
<sevenChrDef><extension char="A">initial</extension><extension char="D">subsequent</extension></sevenChrDef>
<diag><name>S52.5</name><desc>Fracture of lower end of radius</desc>
<codeFirst><note>underlying thing, such as: (M80.0-, M84.5)</note></codeFirst>
<diag><name>S52.50</name><desc>Unspecified</desc></diag></diag></diag>
<diag><name>S59</name><desc>Other</desc></diag></section></chapter></ICD10CM.tabular>"""


def test_icd10cm_tabular_list(tmp_path):
    reports, reference = _load(tmp_path, "tabular.xml", _TABULAR.encode())
    assert [r.table for r in reports] == ["icd10cm_codes", "icd10cm_sevenths", "icd10cm_notes"]
    assert {r.effective_from for r in reports} == {"2024-10-01"}
    codes = {c["icd10cm_code"]: c["is_billable"] for c in reference.table("icd10cm_codes").to_pylist()}
    assert codes == {"S52": False, "S525": False, "S5250": False, "S5250XA": True, "S5250XD": True, "S59": True}
    notes = {tuple(n.values())[:4] for n in reference.table("icd10cm_notes").to_pylist()}
    assert notes == {
        ("S52", "excludes1", "S58", "S58"), ("S52", "excludes2", "S62", "S62"), ("S52", "excludes2", "T20", "T32"),
        ("S525", "code_first", "M800", "M800"), ("S525", "code_first", "M845", "M845"),
    }  # fmt: skip


def test_a_document_with_entities_is_not_read_as_a_tabular_list(tmp_path):
    content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + _TABULAR.encode()
    [report], _ = _load(tmp_path, "tabular.xml", content)
    assert report.status == Status.UNKNOWN


def _hcpcs_record(code: str, record: str, ended: str = "") -> str:
    line = list(" " * 320)
    for first, text in ((1, code), (6, "00100"), (11, record), (12, "Words of ours"), (120, "57"), (128, "A"),
                        (205, "J9999"), (230, "D"), (257, "O1E"), (261, "1"), (266, "003"), (269, "20200101"),
                        (277, "20200101"), (285, ended), (293, "N")):  # fmt: skip
        line[first - 1 : first - 1 + len(text)] = text
    return "".join(line)


def test_hcpcs_records(tmp_path):
    lines = [_hcpcs_record("J3490", "3"), _hcpcs_record("J3490", "4"), _hcpcs_record("J0001", "3", "20241231")]
    [report], reference = _load(tmp_path, "HCPC2025_JAN_ANWEB.txt", "\r\n".join(lines).encode())
    assert (report.format, report.rows_read, report.rows_left_out) == ("hcpcs_records", 2, 1)
    [ended, open_] = reference.table("hcpcs_codes").to_pylist()
    assert (ended["effective_from"], ended["effective_to"]) == (date(2020, 1, 1), date(2024, 12, 31))
    assert (open_["hcpcs_code"], open_["coverage_code"], open_["anesthesia_base_units"]) == ("J3490", "D", 3)
    assert not any("Words" in str(v) for v in open_.values())


def test_zip5_records(tmp_path):
    line = f"AK99501021020{'1'}R{' ' * 5}1{' ' * 54}20254"
    [report], reference = _load(tmp_path, "ZIP5.txt", (line + "\r\n").encode())
    assert (report.format, report.effective_from) == ("zip5_csv", "2025-10-01")
    [row] = reference.table("zip_localities").to_pylist()
    assert (row["zip5"], row["mac"], row["locality"], row["rural_indicator"], row["has_zip9"]) == (
        "99501", "02102", "01", "R", True,
    )  # fmt: skip


def test_fees_of_a_contractor_as_published(tmp_path):
    line = '"2025","10112","00","{}","  ","0000260.99","0000080.25"," ","0","A","2","0000000.00","0000000.00","9"'
    content = "\r\n".join(line.format(code) for code in ("10007", "10008"))
    [report], reference = _load(tmp_path, "PFAL25A.TXT", content.encode())
    assert (report.table, report.release, report.rows_read) == ("published_fees", "2025-01-01-10112", 2)
    assert reference.table("published_fees")["facility_amount"].to_pylist() == [Decimal("80.25")] * 2


def test_gpci_with_title_lines_and_footers(tmp_path):
    content = (
        "ADDENDUM E. FINAL CY 2025 GEOGRAPHIC PRACTICE COST INDICES (GPCIs),,,,,,\n,,,,,,\n"
        "Medicare Administrative Contractor (MAC),State,Locality Number,Locality Name,"
        "2025 PW GPCI (with 1.0 Floor),2025 PE GPCI,2025 MP GPCI\n"
        "2102,AK,1,ALASKA*,1.5,1.081,0.592\n,,,,,,\n*Work GPCI reflects a floor.,,,,,,\n"
    )
    [report], reference = _load(tmp_path, "x.csv", content.encode())
    assert (report.status, report.effective_from, report.blank_lines) == (Status.LOADED, "2025-01-01", 2)
    [row] = reference.table("gpci").to_pylist()
    assert (row["mac"], row["locality"], row["locality_name"], row["work_gpci"]) == (
        "02102", "01", "ALASKA", Decimal("1.5"),
    )  # fmt: skip


def test_archives_are_opened_and_what_is_no_reference_file_is_said(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("PPRRVU.csv", _pprrvu(2025, factor="32.3465"))
        archive.writestr("readme.txt", "words")
    reports, _ = _load(tmp_path, "rvu25a.zip", stream.getvalue())
    assert [(r.file, r.status) for r in reports] == [
        ("rvu25a.zip/PPRRVU.csv", Status.LOADED),
        ("rvu25a.zip/readme.txt", Status.UNKNOWN),
    ]


def test_a_file_without_a_date_is_refused_until_it_gets_one(tmp_path):
    content = b"hcpcs,rate\n80053,10.56\n"
    [report], _ = _load(tmp_path, "clfs.csv", content)
    assert report.status == Status.REFUSED
    assert "--effective" in report.findings[0].fix
    [report], reference = _load(tmp_path, "clfs.csv", content, effective=date(2025, 1, 1))
    assert report.status == Status.LOADED
    assert reference.release_of("clfs", date(2025, 6, 1)) == "2025-01-01"
    assert reference.release_of("clfs", date(2024, 6, 1)) is None


def test_a_correction_of_the_same_day_is_a_revision_and_the_release_before_stays(tmp_path):
    _load(tmp_path, "clfs_2025Q1.csv", b"hcpcs,rate\n80053,10.56\n")
    [again], _ = _load(tmp_path, "clfs_2025Q1.csv", b"hcpcs,rate\n80053,10.56\n")
    assert again.status == Status.UNCHANGED
    [report], reference = _load(tmp_path, "clfs_2025Q1.csv", b"hcpcs,rate\n80053,10.99\n")
    assert report.release == "2025-01-01.2"
    assert reference.table("clfs")["rate_amount"].to_pylist() == [Decimal("10.99")]
    assert [r.name for r in reference.releases] == ["2025-01-01", "2025-01-01.2"]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bbroken", b"PK\x03\x04broken", b"\x00" * 100, b"{}", b"<a/>"])
def test_bytes_that_are_nothing_known_are_said_and_never_raise(tmp_path, content):
    [report], _ = _load(tmp_path, "x.csv", content)
    assert report.status in {Status.UNKNOWN, Status.REFUSED}
    assert report.findings[0].fix
