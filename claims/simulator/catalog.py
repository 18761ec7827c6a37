"""What clinics bill: code numbers, relative value units, visit templates and coverage facts of the simulated world.

Belongs here: facts that are true whoever pays: which codes stand together in a visit, what they weigh, which
diagnoses support them, which pairs are bundled. Does not belong here: what a payer does about it (`policies`), who
the people are (`network`), any wording of the code sets (numbers only: the descriptors are not ours to copy).

Sources: total RVUs of the Medicare physician fee schedule, October 2025 release; national laboratory fees 2026 Q2;
NCCI procedure-to-procedure pairs 2024 Q3; ICD-10-CM codes that are billable in fiscal years 2024 to 2026.
"""

from dataclasses import dataclass

CONVERSION_FACTOR = 32.3465  # dollars per RVU, Medicare 2025


@dataclass(frozen=True, slots=True)
class Code:
    """One billable code: what it weighs and what a clean line of it looks like.

    `facility`/`office` are total RVUs times 100 by place of service, `professional` those of modifier 26 (0: none);
    `fee` is a price in cents per unit for codes outside the RVU scale (laboratory, drugs). `kind` is the billing
    family: em, proc, lab, img, drug, pt, prev, shot, track (reporting code, charged at zero), fac.
    """

    code: str
    kind: str
    office: int = 0
    facility: int = 0
    professional: int = 0
    fee: int = 0
    sided: bool = False  # needs LT, RT or 50
    single_dose: bool = False  # needs JZ or JW for Medicare and Medicare Advantage
    ndc: str = ""
    typical_units: tuple[int, ...] = (1,)
    mue: int = 1  # medically unlikely edit: units per day
    revenue: str = ""  # revenue code when billed on a UB-04

    def price(self, facility: bool, professional: bool) -> int:
        """Medicare's allowed amount of one unit in cents, national, before contract multiples."""
        if self.fee:
            return self.fee
        rvu = self.professional if professional and self.professional else self.facility if facility else self.office
        return round(rvu * CONVERSION_FACTOR)


def _codes(*codes: Code) -> dict[str, Code]:
    return {c.code: c for c in codes}


