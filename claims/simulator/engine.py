"""The run of the days: what is sent, answered, decided, paid, denied, corrected, appealed and taken back, and when.

Belongs here: the calendar, the flow of claims between the parties, the files of a day. Does not belong here: how a
claim comes about (`encounters`), how a payer decides (`policies`, `adjudication`), how a segment looks (`billing`,
`remittance`, `answers`).

One pass over the business days, each day's files written as it ends: memory holds the network and the claims that wait
for an answer, not the period.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from claims.simulator import answers, billing, contracts, network, remittance, wire
from claims.simulator.adjudication import adjudicate, denied
from claims.simulator.encounters import Encounters
from claims.simulator.model import Adjudication, Authorization, Claim, LineResult, Reason, iso, ymd
from claims.simulator.network import Draws, Tenant
from claims.simulator.payers import AFTER, BEFORE, Payer
from claims.simulator.policies import DUPLICATE, RETRO, decide
from claims.simulator.remittance import Entry, Payment
from claims.simulator.world import World

Progress = Callable[[int, int], None]

ELIGIBILITY_HEADER = (
    "member_id,payer_id,plan_code,coverage_from_date,coverage_through_date,payer_responsibility_code,checked_date\n"
)
AUTHORIZATION_HEADER = (
    "authorization_number,member_id,payer_id,procedure_code,"
    "valid_from_date,valid_through_date,approved_units,issued_date\n"
)

TRUTH = pa.schema(
    [
        pa.field("tenant_id", pa.string(), nullable=False),
        pa.field("patient_control_number", pa.string(), nullable=False),
        pa.field("submission_number", pa.int32(), nullable=False),
        pa.field("submitted_date", pa.date32(), nullable=False),
        pa.field("payer_id", pa.string(), nullable=False),
        pa.field("frequency_code", pa.string(), nullable=False),
        pa.field("denial_probability", pa.float64(), nullable=False),
        pa.field("is_denied", pa.bool_()),  # null: rejected by the clearinghouse, never adjudicated
        pa.field("reason", pa.string()),
        pa.field("reason_code", pa.string()),
        pa.field("remitted_date", pa.date32()),  # when the first remittance is due; after the period: never written
    ]
)

PATIENT_CLAIMS = 6.0  # first claims per patient over the period
SETTLING_DAYS = 9  # the fastest payment


def _holidays(year: int) -> set[date]:
    november = date(year, 11, 1)
    thanksgiving = november + timedelta((3 - november.weekday()) % 7 + 21)
    return {date(year, 1, 1), date(year, 7, 4), thanksgiving, date(year, 12, 25)}


def business_days(start: date, end: date) -> list[int]:
    """Ordinals of the business days in [start, end)."""
    holidays = set().union(*(_holidays(y) for y in range(start.year, end.year + 1)))
    days = (start + timedelta(n) for n in range((end - start).days))
    return [d.toordinal() for d in days if d.weekday() < 5 and d not in holidays]


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later; the first of the next month where there is none."""
    month = day.year * 12 + day.month - 1 + months
    try:
        return date(month // 12, month % 12 + 1, day.day)
    except ValueError:
        return date((month + 1) // 12, (month + 1) % 12 + 1, 1)


@dataclass(slots=True)
class SimulationReport:
    """What a run has written. Denial figures are of first adjudications of first submissions, whole period."""

    first_day: date
    last_day: date
    change_day: date
    claims: int = 0
    submissions: int = 0
    adjudicated: int = 0
    denied: int = 0
    files: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    bytes: int = 0

    @property
    def denial_rate(self) -> float:
        """Share of the first submissions that a payer took up and denied in part or whole."""
        return self.denied / self.adjudicated if self.adjudicated else 0.0

    def as_dict(self) -> dict[str, object]:
        """The report as plain values, for JSON."""
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "change_day": self.change_day.isoformat(),
            "claims": self.claims,
            "submissions": self.submissions,
            "adjudicated": self.adjudicated,
            "denied": self.denied,
            "denial_rate": round(self.denial_rate, 4),
            "files": dict(sorted(self.files.items())),
            "bytes": self.bytes,
        }


@dataclass(slots=True)
class _Rows:
    """Truth rows of the month under way."""

    columns: dict[str, list[object]] = field(default_factory=lambda: {name: [] for name in TRUTH.names})

    def add(self, *values: object) -> None:
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)


