"""Which rules of a payer a claim runs into, and with what probability each of them denies.

Belongs here: reading a claim as its payer reads it, rule by rule, and the closed form of the probability that at
least one line is denied at the first adjudication. Does not belong here: payers as data (`payers`), drawing the visit
(`encounters`), amounts (`adjudication`).

Everything a rule looks at stands in a file that was received by the day of submission: the claim itself, the
eligibility and authorization extracts, earlier claims and earlier remittances. The draws of the rules are independent,
so P(at least one line denied) = 1 - product(1 - p) over the rules that apply, exactly.
"""

from collections.abc import Sequence

from claims.simulator.catalog import BUNDLES, CODES, EM, MINOR, SUPPORTED
from claims.simulator.model import Claim, Reason
from claims.simulator.network import Uniform, Weighted
from claims.simulator.payers import Payer
from claims.simulator.world import World

SEPARATORS = frozenset(("59", "XE", "XP", "XS", "XU", "76", "77", "91"))
SIDES = frozenset(("LT", "RT", "50"))

# What a rule denies: None the whole claim, else line indices.
Targets = tuple[int, ...] | None
Hazard = tuple[Targets, Reason, float]

DUPLICATE = Reason("duplicate", "OA", "18", ("N522",), overturn=0.05)
LAPSED = Reason("coverage ended", "CO", "27", (), fix="rebill", overturn=0.08)
EARLY = Reason("coverage not begun", "CO", "26", (), fix="rebill", overturn=0.08)
ROUTED = Reason("managed care covers it", "CO", "109", ("N418",), fix="rebill", overturn=0.05)
RETRO = Reason("coverage ended retroactively", "CO", "27", ("N619",), fix="rebill", overturn=0.1)
UNKNOWN = Reason("member unknown", "CO", "31", ("N382",), fix="member")
OTHER_PAYER = Reason("another payer is primary", "OA", "22", ("MA04",), fix="rebill")
FILING = Reason("filing limit", "CO", "29", ("N211",), overturn=0.12)
ACCIDENT = Reason("liability carrier", "OA", "20", ("N598",), overturn=0.2)
NO_REFERRER = Reason("referring provider missing", "CO", "16", ("N286", "MA130"), fix="referrer")
NO_TAXONOMY = Reason("taxonomy missing", "CO", "16", ("N288", "MA130"), fix="taxonomy")
NO_NDC = Reason("drug code missing", "CO", "16", ("M119",), fix="ndc")
NO_ONSET = Reason("onset date missing", "CO", "16", ("M53",), fix="onset")
NO_AUTHORIZATION = Reason("authorization absent", "CO", "197", ("M62",), fix="authorization", overturn=0.45)
WRONG_AUTHORIZATION = Reason("authorization for another service", "CO", "284", (), fix="authorization", overturn=0.4)
LATE_AUTHORIZATION = Reason("authorization expired", "CO", "302", (), fix="authorization", overturn=0.4)
SPENT_AUTHORIZATION = Reason("authorization exceeded", "CO", "198", (), fix="authorization", overturn=0.35)
MODIFIER = Reason("modifier missing", "CO", "4", ("N822",), fix="modifier")
CREDENTIAL = Reason("provider not yet enrolled", "CO", "B7", ("N570",), overturn=0.5)
VISITS = Reason("benefit maximum", "CO", "119", ("N640",), overturn=0.15)
UNITS = Reason("units", "CO", "151", ("N362",), fix="units", overturn=0.35)
LEVEL = Reason("level of service", "CO", "150", ("N206",), overturn=0.5)

BUNDLED = {
    "97": Reason("bundled", "CO", "97", ("M15",), fix="separate", overturn=0.3),
    "236": Reason("bundled", "CO", "236", (), fix="separate", overturn=0.25),
    "234": Reason("bundled", "CO", "234", ("N20",), fix="separate", overturn=0.25),
}
UNNECESSARY = {
    "50": Reason("not necessary", "CO", "50", ("N115",), fix="diagnosis", overturn=0.5),
    "11": Reason("diagnosis and procedure", "CO", "11", ("N657",), fix="diagnosis", overturn=0.45),
}
NONCOVERED = {
    "96": Reason("not covered", "CO", "96", ("N130",), overturn=0.08),
    "204": Reason("not in the plan", "CO", "204", ("N130",), overturn=0.08),
}

