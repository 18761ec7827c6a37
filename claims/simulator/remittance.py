"""835 transaction sets, as payers write them: payments, denials, reversals, corrections, provider adjustments.

Belongs here: the loops of 005010X221A1, and the balance of a payment (BPR02 = sum CLP04 - sum PLB, never negative: a
debt is carried forward). Does not belong here: what is decided (`adjudication`), when (`engine`), envelopes (`wire`).
"""

from dataclasses import dataclass, field

from claims.simulator.billing import cas, is_subscriber, line_key, product
from claims.simulator.model import Adjudication, ymd
from claims.simulator.model import money as m
from claims.simulator.network import Tenant
from claims.simulator.payers import BEFORE, Payer

GUIDE = "005010X221A1"

_FILING = {"CI": "12", "BL": "13", "HM": "HM", "16": "16", "MB": "MB", "MA": "MA", "MC": "MC"}


@dataclass(slots=True)
class Entry:
    """One CLP: an adjudication as it is, or taken back (`sign` -1, status 22)."""

    adjudication: Adjudication
    sign: int = 1
    original_icn: str = ""  # REF*F8 of a correction or reversal


@dataclass(slots=True)
class Payment:
    """One payment of a payer to a billing provider: one 835 transaction set."""

    billing_npi: str
    institutional: bool
    entries: list[Entry] = field(default_factory=list)
    provider_adjustments: list[tuple[str, str, int]] = field(default_factory=list)  # (reason, reference, cents)

    def settle(self, brought: int) -> int:
        """Close the payment: charge the debt `brought` forward, pay interest, never pay below zero.

        Returns the debt that is carried to the next payment, in cents.
        """
        if brought:
            self.provider_adjustments.append(("FB", "BALANCE", brought))
        for entry in self.entries:
            interest = entry.adjudication.interest
            if interest and entry.sign > 0:
                self.provider_adjustments.append(("L6", entry.adjudication.icn, -interest))
        carried = -min(self.amount, 0)
        if carried:
            self.provider_adjustments.append(("FB", "BALANCE", -carried))
        return carried

    @property
    def amount(self) -> int:
        """BPR02 in cents."""
        return sum(e.sign * e.adjudication.paid for e in self.entries) - sum(c for _, _, c in self.provider_adjustments)


def _claim(entry: Entry) -> str:
    adj, sign = entry.adjudication, entry.sign
    claim = adj.claim
    patient, cover, provider = claim.patient, claim.coverage, claim.provider
    own = is_subscriber(claim)
    payer = BEFORE[cover.payer]
    filing = _FILING[payer.filing_code_institutional if claim.institutional else payer.filing_code]
    status = "22" if sign < 0 else adj.status
    level = adj.claim_level
    text = (
        f"CLP*{claim.number}*{status}*{m(sign * claim.charge)}*{m(sign * adj.paid)}*"
        f"{m(sign * adj.patient)}*{filing}*{adj.icn}*{claim.pos}*{claim.frequency}~"
    )
    if level:
        text += cas(level.adjustments, sign)
    text += f"NM1*QC*1*{patient.last}*{patient.first}*{patient.middle}***MI*{claim.member_id}~"
    if not own:
        text += f"NM1*IL*1*{patient.last}*{patient.subscriber_first}****MI*{claim.member_id}~"
    text += f"NM1*82*1*{provider.last}*{provider.first}****XX*{provider.npi}~"
    if level:
        days = claim.through - claim.day
        text += f"MIA*{days}***{m(level.allowed)}{''.join('*' + r for r in adj.remarks[:1])}~"
    elif adj.remarks:
        text += f"MOA***{'*'.join(adj.remarks[:5])}~"
    if entry.original_icn:
        text += f"REF*F8*{entry.original_icn}~"
    text += f"DTM*232*{ymd(claim.day)}~DTM*233*{ymd(claim.through)}~"
    lapsed = cover.shown_through and cover.shown_through < claim.day
    if lapsed and any(r.carc == "27" for r in claim.denials.values()):
        text += f"DTM*036*{ymd(cover.shown_through)}~"
    text += f"DTM*050*{ymd(claim.submitted)}~"
    allowed = level.allowed if level else sum(r.allowed for r in adj.lines)
    if allowed:
        text += f"AMT*AU*{m(allowed)}~"
    if adj.interest and sign > 0:
        text += f"AMT*I*{m(adj.interest)}~"
    day = ymd(claim.day)
    for i, result in enumerate(adj.lines):
        line = claim.lines[i]
        units = line.units if result.allowed or not line.charge else 0
        text += (
            f"SVC*{product(line)}*{m(sign * line.charge)}*{m(sign * result.paid)}*{line.revenue}*{units}~"
            f"DTM*472*{day}~{cas(result.adjustments, sign)}REF*6R*{line_key(claim, i)}~"
        )
        if result.allowed:
            text += f"AMT*B6*{m(result.allowed)}~"
        for remark in result.remarks:
            text += f"LQ*HE*{remark}~"
    return text


def body(payer: Payer, tenant: Tenant, payment: Payment, trace: str, day: int) -> str:
    """The segments between ST and SE of one 835. `payment` is settled."""
    amount = payment.amount
    date = ymd(day)
    tax = f"1{930000000 + payer.index * 1117:09d}"
    if amount:
        method = (
            f"BPR*I*{m(amount)}*C*ACH*CCP*01*{71000000 + payer.index * 13:09d}*DA*{88000 + payer.index}*{tax}**"
            f"01*{61000000 + tenant.index * 7:09d}*DA*{4400 + tenant.index}*{date}~"
        )
    else:
        method = f"BPR*H*0*C*NON************{date}~"
    name, tax_id = (
        (tenant.hospital, tenant.hospital_tax_id)
        if payment.institutional
        else (tenant.practice, tenant.practice_tax_id)
    )
    header = (
        f"{method}TRN*1*{trace}*{tax}~DTM*405*{date}~"
        f"N1*PR*{payer.name}*XV*{payer.id}~N3*PO BOX {1000 + payer.index}~N4*ANYTOWN*OH*43000~"
        "PER*BL*EDI SUPPORT*TE*5555550199~"
        f"N1*PE*{name}*XX*{payment.billing_npi}~REF*TJ*{tax_id}~LX*1~"
    )
    parts = [header]
    parts.extend(_claim(entry) for entry in payment.entries)
    adjustments = payment.provider_adjustments
    year = date[:4]
    for start in range(0, len(adjustments), 6):
        pairs = "*".join(f"{code}:{reference}*{m(cents)}" for code, reference, cents in adjustments[start : start + 6])
        parts.append(f"PLB*{payment.billing_npi}*{year}1231*{pairs}~")
    return "".join(parts)
