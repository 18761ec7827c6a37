"""How a payer splits each charge into payment, contractual adjustment and patient responsibility.

Belongs here: amounts. Every result balances by construction: line charge = paid + sum of adjustments. Does not belong
here: whether a line is denied (`policies`), how it is written (`remittance`).
"""

from claims.simulator.catalog import CODES, Code
from claims.simulator.model import Adjudication, Claim, LineResult, Reason
from claims.simulator.network import Coverage, Uniform
from claims.simulator.payers import Payer

SEQUESTRATION = 0.02  # of Medicare's payment, after deductible and coinsurance
SHORT_SHARE = 0.92  # of the agreed fee, for what a payer underpays


def _split(
    charge: int, allowed: int, deductible: int, coinsurance: int, copay: int, withheld: list[tuple[str, int]]
) -> LineResult:
    """The line result of an allowed amount. `withheld` are further contractual reductions of the payment."""
    contractual = [("45", charge - allowed)] if charge > allowed else []
    contractual += [item for item in withheld if item[1]]
    patient = [item for item in (("1", deductible), ("2", coinsurance), ("3", copay)) if item[1]]
    paid = charge - sum(c for _, c in contractual) - sum(c for _, c in patient)
    adjustments = [(group, items) for group, items in (("CO", contractual), ("PR", patient)) if items]
    return LineResult(allowed, paid, adjustments)


def unit_fee(code: Code, multiple: float, in_facility: bool, is_professional: bool) -> int:
    """What a payer of that multiple allows for one unit, in cents."""
    return round(code.price(in_facility, is_professional) * multiple)


def bilateral(fee: int) -> int:
    """The fee of both sides."""
    return fee * 3 // 2


def _deductible(cover: Coverage, payer: Payer, year: int, allowed: int) -> int:
    if cover.deductible_year != year:
        cover.deductible_year, cover.deductible_left = year, payer.deductible
    used = min(allowed, cover.deductible_left)
    cover.deductible_left -= used
    return used


def denied(charge: int, reason: Reason, carc: str = "") -> LineResult:
    """A line denied whole for `reason`."""
    return LineResult(0, 0, [(reason.group, [(carc or reason.carc, charge)])], reason.rarcs)


def _pay(claim: Claim, payer: Payer, charge: int, fee: int, year: int, u: Uniform, visit: bool) -> LineResult:
    allowed = min(charge, fee)
    cover = claim.coverage
    deductible = _deductible(cover, payer, year, allowed) if payer.deductible else 0
    rest = allowed - deductible
    copay = min(rest, payer.copay) if visit and payer.copay else 0
    coinsurance = 0 if payer.copay and visit else round((rest - copay) * payer.coinsurance)
    rest -= copay + coinsurance
    withheld: list[tuple[str, int]] = []
    if payer.kind == "medicare":
        withheld.append(("253", round(rest * SEQUESTRATION)))
        if u() < 0.02:  # a regulatory penalty and a promotional withhold now and then
            withheld.append(("237", round(rest * 0.01)))
    elif payer.kind == "advantage" and u() < 0.06:
        withheld += [("104", round(rest * 0.02)), ("253", round(rest * SEQUESTRATION))]
        if u() < 0.3:
            withheld += [("59", round(rest * 0.05)), ("237", round(rest * 0.01)), ("223", round(rest * 0.005))]
    elif payer.kind == "commercial" and u() < 0.02:
        withheld.append(("45" if charge == allowed else "131", round(rest * 0.08)))  # an underpayment
    return _split(charge, allowed, deductible, coinsurance, copay, withheld)


def _secondary(claim: Claim, prior: Adjudication, payer: Payer, u: Uniform) -> list[LineResult]:
    """The second payer takes over what the first left to the patient, most of it."""
    results: list[LineResult] = []
    share = 1.0 if payer.kind == "commercial" else 0.0 if u() < 0.3 else 0.8
    for i, (line, before) in enumerate(zip(claim.lines, prior.lines, strict=True)):
        if i in claim.denials:
            results.append(denied(line.charge, claim.denials[i]))
            continue
        left = before.patient
        paid = round(left * share)
        elsewhere = line.charge - left
        adjustments: list[tuple[str, list[tuple[str, int]]]] = []
        if left > paid:
            adjustments.append(("CO", [("45", left - paid)]))
        if elsewhere:
            adjustments.append(("OA", [("23", elsewhere)]))
        results.append(LineResult(left, paid, adjustments))
    return results


def adjudicate(claim: Claim, payer: Payer, icn: str, u: Uniform, *, day: int) -> Adjudication:
    """The payer's decision on `claim`, told on `day`. Money in cents; deductibles are used up as a side effect."""
    year = int(claim.day / 365.2425)
    status = "1" if claim.prior is None else "2"
    remarks: tuple[str, ...] = ("MA01",) if payer.kind == "medicare" else ()
    charge = claim.charge
    if claim.drg and claim.prior is None:
        if claim.denials:  # a stay is decided whole
            reason = claim.denials[min(claim.denials)]
            return Adjudication(claim, "4", icn, [], denied(charge, reason), (*remarks, *reason.rarcs))
        result = _pay(claim, payer, charge, round(claim.case_price * payer.multiple), year, u, False)
        return Adjudication(claim, status, icn, [], result, remarks)
    if claim.prior is not None:
        lines = _secondary(claim, claim.prior, payer, u)
    else:
        facility = claim.institutional or claim.pos in ("22", "24")
        lines = []
        for i, line in enumerate(claim.lines):
            if i in claim.denials:
                lines.append(denied(line.charge, claim.denials[i]))
            elif not line.charge:
                lines.append(LineResult(0, 0, []))
            else:
                code = CODES[line.code]
                multiple = payer.multiple * (SHORT_SHARE if line.code in payer.short else 1)
                fee = unit_fee(code, multiple, facility, "26" in line.mods) * line.units
                if "50" in line.mods:
                    fee = bilateral(fee)
                lines.append(_pay(claim, payer, line.charge, fee, year, u, code.kind == "em"))
    billed_lines = [i for i, line in enumerate(claim.lines) if line.charge]
    if billed_lines and all(i in claim.denials for i in billed_lines):
        status = "4"
    interest = 0
    result_paid = sum(r.paid for r in lines)
    if day - claim.submitted > 40 and result_paid > 5000 and payer.kind != "medicaid":
        interest = round(result_paid * 0.0003 * (day - claim.submitted - 30))
    return Adjudication(claim, status, icn, lines, None, remarks, interest)