# Denials that no rule explains, by weight: the whole claim (True) or one line of it.
_UNEXPLAINED: tuple[tuple[float, bool, Reason], ...] = (
    (24, True, Reason("records wanted", "CO", "252", ("N706",), fix="records", overturn=0.6)),
    (20, True, Reason("missing information", "CO", "16", ("N29",), fix="records", overturn=0.4)),
    (9, True, Reason("invalid information", "CO", "16", ("M76", "MA130"), fix="records", overturn=0.4)),
    (10, False, UNNECESSARY["50"]),
    (12, False, BUNDLED["97"]),
    (11, False, NONCOVERED["96"]),
    (5, True, Reason("provider did not answer", "CO", "226", ("M127",), fix="records", overturn=0.5)),
    (4, False, Reason("inconsistent with history", "CO", "261", (), overturn=0.3)),
    (5, True, Reason("out of network", "CO", "242", (), overturn=0.2)),
)
_UNEXPLAINED_CHOICE = Weighted([w for w, _, _ in _UNEXPLAINED])
UNEXPLAINED = Reason("unexplained", "CO", "A1")  # placeholder of the closed form; the draw names the true one

SENIOR_AGE = 65


def _missing(claim: Claim, payer: Payer, codes: Sequence[str], hazards: list[Hazard]) -> None:
    p = payer.missing_p
    kinds = {CODES[c].kind for c in codes}
    if (
        claim.referrer is None
        and ("img" in kinds or ("pt" in kinds and payer.kind != "commercial"))
        and not claim.institutional
    ):
        hazards.append((None, NO_REFERRER, p))
    if not claim.taxonomy:
        hazards.append((None, NO_TAXONOMY, p * (0.9 if payer.kind == "medicaid" else 0.45)))
    if "pt" in kinds and not claim.onset and not claim.institutional:
        hazards.append((None, NO_ONSET, p * 0.6))
    for i, line in enumerate(claim.lines):
        if line.code and CODES[line.code].ndc and not line.ndc:
            hazards.append(((i,), NO_NDC, p))


def _authorization(claim: Claim, payer: Payer, codes: Sequence[str], hazards: list[Hazard]) -> None:
    listed = tuple(i for i, c in enumerate(codes) if c in payer.authorization)
    if not listed or claim.pos == "23" or "0450" in {line.revenue for line in claim.lines}:
        return
    held = claim.authorization
    if held is None:
        hazards.append((listed, NO_AUTHORIZATION, payer.authorization_p))
    elif held.valid_through < claim.day or held.valid_from > claim.day:
        hazards.append((listed, LATE_AUTHORIZATION, payer.authorization_p * 0.85))
    elif held.code not in {codes[i] for i in listed}:
        hazards.append((listed, WRONG_AUTHORIZATION, payer.authorization_p * 0.75))
    elif held.units < max(claim.lines[i].units for i in listed if codes[i] == held.code):
        hazards.append((listed, SPENT_AUTHORIZATION, payer.authorization_p * 0.7))


def _coding(claim: Claim, payer: Payer, codes: Sequence[str], hazards: list[Hazard]) -> None:
    present = set(codes)
    has_minor = not present.isdisjoint(MINOR)
    for i, line in enumerate(claim.lines):
        code = CODES.get(line.code)
        if code is None or code.kind == "track":
            continue
        mods = line.mods
        lacks = (
            (line.code in EM and ((has_minor and "25" not in mods) or (claim.pos == "10" and "95" not in mods)))
            or (code.sided and SIDES.isdisjoint(mods) and not claim.institutional)
            or (
                payer.modifiers_strict
                and (
                    (code.kind == "pt" and "GP" not in mods)
                    or (code.single_dose and "JZ" not in mods and "JW" not in mods)
                )
            )
        )
        if lacks:
            hazards.append(((i,), MODIFIER, payer.modifier_p))
        if line.units > code.mue:
            hazards.append(((i,), UNITS, 0.6))
        if line.code in SUPPORTED and not claim.dx[int(line.pointers[0]) - 1].startswith(SUPPORTED[line.code]):
            hazards.append(((i,), UNNECESSARY[payer.necessity_carc], payer.necessity_p))
        if line.code in payer.noncovered:
            hazards.append(((i,), NONCOVERED[payer.noncovered_carc], 0.65))
        if line.code in ("99215", "99205") and len(claim.dx) < 2:
            hazards.append(((i,), LEVEL, payer.level_p))
    if len(present) > 1:
        for (first, second), indicator in BUNDLES.items():
            if first in present and second in present:
                i = codes.index(second)
                if not indicator or SEPARATORS.isdisjoint(claim.lines[i].mods):
                    hazards.append(((i,), BUNDLED[payer.bundling_carc], payer.bundling_p))


