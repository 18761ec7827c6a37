"""The rules of pricing by name: what each does to the running amount, and where it is written.

Belongs here: names, operations, words and citations, the reasons why a line has no amount. Does not belong here: when
a rule applies and with which figure (`claims.pricing.physician`, `.outpatient`, `.terms`).

A trace is a list of (rule, value). The operation of each rule is fixed here, so a trace can be worked out again with
nothing but the trace (`claims.pricing.trace.replay`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """What a step does with the running amount."""

    SET = "set"  # the amount becomes the value
    LOWER = "lower"  # the amount becomes the value where that is lower
    TIMES = "times"
    MINUS = "minus"
    ROUND = "round"  # to cents, half up
    NOTE = "note"  # changes nothing; the value, where there is one, is for the reader


@dataclass(frozen=True)
class Rule:
    """One rule: its operation, short words for a person, and the official text it comes from."""

    name: str
    operation: Operation
    words: str
    citation: str


_RVU = "CMS, National Physician Fee Schedule Relative Value File, record layout"
_MANUAL = "Medicare Claims Processing Manual, chapter 12"

RULES: tuple[Rule, ...] = (
    Rule("fee_schedule", Operation.SET, "(work * GPCI + PE * GPCI + MP * GPCI) * conversion factor", _RVU),
    Rule("opps_cap", Operation.LOWER, "capped at the amount of outpatient payment for the technical part", _RVU),
    Rule(
        "anesthesia", Operation.SET, "(base units + minutes / 15) * anesthesia factor of the locality", "42 CFR 414.46"
    ),
    Rule("laboratory", Operation.SET, "clinical laboratory fee schedule", "42 CFR 414.507"),
    Rule("outpatient", Operation.SET, "national payment rate of the ambulatory payment class", "42 CFR 419.32"),
    Rule("drug", Operation.SET, "payment limit of the drug per unit", "42 CFR 414.904"),
    Rule("charge", Operation.SET, "the charge of the line", "contract"),
    Rule("fixed_fee", Operation.SET, "fee agreed for the code", "contract"),
    Rule("case_rate", Operation.SET, "rate agreed for the whole claim", "contract"),
    Rule(
        "later_release",
        Operation.NOTE,
        "no release of the day is loaded: the next of the same year was used",
        "project rule",
    ),
    Rule("units", Operation.TIMES, "units", _RVU),
    Rule("bilateral_150", Operation.TIMES, "both sides, indicator 1: 150 % of one", _RVU + ", BILATERAL SURGERY"),
    Rule("bilateral_100", Operation.TIMES, "both sides, indicator 0 or 2: 100 % of one", _RVU + ", BILATERAL SURGERY"),
    Rule("bilateral_sides", Operation.TIMES, "both sides, indicator 3: 100 % a side", _RVU + ", BILATERAL SURGERY"),
    Rule(
        "endoscopy_base",
        Operation.MINUS,
        "family of endoscopies: the base is paid with the highest one",
        _RVU + ", MULT PROC 3",
    ),
    Rule("multiple_surgery", Operation.MINUS, "50 % of what is not ranked first", _RVU + ", MULT PROC 2"),
    Rule("imaging_technical", Operation.MINUS, "50 % of the technical part, not ranked first", _RVU + ", MULT PROC 4"),
    Rule(
        "imaging_professional",
        Operation.MINUS,
        "5 % of the professional part, not ranked first",
        _RVU + ", MULT PROC 4",
    ),
    Rule(
        "therapy", Operation.MINUS, "50 % of the practice expense of every unit but the highest", _RVU + ", MULT PROC 5"
    ),
    Rule(
        "cardiology_technical", Operation.MINUS, "25 % of the technical part, not ranked first", _RVU + ", MULT PROC 6"
    ),
    Rule(
        "ophthalmology_technical",
        Operation.MINUS,
        "20 % of the technical part, not ranked first",
        _RVU + ", MULT PROC 7",
    ),
    Rule(
        "technical_share_unknown",
        Operation.NOTE,
        "the file does not say the technical part of this global test",
        _RVU + ", PC/TC indicator 4",
    ),
    Rule("share_54", Operation.TIMES, "surgical care only: pre and intraoperative share", _MANUAL + ", 40.2"),
    Rule("share_55", Operation.TIMES, "postoperative care only: its share", _MANUAL + ", 40.2"),
    Rule("share_78", Operation.TIMES, "return to the operating room: intraoperative share", _MANUAL + ", 40.4"),
    Rule("assistant", Operation.TIMES, "assistant at surgery: 16 %", "42 CFR 414.40; " + _MANUAL + ", 20.4.3"),
    Rule("assistant_nonphysician", Operation.TIMES, "AS: 85 % of 16 %", _MANUAL + ", 110.2, 120"),
    Rule("co_surgeon", Operation.TIMES, "co-surgeon: 62.5 %", _MANUAL + ", 40.8"),
    Rule("needs_documentation", Operation.NOTE, "paid only with documentation of necessity", _RVU),
    Rule(
        "nonphysician",
        Operation.TIMES,
        "nurse practitioner, specialist or physician assistant: 85 %",
        "42 CFR 414.52, 414.56",
    ),
    Rule("therapy_assistant", Operation.TIMES, "by a therapy assistant: 85 %", "42 CFR 410.59, 410.60"),
    Rule("medical_direction", Operation.TIMES, "anesthesia medically directed: 50 %", "42 CFR 414.46, 414.60"),
    Rule("nonparticipating", Operation.TIMES, "not participating: 95 %", "Social Security Act 1848(a)(3)"),
    Rule("procedure_discount", Operation.MINUS, "status T, not ranked first: 50 %", "42 CFR 419.44"),
    Rule("percent_of_medicare", Operation.TIMES, "agreed share of Medicare's amount", "contract"),
    Rule("percent_of_charge", Operation.TIMES, "agreed share of the charge", "contract"),
    Rule("lower_of_charge", Operation.LOWER, "lower of fee and charge", "Social Security Act 1848(a)(1)"),
    Rule("round", Operation.ROUND, "to cents, half up, once", "project rule"),
    Rule("other_side", Operation.MINUS, "what the line of the other side carries", _RVU + ", BILATERAL SURGERY"),
    Rule("this_side", Operation.SET, "its part of what both sides are paid", _RVU + ", BILATERAL SURGERY"),
    Rule("no_payment", Operation.SET, "not paid on its own; the reason says why", _RVU),
)
BY_NAME = {rule.name: rule for rule in RULES}
NAMES = tuple(BY_NAME)


class Status(StrEnum):
    """What became of a line."""

    PRICED = "priced"
    BUNDLED = "bundled"  # amount 0: paid with another line or service
    NOT_PAYABLE = "not_payable"  # amount 0: the schedule forbids payment of this line
    BY_REPORT = "by_report"  # no amount: the payer decides on documents
    UNPRICED = "unpriced"  # no amount: nothing in the tables says one


# Why a line is anything but plainly priced. The order is that of the codes in the kernel.
REASONS: dict[str, str] = {
    "no_schedule": "no table has the code on the date of service",
    "no_locality": "no locality, or none with indices on the date of service",
    "no_factor": "no conversion factor on the date of service",
    "no_place": "place of service missing or unknown",
    "no_base_units": "no base units of the anesthesia code",
    "no_minutes": "anesthesia without minutes",
    "no_charge": "the contract needs a charge and the line has none",
    "no_contract": "no contract of this payer on the date of service",
    "no_rate": "no payment rate in the table",
    "no_fee": "the contract names no fee for the code",
    "bad_units": "units missing, zero, negative, or not whole where they count services",
    "no_date": "no date of service",
    "component_invalid": "26 or TC where the code has no such component",
    "carrier_priced": "status C, or R without RVUs: the contractor prices it",
    "by_contractor": "modifier 22, 52, 53 or 56: the contractor decides",
    "team_surgery": "modifier 66: by report",
    "beyond_fifth": "beyond the fifth procedure of the day: by report",
    "not_covered": "status N, I, E, X, M or none that is payable",
    "bundled_status": "status B or P: bundled",
    "bundled_injection": "status T beside another payable service of the day",
    "facility_incident_to": "incident-to service in a hospital",
    "no_global_package": "54 or 55 where the code has no global package",
    "assistant_not_payable": "no payment of an assistant at surgery",
    "co_surgeon_not_payable": "no payment of co-surgeons",
    "packaged": "packaged into another service of the claim",
    "not_outpatient": "not paid under outpatient payment",
    "by_cost": "paid by cost or another system without a table",
    "in_case_rate": "included in the case rate of the claim",
    "base_in_family": "base endoscopy beside one of its family",
}
REASON_NAMES = tuple(REASONS)
STATUS_NAMES = tuple(status.value for status in Status)