CODES: dict[str, Code] = _codes(
    # evaluation and management
    Code("99202", "em", 216, 140),
    Code("99203", "em", 337, 245),
    Code("99204", "em", 505, 399),
    Code("99205", "em", 667, 543),
    Code("99212", "em", 170, 105, mue=2),
    Code("99213", "em", 275, 197, mue=2),
    Code("99214", "em", 387, 290, mue=2),
    Code("99215", "em", 543, 429),
    Code("99395", "prev", 352, 256),
    Code("99396", "prev", 374, 278),
    Code("99397", "prev", 403, 292),
    Code("G0438", "prev", 496, 496),
    Code("G0439", "prev", 391, 391),
    Code("G0444", "prev", 53, 27),
    Code("99406", "prev", 43, 35),
    # laboratory and small office procedures
    Code("36415", "lab", fee=934, mue=2, revenue="0300"),
    Code("80053", "lab", fee=1056, revenue="0301"),
    Code("80061", "lab", fee=1339, revenue="0301"),
    Code("81003", "lab", fee=225, mue=2, revenue="0307"),
    Code("82306", "lab", fee=2960, revenue="0301"),
    Code("83036", "lab", fee=971, revenue="0301"),
    Code("84443", "lab", fee=1680, mue=4, revenue="0301"),
    Code("85025", "lab", fee=777, mue=2, revenue="0305"),
    Code("87086", "lab", fee=807, mue=3, revenue="0306"),
    Code("87880", "lab", fee=1653, mue=2, revenue="0306"),
    Code("90471", "shot", 62, 62),
    Code("90662", "shot", fee=7323),
    Code("96372", "shot", 43, 43, mue=4),
    Code("J1885", "drug", fee=62, ndc="00409379501", typical_units=(2, 4), mue=8),
    Code("J3420", "drug", fee=245, ndc="00517003125", mue=1),
    Code("69210", "proc", 144, 96),
    Code("17110", "proc", 340, 209),
    Code("94010", "proc", 82, 82, 24, revenue="0460"),
    Code("3074F", "track"),
    Code("3078F", "track"),
    # cardiology
    Code("93000", "proc", 43, 43, mue=3),
    Code("93005", "fac", 19, 19, revenue="0730", mue=3),
    Code("93010", "proc", 24, 24, mue=5),
    Code("93015", "proc", 219, 219),
    Code("93224", "proc", 211, 211),
    Code("93306", "img", 581, 581, 202, revenue="0480"),
    Code("93880", "img", 562, 562, 112, revenue="0921"),
    Code("93970", "img", 553, 553, 96, revenue="0921"),
    Code("78452", "img", 1264, 1264, 223, revenue="0341"),
    Code("93458", "surg", 2977, 2977, 858, revenue="0481"),
    # orthopaedics
    Code("20550", "proc", 175, 117, mue=5),
    Code("20610", "proc", 196, 136, sided=True, mue=2),
    Code("20611", "proc", 298, 177, sided=True, mue=2),
    Code("76942", "img", 177, 177, 90),
    Code("73030", "img", 104, 104, 27, sided=True, mue=4),
    Code("73110", "img", 124, 124, 25, sided=True, mue=3),
    Code("73562", "img", 122, 122, 27, sided=True, mue=3),
    Code("72100", "img", 119, 119, 32, mue=2),
    Code("J3301", "drug", fee=165, ndc="00003029305", typical_units=(4, 4, 8), mue=16),
    Code("J7325", "drug", fee=1015, ndc="58468009001", typical_units=(48,), mue=96),
    Code("29881", "surg", 1664, 1664, sided=True, revenue="0360"),
    Code("29827", "surg", 3247, 3247, sided=True, revenue="0360"),
    Code("27447", "surg", 3888, 3888, sided=True, revenue="0360"),
    Code("64721", "surg", 1372, 1349, sided=True, revenue="0360"),
    Code("11042", "proc", 387, 182, revenue="0361"),
    Code("97597", "proc", 299, 105, revenue="0361"),
    # therapy
    Code("97161", "pt", 303, 303, revenue="0424"),
    Code("97162", "pt", 303, 303, revenue="0424"),
    Code("97110", "pt", 89, 89, typical_units=(1, 2, 2, 3), mue=6, revenue="0420"),
    Code("97112", "pt", 99, 99, typical_units=(1, 1, 2), mue=4, revenue="0420"),
    Code("97116", "pt", 89, 89, typical_units=(1,), mue=4, revenue="0420"),
    Code("97140", "pt", 84, 84, typical_units=(1, 1, 2), mue=6, revenue="0420"),
    Code("97530", "pt", 107, 107, typical_units=(1, 2), mue=6, revenue="0420"),
    Code("97035", "pt", 43, 43, typical_units=(1,), mue=2, revenue="0420"),
    Code("G0283", "pt", 38, 38, revenue="0420"),
    # imaging
    Code("70450", "img", 325, 325, 120, mue=3, revenue="0351"),
    Code("70553", "img", 971, 971, 324, mue=2, revenue="0611"),
    Code("71046", "img", 101, 101, 31, mue=2, revenue="0324"),
    Code("71260", "img", 508, 508, 164, mue=2, revenue="0352"),
    Code("72148", "img", 582, 582, 209, revenue="0612"),
    Code("73721", "img", 619, 619, 191, sided=True, mue=3, revenue="0610"),
    Code("74177", "img", 919, 919, 258, mue=2, revenue="0352"),
    Code("76700", "img", 346, 346, 114, revenue="0402"),
    Code("76830", "img", 353, 353, 98, revenue="0402"),
    Code("77067", "img", 385, 385, 108, revenue="0403"),
    Code("77080", "img", 118, 118, 28, revenue="0320"),
    # infusion
    Code("96367", "proc", 82, 82, mue=4, revenue="0335"),
    Code("96374", "proc", 105, 105, revenue="0260"),
    Code("96375", "proc", 44, 44, mue=6, revenue="0260"),
    Code("96413", "proc", 369, 369, revenue="0335"),
    Code("96415", "proc", 79, 79, typical_units=(1, 1, 2), mue=8, revenue="0335"),
    Code("36591", "proc", 83, 83, mue=2, revenue="0761"),
    Code(
        "J9271",
        "drug",
        fee=5712,
        single_dose=True,
        ndc="00006302602",
        typical_units=(200, 400),
        mue=400,
        revenue="0636",
    ),
    Code("J9045", "drug", fee=305, ndc="61703033918", typical_units=(8, 10, 12), mue=22, revenue="0636"),
    Code("J9267", "drug", fee=14, ndc="00703321601", typical_units=(280, 320), mue=750, revenue="0636"),
    Code("J1100", "drug", fee=12, ndc="63323016501", typical_units=(8, 12), mue=120, revenue="0636"),
    Code("J2405", "drug", fee=11, ndc="00409475503", typical_units=(8, 16), mue=64, revenue="0636"),
    # hospital outpatient
    Code("99282", "fac", 125, 125, revenue="0450"),
    Code("99283", "fac", fee=27600, revenue="0450"),
    Code("99284", "fac", fee=43200, revenue="0450"),
    Code("99285", "fac", fee=62500, revenue="0450"),
    Code("G0463", "fac", fee=12900, revenue="0510"),
    Code("45378", "surg", 1013, 548, revenue="0750"),
    Code("45385", "surg", 1346, 751, revenue="0750"),
)