def unexplained(claim: Claim, payer: Payer, world: World) -> float:
    """Probability of a denial that no rule explains: by payer, provider, charge and number of lines."""
    odds = 0.029 * world.noise * (payer.strictness * claim.provider.standing) ** world.spread
    odds *= (max(claim.charge, 2000) / 30_000) ** 0.25 * (1 + 0.06 * (len(claim.lines) - 1))
    if claim.prior is not None:
        odds *= 0.6
    return float(odds / (1 + odds))


def hazards(claim: Claim, payer: Payer, world: World) -> list[Hazard]:
    """Every rule of `payer` that the claim runs into, in the payer's order, with its probability of denial.

    The last entry is always the unexplained one.
    """
    found: list[Hazard] = []
    cover = claim.coverage
    if claim.prior is None:
        codes = [line.code for line in claim.lines]
        if claim.duplicate:
            found.append((None, DUPLICATE, 0.94))
        if claim.member_id != cover.member_id:
            found.append((None, UNKNOWN, 0.93))
        elif cover.start > claim.day:
            found.append((None, EARLY, 0.9))
        elif cover.shown_through and cover.shown_through < claim.day:
            found.append((None, ROUTED if payer.kind == "medicare" else LAPSED, 0.94))
        else:
            # The older the answer on coverage, the likelier that it no longer holds.
            found.append(
                (None, RETRO, 0.0015 if payer.kind == "medicare" else 0.006 if payer.kind == "medicaid" else 0.003)
            )
        if claim.order != cover.order:
            found.append((None, OTHER_PAYER, payer.cob_p))
        elif payer.kind == "commercial" and claim.other is None and claim.patient.age(2024) >= SENIOR_AGE:
            found.append((None, OTHER_PAYER, payer.cob_p * 0.45))
        if claim.accident and claim.order == "P":
            found.append((None, ACCIDENT, 0.45))
        if claim.submitted - claim.day > payer.filing_limit and claim.frequency == "1":
            found.append((None, FILING, 0.95))
        _missing(claim, payer, [c for c in codes if c], found)
        _authorization(claim, payer, codes, found)
        if claim.provider.joined and claim.submitted - claim.provider.joined < 120 and not claim.institutional:
            found.append((None, CREDENTIAL, payer.credential_p))
        if claim.provider.specialty == "therapy" and claim.patient.therapy_visits > payer.visit_limit:
            found.append((None, VISITS, 0.7))
        _coding(claim, payer, codes, found)
        if world.clarity != 1:
            found = [(targets, reason, p * world.clarity) for targets, reason, p in found]
    found.append((None, UNEXPLAINED, unexplained(claim, payer, world)))
    return found


def decide(claim: Claim, payer: Payer, world: World, uniform: Uniform) -> None:
    """Set the claim's `probability` by the closed form, then draw its `denials`: line index to the first reason.

    Lines at no charge are never denied: there is nothing to deny.
    """
    found = hazards(claim, payer, world)
    survival = 1.0
    for _, _, p in found:
        survival *= 1.0 - p
    claim.probability = 1.0 - survival
    billed = [i for i, line in enumerate(claim.lines) if line.charge]
    denials = claim.denials
    for rule_targets, rule_reason, p in found:
        if uniform() >= p:
            continue
        targets, reason = rule_targets, rule_reason
        if reason is UNEXPLAINED:
            _, whole, reason = _UNEXPLAINED[_UNEXPLAINED_CHOICE.draw(uniform())]
            # A stay is decided whole.
            if not whole and len(billed) > 1 and not claim.drg:
                targets = (billed[int(uniform() * len(billed))],)
        for i in billed if targets is None else targets:
            denials.setdefault(i, reason)
