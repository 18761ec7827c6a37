"""The rules on the sample claims of others: every rule that fires there is explained, and how often it does.

The samples are X12's own examples and those of two libraries, some of version 004010, some with mistakes on purpose.
"""

from collections import Counter
from pathlib import Path

from claims.interchange import x12
from claims.reference import open_reference
from quality.scrub import Scrubber

FOLDERS = ("837P", "837I", "837D", "mixed")
# rule -> (how often, why): a rule that fires and is not here, or oftener, is looked at before it goes in.
EXPLAINED: dict[str, tuple[int, str]] = {
    "COB-001": (1, "a secondary claim of pyx12 without any word of the first payer"),
    "COB-006": (1, "an accident (CLM11 OA) on a claim to Medicare alone"),
    "COB-013": (65, "SVD01 of the 004010 sample names no payer of its 2320 loops"),
    "DAT-002": (1, "a line of the 004010 sample dated after its BHT04"),
    "DAT-007": (8, "service dates of other years than the statement period"),
    "DAT-014": (1, "a claim of the 004010 sample with dates of two years"),
    "DUP-002": (2, "two lines that are the same to the last character"),
    "DX-005": (1, "the sample sends its HI twice"),
    "DX-006": (11, "CLM, HI and SV1 are written with a separator that ISA16 does not name: no diagnosis is read"),
    "DX-026": (1, "an inpatient bill without HI*BJ"),
    "ELG-006": (5, "the child of X12's example is born in 1973"),
    "FIN-001": (4, "lines that do not add up to CLM02"),
    "IDN-001": (31, "employer ids (NM108 24) and short numbers where an NPI belongs"),
    "IDN-002": (23, "made-up numbers"),
    "IDN-003": (14, "made-up numbers"),
    "IDN-004": (1, "an employer id that begins with 89, a prefix never assigned"),
    "IDN-005": (7, "a made-up number in REF*SY"),
    "IDN-008": (15, "taxonomy codes that end in Y"),
    "INS-001": (2, "CLM05 is written with a separator that ISA16 does not name"),
    "INS-006": (3, "CL103 is 1, with one digit"),
    "INS-014": (1, "an inpatient bill without a room"),
    "POS-001": (5, "CLM05 is written with a separator that ISA16 does not name"),
    "REQ-001": (1, "a sample without loop 2010AA"),
    "REQ-002": (1, "a sample without loop 2010AA"),
    "REQ-003": (1, "a sample without loop 2010AA"),
    "REQ-004": (1, "N3 of the billing provider is a post office box"),
    "REQ-005": (1, "a sample without loop 2010AA"),
    "REQ-006": (47, "ZIP codes of five digits"),
    "REQ-007": (21, "the tax id stands in NM109 with 24, as in 004010, and no REF*EI"),
    "REQ-012": (4, "a dependent whose relationship stands in SBR02, or in no PAT01"),
    "REQ-019": (5, "SV101 is written with a separator that ISA16 does not name"),
    "REQ-023": (6, "HI is written with a separator that ISA16 does not name, or is not there"),
    "REQ-024": (1, "a line without SV107"),
    "REQ-026": (6, "CLM05 is written with a separator that ISA16 does not name"),
    "REQ-030": (10, "CLM09 A, M, N or O, as in 004010"),
    "REQ-033": (2, "two payers with the same SBR01"),
    "REQ-035": (1, "CLM11 AA without a state"),
}


def test_every_finding_on_the_samples_is_explained(shared_dir: Path) -> None:
    paths = [path for name in FOLDERS for path in sorted((shared_dir / "samples" / "x12" / name).iterdir())]
    sources = {source.file_id: source for source in map(x12.Source.at, paths)}
    tables = x12.read(list(sources.values()), details=True).tables
    edits = Scrubber(reference=open_reference(None)).run(tables)
    assert Counter(edits["rule_id"].to_pylist()) == {rule: count for rule, (count, _) in EXPLAINED.items()}
