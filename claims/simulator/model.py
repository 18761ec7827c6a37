"""What moves through the simulated world: claims, their lines, authorizations, reasons of denial, adjudications.

Belongs here: plain records shared by the parts of the simulator, and how days and cents are written. Does not belong
here: how any of them comes about. Days are proleptic ordinals (`date.toordinal()`), money whole cents.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from claims.simulator.network import Coverage, Patient, Provider, Tenant


@lru_cache(maxsize=8192)
def ymd(day: int) -> str:
    """A day as CCYYMMDD."""
    return date.fromordinal(day).strftime("%Y%m%d")


@lru_cache(maxsize=8192)
def iso(day: int) -> str:
    """A day as CCYY-MM-DD; empty for 0."""
    return date.fromordinal(day).isoformat() if day else ""


@lru_cache(maxsize=65536)
def money(cents: int) -> str:
    """Cents as an X12 decimal number: no leading zeros, no trailing `.00`."""
    if cents < 0:
        return "-" + money(-cents)
    whole, part = divmod(cents, 100)
    return f"{whole}.{part:02d}" if part else str(whole)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a payer denies: the codes it sends and what the provider can do. `fix` names the remedy, "" for none."""

    name: str
    group: str
    carc: str
    rarcs: tuple[str, ...] = ()
    fix: str = ""
    overturn: float = 0.3  # chance that an appeal wins


@dataclass(slots=True)
class Authorization:
    """A payer's permission, as the authorization extract tells it."""

    number: str
    member_id: str
    payer: int
    code: str
    valid_from: int
    valid_through: int
    units: int
    issued: int
    told: bool = False  # stands in an extract already


@dataclass(slots=True)
class Line:
    """One service line. `pointers` are 1-based positions in the claim's diagnoses."""

    code: str  # "" on inpatient revenue lines
    units: int
    charge: int
    mods: tuple[str, ...] = ()
    pointers: str = "1"
    revenue: str = ""
    ndc: str = ""


@dataclass(slots=True)
class LineResult:
    """What a payer did with a line: allowed, paid, and why not the rest: (group, [(carc, cents), ...]) in order."""

    allowed: int
    paid: int
    adjustments: list[tuple[str, list[tuple[str, int]]]]
    remarks: tuple[str, ...] = ()

    @property
    def patient(self) -> int:
        """Patient responsibility: the PR adjustments."""
        return sum(cents for group, items in self.adjustments if group == "PR" for _, cents in items)


@dataclass(slots=True)
class Adjudication:
    """What a payer decided on one submission: line results in order, or `claim_level` where a stay is paid whole."""

    claim: "Claim"
    status: str  # CLP02
    icn: str  # CLP07
    lines: list[LineResult]
    claim_level: LineResult | None = None
    remarks: tuple[str, ...] = ()
    interest: int = 0

    @property
    def paid(self) -> int:
        """CLP04 in cents."""
        return self.claim_level.paid if self.claim_level else sum(r.paid for r in self.lines)

    @property
    def patient(self) -> int:
        """CLP05 in cents."""
        return self.claim_level.patient if self.claim_level else sum(r.patient for r in self.lines)


@dataclass(slots=True)
class Claim:
    """One submission of a claim (one CLM)."""

    tenant: Tenant
    institutional: bool
    number: str  # CLM01
    submission: int  # n-th time that this number is sent, given when it is sent
    frequency: str  # CLM05-3
    patient: Patient
    coverage: Coverage
    member_id: str  # as billed, typing errors included
    order: str  # SBR01 as billed
    provider: Provider
    referrer: Provider | None
    taxonomy: bool  # PRV*PE is sent
    pos: str  # place of service, or first digits of the bill type
    day: int  # date of service
    through: int
    dx: tuple[str, ...]
    lines: list[Line]
    submitted: int = 0
    authorization: Authorization | None = None
    original_icn: str = ""
    replaces: "Adjudication | None" = None  # the payer's decision that a frequency 7 or 8 takes back
    other: Coverage | None = None  # other payer listed in 2320
    prior: "Adjudication | None" = None  # its decision, on a claim to the second payer
    prior_day: int = 0
    onset: int = 0
    accident: bool = False
    attachment: bool = False
    drg: str = ""
    case_price: int = 0
    duplicate: bool = False  # the same services were sent before, and not as a replacement
    sent: list[int] = field(default_factory=lambda: [0])  # times this number was sent, shared by all its submissions
    # decided at submission, told when the remittance comes
    denials: dict[int, Reason] = field(default_factory=dict)
    probability: float = 0.0

    @property
    def billing_npi(self) -> str:
        """NPI of the billing provider: the hospital's on an 837I."""
        return self.tenant.hospital_npi if self.institutional else self.tenant.practice_npi

    @property
    def charge(self) -> int:
        """CLM02 in cents."""
        return sum(line.charge for line in self.lines)
