"""837 professional and institutional transaction sets, as a billing office writes them.

Belongs here: the loops of 005010X222A1 and 005010X223A2. Does not belong here: what is billed (`encounters`),
envelopes (`wire`).
"""

from collections.abc import Iterable

from claims.simulator.model import Claim, Line, ymd
from claims.simulator.model import money as m
from claims.simulator.network import Coverage, Patient, Tenant
from claims.simulator.payers import BEFORE

GUIDE_P = "005010X222A1"
GUIDE_I = "005010X223A2"

_TAXONOMY_GROUP = "261QM1300X"
_TAXONOMY_HOSPITAL = "282N00000X"


def line_key(claim: Claim, index: int) -> str:
    """REF*6R: the provider's control number of a line, which the payer gives back."""
    return f"{claim.number}S{claim.submission}L{index + 1}"


def product(line: Line) -> str:
    """The HC composite of a line."""
    return ":".join(("HC", line.code, *line.mods))


def _subscriber(patient: Patient, cover: Coverage) -> tuple[str, str, str]:
    """First name, birth date and sex of the subscriber: the patient's own for the second coverage."""
    first = patient.subscriber_first
    if not first or cover.order == "S":
        return patient.first, ymd(patient.birth.toordinal()), patient.sex
    return first, ymd(patient.subscriber_birth.toordinal()), patient.subscriber_sex


def is_subscriber(claim: Claim) -> bool:
    """Whether the patient is the subscriber of the billed coverage."""
    return not claim.patient.subscriber_first or claim.coverage.order == "S"


def _other_payer(claim: Claim) -> str:
    """2320, 2330A, 2330B: the payer after this one, or the payer before it with its decision."""
    cover = claim.other
    if cover is None:
        return ""
    payer = BEFORE[cover.payer]
    patient = claim.patient
    first, _, _ = _subscriber(patient, cover)
    relationship = "18" if cover.order == "S" or not patient.subscriber_first else patient.relationship
    filing = payer.filing_code_institutional if claim.institutional else payer.filing_code
    order = "P" if claim.prior is not None else "S"
    text = f"SBR*{order}*{relationship}*{cover.group}******{filing}~"
    if claim.prior is not None:
        text += f"AMT*D*{m(claim.prior.paid)}~"
        if claim.prior.patient:
            text += f"AMT*EAF*{m(claim.prior.patient)}~"
    text += (
        f"OI***Y***Y~NM1*IL*1*{patient.last}*{first}****MI*{cover.member_id}~NM1*PR*2*{payer.name}*****PI*{payer.id}~"
    )
    return text


def cas(adjustments: list[tuple[str, list[tuple[str, int]]]], sign: int = 1) -> str:
    """CAS segments: the group once, then up to six triplets (reason, amount, no quantity)."""
    text = ""
    for group, items in adjustments:
        for start in range(0, len(items), 6):
            triplets = "**".join(f"{carc}*{m(sign * cents)}" for carc, cents in items[start : start + 6])
            text += f"CAS*{group}*{triplets}~"
    return text


def _line_decision(claim: Claim, index: int, line: Line) -> str:
    """2430: what the payer before this one did with the line."""
    if claim.prior is None:
        return ""
    result = claim.prior.lines[index]
    payer = BEFORE[claim.prior.claim.coverage.payer].id
    revenue = line.revenue
    return (
        f"SVD*{payer}*{m(result.paid)}*{product(line)}*{revenue}*{line.units}~"
        f"{cas(result.adjustments)}DTP*573*D8*{ymd(claim.prior_day)}~"
    )


def _professional(claim: Claim) -> str:
    tenant, patient, provider = claim.tenant, claim.patient, claim.provider
    text = f"CLM*{claim.number}*{m(claim.charge)}***{claim.pos}:B:{claim.frequency}*Y*A*Y*Y"
    text += "**OA~" if claim.accident else "~"
    if claim.onset:
        text += f"DTP*431*D8*{ymd(claim.onset)}~"
    if claim.accident:
        text += f"DTP*439*D8*{ymd(claim.day - 1)}~"
    if claim.attachment:
        text += f"PWK*M1*EL***AC*{claim.number}R{claim.submission}~"
    if claim.authorization:
        text += f"REF*G1*{claim.authorization.number}~"
    if claim.original_icn:
        text += f"REF*F8*{claim.original_icn}~"
    text += f"REF*EA*{tenant.name[0].upper()}M{patient.index:07d}~"
    dx = claim.dx
    text += f"HI*ABK:{dx[0]}{''.join(f'*ABF:{d}' for d in dx[1:12])}~"
    if claim.referrer:
        text += f"NM1*DN*1*{claim.referrer.last}*{claim.referrer.first}****XX*{claim.referrer.npi}~"
    text += f"NM1*82*1*{provider.last}*{provider.first}****XX*{provider.npi}~"
    if claim.taxonomy:
        text += f"PRV*PE*PXC*{provider.taxonomy}~"
    if claim.pos in ("22", "24"):
        text += (
            f"NM1*77*2*{tenant.hospital}*****XX*{tenant.hospital_npi}~"
            f"N3*{tenant.street}~N4*{tenant.city}*{tenant.state}*{tenant.zip}~"
        )
    text += _other_payer(claim)
    day = ymd(claim.day)
    for i, line in enumerate(claim.lines):
        text += (
            f"LX*{i + 1}~SV1*{product(line)}*{m(line.charge)}*UN*{line.units}***{':'.join(line.pointers)}~"
            f"DTP*472*D8*{day}~REF*6R*{line_key(claim, i)}~"
        )
        if line.ndc:
            text += f"LIN**N4*{line.ndc}~CTP****{line.units}*ML~"
        text += _line_decision(claim, i, line)
    return text