EM = frozenset(c for c, k in CODES.items() if k.kind == "em")
NEW_PATIENT = frozenset(("99202", "99203", "99204", "99205"))
MINOR = frozenset(
    (
        "20550",
        "20610",
        "20611",
        "69210",
        "17110",
        "90471",
        "94010",
        "93015",
        "96372",
        "96374",
        "96413",
        "11042",
        "97597",
    )
)  # column 1 of an NCCI pair whose column 2 is an office visit: the visit needs modifier 25

# NCCI pairs (column 1, column 2): the second is denied beside the first, unless a modifier separates them (indicator
# 1) or never (indicator 0). Office visits are left to MINOR.
BUNDLES: dict[tuple[str, str], int] = {
    ("20611", "76942"): 1,
    ("20611", "20550"): 1,
    ("20610", "76942"): 1,
    ("20610", "20550"): 1,
    ("29881", "20610"): 1,
    ("29827", "20610"): 1,
    ("64721", "20550"): 1,
    ("93000", "93010"): 1,
    ("93000", "93005"): 1,
    ("93015", "93000"): 1,
    ("93224", "93000"): 1,
    ("11042", "97597"): 1,
    ("96413", "96372"): 1,
    ("96413", "96374"): 1,
    ("45385", "45378"): 0,
    ("36415", "36591"): 0,
    ("G0438", "G0439"): 0,
    ("99214", "G0444"): 1,
    ("90471", "99406"): 1,
    ("97162", "97161"): 0,
}

