"""999 and 277CA: what the clearinghouse answers on the files that it was sent.

Belongs here: 005010X231A1 (accepted for implementation) and 005010X214 (accepted or rejected, claim by claim).
Does not belong here: which claims are rejected (`engine`), envelopes (`wire`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.simulator.model import Claim, ymd
from claims.simulator.model import money as m
from claims.simulator.network import Tenant

GUIDE_999 = "005010X231A1"
GUIDE_277CA = "005010X214"

# Why a clearinghouse rejects: category : status : entity.
REJECTIONS = ("A7:562:85", "A7:164:IL", "A7:254", "A7:507", "A3:21", "A7:187", "A8:153:82")


@dataclass(frozen=True, slots=True)
class Sent:
    """One functional group that was sent: its control numbers, guide, reference and claims."""

    gs: int
    guide: str
    reference: str
    claims: Sequence[Claim]
    institutional: bool


def acknowledgement(sent: Sent) -> str:
    """The segments between ST and SE of the 999 that accepts one functional group of one transaction set."""
    return f"AK1*HC*{sent.gs}*{sent.guide}~AK2*837*0001*{sent.guide}~IK5*A~AK9*A*1*1*1~"


def claim_statuses(tenant: Tenant, sent: Sent, rejected: dict[int, str], day: int, trace: str) -> str:
    """The segments between ST and SE of the 277CA on one 837. `rejected`: index of the claim to its STC01."""
    date = ymd(day)
    name, npi = (tenant.hospital, tenant.hospital_npi) if sent.institutional else (tenant.practice, tenant.practice_npi)
    total = sum(c.charge for c in sent.claims)
    refused = sum(sent.claims[i].charge for i in rejected)
    parts = [
        f"BHT*0085*08*{trace}*{date}*0700*TH~HL*1**20*1~NM1*AY*2*CLAIMRELAY*****46*CLAIMRELAY~"
        f"TRN*1*{trace}~DTP*050*D8*{date}~DTP*009*D8*{date}~"
        f"HL*2*1*21*1~NM1*41*2*{name}*****46*{tenant.name.upper()}01~TRN*2*{sent.reference}~"
        f"STC*A1:19:PR*{date}*WQ*{m(total)}~QTY*90*{len(sent.claims) - len(rejected)}~"
        + (f"QTY*AA*{len(rejected)}~" if rejected else "")
        + f"AMT*YU*{m(total - refused)}~"
        + (f"AMT*YY*{m(refused)}~" if rejected else "")
        + f"HL*3*2*19*1~NM1*85*2*{name}*****XX*{npi}~"
    ]
    for i, claim in enumerate(sent.claims):
        patient = claim.patient
        status, action = (rejected[i], "U") if i in rejected else ("A2:20:PR", "WQ")
        period = f"RD8*{ymd(claim.day)}-{ymd(claim.through)}" if claim.through != claim.day else f"D8*{ymd(claim.day)}"
        bill_type = f"REF*BLT*{claim.pos}{claim.frequency}~" if claim.institutional else ""
        parts.append(
            f"HL*{i + 4}*3*PT~NM1*QC*1*{patient.last}*{patient.first}*{patient.middle}***MI*{claim.member_id}~"
            f"TRN*2*{claim.number}~STC*{status}*{date}*{action}*{m(claim.charge)}~"
            f"REF*D9*{trace}{i + 1:05d}~{bill_type}DTP*472*{period}~"
        )
    return "".join(parts)