class Simulation:
    """One run over a period. `run()` writes everything and returns the report."""

    def __init__(self, out: Path, claims: int, seed: int, months: int, start: date, world: World) -> None:
        end = add_months(start, months)
        self.out = out
        self.world = world
        self.days = business_days(start, end)
        self.last = self.days[-1]
        change = start.toordinal() + round((end - start).days * world.change_at)
        self.change_day = change
        # One stream per purpose: another world with the same seed has the same people and the same visits.
        people, visits, decisions, flow, volume, answers_seed = np.random.SeedSequence(seed).spawn(6)
        self.tenants = network.build(people, max(150, round(claims / PATIENT_CLAIMS)), start, months)
        self.encounters = Encounters(Draws(visits).uniform, self.days[0], len(self.days), change)
        self.decide_u = Draws(decisions).uniform
        self.flow_u = Draws(flow).uniform
        self.answer_u = Draws(answers_seed).uniform
        self.volume = self._volume(np.random.default_rng(volume), claims)
        self.controls = wire.ControlNumbers()
        self.submissions: defaultdict[int, list[Claim]] = defaultdict(list)  # day -> claims to send that day
        self.payments: defaultdict[int, list[Claim]] = defaultdict(list)  # day -> claims to decide that day
        self.notices: defaultdict[int, list[tuple[str, Adjudication]]] = defaultdict(list)  # day -> later decisions
        self.debts: defaultdict[tuple[int, str], int] = defaultdict(int)
        self.truth = _Rows()
        self.truth_month = ""
        self.icn = 0
        self.report = SimulationReport(start, date.fromordinal(self.last), date.fromordinal(change), claims=claims)
        self._made: set[Path] = set()

    def _volume(self, rng: np.random.Generator, claims: int) -> list[list[int]]:
        """First claims per day and tenant: growth, season and the rhythm of the week, `claims` in all."""
        n = len(self.days)
        weekday = np.array([1.15, 1.08, 1.0, 0.97, 0.8])
        of_day = np.array([weekday[(d - 1) % 7] for d in self.days])
        season = 1 + 0.08 * np.cos(2 * np.pi * (np.array(self.days) % 365.2425) / 365.2425)
        growth = 1 + 0.25 * np.arange(n) / n
        weights = np.outer(of_day * season * growth, [t.share for t in self.tenants])
        counts = rng.multinomial(claims, (weights / weights.sum()).ravel()).reshape(weights.shape)
        return [[int(c) for c in row] for row in counts]

    # -- files ----------------------------------------------------------------------------------------------------

    def _write(self, tenant: Tenant, feed: str, day: int, name: str, data: bytes) -> None:
        folder = self.out / "landing" / tenant.name / feed / iso(day)
        if folder not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)
        (folder / name).write_bytes(data)
        self.report.files[feed] += 1
        self.report.bytes += len(data)

    def _business_day(self, day: int) -> int:
        """The first business day on or after `day`; a day after the period where there is none."""
        weekday = (day - 1) % 7
        if weekday > 4:
            day += 7 - weekday
        d = date.fromordinal(day)
        return self._business_day(day + 1) if d in _holidays(d.year) else day

    # -- the day --------------------------------------------------------------------------------------------------

    def run(self, progress: Progress | None = None) -> SimulationReport:
        """Every day of the period. Calls `progress(days done, days in all)` after each."""
        first, last = self.report.first_day.year, self.report.last_day.year
        for tenant in self.tenants:
            # A visit of the year before may be billed in the first month.
            contracts.write(self.out / "contracts" / tenant.name, range(first - 1, last + 1))
        month = ""
        for n, day in enumerate(self.days):
            if iso(day)[:7] != month:
                month = iso(day)[:7]
                self._flush_truth(month)
                for tenant in self.tenants:
                    self._eligibility(tenant, day)
            waiting = self.submissions.pop(day, [])
            for tenant in self.tenants:
                fresh = [self.encounters.draw(tenant, day) for _ in range(self.volume[n][tenant.index])]
                again = [c for c in waiting if c.tenant is tenant]
                self._submit(tenant, day, fresh + again)
            self._remit(day)
            self._made.clear()
            if progress is not None:
                progress(n + 1, len(self.days))
        self._flush_truth("")
        return self.report

    def _payer(self, claim: Claim) -> Payer:
        return (AFTER if claim.submitted >= self.change_day else BEFORE)[claim.coverage.payer]

    # -- extracts -------------------------------------------------------------------------------------------------

    def _eligibility(self, tenant: Tenant, day: int) -> None:
        """The monthly answer of the payers: every coverage of the last year, ends announced two months ahead."""
        rows: list[str] = [ELIGIBILITY_HEADER]
        checked = iso(day)
        for patient in tenant.patients:
            spans = patient.coverages if patient.second is None else [*patient.coverages, patient.second]
            for span in spans:
                if span.start > day + 31 or (span.through and span.through < day - 400):
                    continue
                if span.through and span.through <= day + 62:
                    span.shown_through = span.through
                rows.append(
                    f"{span.member_id},{BEFORE[span.payer].id},{span.plan},{iso(span.start)},"
                    f"{iso(span.shown_through)},{span.order},{checked}\n"
                )
        name = f"eligibility_{tenant.name}_{ymd(day)}.csv"
        self._write(tenant, "eligibility", day, name, "".join(rows).encode("ascii"))

    def _authorizations(self, tenant: Tenant, day: int, granted: list[Authorization]) -> None:
        if not granted:
            return
        rows = [AUTHORIZATION_HEADER]
        rows += [
            f"{a.number},{a.member_id},{BEFORE[a.payer].id},{a.code},{iso(a.valid_from)},{iso(a.valid_through)},"
            f"{a.units},{iso(a.issued)}\n"
            for a in granted
        ]
        name = f"authorizations_{tenant.name}_{ymd(day)}.csv"
        self._write(tenant, "authorization", day, name, "".join(rows).encode("ascii"))

    # -- claims out, answers in -----------------------------------------------------------------------------------

    def _submit(self, tenant: Tenant, day: int, claims: list[Claim]) -> None:
        granted: list[Authorization] = []
        for claim in claims:
            claim.sent[0] += 1
            claim.submission = claim.sent[0]
            held = claim.authorization
            if held is not None and not held.told:
                held.told = True
                granted.append(held)
        self._authorizations(tenant, day, granted)
        sent: list[answers.Sent] = []
        date8 = ymd(day)
        for institutional in (False, True):
            batch = [c for c in claims if c.institutional is institutional]
            if not batch:
                continue
            guide = billing.GUIDE_I if institutional else billing.GUIDE_P
            number = self.controls.next("837", tenant.name)
            reference = f"{tenant.name[0].upper()}{date8}{'I' if institutional else 'P'}"
            body = billing.body(tenant, institutional, batch, reference, date8, "1830")
            data = wire.interchange(
                wire.Party(tenant.name.upper()),
                wire.CLEARINGHOUSE,
                date8,
                "1830",
                number,
                number,
                "HC",
                guide,
                [wire.transaction("837", guide, 1, body)],
                (wire.STANDARD, wire.ONE_LINE, wire.PIPES)[tenant.index],
            )
            kind = "837I" if institutional else "837P"
            self._write(tenant, "837", day, f"{kind}_{tenant.name}_{date8}_{number:06d}.x12", data)
            sent.append(answers.Sent(number, guide, reference, batch, institutional))
        if sent:
            self._answer(tenant, day, sent)

    def _answer(self, tenant: Tenant, day: int, sent: list[answers.Sent]) -> None:
        date8 = ymd(day)
        party = wire.Party(tenant.name.upper())
        statuses: list[str] = []
        u = self.answer_u
        for group in sent:
            rejected: dict[int, str] = {}
            for i, claim in enumerate(group.claims):
                if claim.frequency == "1" and u() < self.world.rejected:
                    rejected[i] = answers.REJECTIONS[int(u() * len(answers.REJECTIONS))]
                    self._rejected(claim, day)
                else:
                    self._accepted(claim, day)
            trace = f"{tenant.name[0].upper()}{date8}{group.gs:06d}"
            statuses.append(answers.claim_statuses(tenant, group, rejected, day, trace))
        number = self.controls.next("answers", tenant.name)
        acks = [
            wire.transaction("999", answers.GUIDE_999, i + 1, answers.acknowledgement(s)) for i, s in enumerate(sent)
        ]
        data = wire.interchange(
            wire.CLEARINGHOUSE, party, date8, "1905", number, number, "FA", answers.GUIDE_999, acks, wire.STANDARD
        )
        self._write(tenant, "999", day, f"999_{tenant.name}_{date8}_{number:06d}.x12", data)
        number = self.controls.next("answers", tenant.name)
        bodies = [wire.transaction("277", answers.GUIDE_277CA, i + 1, b) for i, b in enumerate(statuses)]
        data = wire.interchange(
            wire.CLEARINGHOUSE, party, date8, "2115", number, number, "HN", answers.GUIDE_277CA, bodies, wire.STANDARD
        )
        self._write(tenant, "277ca", day, f"277CA_{tenant.name}_{date8}_{number:06d}.x12", data)

    def _rejected(self, claim: Claim, day: int) -> None:
        """No payer sees it: the office repairs it and sends it again as new."""
        decide(claim, self._payer(claim), self.world, self.decide_u)
        self._record(claim, day, None)
        when = self._business_day(day + 2 + int(self.flow_u() * 5))
        if when <= self.last:
            self._send_later(self.encounters.again(claim, when))

    def _accepted(self, claim: Claim, day: int) -> None:
        u = self.flow_u
        if claim.frequency == "8":
            self.payments[self._payday(claim, day)].append(claim)
            self.report.submissions += 1
            return
        decide(claim, self._payer(claim), self.world, self.decide_u)
        pay_day = self._payday(claim, day)
        self._record(claim, day, pay_day)
        self.payments[pay_day].append(claim)
        # Offices that hear nothing send once more.
        errors = claim.tenant.sloppiness * claim.provider.habits
        if claim.frequency == "1" and claim.prior is None and not claim.duplicate and u() < 0.017 * errors:
            when = self._business_day(day + 10 + int(u() * 25))
            if when <= self.last:
                duplicate = self.encounters.again(claim, when, new_number=u() < 0.6)
                duplicate.duplicate = True
                self._send_later(duplicate)

    def _send_later(self, claim: Claim) -> None:
        self.submissions[claim.submitted].append(claim)

    def _payday(self, claim: Claim, day: int) -> int:
        """The payer's weekly payment run after it has decided: 10 to 45 days after receipt."""
        payer = BEFORE[claim.coverage.payer]
        lag = payer.lag_days * (0.6 + 0.25 * -log(1 - self.flow_u()))
        ready = day + min(max(round(lag), SETTLING_DAYS), 38)
        weekday = (ready - 1) % 7
        return self._business_day(ready + (payer.weekday - weekday) % 7)

    # -- truth ----------------------------------------------------------------------------------------------------

    def _record(self, claim: Claim, day: int, pay_day: int | None) -> None:
        report = self.report
        report.submissions += 1
        was_denied = bool(claim.denials)
        reason = claim.denials[min(claim.denials)] if was_denied else None
        if pay_day is not None and claim.submission == 1 and not claim.duplicate and claim.prior is None:
            report.adjudicated += 1
            report.denied += was_denied
        taken = pay_day is not None
        self.truth.add(
            claim.tenant.name,
            claim.number,
            claim.submission,
            date.fromordinal(day),
            BEFORE[claim.coverage.payer].id,
            claim.frequency,
            claim.probability,
            was_denied if taken else None,
            reason.name if taken and reason else None,
            reason.carc if taken and reason else None,
            date.fromordinal(pay_day) if pay_day else None,
        )

    def _flush_truth(self, month: str) -> None:
        rows = self.truth.columns
        if rows["tenant_id"]:
            folder = self.out / "truth" / "denials"
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(rows, schema=TRUTH), folder / f"{self.truth_month}.parquet")
            self.truth = _Rows()
        self.truth_month = month

    # -- payments -------------------------------------------------------------------------------------------------

    def _next_icn(self, payer: Payer, day: int) -> str:
        self.icn += 1
        return f"{payer.index:02d}{ymd(day)[2:]}{self.icn:08d}"

    def _remit(self, day: int) -> None:
        runs: defaultdict[tuple[int, int], dict[str, Payment]] = defaultdict(dict)

        def payment(claim: Claim) -> Payment:
            run = runs[(claim.coverage.payer, claim.tenant.index)]
            npi = claim.billing_npi
            if npi not in run:
                run[npi] = Payment(npi, claim.institutional)
            return run[npi]

        for claim in self.payments.pop(day, []):
            payer = self._payer(claim)
            before = claim.replaces
            if before is not None and before.status != "4":
                payment(claim).entries.append(Entry(before, -1, before.icn))
            if claim.frequency == "8":
                continue
            adj = adjudicate(claim, payer, self._next_icn(payer, day), self.decide_u, day=day)
            payment(claim).entries.append(Entry(adj, 1, claim.original_icn))
            self._follow_up(adj, day)
        for kind, adj in self.notices.pop(day, []):
            self._notice(kind, adj, day, payment(adj.claim))
        for (payer_index, tenant_index), run in sorted(runs.items()):
            self._pay(BEFORE[payer_index], self.tenants[tenant_index], [run[npi] for npi in sorted(run)], day)

    def _pay(self, payer: Payer, tenant: Tenant, payments: list[Payment], day: int) -> None:
        bodies: list[str] = []
        for payment in payments:
            if not payment.entries and not payment.provider_adjustments:
                continue
            key = (payer.index, payment.billing_npi)
            self.debts[key] = payment.settle(self.debts[key])
            trace = f"{payer.id}{self.controls.next('trace', payer.id):08d}"
            body = remittance.body(payer, tenant, payment, trace, day)
            bodies.append(wire.transaction("835", remittance.GUIDE, len(bodies) + 1, body))
        if not bodies:
            return
        number = self.controls.next("835", payer.id, tenant.name)
        date8 = ymd(day)
        data = wire.interchange(
            wire.Party(payer.id),
            wire.Party(tenant.name.upper()),
            date8,
            "0410",
            number,
            number,
            "HP",
            remittance.GUIDE,
            bodies,
            (wire.STANDARD, wire.ONE_LINE, wire.STANDARD, wire.ANGLES)[payer.index % 4],
        )
        self._write(tenant, "835", day, f"835_{payer.id}_{tenant.name}_{date8}_{number:06d}.x12", data)

    def _follow_up(self, adj: Adjudication, day: int) -> None:
        """What the office and the payer do after a decision."""
        claim, u = adj.claim, self.flow_u
        if claim.denials:
            self._after_denial(adj, day)
            return
        chance = u()
        if chance < 0.008:  # the office made a mistake: void or replace
            when = self._business_day(day + 4 + int(u() * 30))
            if when <= self.last and claim.prior is None:
                change = self.encounters.again(claim, when, replacement_of=adj.icn)
                change.replaces = adj
                if chance < 0.003:
                    change.frequency = "8"
                elif change.lines[-1].units > 1:
                    line = change.lines[-1]
                    line.charge = line.charge // line.units * (line.units - 1)
                    line.units -= 1
                self._send_later(change)
        elif chance < 0.024 and adj.paid > 2000:  # the payer finds that it has paid too much
            when = self._business_day(day + 40 + int(u() * 120))
            self.notices[when].append(("takeback" if chance < 0.018 else "withhold", adj))
        elif (
            claim.prior is None
            and claim.other is not None
            and claim.other is claim.patient.second
            and claim.order == "P"
            and claim.submission == 1
            and not claim.drg
            and adj.patient > 0
            and u() < 0.7
        ):
            when = self._business_day(day + 2 + int(u() * 10))
            if when <= self.last:
                self._send_later(self._to_second_payer(adj, day, when))

    def _to_second_payer(self, adj: Adjudication, day: int, when: int) -> Claim:
        claim, second = adj.claim, adj.claim.other or adj.claim.coverage
        return replace(
            self.encounters.again(claim, when),
            number=claim.number + "B",
            sent=[0],
            coverage=second,
            member_id=second.member_id,
            order="S",
            other=claim.coverage,
            prior=adj,
            prior_day=day,
            authorization=None,
        )

    def _after_denial(self, adj: Adjudication, day: int) -> None:
        claim, u = adj.claim, self.flow_u
        reasons = set(claim.denials.values())
        if RETRO in reasons:
            cover = claim.coverage
            if not cover.through or cover.through >= claim.day:
                cover.through = claim.day - 1
                first = date.fromordinal(day)
                self.encounters.reinsure(claim.patient, add_months(first.replace(day=1), 1).toordinal())
        if DUPLICATE in reasons or claim.prior is not None:
            return
        chance = u()
        fixable = any(r.fix for r in reasons)
        if fixable and claim.submission < 3 and chance < 0.68:
            when = self._business_day(day + 3 + int(u() * 22))
            if when <= self.last:
                fixed = self.encounters.correct(claim, reasons, adj.icn, when)
                if fixed is not None:
                    if fixed.frequency == "7":
                        fixed.replaces = adj
                    self._send_later(fixed)
                    return
        if chance < 0.85 and u() < 0.5:
            won = u() < max(r.overturn for r in reasons)
            when = self._payday(claim, day + 25 + int(u() * 30))
            self.notices[when].append(("appeal won" if won else "appeal lost", adj))

    def _notice(self, kind: str, adj: Adjudication, day: int, payment: Payment) -> None:
        """A later decision on a claim that was decided before."""
        claim = adj.claim
        payer = self._payer(claim)
        if kind == "collect":
            payment.provider_adjustments.append(("WO", adj.icn, adj.interest))
            return
        icn = self._next_icn(payer, day)
        if kind == "appeal won":
            again = replace(claim, denials={}, replaces=None)
            if adj.status != "4":
                payment.entries.append(Entry(adj, -1, adj.icn))
            payment.entries.append(Entry(adjudicate(again, payer, icn, self.decide_u, day=claim.submitted), 1, adj.icn))
            return
        if kind == "appeal lost":
            if adj.status == "4":
                upheld = Reason("appeal lost", "CO", "193")
                if adj.claim_level is not None:
                    result = denied(claim.charge, upheld)
                    payment.entries.append(Entry(Adjudication(claim, "4", icn, [], result), 1, adj.icn))
                else:
                    pairs = zip(claim.lines, adj.lines, strict=True)
                    lines = [denied(line.charge, upheld) if line.charge else result for line, result in pairs]
                    payment.entries.append(Entry(Adjudication(claim, "4", icn, lines), 1, adj.icn))
            return
        lower = self._lowered(adj, icn)
        payment.entries.append(Entry(adj, -1, adj.icn))
        payment.entries.append(Entry(lower, 1, adj.icn))
        taken = adj.paid - lower.paid
        if kind == "withhold":
            # The payer reports the overpayment now and takes the money from a later payment.
            payment.provider_adjustments.append(("WO", adj.icn, -taken))
            self.notices[self._payday(claim, day + 14)].append(("collect", replace(adj, interest=taken)))

    def _lowered(self, adj: Adjudication, icn: str) -> Adjudication:
        """The corrected decision of a payer that has paid too much: the payment is cut by a quarter, to the cent."""

        def cut(result: LineResult) -> LineResult:
            less = result.paid // 4
            more = [("CO", [("45", less)])] if less else []
            return LineResult(
                max(result.allowed - less, 0), result.paid - less, [*result.adjustments, *more], result.remarks
            )

        level = cut(adj.claim_level) if adj.claim_level else None
        return Adjudication(adj.claim, adj.status, icn, [cut(r) for r in adj.lines], level, adj.remarks)