# Which diagnoses support a procedure (prefixes of ICD-10-CM codes). A code that is absent has no such rule.
SUPPORTED: dict[str, tuple[str, ...]] = {
    "82306": ("E55", "M81", "M858", "K90", "N18"),
    "83036": ("E11", "R73", "E08", "Z131"),
    "84443": ("E03", "R53", "I48", "F32", "E78", "R002"),
    "93000": ("I", "R07", "R00", "R55", "R06", "R94", "Z0181"),
    "93306": ("I", "R06", "R01", "R07", "R55", "R60", "C"),
    "93880": ("I65", "R55", "G45", "H34", "R42"),
    "93970": ("I82", "R60", "M79", "I83"),
    "78452": ("I20", "I25", "R07", "R94", "I50"),
    "93015": ("I20", "I25", "R07", "R002", "R06"),
    "93224": ("I48", "I49", "R00", "R55", "R42"),
    "94010": ("J", "R05", "R06"),
    "J3420": ("E53", "D51"),
    "20610": ("M17", "M25", "M75", "M19", "M70"),
    "20611": ("M17", "M25", "M75", "M19", "M70"),
    "J7325": ("M17",),
    "29881": ("S83", "M23"),
    "29827": ("M75", "S46"),
    "27447": ("M17",),
    "64721": ("G56",),
    "70450": ("R51", "R42", "S0", "G4", "R55", "I6", "R41"),
    "70553": ("G4", "R51", "C", "G35", "R90", "H53"),
    "71260": ("R91", "C", "J", "R06", "R07"),
    "72148": ("M54", "M51", "M48", "S3"),
    "73721": ("S83", "M25", "M23", "M17"),
    "74177": ("R10", "N20", "K", "C", "R63"),
    "76700": ("R10", "K", "R94"),
    "77067": ("Z1231",),
    "77080": ("M81", "M85", "Z13820", "Z78", "E55"),
    "11042": ("L97", "E11", "L89"),
    "45378": ("Z1211", "K", "R19", "D50"),
    "45385": ("Z1211", "K", "D12", "D50"),
    "96413": ("C", "D4", "Z5111"),
    "J9271": ("C34", "C43", "C61", "C18", "C50", "Z5111"),
}
SUPPORT_CODES = frozenset(SUPPORTED)


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of visit: `lines` are (code, probability that it is billed); `dx` the principal diagnoses seen."""

    weight: float
    pos: str
    dx: tuple[str, ...]
    lines: tuple[tuple[str, float], ...]
    sex: str = ""
    min_age: int = 0
    max_age: int = 200
    medicare: bool | None = None  # only for (True) or never for (False) Medicare and Medicare Advantage


OTHER_DX = (
    "I10",
    "E119",
    "E785",
    "K219",
    "E039",
    "F411",
    "F32A",
    "J45909",
    "Z87891",
    "Z79899",
    "E669",
    "G4733",
    "N189",
)
UNSUPPORTING_DX = ("Z0000", "R5383", "Z79899", "I10", "E785")

SPECIALTIES: dict[str, tuple[str, tuple[Template, ...]]] = {
    "family": (
        "207Q00000X",
        (
            Template(
                30,
                "11",
                ("I10", "E119", "E785", "E039", "F411", "K219"),
                (("99213", 1), ("36415", 0.25), ("80053", 0.2), ("3074F", 0.12)),
            ),
            Template(
                26,
                "11",
                ("E119", "E1165", "I10", "E782"),
                (("99214", 1), ("83036", 0.45), ("36415", 0.5), ("80061", 0.35), ("3078F", 0.12)),
            ),
            Template(
                5,
                "11",
                ("E119", "I10", "J449", "I5022"),
                (("99215", 1), ("93000", 0.2), ("36415", 0.4), ("80053", 0.35)),
            ),
            Template(9, "11", ("J069", "J029", "R059"), (("99213", 1), ("87880", 0.5)), max_age=70),
            Template(6, "11", ("H6121", "B079"), (("99213", 0.75), ("69210", 0.6), ("17110", 0.4))),
            Template(
                8,
                "11",
                ("Z0000", "Z0001"),
                (("99396", 1), ("36415", 0.7), ("80053", 0.5), ("80061", 0.5), ("82306", 0.12)),
                min_age=18,
                medicare=False,
            ),
            Template(
                8, "11", ("Z0000", "Z0001"), (("G0439", 1), ("G0444", 0.4), ("36415", 0.4)), min_age=60, medicare=True
            ),
            Template(6, "11", ("Z23",), (("90471", 1), ("90662", 1), ("99213", 0.25))),
            Template(5, "11", ("E538", "D649"), (("96372", 1), ("J3420", 1), ("99213", 0.3)), min_age=40),
            Template(
                4,
                "11",
                ("E559", "M810", "R5383"),
                (("99213", 1), ("82306", 0.8), ("36415", 0.9), ("84443", 0.5)),
                min_age=30,
            ),
            Template(6, "10", ("F411", "F32A", "I10", "J069"), (("99213", 0.7), ("99214", 0.3))),
            Template(4, "11", ("J45909", "J449", "R0602"), (("99214", 1), ("94010", 0.7))),
            Template(5, "11", ("I10", "M5450", "R519", "E119"), (("99203", 0.7), ("99204", 0.3))),
            Template(3, "11", ("N390",), (("99213", 1), ("81003", 0.9), ("87086", 0.6)), sex="F"),
        ),
    ),
    "cardiology": (
        "207RC0000X",
        (
            Template(24, "11", ("I2510", "I4891", "I5022", "I10"), (("99214", 1), ("93000", 0.55)), min_age=35),
            Template(8, "11", ("I4891", "I5022", "I2510"), (("99215", 1), ("93000", 0.5)), min_age=35),
            Template(
                10, "11", ("R079", "R002", "R0602", "R55"), (("99204", 1), ("93000", 0.8), ("93010", 0.1)), min_age=25
            ),
            Template(16, "11", ("I5022", "R0602", "I350", "I2510"), (("93306", 1),), min_age=30),
            Template(10, "11", ("I2510", "R079", "R9431"), (("78452", 1), ("93015", 0.8), ("93000", 0.08)), min_age=40),
            Template(8, "11", ("I6523", "R55", "R42"), (("93880", 1),), min_age=45),
            Template(6, "11", ("R600", "I82409"), (("93970", 1),), min_age=30),
            Template(8, "11", ("R002", "I493", "I4891"), (("93224", 1), ("93000", 0.15)), min_age=25),
            Template(5, "22", ("I2510", "R9431"), (("93458", 1),), min_age=45),
            Template(10, "22", ("I2510", "R079"), (("93010", 1),), min_age=30),
        ),
    ),
    "orthopaedics": (
        "207X00000X",
        (
            Template(22, "11", ("M1711", "M1712", "M25561", "M25562"), (("99213", 1), ("73562", 0.6)), min_age=20),
            Template(
                14,
                "11",
                ("M1711", "M1712", "M170"),
                (("20610", 0.6), ("J3301", 0.6), ("99213", 0.5), ("20550", 0.08)),
                min_age=35,
            ),
            Template(
                9,
                "11",
                ("M1711", "M1712", "M25511"),
                (("20611", 1), ("76942", 0.3), ("J3301", 0.8), ("99214", 0.3)),
                min_age=35,
            ),
            Template(8, "11", ("M1711", "M1712"), (("20611", 1), ("J7325", 1)), min_age=45),
            Template(
                12, "11", ("M25511", "M75101", "M25512"), (("99203", 0.6), ("99204", 0.4), ("73030", 0.8)), min_age=18
            ),
            Template(8, "11", ("S52501A", "M25531"), (("99203", 1), ("73110", 0.9))),
            Template(8, "11", ("M5450", "M5416"), (("99213", 1), ("72100", 0.6)), min_age=18),
            Template(6, "24", ("S83241A", "S83242A"), (("29881", 1), ("20610", 0.1)), min_age=20),
            Template(5, "24", ("M75101", "M75121"), (("29827", 1),), min_age=30),
            Template(5, "22", ("M1711", "M1712"), (("27447", 1),), min_age=50),
            Template(4, "24", ("G5601", "G5602"), (("64721", 1), ("20550", 0.08)), min_age=25),
        ),
    ),
    "therapy": (
        "225100000X",
        (
            Template(
                40,
                "11",
                ("M5450", "M542", "M25561", "Z471", "M7541"),
                (("97110", 1), ("97140", 0.7), ("97112", 0.4), ("G0283", 0.15)),
                min_age=10,
            ),
            Template(
                25, "11", ("M6281", "R2689", "M25511"), (("97110", 1), ("97530", 0.7), ("97116", 0.35)), min_age=10
            ),
            Template(12, "11", ("M5416", "M5450"), (("97140", 1), ("97110", 0.8), ("97035", 0.4))),
            Template(12, "11", ("M5450", "M542", "M25561", "Z471"), (("97161", 1), ("97110", 0.6))),
        ),
    ),
    "radiology": (
        "2085R0202X",
        (
            Template(20, "22", ("R059", "R0602", "R079"), (("71046", 1),)),
            Template(12, "11", ("Z1231",), (("77067", 1),), sex="F", min_age=40),
            Template(9, "11", ("M810", "Z13820", "M8580"), (("77080", 1),), min_age=50),
            Template(10, "11", ("M5450", "M5416", "M5116"), (("72148", 1),), min_age=18),
            Template(8, "11", ("G43909", "R519", "R9082"), (("70553", 1),), min_age=15),
            Template(8, "11", ("S83241A", "M25561", "M25562"), (("73721", 1),), min_age=15),
            Template(9, "22", ("R109", "N200", "R1084"), (("74177", 1),)),
            Template(7, "22", ("R519", "R42", "R55"), (("70450", 1),)),
            Template(7, "11", ("R911", "C3490", "R0602"), (("71260", 1),), min_age=30),
            Template(8, "11", ("R109", "K8020"), (("76700", 1),)),
            Template(5, "11", ("N939", "N921"), (("76830", 1),), sex="F", min_age=18),
        ),
    ),
    "oncology": (
        "207RH0003X",
        (
            Template(
                24,
                "11",
                ("C50911", "C3490", "C189", "C61"),
                (("99214", 0.7), ("99215", 0.3), ("36415", 0.6), ("85025", 0.7), ("80053", 0.5)),
                min_age=30,
            ),
            Template(
                16,
                "11",
                ("Z5111",),
                (
                    ("96413", 1),
                    ("96415", 0.6),
                    ("J9045", 0.6),
                    ("J9267", 0.6),
                    ("96367", 0.6),
                    ("J1100", 0.6),
                    ("J2405", 0.5),
                ),
                min_age=30,
            ),
            Template(
                14,
                "11",
                ("C3490", "C61", "C189"),
                (("96413", 1), ("J9271", 1), ("99214", 0.3), ("36591", 0.08)),
                min_age=35,
            ),
            Template(8, "11", ("D649", "D509"), (("99213", 1), ("36415", 0.8), ("85025", 1)), min_age=20),
            Template(
                5,
                "11",
                ("C50911", "C189"),
                (("96374", 1), ("96375", 0.5), ("J1100", 1), ("36591", 0.15), ("36415", 0.5)),
                min_age=30,
            ),
        ),
    ),
}

# Hospital outpatient bills (837I, bill type 13x).
HOSPITAL: tuple[Template, ...] = (
    Template(
        18,
        "13",
        ("R079", "R109", "R519", "S161XXA"),
        (
            ("99283", 0.5),
            ("99284", 0.5),
            ("80053", 0.6),
            ("85025", 0.6),
            ("93005", 0.4),
            ("71046", 0.4),
            ("96374", 0.3),
        ),
    ),
    Template(
        8,
        "13",
        ("R079", "A419", "I5023"),
        (("99285", 1), ("80053", 0.9), ("85025", 0.9), ("93005", 0.8), ("71046", 0.7), ("70450", 0.2), ("96375", 0.3)),
        min_age=18,
    ),
    Template(18, "13", ("I10", "E119", "I5022", "J449"), (("G0463", 1), ("36415", 0.3), ("80053", 0.3))),
    Template(12, "13", ("Z1211", "K635", "D509"), (("45378", 0.45), ("45385", 0.6)), min_age=40),
    Template(10, "13", ("M5450", "M5416"), (("72148", 1),), min_age=18),
    Template(8, "13", ("G43909", "R519"), (("70553", 1),), min_age=15),
    Template(10, "13", ("M5450", "Z471"), (("97110", 1), ("97140", 0.6), ("97530", 0.3))),
    Template(8, "13", ("C3490", "C50911"), (("96413", 1), ("96415", 0.5), ("J9271", 0.6), ("J1100", 0.5)), min_age=30),
    Template(8, "13", ("I5022", "R0602"), (("93306", 1),), min_age=30),
)

# Inpatient stays (bill type 11x): DRG, principal diagnoses, mean days, case price in cents, share.
STAYS: tuple[tuple[str, tuple[str, ...], int, int, float], ...] = (
    ("470", ("M1711", "M1712"), 2, 1_320_000, 0.2),
    ("291", ("I5023",), 4, 940_000, 0.25),
    ("871", ("A419",), 5, 1_310_000, 0.2),
    ("193", ("J189",), 4, 890_000, 0.2),
    ("683", ("N179",), 3, 660_000, 0.15),
)
