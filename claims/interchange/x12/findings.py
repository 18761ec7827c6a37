"""What can be wrong with an interchange: the catalogue of stable codes, and the collector that makes the table.

Belongs here: each code's severity, what it quarantines, the 999 code that reports it, its message and its fix.
Messages never hold a value of the file. Does not belong here: the checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.interchange.x12.tokens import Flags, Index


class Finding(NamedTuple):
    """One kind of finding. `scope`: what it quarantines; `syntax_code`: the IK3-04, IK4-03 or IK5-02 code of a 999."""

    code: str
    severity: str
    scope: str
    syntax_code: str | None
    message: str
    fix: str


_RESEND = "Ask the sender for the whole file again."
_SENDER = "Tell the sender; the data was read as it stands."

CATALOGUE: tuple[Finding, ...] = (
    # -- file ---------------------------------------------------------------------------------------------------------
    Finding("X12-FILE-EMPTY", "error", "interchange", None, "The file is empty", _RESEND),
    Finding(
        "X12-FILE-NOT-X12",
        "error",
        "interchange",
        None,
        "The file holds no ISA segment: it is not an X12 interchange",
        "Check that the right file was sent and that it was not encrypted or converted on the way.",
    ),
    Finding(
        "X12-FILE-COMPRESSED",
        "error",
        "interchange",
        None,
        "The file is a compressed archive",
        "Unpack it and send the files inside.",
    ),
    Finding(
        "X12-FILE-UTF16",
        "error",
        "interchange",
        None,
        "The file is encoded as UTF-16",
        "Send it as ASCII or UTF-8, one byte for each character of the basic set.",
    ),
    Finding(
        "X12-FILE-ISA-BROKEN",
        "error",
        "interchange",
        None,
        "The ISA segment does not have sixteen elements, so its delimiters are unknown",
        "Send the ISA as 106 bytes with all sixteen elements padded to their fixed lengths.",
    ),
    Finding(
        "X12-FILE-LEADING-BYTES",
        "warning",
        "none",
        None,
        "Bytes that belong to no interchange stand before the first ISA",
        "Remove what stands before the ISA.",
    ),
    Finding("X12-FILE-LATIN1", "info", "none", None, "The text is not UTF-8; it was read as Latin-1", _SENDER),
    # -- interchange and group ----------------------------------------------------------------------------------------
    Finding(
        "X12-ISA-LENGTH",
        "error",
        "none",
        None,
        "The ISA segment is not 106 bytes long; delimiters were found by counting its separators",
        "Pad the elements of the ISA to their fixed lengths.",
    ),
    Finding("X12-ISA-DATE", "warning", "none", None, "ISA09 is not a date", _SENDER),
    Finding(
        "X12-ISA-DUPLICATE",
        "error",
        "none",
        None,
        "Two interchanges of the file have the same sender and control number",
        "Check whether the same interchange was sent twice.",
    ),
    Finding(
        "X12-SEGMENT-UNTERMINATED",
        "warning",
        "none",
        None,
        "The last segment of the interchange has no terminator",
        "End every segment, the IEA included, with the terminator.",
    ),
    Finding("X12-SEGMENT-EMPTY", "info", "none", "8", "Two terminators stand with nothing between them", _SENDER),
    Finding("X12-IEA-MISSING", "error", "none", None, "The interchange has no IEA: it may be cut short", _RESEND),
    Finding("X12-IEA-COUNT", "error", "none", None, "IEA01 is not the number of functional groups", _SENDER),
    Finding("X12-IEA-CONTROL", "error", "none", None, "IEA02 is not ISA13", _SENDER),
    Finding("X12-GE-MISSING", "error", "none", "3", "The functional group has no GE", _RESEND),
    Finding("X12-GE-COUNT", "error", "none", "5", "GE01 is not the number of transaction sets", _SENDER),
    Finding("X12-GE-CONTROL", "error", "none", "4", "GE02 is not GS06", _SENDER),
    Finding(
        "X12-GS-DUPLICATE", "error", "none", "19", "Two groups of the interchange have the same control number", _SENDER
    ),
    Finding(
        "X12-ENVELOPE-ORPHAN",
        "error",
        "none",
        "2",
        "A trailer (SE, GE or IEA) stands without its header",
        _RESEND,
    ),
    Finding(
        "X12-SEGMENT-OUTSIDE",
        "error",
        "none",
        "2",
        "A segment stands outside any transaction set",
        _RESEND,
    ),
    # -- transaction set ----------------------------------------------------------------------------------------------
    Finding(
        "X12-ST-OUTSIDE-GROUP",
        "error",
        "none",
        None,
        "The transaction set stands outside any functional group",
        _SENDER,
    ),
    Finding(
        "X12-SET-TOO-LONG",
        "error",
        "transaction",
        "5",
        "More than 64 MB stand without the start of a transaction set; they are kept and not read",
        "Send transaction sets of at most 5,000 claims, and end every segment with the terminator of the ISA.",
    ),
    Finding(
        "X12-ST-UNKNOWN",
        "error",
        "transaction",
        "1",
        "The kind of transaction set is not one that is read here",
        "Send 837, 835, 999, 997, 276, 277, 270, 271 or 278 sets, 004010 or 005010.",
    ),
    Finding(
        "X12-ST-GUIDE",
        "warning",
        "none",
        None,
        "The guide in ST03 or GS08 does not fit the service lines found; the lines decided",
        "Correct GS08 and ST03.",
    ),
    Finding(
        "X12-ST-DUPLICATE",
        "error",
        "none",
        "23",
        "Two transaction sets of the group have the same control number",
        _SENDER,
    ),
    Finding("X12-SE-MISSING", "error", "transaction", "2", "The transaction set has no SE: it is cut short", _RESEND),
    Finding(
        "X12-SE-COUNT",
        "error",
        "transaction",
        "4",
        "SE01 is not the number of segments: some were lost or added",
        _RESEND,
    ),
    Finding("X12-SE-CONTROL", "error", "transaction", "3", "SE02 is not ST02", _RESEND),
    Finding(
        "X12-BODY-MISSING",
        "error",
        "transaction",
        "5",
        "The transaction set holds nothing of what its kind is for",
        _RESEND,
    ),
    # -- segments and elements ----------------------------------------------------------------------------------------
    Finding(
        "X12-SEGMENT-UNKNOWN",
        "warning",
        "none",
        "1",
        "Unknown segment identifier",
        "Remove the segment or correct its identifier.",
    ),
    Finding("X12-ELEMENT-AMOUNT", "error", "none", "6", "Not an amount", "Send digits with at most two after a point."),
    Finding("X12-ELEMENT-NUMBER", "error", "none", "6", "Not a number", "Send digits, with a point where needed."),
    Finding(
        "X12-ELEMENT-DATE",
        "error",
        "none",
        "8",
        "Not a date of the calendar",
        "Send CCYYMMDD, or a range of two dates.",
    ),
    # -- claims: what every guide requires ----------------------------------------------------------------------------
    Finding("X12-BHT-MISSING", "error", "none", "3", "The set has no BHT", "Send BHT right after ST."),
    Finding("X12-SUBMITTER-MISSING", "error", "none", "I7", "The set names no submitter (1000A)", "Send NM1*41."),
    Finding("X12-RECEIVER-MISSING", "error", "none", "I7", "The set names no receiver (1000B)", "Send NM1*40."),
    Finding(
        "X12-HL-ID", "error", "none", "7", "HL01 is not the next number of its set", "Number the HL from 1, step 1."
    ),
    Finding(
        "X12-HL-PARENT", "error", "none", "7", "HL02 names no earlier HL of its set", "Point HL02 at the level above."
    ),
    Finding(
        "X12-CLM-ID",
        "error",
        "claim",
        "1",
        "CLM01 is missing: the claim cannot be followed",
        "Send the patient control number.",
    ),
    Finding("X12-CLM-CHARGE", "error", "claim", "1", "CLM02 is missing or not an amount", "Send the total charge."),
    Finding(
        "X12-CLM-NO-LINES", "error", "claim", "3", "The claim has no service line", "Send at least one LX with its SV."
    ),
    Finding(
        "X12-CLM-BALANCE",
        "error",
        "none",
        "I12",
        "CLM02 is not the sum of its line charges",
        "Correct CLM02, or send the line that is missing.",
    ),
    Finding(
        "X12-CLM-DUPLICATE",
        "warning",
        "none",
        None,
        "The same CLM01 and frequency stand twice in the set",
        "Send each claim once.",
    ),
    Finding(
        "X12-CLM-ORIGINAL",
        "error",
        "none",
        "I6",
        "A replacement or void (CLM05-3 of 7 or 8) names no original claim",
        "Send REF*F8 with the payer's control number of the claim that is replaced.",
    ),
    Finding(
        "X12-BILLING-MISSING",
        "error",
        "none",
        "I7",
        "The claim has no billing provider (2010AA)",
        "Send NM1*85 under HL 20.",
    ),
    Finding(
        "X12-SUBSCRIBER-MISSING",
        "error",
        "none",
        "I7",
        "The claim has no subscriber (SBR and NM1*IL)",
        "Send 2000B and 2010BA.",
    ),
    Finding(
        "X12-PAYER-MISSING",
        "error",
        "none",
        "I7",
        "The claim has no payer (2010BB)",
        "Send NM1*PR under the subscriber.",
    ),
    Finding("X12-HI-MISSING", "error", "none", "I6", "The claim has no principal diagnosis", "Send HI*ABK."),
    Finding(
        "X12-STATEMENT-MISSING", "error", "none", "I8", "An institutional claim has no statement dates", "Send DTP*434."
    ),
    Finding(
        "X12-LINE-SERVICE", "error", "none", "3", "The line has no SV1, SV2 or SV3", "Send the service of the line."
    ),
    Finding("X12-LINE-CHARGE", "error", "none", "3", "The line has no charge", "Send the line's charge."),
    Finding(
        "X12-LINE-PROCEDURE", "error", "none", "I6", "The line names no procedure or revenue code", "Send the code."
    ),
    Finding("X12-LINE-DATE", "error", "none", "I8", "The line has no date of service", "Send DTP*472."),
    Finding(
        "X12-LINE-POINTER",
        "error",
        "none",
        "I12",
        "A diagnosis pointer points to no diagnosis of the claim",
        "Point to 1..n.",
    ),
    Finding(
        "X12-ELEMENT-CODE", "error", "none", "7", "The code is not one of the guide's list", "Send a code of the list."
    ),
    Finding(
        "X12-COMPONENT-MARK",
        "error",
        "none",
        "6",
        "A composite holds another mark than the component separator of ISA16, so its parts are unknown",
        "Send in ISA16 the separator that the composites use.",
    ),
    Finding("X12-NPI", "error", "none", "I12", "The check digit of the NPI is wrong", "Correct the NPI."),
    Finding(
        "X12-COB-LINE",
        "error",
        "none",
        "I12",
        "Line charge is not what the other payer paid plus its adjustments of the line",
        "Send SVD and CAS of 2430 as the other payer's 835 has them.",
    ),
    Finding(
        "X12-COB-CLAIM",
        "error",
        "none",
        "I12",
        "CLM02 is not what the other payer paid plus all its adjustments",
        "Send AMT*D and CAS of 2320 and 2430 as the other payer's 835 has them.",
    ),
    Finding(
        "X12-COB-PAID",
        "error",
        "none",
        "I12",
        "AMT*D is not the sum of SVD02 less the CAS of 2320",
        "Send AMT*D, SVD and CAS as the other payer's 835 has them.",
    ),
    # -- remittances --------------------------------------------------------------------------------------------------
    Finding(
        "X12-TRN-MISSING",
        "error",
        "none",
        "3",
        "The payment has no trace number",
        "Send TRN with the check or EFT number.",
    ),
    Finding("X12-REMIT-PAYER-MISSING", "error", "none", "I7", "The payment names no payer (N1*PR)", "Send N1*PR."),
    Finding("X12-REMIT-PAYEE-MISSING", "error", "none", "I7", "The payment names no payee (N1*PE)", "Send N1*PE."),
    Finding(
        "X12-CLP-ID",
        "error",
        "claim",
        "1",
        "CLP01 is missing: the payment cannot be matched",
        "Send the patient control number.",
    ),
    Finding(
        "X12-CLP-AMOUNT",
        "error",
        "claim",
        "1",
        "CLP03 or CLP04 is missing or not an amount",
        "Send charge and payment.",
    ),
    Finding("X12-CLP-STATUS", "error", "claim", "1", "CLP02 is missing", "Send the claim status code."),
    Finding("X12-CLP-CONTROL", "error", "none", "1", "CLP07 is missing", "Send the payer's claim control number."),
    Finding(
        "X12-SVC-AMOUNT", "error", "none", "1", "SVC02 or SVC03 is missing", "Send charge and payment of the line."
    ),
    Finding(
        "X12-BALANCE-SERVICE",
        "error",
        "none",
        "I12",
        "SVC02 less the line's adjustments is not SVC03",
        "Ask the payer for a corrected remittance; post the line by hand.",
    ),
    Finding(
        "X12-BALANCE-CLAIM",
        "error",
        "none",
        "I12",
        "CLP03 less all adjustments of the claim is not CLP04",
        "Ask the payer for a corrected remittance; post the claim by hand.",
    ),
    Finding(
        "X12-BALANCE-TRANSACTION",
        "error",
        "none",
        "I12",
        "BPR02 is not the sum of CLP04 less the provider adjustments",
        "Ask the payer for a corrected remittance; do not post the difference.",
    ),
    # -- what the sets without claims must hold (`required`) ----------------------------------------------------------
    Finding(
        "X12-ELEMENT-MISSING", "error", "none", "1", "An element that the guide requires is absent", "Send the element."
    ),
    Finding("X12-HL-20-MISSING", "error", "none", "3", "The set has no information source", "Send HL with HL03 = 20."),
    Finding("X12-HL-21-MISSING", "error", "none", "3", "The set has no receiver level", "Send HL with HL03 = 21."),
    Finding("X12-HL-19-MISSING", "error", "none", "3", "The set has no provider level", "Send HL with HL03 = 19."),
    Finding("X12-HL-22-MISSING", "error", "none", "3", "The set has no subscriber level", "Send HL with HL03 = 22."),
    Finding("X12-HL-EV-MISSING", "error", "none", "3", "The request has no patient event", "Send HL with HL03 = EV."),
    Finding("X12-HL-PARTY", "error", "none", "3", "The level names nobody", "Send NM1 in the level."),
    Finding(
        "X12-INQUIRY-MISSING",
        "error",
        "none",
        "3",
        "The patient's level of a 270 asks nothing",
        "Send at least one EQ.",
    ),
    Finding(
        "X12-BENEFIT-MISSING",
        "error",
        "none",
        "3",
        "The patient's level of a 271 tells no benefit and no reason for refusal",
        "Send EB, or AAA.",
    ),
    Finding("X12-DEMOGRAPHICS-MISSING", "error", "none", "3", "The patient has no birth date and sex", "Send DMG."),
    Finding("X12-REVIEW-MISSING", "error", "none", "3", "The event of a 278 asks for no review", "Send UM."),
    Finding("X12-TRACE-MISSING", "error", "none", "3", "The level has no trace number", "Send TRN in the level."),
    Finding("X12-STATUS-MISSING", "error", "none", "3", "Nothing is said of what is traced", "Send STC after it."),
    Finding(
        "X12-RECEIPT-DATE-MISSING",
        "error",
        "none",
        "3",
        "The 277CA has no day of receipt",
        "Send DTP*050 after its TRN.",
    ),
    Finding(
        "X12-PROCESS-DATE-MISSING",
        "error",
        "none",
        "3",
        "The 277CA has no day of processing",
        "Send DTP*009 after its TRN.",
    ),
    Finding(
        "X12-SERVICE-DATE-MISSING", "error", "none", "3", "The claim or line has no date of service", "Send DTP*472."
    ),
    Finding("X12-AK9-MISSING", "error", "none", "3", "The answer has no verdict on the group", "Send AK9 before SE."),
    Finding(
        "X12-IK5-MISSING", "error", "none", "3", "The answer has no verdict on a set", "Send IK5 (997: AK5) after AK2."
    ),
    # -- what claims and remittances must hold (`required_claims`) ----------------------------------------------------
    Finding(
        "X12-ELEMENT-PAIR",
        "error",
        "none",
        "2",
        "An element stands without the one that goes with it",
        "Send both elements, or neither.",
    ),
    Finding("X12-CONTACT-MISSING", "error", "none", "3", "The submitter or payer names no contact", "Send PER."),
    Finding("X12-ADDRESS-MISSING", "error", "none", "3", "The party has no street address", "Send N3 after its name."),
    Finding("X12-CITY-MISSING", "error", "none", "3", "The party has no city and state", "Send N4 after its N3."),
    Finding(
        "X12-TAX-ID-MISSING",
        "error",
        "none",
        "3",
        "The billing provider or pay-to plan has no tax number",
        "Send REF*EI (or REF*SY for a person).",
    ),
    Finding("X12-MEMBER-MISSING", "error", "none", "I7", "The subscriber level names no subscriber", "Send NM1*IL."),
    Finding(
        "X12-RELATIONSHIP-MISSING",
        "error",
        "none",
        "3",
        "The patient level does not say how the patient is related to the subscriber",
        "Send PAT after HL.",
    ),
    Finding("X12-PATIENT-MISSING", "error", "none", "I7", "The level or payment names no patient", "Send NM1*QC."),
    Finding(
        "X12-CL1-MISSING",
        "error",
        "none",
        "3",
        "An institutional claim says nothing of admission and patient status",
        "Send CL1.",
    ),
    Finding(
        "X12-OTHER-COVERAGE-MISSING", "error", "none", "3", "The other coverage (2320) has no OI", "Send OI in 2320."
    ),
    Finding(
        "X12-OTHER-MEMBER-MISSING",
        "error",
        "none",
        "I7",
        "The other coverage names no subscriber (2330A)",
        "Send NM1*IL after OI.",
    ),
    Finding(
        "X12-OTHER-PAYER-MISSING",
        "error",
        "none",
        "I7",
        "The other coverage names no payer (2330B)",
        "Send NM1*PR in 2330B.",
    ),
    Finding(
        "X12-OTHER-ID-MISSING",
        "error",
        "none",
        "3",
        "A provider of another payer has no number of that payer",
        "Send REF after its NM1.",
    ),
    Finding("X12-DRUG-QUANTITY-MISSING", "error", "none", "3", "The drug has no quantity", "Send CTP after LIN."),
    Finding(
        "X12-ADJUDICATION-DATE-MISSING",
        "error",
        "none",
        "3",
        "The other payer's decision on the line has no date",
        "Send DTP*573 after SVD.",
    ),
    Finding("X12-FORM-ANSWER-MISSING", "error", "none", "3", "The form has no answer", "Send FRM after LQ."),
)

BY_CODE: dict[str, Finding] = {finding.code: finding for finding in CATALOGUE}


def as_markdown() -> str:
    """The catalogue as the section of `docs/errors.md` that is about X12."""
    lines = [
        "## Findings in X12 files",
        "",
        "Rows of `bronze/findings`. Scope says what a finding of severity error puts aside: the smallest unit that",
        "cannot be trusted; `none` puts nothing aside. The last column is the 999 code that reports it.",
        "",
        "| code | severity | scope | what is wrong | what to do | 999 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{f.code}` | {f.severity} | {f.scope} | {f.message} | {f.fix} | {f.syntax_code or ''} |" for f in CATALOGUE
    ]
    return "\n".join(lines) + "\n"


@dataclass
class _Chunk:
    code: str
    segment: Index
    element: int | Index | None
    component: int | None


class Findings:
    """Findings as they are made: about segments (vectorised), or about a place in a file."""

    def __init__(self) -> None:
        self.chunks: list[_Chunk] = []
        self.of_files: list[tuple[str, int, int]] = []

    def add(self, code: str, segments: Index, element: int | Index | None = None, component: int | None = None) -> None:
        """One finding for each of `segments`; `element` is one position for all, or one per segment."""
        if len(segments):
            self.chunks.append(_Chunk(code, np.asarray(segments), element, component))

    def bad(
        self, code: str, segments: Index, where: Flags, element: int | Index | None, component: int | None = None
    ) -> None:
        """One finding for each segment where `where` holds."""
        if where.any():
            at = np.flatnonzero(where)
            self.add(code, segments[at], element[at] if isinstance(element, np.ndarray) else element, component)

    def add_file(self, code: str, source: int, offset: int = 0) -> None:
        """A finding about source number `source` at `offset`."""
        self.of_files.append((code, source, offset))

    def flatten(self) -> "Flat":
        """All findings about segments, in order of segment."""
        if not self.chunks:
            none = np.zeros(0, np.int64)
            return Flat(none, none, none, none, [])
        codes = sorted({chunk.code for chunk in self.chunks})
        number = {code: n for n, code in enumerate(codes)}
        segment = np.concatenate([chunk.segment.astype(np.int64) for chunk in self.chunks])
        code = np.concatenate([np.full(len(c.segment), number[c.code]) for c in self.chunks])
        element = np.concatenate([_spread(c.element, len(c.segment)) for c in self.chunks])
        component = np.concatenate([_spread(c.component, len(c.segment)) for c in self.chunks])
        # A value that several rows share (a subscriber's birth date) is one finding.
        rows = np.unique(np.stack([segment, code, element, component], axis=1), axis=0)
        return Flat(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], codes)


class Flat(NamedTuple):
    """Findings about segments as arrays; `code` indexes `codes`; 0 stands for no element or component."""

    segment: Index
    code: Index
    element: Index
    component: Index
    codes: Sequence[str]


def _spread(value: int | Index | None, count: int) -> Index:
    if isinstance(value, np.ndarray):
        return value.astype(np.int64)
    return np.full(count, value or 0, np.int64)