def _institutional(claim: Claim) -> str:
    patient, provider = claim.patient, claim.provider
    inpatient = bool(claim.drg)
    text = (
        f"CLM*{claim.number}*{m(claim.charge)}***{claim.pos}:A:{claim.frequency}**A*Y*Y~"
        f"DTP*434*RD8*{ymd(claim.day)}-{ymd(claim.through)}~"
    )
    if inpatient:
        text += f"DTP*435*DT*{ymd(claim.day)}0915~CL1*1*1*01~"
    else:
        text += f"CL1*{'1' if claim.lines[0].revenue == '0450' else '3'}*1*01~"
    if claim.attachment:
        text += f"PWK*M1*EL***AC*{claim.number}R{claim.submission}~"
    if claim.authorization:
        text += f"REF*G1*{claim.authorization.number}~"
    if claim.original_icn:
        text += f"REF*F8*{claim.original_icn}~"
    text += f"REF*EA*{claim.tenant.name[0].upper()}M{patient.index:07d}~"
    dx = claim.dx
    present = ":::::::Y" if inpatient else ""
    text += f"HI*ABK:{dx[0]}{present}~"
    if inpatient:
        text += f"HI*ABJ:{dx[0]}~HI*DR:{claim.drg}~"
    if len(dx) > 1:
        text += f"HI*{'*'.join(f'ABF:{d}{present}' for d in dx[1:12])}~"
    text += f"NM1*71*1*{provider.last}*{provider.first}****XX*{provider.npi}~PRV*AT*PXC*{provider.taxonomy}~"
    text += _other_payer(claim)
    day = ymd(claim.day)
    for i, line in enumerate(claim.lines):
        unit = "DA" if line.revenue == "0120" else "UN"
        code = product(line) if line.code else ""
        text += f"LX*{i + 1}~SV2*{line.revenue}*{code}*{m(line.charge)}*{unit}*{line.units}~"
        if not inpatient:
            text += f"DTP*472*D8*{day}~"
        text += f"REF*6R*{line_key(claim, i)}~"
        if line.ndc:
            text += f"LIN**N4*{line.ndc}~CTP****{line.units}*ML~"
        text += _line_decision(claim, i, line)
    return text


def body(tenant: Tenant, institutional: bool, claims: Iterable[Claim], reference: str, day: str, time: str) -> str:
    """The segments between ST and SE of one 837: 1000A, 1000B, 2000A, then one 2000B (and 2000C) per claim."""
    if institutional:
        name, npi, tax, taxonomy = tenant.hospital, tenant.hospital_npi, tenant.hospital_tax_id, _TAXONOMY_HOSPITAL
    else:
        name, npi, tax, taxonomy = tenant.practice, tenant.practice_npi, tenant.practice_tax_id, _TAXONOMY_GROUP
    header = (
        f"BHT*0019*00*{reference}*{day}*{time}*CH~"
        f"NM1*41*2*{name}*****46*{tenant.name.upper()}01~PER*IC*BILLING OFFICE*TE*5555550100~"
        "NM1*40*2*CLAIMRELAY*****46*CLAIMRELAY~"
        f"HL*1**20*1~PRV*BI*PXC*{taxonomy}~"
        f"NM1*85*2*{name}*****XX*{npi}~N3*{tenant.street}~N4*{tenant.city}*{tenant.state}*{tenant.zip}~REF*EI*{tax}~"
    )
    parts = [header]
    level = 1
    for claim in claims:
        patient, cover = claim.patient, claim.coverage
        payer = BEFORE[cover.payer]
        own = is_subscriber(claim)
        first, birth, sex = _subscriber(patient, cover)
        filing = payer.filing_code_institutional if institutional else payer.filing_code
        level += 1
        parts.append(
            f"HL*{level}*1*22*{0 if own else 1}~"
            f"SBR*{claim.order}*{'18' if own else ''}*{cover.group}******{filing}~"
            f"NM1*IL*1*{patient.last}*{first}*{patient.middle if own else ''}***MI*{claim.member_id}~"
            f"N3*{patient.street}~N4*{patient.city}*{tenant.state}*{patient.zip}~DMG*D8*{birth}*{sex}~"
            f"NM1*PR*2*{payer.name}*****PI*{payer.id}~"
        )
        if not own:
            level += 1
            parts.append(
                f"HL*{level}*{level - 1}*23*0~PAT*{patient.relationship}~"
                f"NM1*QC*1*{patient.last}*{patient.first}{'*' + patient.middle if patient.middle else ''}~"
                f"N3*{patient.street}~N4*{patient.city}*{tenant.state}*{patient.zip}~"
                f"DMG*D8*{ymd(patient.birth.toordinal())}*{patient.sex}~"
            )
        parts.append(_institutional(claim) if institutional else _professional(claim))
    return "".join(parts)
