"""The twelve payers: what they pay, how fast, and the rules each denies by, before and after the change of policy.

Belongs here: payers as data. Does not belong here: how a rule is evaluated on a claim (`policies`), how an amount is
split (`adjudication`). Names and identifiers are invented.
"""

from dataclasses import dataclass, replace

IMAGING = frozenset(("70553", "72148", "73721", "74177", "71260"))
HEART = frozenset(("78452", "93458"))
SURGERY = frozenset(("29881", "29827", "27447"))
DRUGS = frozenset(("J9271", "J7325"))
THERAPY = frozenset(("97110", "97112", "97140", "97530"))
ENDOSCOPY = frozenset(("45378", "45385"))


@dataclass(frozen=True, slots=True)
class Payer:
    """One payer. Probabilities are those of a denial when the rule's condition holds; shares add up to 1."""

    index: int
    id: str
    name: str
    kind: str  # medicare | medicaid | advantage | commercial
    filing_code: str  # SBR09 on an 837P
    filing_code_institutional: str  # SBR09 on an 837I
    share: float
    strictness: float  # multiplies the odds of a denial that no rule explains
    multiple: float  # allowed amount as a multiple of Medicare's
    deductible: int  # cents a year
    coinsurance: float
    copay: int  # cents per office visit, instead of coinsurance
    lag_days: float  # mean days from receipt to payment
    weekday: int  # day of the weekly payment run, Monday 0
    filing_limit: int  # days from service to receipt
    authorization: frozenset[str]
    authorization_p: float
    missing_p: float
    modifier_p: float
    bundling_p: float
    necessity_p: float
    noncovered: frozenset[str]
    visit_limit: int  # therapy visits a calendar year
    level_p: float  # high office visit with one diagnosis
    credential_p: float  # provider new to the payer
    cob_p: float
    bundling_carc: str = "97"
    necessity_carc: str = "50"
    noncovered_carc: str = "96"
    modifiers_strict: bool = False  # asks for GP, JZ and JW
    short: frozenset[str] = frozenset()  # codes that it pays below its contract, without a word


