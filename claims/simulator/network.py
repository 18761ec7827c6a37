"""Who is in the simulated world: tenants, providers, patients and their coverages. All invented, all from a seed.

Belongs here: building the network, valid identifiers (NPIs that pass the Luhn check), what registration knows.
Does not belong here: visits (`encounters`), payers as data (`payers`), the rules they decide by (`policies`), formats.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, chain, count
from typing import TypeVar

import numpy as np

from claims.simulator import catalog
from claims.simulator.payers import BEFORE

T = TypeVar("T")

Uniform = Callable[[], float]

FIRST_F = """
AVA NORA ELSIE MABEL JUNE CORA IRIS HAZEL OPAL PEARL LENA FAYE WILLA ESTHER LYDIA MARTA INES PILAR ROSA ALMA
YUKI MEI PRIYA ANIKA ZARA LEILA AMARA NIA IMANI THEA GRETA INGRID FREYA OLGA VERA SONIA TESSA DELIA GILDA JOAN
""".split()  # noqa: SIM905  (names, not code: a list literal would take a line each)
FIRST_M = """
OTIS AMOS SILAS EZRA CYRUS HOLLIS VERNON CLYDE WADE ELMER LEON MILES OSCAR FELIX HUGO BRUNO MARCO DIEGO RAUL
IVAN KENJI WEI ARJUN RAVI OMAR TARIQ KOFI JABARI KWAME LARS NILS BJORN PAVEL ANTON YURI DEAN ROSS GLENN BORIS
CARL
""".split()  # noqa: SIM905  (names, not code: a list literal would take a line each)
LAST = """
ABERNATHY ALDEN ASHCROFT BANCROFT BARROWS BELMONT BIRCHFIELD BLACKWOOD BRAMBLE BRIGHTWELL CALLOWAY CARDENAS
CHANDRA COLDWATER CRABTREE DELACRUZ DRUMMOND DUNMORE EASTMAN ELLSWORTH FAIRBANKS FENWICK FOXGLOVE GALLAGHER
GARRIDO GREENLEAF HALLORAN HARTSFIELD HAWTHORNE HOLLOWAY IBARRA INGRAM JANSSEN KALINSKI KEATING KIRKWOOD
LANDRY LARKSPUR LINDQUIST LOCKHART MADRIGAL MARLOWE MEADOWS MERIWETHER MONTOYA NAKAMURA NIGHTINGALE OAKLEY
OKONKWO ORTEGA PEMBERTON PENHALLOW PETROV QUILL RADCLIFFE RAMASWAMY REDFERN ROTHWELL SALAZAR SANDOVAL SHERWOOD
SILVERTHORN STANWICK STONEBRIDGE SUNDARAM TANAKA THISTLEWOOD THORNBURY UNDERHILL VALDIVIA VANDERHORN
WAINWRIGHT WEATHERBY WHITLOCK WILLOUGHBY WINTERBOURNE YARROW ZAMORANO
""".split()  # noqa: SIM905  (names, not code: a list literal would take a line each)
STREETS = """
MAPLE OAK CEDAR ELM WALNUT CHESTNUT SYCAMORE POPLAR HICKORY LAUREL MAGNOLIA SPRUCE ASPEN JUNIPER WILLOW
HAWTHORN
""".split()  # noqa: SIM905  (names, not code: a list literal would take a line each)
STREET_KINDS = ("ST", "AVE", "LN", "RD", "CT", "DR")

TOWNS = {
    "alder": ("OH", (("GROVEPORT", "43125"), ("HILLIARD", "43026"), ("DUBLIN", "43017"), ("LANCASTER", "43130"))),
    "birch": ("TX", (("PFLUGERVILLE", "78660"), ("KYLE", "78640"), ("BASTROP", "78602"), ("LOCKHART", "78644"))),
    "cedar": ("NC", (("GARNER", "27529"), ("APEX", "27502"), ("CLAYTON", "27520"), ("SELMA", "27576"))),
}


class Draws:
    """Uniform numbers of one seeded stream, drawn by numpy in blocks and handed out one at a time by `uniform()`."""

    __slots__ = ("uniform",)

    def __init__(self, seed: np.random.SeedSequence, block: int = 1 << 14) -> None:
        rng = np.random.default_rng(seed)
        self.uniform: Uniform = chain.from_iterable(rng.random(block).tolist() for _ in count()).__next__


def pick(u: float, items: Sequence[T]) -> T:
    """The item that the uniform number `u` in [0, 1) falls on."""
    return items[int(u * len(items))]


class Weighted:
    """A weighted choice: `draw(u)` is the index that the uniform number `u` falls on. O(log n)."""

    __slots__ = ("bounds", "last", "total")

    def __init__(self, weights: Sequence[float]) -> None:
        self.bounds = list(accumulate(weights))
        self.total = self.bounds[-1]
        self.last = len(self.bounds) - 1

    def draw(self, u: float) -> int:
        """Index of the choice."""
        return min(bisect_right(self.bounds, u * self.total), self.last)


def luhn_check_digit(digits: str) -> int:
    """The Luhn check digit of `digits` (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        n = int(digit) * (2 if place % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return -total % 10


def npi(body: int) -> str:
    """The national provider identifier whose first nine digits are `body` (45 CFR 162.406: Luhn over 80840 + body)."""
    digits = f"{body:09d}"
    return f"{digits}{luhn_check_digit('80840' + digits)}"


@dataclass(slots=True)
class Provider:
    """One clinician. `habits` multiplies the rate of billing errors, `standing` the odds of unexplained denials."""

    index: int
    npi: str
    last: str
    first: str
    specialty: str
    taxonomy: str
    weight: float
    habits: float
    standing: float
    joined: int  # ordinal of the first day with this group; 0 where long ago


@dataclass(slots=True)
class Tenant:
    """One client of the platform: a practice group (837P) and its hospital (837I)."""

    index: int
    name: str
    practice: str
    practice_npi: str
    practice_tax_id: str
    hospital: str
    hospital_npi: str
    hospital_tax_id: str
    street: str
    city: str
    state: str
    zip: str
    share: float
    sloppiness: float
    markup: float
    providers: list[Provider]
    referrers: list[Provider]
    clinicians: dict[str, list[Provider]]
    specialty_choice: Weighted
    specialties: list[str]
    provider_choice: dict[str, Weighted]
    patients: list["Patient"] = field(default_factory=list)
    panels: dict[str, list["Patient"]] = field(default_factory=dict)
    panel_choice: dict[str, Weighted] = field(default_factory=dict)


@dataclass(slots=True)
class Coverage:
    """One span of one person's coverage with a payer. Days are ordinals; `through` 0 while open.

    `shown_through` is what the eligibility extracts have said so far: a payer announces an end before it comes, and a
    retroactive end only in the extract after it.
    """

    payer: int
    member_id: str
    plan: str
    group: str
    start: int
    through: int
    shown_through: int = 0
    order: str = "P"  # what the payer says it is: P primary, S secondary
    deductible_year: int = 0
    deductible_left: int = 0


@dataclass(slots=True)
class Patient:
    """One patient. `coverages` in order of time; `second` pays after them. A dependent has a `subscriber`."""

    index: int
    last: str
    first: str
    middle: str
    sex: str
    birth: date
    street: str
    city: str
    zip: str
    weight: float
    coverages: list[Coverage]
    second: Coverage | None
    subscriber_first: str  # "" where the patient is the subscriber
    subscriber_birth: date
    subscriber_sex: str
    relationship: str
    therapy_year: int = 0
    therapy_visits: int = 0
    seen: set[int] = field(default_factory=set)  # providers seen, by index

    def age(self, year: int) -> int:
        """Age reached in `year`."""
        return year - self.birth.year

    def coverage_on(self, day: int) -> Coverage | None:
        """The primary coverage in force on `day`, as the world knows it."""
        for span in reversed(self.coverages):
            if span.start <= day and (not span.through or span.through >= day):
                return span
        return None


_GROUPS = (
    ("alder", "ALDER MEDICAL GROUP", "ALDER REGIONAL HOSPITAL", 0.45, 0.85, 2.1, (8, 4, 3, 2, 2, 2)),
    ("birch", "BIRCH PHYSICIAN PARTNERS", "BIRCH COMMUNITY HOSPITAL", 0.33, 1.05, 2.4, (6, 3, 4, 3, 3, 1)),
    ("cedar", "CEDAR CLINIC ASSOCIATES", "CEDAR MEMORIAL HOSPITAL", 0.22, 1.35, 1.9, (7, 3, 3, 3, 2, 2)),
)
_SPECIALTY_VOLUME = (0.42, 0.15, 0.14, 0.12, 0.11, 0.06)


def _provider(u: Uniform, index: int, specialty: str, taxonomy: str, start: int, days: int) -> Provider:
    sex_f = u() < 0.5
    standing = float(np.exp(1.6 * (u() - 0.5) + 0.9 * (u() - 0.5)))
    # A few join during the period: payers take months to recognise them.
    joined = start + int(u() * days * 0.8) if u() < 0.14 and days > 60 else 0
    return Provider(
        index=index,
        npi=npi(100_000_000 + index * 7919 + int(u() * 7000)),
        last=pick(u(), LAST),
        first=pick(u(), FIRST_F if sex_f else FIRST_M),
        specialty=specialty,
        taxonomy=taxonomy,
        weight=0.4 + 1.2 * u(),
        habits=0.5 + u() ** 2 * 2.0,
        standing=standing,
        joined=joined,
    )


def _tenants(u: Uniform, start: int, days: int) -> list[Tenant]:
    tenants: list[Tenant] = []
    index = 0
    for number, (name, practice, hospital, share, sloppiness, markup, counts) in enumerate(_GROUPS):
        state, towns = TOWNS[name]
        clinicians: dict[str, list[Provider]] = {}
        for (specialty, (taxonomy, _)), n in zip(catalog.SPECIALTIES.items(), counts, strict=True):
            clinicians[specialty] = [_provider(u, index + i, specialty, taxonomy, start, days) for i in range(n)]
            # Someone has always been there.
            clinicians[specialty][0].joined = 0
            index += n
        providers = [p for group in clinicians.values() for p in group]
        tenants.append(
            Tenant(
                index=number,
                name=name,
                practice=practice,
                practice_npi=npi(190_000_000 + number * 13 + 1),
                practice_tax_id=f"{31 + number}{4400000 + number * 7013:07d}",
                hospital=hospital,
                hospital_npi=npi(180_000_000 + number * 17 + 3),
                hospital_tax_id=f"{61 + number}{5200000 + number * 9011:07d}",
                street=f"{100 + number * 210} {STREETS[number]} ST",
                city=towns[0][0],
                state=state,
                zip=towns[0][1] + "1001",
                share=share,
                sloppiness=sloppiness,
                markup=markup,
                providers=providers,
                referrers=[*clinicians["family"], *clinicians["cardiology"]],
                clinicians=clinicians,
                specialty_choice=Weighted(_SPECIALTY_VOLUME),
                specialties=list(clinicians),
                provider_choice={s: Weighted([p.weight for p in group]) for s, group in clinicians.items()},
            )
        )
    return tenants


_BY_KIND: dict[str, tuple[list[int], Weighted]] = {
    kind: ([p.index for p in BEFORE if p.kind == kind], Weighted([p.share for p in BEFORE if p.kind == kind]))
    for kind in ("medicare", "medicaid", "advantage", "commercial")
}
_SENIOR = Weighted([p.share if p.kind in ("medicare", "advantage") else p.share * 0.03 for p in BEFORE])
_YOUNGER = Weighted([p.share * {"medicare": 0.10, "advantage": 0.05}.get(p.kind, 1.0) for p in BEFORE])


def _member_id(u: Uniform, payer: int, serial: int) -> str:
    letters = "ABCDEFGHJKMNPQRTUVWXY"
    n = serial * 31 + int(u() * 31)
    if BEFORE[payer].kind == "medicare":  # the shape of a Medicare beneficiary identifier
        first = f"{1 + n % 9}{letters[n % 21]}{letters[n // 21 % 21]}{n // 441 % 10}"
        middle = f"{letters[n // 4410 % 21]}{letters[(n + 7) % 21]}{n // 92610 % 10}"
        return f"{first}{middle}{letters[n % 20]}{letters[n % 19]}{n % 90 + 10}"
    if BEFORE[payer].kind == "medicaid":
        return f"{500000000000 + n * 97:012d}"
    return f"{letters[payer]}{letters[payer * 3 % 21]}W{100000000 + n * 89:09d}"


def coverage(u: Uniform, payer: int, serial: int, start: int) -> Coverage:
    """A coverage with `payer` from day `start`, open. `serial` makes the member id unique."""
    p = BEFORE[payer]
    group = f"{10000 + int(u() * 400) * 17}" if p.kind == "commercial" else ""
    return Coverage(payer, _member_id(u, payer, serial), f"{p.id}-{1 + int(u() * 3)}", group, start, 0)


def _first_of_month(day: int, months: int) -> int:
    d = date.fromordinal(day)
    month = d.year * 12 + d.month - 1 + months
    return date(month // 12, month % 12 + 1, 1).toordinal()


def _coverages(u: Uniform, senior: bool, serial: int, start: int, months: int) -> list[Coverage]:
    """A life of coverage: spans one after the other, with changes of plan at new year, lapses and returns."""
    choice = _SENIOR if senior else _YOUNGER
    spans = [coverage(u, choice.draw(u()), serial * 8, _first_of_month(start, -12 - int(u() * 24)))]
    for month in range(months):
        last = spans[-1]
        first = _first_of_month(start, month)
        if first <= last.start:
            continue
        kind = BEFORE[last.payer].kind
        january = date.fromordinal(first).month == 1
        ends = u() < (0.016 if kind == "medicaid" else 0.002 if kind == "medicare" else 0.006) + (
            0.11 if january and kind in ("commercial", "advantage") else 0.04 if january else 0.0
        )
        if not ends:
            continue
        last.through = first - 1
        gap = int(1 + u() * 3) if u() < (0.45 if kind == "medicaid" else 0.12) else 0
        payer = last.payer if kind == "medicaid" and u() < 0.7 else choice.draw(u())
        again = coverage(u, payer, serial * 8 + len(spans), _first_of_month(start, month + gap))
        if payer == last.payer:
            again.member_id = last.member_id
        spans.append(again)
        if len(spans) == 7:
            break
    return spans


def _patient(u: Uniform, tenant: Tenant, index: int, serial: int, start: int, months: int) -> Patient:
    year = date.fromordinal(start).year
    age = int(65 + 27 * u() ** 1.3) if u() < 0.46 else int(1 + 63 * u())
    sex = "F" if u() < 0.54 else "M"
    birth = date(year - age, 1 + int(u() * 12), 1 + int(u() * 28))
    last = pick(u(), LAST)
    first = pick(u(), FIRST_F if sex == "F" else FIRST_M)
    city, zip_code = pick(u(), TOWNS[tenant.name][1])
    spans = _coverages(u, age >= 65, serial, start, months)
    kind = BEFORE[spans[0].payer].kind
    second: Coverage | None = None
    chance = u()
    if kind == "medicare" and chance < 0.34:
        second = coverage(u, 6 if u() < 0.7 else 1, serial * 8 + 7, spans[0].start)
    elif kind == "commercial" and chance < 0.06:
        second = coverage(u, pick(u(), (7, 8, 10)), serial * 8 + 7, spans[0].start)
    if second is not None:
        second.order = "S"
    subscriber_first, relationship = "", "18"
    subscriber_birth, subscriber_sex = birth, sex
    if kind == "commercial" and (age < 24 or u() < 0.22):
        child = age < 24
        subscriber_sex = "F" if u() < 0.5 else "M"
        subscriber_first = pick(u(), FIRST_F if subscriber_sex == "F" else FIRST_M)
        relationship = "19" if child else "01"
        subscriber_birth = date(birth.year - (24 + int(u() * 14) if child else 0), 1 + int(u() * 12), 1 + int(u() * 28))
    return Patient(
        index=index,
        last=last,
        first=first,
        middle="ABCDEFGHJKLMNPRSTW"[int(u() * 18)] if u() < 0.4 else "",
        sex=sex,
        birth=birth,
        street=f"{10 + int(u() * 9900)} {pick(u(), STREETS)} {pick(u(), STREET_KINDS)}",
        city=city,
        zip=zip_code,
        weight=0.3 + float(-np.log(1 - 0.999 * u())),
        coverages=spans,
        second=second,
        subscriber_first=subscriber_first,
        subscriber_birth=subscriber_birth,
        subscriber_sex=subscriber_sex,
        relationship=relationship,
    )


def _panels(tenant: Tenant, u: Uniform, year: int) -> None:
    """Who goes to which specialty: chronic patients come back, as therapy and infusions do."""
    for specialty in [*tenant.specialties, "hospital"]:
        share, youngest = {
            "family": (1.0, 0),
            "cardiology": (0.35, 30),
            "orthopaedics": (0.35, 10),
            "therapy": (0.10, 10),
            "radiology": (0.7, 1),
            "oncology": (0.08, 30),
            "hospital": (0.6, 1),
        }[specialty]
        panel = [p for p in tenant.patients if p.age(year) >= youngest and u() < share]
        if not panel:
            panel = [p for p in tenant.patients if p.age(year) >= 30] or tenant.patients
        tenant.panels[specialty] = panel
        tenant.panel_choice[specialty] = Weighted([p.weight for p in panel])


def build(seed: np.random.SeedSequence, patients: int, start: date, months: int) -> list[Tenant]:
    """The network of about `patients` patients. Cost: O(patients x months) draws, once."""
    u = Draws(seed).uniform
    day = start.toordinal()
    tenants = _tenants(u, day, round(months * 30.4))
    serial = 0
    for tenant in tenants:
        for index in range(max(40, round(patients * tenant.share))):
            tenant.patients.append(_patient(u, tenant, index, serial, day, months))
            serial += 1
        _panels(tenant, u, start.year)
    return tenants