def _payers() -> tuple[Payer, ...]:
    p = Payer
    return (
        p(
            0,
            "MCR01",
            "MEDICARE PART B EASTLAND",
            "medicare",
            "MB",
            "MA",
            0.24,
            0.7,
            1.0,
            25700,
            0.2,
            0,
            17,
            1,
            365,
            frozenset(),
            0.0,
            0.72,
            0.72,
            0.85,
            0.75,
            frozenset(("99395", "99396", "99397")),
            90,
            0.10,
            0.10,
            0.80,
            bundling_carc="236",
            modifiers_strict=True,
        ),
        p(
            1,
            "MCD01",
            "STATE MEDICAID PLAN",
            "medicaid",
            "MC",
            "MC",
            0.09,
            1.2,
            0.72,
            0,
            0.0,
            300,
            24,
            3,
            180,
            IMAGING | DRUGS | SURGERY,
            0.72,
            0.80,
            0.60,
            0.72,
            0.45,
            frozenset(("J7325", "82306", "G0283")),
            24,
            0.10,
            0.35,
            0.90,
        ),
        p(
            2,
            "MCD02",
            "COMMUNITY CARE MEDICAID",
            "medicaid",
            "MC",
            "MC",
            0.06,
            1.5,
            0.70,
            0,
            0.0,
            0,
            29,
            0,
            120,
            IMAGING | DRUGS | SURGERY | HEART | THERAPY,
            0.80,
            0.85,
            0.65,
            0.75,
            0.50,
            frozenset(("J7325", "82306", "20611", "17110")),
            20,
            0.15,
            0.40,
            0.90,
        ),
        p(
            3,
            "MAP01",
            "GOLDEN VALLEY ADVANTAGE",
            "advantage",
            "16",
            "16",
            0.10,
            1.3,
            1.02,
            0,
            0.2,
            3000,
            20,
            2,
            180,
            IMAGING | HEART | SURGERY | DRUGS,
            0.82,
            0.65,
            0.70,
            0.80,
            0.70,
            frozenset(("82306",)),
            40,
            0.30,
            0.25,
            0.75,
            modifiers_strict=True,
        ),
        p(
            4,
            "MAP02",
            "SUMMIT SENIOR HEALTH",
            "advantage",
            "16",
            "16",
            0.07,
            1.7,
            0.98,
            0,
            0.2,
            2500,
            27,
            4,
            120,
            IMAGING | HEART | SURGERY | DRUGS | THERAPY | frozenset(("93306",)),
            0.85,
            0.72,
            0.72,
            0.82,
            0.75,
            frozenset(("82306", "G0283")),
            30,
            0.45,
            0.30,
            0.80,
            modifiers_strict=True,
        ),
        p(
            5,
            "MAP03",
            "RIVERBEND MEDICARE PLUS",
            "advantage",
            "HM",
            "HM",
            0.05,
            1.0,
            1.00,
            0,
            0.2,
            2000,
            16,
            0,
            365,
            IMAGING | SURGERY,
            0.62,
            0.60,
            0.60,
            0.75,
            0.60,
            frozenset(),
            40,
            0.20,
            0.15,
            0.70,
            modifiers_strict=True,
        ),
        p(
            6,
            "COM01",
            "BLUE MESA INSURANCE",
            "commercial",
            "BL",
            "BL",
            0.14,
            0.9,
            1.25,
            100000,
            0.2,
            3000,
            14,
            2,
            365,
            IMAGING | SURGERY | DRUGS,
            0.70,
            0.55,
            0.55,
            0.78,
            0.40,
            frozenset(("97035", "G0283")),
            40,
            0.15,
            0.15,
            0.70,
            necessity_carc="11",
        ),
        p(
            7,
            "COM02",
            "UNITY NATIONAL HEALTH",
            "commercial",
            "CI",
            "CI",
            0.09,
            1.6,
            1.15,
            150000,
            0.2,
            4000,
            19,
            3,
            90,
            IMAGING | SURGERY | DRUGS | HEART,
            0.80,
            0.70,
            0.68,
            0.85,
            0.60,
            frozenset(("82306", "97035", "G0283")),
            30,
            0.50,
            0.25,
            0.75,
            noncovered_carc="204",
        ),
        p(
            8,
            "COM03",
            "NORTHSTAR BENEFITS",
            "commercial",
            "CI",
            "CI",
            0.06,
            1.1,
            1.30,
            200000,
            0.3,
            0,
            22,
            1,
            180,
            IMAGING | SURGERY,
            0.60,
            0.58,
            0.50,
            0.70,
            0.50,
            frozenset(("97035", "J7325")),
            30,
            0.20,
            0.20,
            0.65,
        ),
        p(
            9,
            "COM04",
            "EVERGREEN HMO",
            "commercial",
            "HM",
            "HM",
            0.05,
            1.4,
            1.05,
            50000,
            0.1,
            2500,
            25,
            4,
            120,
            IMAGING | SURGERY | DRUGS | THERAPY | HEART,
            0.78,
            0.68,
            0.60,
            0.76,
            0.55,
            frozenset(("17110", "97035", "82306")),
            20,
            0.25,
            0.40,
            0.70,
            necessity_carc="11",
        ),
        p(
            10,
            "COM05",
            "PIONEER MUTUAL",
            "commercial",
            "CI",
            "CI",
            0.03,
            0.8,
            1.35,
            100000,
            0.2,
            3500,
            32,
            0,
            365,
            SURGERY,
            0.50,
            0.45,
            0.40,
            0.60,
            0.30,
            frozenset(),
            60,
            0.10,
            0.10,
            0.60,
        ),
        p(
            11,
            "COM06",
            "HARBOR EMPLOYEE TRUST",
            "commercial",
            "CI",
            "CI",
            0.02,
            2.0,
            1.10,
            120000,
            0.2,
            2000,
            35,
            1,
            90,
            IMAGING | SURGERY | DRUGS | ENDOSCOPY,
            0.85,
            0.85,
            0.75,
            0.88,
            0.70,
            frozenset(("82306", "G0283", "97035", "17110")),
            20,
            0.55,
            0.40,
            0.90,
            bundling_carc="234",
            noncovered_carc="204",
        ),
    )


BEFORE: tuple[Payer, ...] = _payers()

# What changes part way: two payers extend their authorization lists to everyday services, one halves its filing limit,
# one questions high office visits and asks for
# more modifiers, one looks closer at missing data, one stops covering a common service, and one begins to pay therapy
# and the commonest visits below its contract.
_ECHO = frozenset(("93306", "93880", "93970", "76700"))
AFTER: tuple[Payer, ...] = tuple(
    replace(
        p,
        authorization=p.authorization
        | {3: _ECHO | THERAPY | {"20611", "96413"}, 6: _ECHO | THERAPY | HEART | {"20611"}}.get(p.index, frozenset()),
        authorization_p=0.88 if p.index in (3, 6) else p.authorization_p,
        filing_limit=90 if p.index == 8 else p.filing_limit,
        level_p=0.6 if p.index == 6 else p.level_p,
        missing_p=0.85 if p.index == 1 else p.missing_p,
        modifiers_strict=p.modifiers_strict or p.index == 6,
        noncovered=p.noncovered | ({"76942", "94010"} if p.index == 7 else set()),
        short=THERAPY | {"99213", "99214"} if p.index == 9 else frozenset(),
    )
    for p in BEFORE
)

CHANGED: frozenset[int] = frozenset(b.index for b, a in zip(BEFORE, AFTER, strict=True) if a != b)
