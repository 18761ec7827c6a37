"""From a visit to a claim as the billing office sends it, with the mistakes that billing offices make.

Belongs here: drawing visits, coding them, registration and billing errors, corrections of denied claims. Does not
belong here: what a payer thinks of the result (`policies`), any file format.
"""

from dataclasses import replace
from math import log

from claims.simulator import catalog
from claims.simulator.catalog import CODES, Template
from claims.simulator.model import Authorization, Claim, Line, Reason
from claims.simulator.network import Coverage, Patient, Provider, Tenant, Uniform, Weighted, coverage, pick
from claims.simulator.payers import AFTER, BEFORE
from claims.simulator.policies import SENIOR_AGE


def _exponential(u: float, mean: float) -> float:
    """An exponential number from a uniform one."""
    return -mean * log(1.0 - u)


class Encounters:
    """Draws claims for a network. `change_day` is when the payers change their rules and clinics their habits."""

    def __init__(self, uniform: Uniform, start_day: int, days: int, change_day: int) -> None:
        self.u = uniform
        self.start_day = start_day
        self.days = days
        self.change_day = change_day
        self.serial = 0
        self.authorizations = 0
        self.insured = 0
        self._choices: dict[str, Weighted] = {
            s: Weighted([t.weight for t in ts]) for s, (_, ts) in catalog.SPECIALTIES.items()
        }
        # After the change more visits are by telephone and video, and more are billed at a high level.
        self._later: dict[str, Weighted] = {
            s: Weighted([t.weight * (2.5 if t.pos == "10" else 1.5 if t.lines[0][0] == "99215" else 1.0) for t in ts])
            for s, (_, ts) in catalog.SPECIALTIES.items()
        }
        self._hospital = Weighted([t.weight for t in catalog.HOSPITAL])
        self._stays = Weighted([s[4] for s in catalog.STAYS])
        self._prices: dict[tuple[int, str, bool, bool, bool], int] = {}

    # -- pieces ---------------------------------------------------------------------------------------------------

    def _charge(self, tenant: Tenant, code: str, facility: bool, professional: bool, later: bool) -> int:
        """The chargemaster: whole dollars, a step up with each year's revision."""
        key = (tenant.index, code, facility, professional, later)
        price = self._prices.get(key)
        if price is None:
            markup = tenant.markup * (1.07 if later else 1.0)
            fee = CODES[code].price(facility, professional)
            price = round(fee * markup / 100) * 100 if fee > 1000 else max(round(fee * markup), 1) if fee else 0
            self._prices[key] = price
        return price

    def _next_number(self, tenant: Tenant) -> str:
        self.serial += 1
        return f"{tenant.name[0].upper()}{self.serial + 10_000_000:08d}"

    def _cover(self, patient: Patient, day: int, errors: float) -> tuple[Coverage, str]:
        """The coverage that registration has on file, and the order it bills it in: not always the ones in force."""
        u = self.u
        active = patient.coverage_on(day)
        if active is None:
            earlier = [c for c in patient.coverages if c.start <= day]
            active = earlier[-1] if earlier else patient.coverages[0]
        elif len(patient.coverages) > 1:
            place = patient.coverages.index(active)
            if place and day - active.start < 75 and u() < 0.24 * errors:
                return patient.coverages[place - 1], "P"
        if patient.second is not None and active is patient.coverages[0] and u() < 0.045 * errors:
            return patient.second, "P"
        return active, "P"

    def _authorize(self, claim: Claim, errors: float) -> Authorization | None:
        """Ask for an authorization where the clinic knows that the payer wants one. Some go wrong."""
        u = self.u
        index = claim.coverage.payer
        codes = [line.code for line in claim.lines]
        known = BEFORE[index].authorization
        listed = [c for c in codes if c in known]
        if not listed and claim.submitted >= self.change_day:
            listed = [c for c in codes if c in AFTER[index].authorization]
            # Clinics learn of a new list by being denied.
            if listed and u() > min(0.7, 0.05 + (claim.submitted - self.change_day) / 260):
                return None
        if listed:
            if u() < min(0.17 * errors, 0.5):
                return None
        elif u() > 0.02:
            return None
        wrong = u()
        code = listed[0] if listed else codes[0]
        day = claim.day
        units = max(line.units for line in claim.lines if line.code == code)
        issued = day - 2 - int(u() * 18)
        valid_from, valid_through = issued, issued + 90
        if wrong < 0.02 * errors:
            valid_from, valid_through, issued = day - 140, day - 3 - int(u() * 30), day - 142
        elif wrong < 0.035 * errors:
            code = pick(u(), ("99214", "71046", "97035", "G0283"))
        elif wrong < 0.05 * errors and units > 1:
            units = max(1, units // 2)
        self.authorizations += 1
        number = f"A{claim.coverage.payer:02d}{7_000_000 + self.authorizations * 3}"
        return Authorization(number, claim.coverage.member_id, index, code, valid_from, valid_through, units, issued)

    def _modifiers(self, claim: Claim, errors: float, professional: bool) -> None:
        u = self.u
        codes = {line.code for line in claim.lines}
        minor = not codes.isdisjoint(catalog.MINOR)
        strict = BEFORE[claim.coverage.payer].modifiers_strict
        right = claim.dx[0][-1:] == "1"
        for line in claim.lines:
            code = CODES[line.code]
            mods: tuple[str, ...] = ()
            if code.kind == "em" and not claim.institutional:
                if minor and u() > 0.06 * errors:
                    mods += ("25",)
                if claim.pos == "10" and u() > 0.10 * errors:
                    mods += ("95",)
            elif code.kind == "pt":
                if u() > (0.035 * errors if strict else 0.4):
                    mods += ("GP",)
            elif code.sided and not claim.institutional:
                if line.code == "20610" and line.units == 1 and u() < 0.1:
                    mods += ("50",)
                elif u() > 0.045 * errors:
                    mods += ("RT" if right else "LT",)
            if code.single_dose and (u() > (0.09 * errors if strict else 0.4)):
                mods += ("JZ",)
            if professional and code.professional:
                mods = ("26", *mods)
            line.mods = mods
        if len(claim.lines) > 1:
            for first, second in catalog.BUNDLES:
                if first in codes and second in codes and u() < 0.35:
                    for line in claim.lines:
                        if line.code == second:
                            line.mods += ("59",)

    # -- claims ---------------------------------------------------------------------------------------------------

    def draw(self, tenant: Tenant, submitted: int) -> Claim:
        """One new claim that `tenant` submits on day `submitted`."""
        u = self.u
        institutional = u() < 0.15
        if institutional:
            specialty = "hospital"
            group = tenant.clinicians["family"]
            provider = group[tenant.provider_choice["family"].draw(u())]
        else:
            specialty = tenant.specialties[tenant.specialty_choice.draw(u())]
            group = tenant.clinicians[specialty]
            provider = group[tenant.provider_choice[specialty].draw(u())]
            if provider.joined > submitted:
                provider = group[0]
        patient = tenant.panels[specialty][tenant.panel_choice[specialty].draw(u())]
        errors = tenant.sloppiness * provider.habits
        lag = 1 + int(_exponential(u(), 3.0))
        if u() < 0.013 * errors:
            lag = 92 + int(_exponential(u(), 90.0))
        day = submitted - lag
        if day % 7 == 0 and not institutional:  # ordinal 7k is a Sunday
            day -= 2
        if institutional and u() < 0.12 and patient.age(2024) >= 18:
            return self._stay(tenant, provider, patient, day, submitted, errors)
        cover, order = self._cover(patient, day, errors)
        template = self._template(specialty, patient, cover, submitted)
        return self._visit(tenant, institutional, provider, patient, template, cover, order, day, submitted, errors)

    def _template(self, specialty: str, patient: Patient, cover: Coverage, submitted: int) -> Template:
        u = self.u
        if specialty == "hospital":
            templates, choice = catalog.HOSPITAL, self._hospital
        else:
            templates = catalog.SPECIALTIES[specialty][1]
            choice = (self._later if submitted >= self.change_day else self._choices)[specialty]
        age = patient.age(2024)
        senior_plan = BEFORE[cover.payer].kind in ("medicare", "advantage")
        template = templates[0]
        for _ in range(8):
            template = templates[choice.draw(u())]
            if (
                template.min_age <= age <= template.max_age
                and template.sex in ("", patient.sex)
                and template.medicare in (None, senior_plan)
            ):
                break
        return template

    def _visit(
        self,
        tenant: Tenant,
        institutional: bool,
        provider: Provider,
        patient: Patient,
        template: Template,
        cover: Coverage,
        order: str,
        day: int,
        submitted: int,
        errors: float,
    ) -> Claim:
        u = self.u
        dx = pick(u(), template.dx)
        others = tuple(dict.fromkeys(pick(u(), catalog.OTHER_DX) for _ in range(int(u() * 3.4))))
        dx_all = (dx, *(d for d in others if d != dx))
        facility = template.pos in ("22", "24")
        professional = template.pos == "22"
        later = submitted >= self.change_day
        chosen = [code for code, p in template.lines if p >= 1 or u() < p]
        if not chosen or (chosen[0] in catalog.NEW_PATIENT and len(chosen) > 1 and chosen[1] in catalog.NEW_PATIENT):
            chosen = [template.lines[0][0], *chosen[2:]]
        lines: list[Line] = []
        unsupported = 0
        for code in chosen:
            c = CODES[code]
            units = pick(u(), c.typical_units) if len(c.typical_units) > 1 else c.typical_units[0]
            if units == c.mue and u() < 0.008 * errors and c.kind not in ("em", "prev", "surg", "track"):
                units = c.mue + 1
            pointers = "1" if len(dx_all) == 1 else "12" if u() < 0.6 else "1"
            if code in catalog.SUPPORT_CODES:
                fits = dx_all[0].startswith(catalog.SUPPORTED[code])
                if not fits:
                    better = next((i for i, d in enumerate(dx_all) if d.startswith(catalog.SUPPORTED[code])), None)
                    if better is not None:
                        pointers = str(better + 1)
                    elif u() < 0.80:  # the coder finds the diagnosis in the chart
                        chart = self._support(code)
                        if chart not in dx_all and len(dx_all) < 12:
                            dx_all = (*dx_all, chart)
                        pointers = str(dx_all.index(chart) + 1)
                elif u() < 0.035 * errors:
                    unsupported = 1
            charge = self._charge(tenant, code, facility, professional, later) * units
            line = Line(code, units, charge, pointers=pointers, revenue=c.revenue if institutional else "")
            if c.ndc and u() > 0.06 * errors:
                line.ndc = c.ndc
            lines.append(line)
        if unsupported:
            odd = pick(u(), catalog.UNSUPPORTING_DX)
            if odd not in dx_all:
                dx_all = (odd, *dx_all[1:])
        claim = Claim(
            tenant=tenant,
            institutional=institutional,
            number=self._next_number(tenant),
            submission=0,
            frequency="1",
            patient=patient,
            coverage=cover,
            member_id=cover.member_id,
            order=order,
            provider=provider,
            referrer=None,
            taxonomy=institutional or u() > 0.018 * errors,
            pos=template.pos,
            day=day,
            through=day,
            dx=dx_all,
            lines=lines,
            submitted=submitted,
        )
        kinds = {CODES[c].kind for c in chosen}
        if ("img" in kinds or "pt" in kinds) and not institutional and u() > 0.05 * errors:
            claim.referrer = pick(u(), tenant.referrers)
        if "pt" in kinds and not institutional:
            if u() > 0.045 * errors:
                claim.onset = day - 10 - int(u() * 50)
            year = int(day / 365.2425)
            if patient.therapy_year != year:
                patient.therapy_year, patient.therapy_visits = year, 0
            patient.therapy_visits += 1
        if specialty_accident(template) and u() < 0.05:
            claim.accident = True
        if u() < 0.0055 * errors:
            claim.member_id = _mistyped(cover.member_id, u())
        if patient.second is not None and cover is patient.coverages[0] and u() > 0.04 * errors:
            claim.other = patient.second
        elif order == "P" and cover.order == "S":
            claim.other = None
        elif BEFORE[cover.payer].kind == "commercial" and patient.age(2024) >= SENIOR_AGE and u() > 0.35:
            claim.other = patient.second
        self._modifiers(claim, errors, professional)
        claim.authorization = self._authorize(claim, errors)
        return claim

    def _support(self, code: str) -> str:
        """A billable diagnosis that supports `code`, from the templates' own."""
        return _SUPPORTING[code][0]

    def _stay(
        self, tenant: Tenant, provider: Provider, patient: Patient, day: int, submitted: int, errors: float
    ) -> Claim:
        u = self.u
        drg, principals, mean_days, price, _ = catalog.STAYS[self._stays.draw(u())]
        nights = 1 + int(_exponential(u(), mean_days - 0.5))
        start = day - nights
        cover, order = self._cover(patient, start, errors)
        others = tuple(dict.fromkeys(pick(u(), catalog.OTHER_DX) for _ in range(2 + int(u() * 4))))
        total = round(price * tenant.markup * (0.8 + 0.5 * u()) / 100) * 100
        room = round(total * 0.35 / nights / 100) * 100
        lines = [Line("", nights, room * nights, revenue="0120")]
        for revenue, part in (("0250", 0.14), ("0301", 0.11), ("0320", 0.08), ("0360", 0.22 if drg == "470" else 0.0)):
            if part:
                lines.append(Line("", 1, round(total * part / 100) * 100, revenue=revenue))
        claim = Claim(
            tenant=tenant,
            institutional=True,
            number=self._next_number(tenant),
            submission=0,
            frequency="1",
            patient=patient,
            coverage=cover,
            member_id=cover.member_id if u() > 0.0055 * errors else _mistyped(cover.member_id, u()),
            order=order,
            provider=provider,
            referrer=None,
            taxonomy=True,
            pos="11",
            day=start,
            through=day,
            dx=(pick(u(), principals), *others),
            lines=lines,
            submitted=submitted,
            drg=drg,
            case_price=price,
        )
        if patient.second is not None and cover is patient.coverages[0]:
            claim.other = patient.second
        return claim

    def reinsure(self, patient: Patient, start: int) -> None:
        """A patient who lost a coverage finds another, most of the time."""
        if self.u() < 0.8 and not any(c.start >= start for c in patient.coverages):
            self.insured += 1
            payer = int(self.u() * len(BEFORE))
            patient.coverages.append(coverage(self.u, payer, 90_000_000 + self.insured, start))

    # -- second thoughts ------------------------------------------------------------------------------------------

    def again(self, claim: Claim, submitted: int, *, replacement_of: str = "", new_number: bool = False) -> Claim:
        """The same services sent again: a replacement of the payer's claim `replacement_of`, else as if new."""
        return replace(
            claim,
            number=self._next_number(claim.tenant) if new_number else claim.number,
            submission=0,
            sent=[0] if new_number else claim.sent,
            frequency="7" if replacement_of else "1",
            original_icn=replacement_of,
            replaces=None,  # what the claim itself took back was taken back once, and is not again
            submitted=submitted,
            lines=[replace(line) for line in claim.lines],
            duplicate=False,
            denials={},
        )

    def correct(self, claim: Claim, reasons: set[Reason], original_icn: str, submitted: int) -> Claim | None:
        """The corrected claim after a denial for `reasons`, each fixable fault repaired; None where nothing helps."""
        u = self.u
        fixes = {r.fix for r in reasons}
        rebill = "rebill" in fixes
        patient = claim.patient
        cover = patient.coverage_on(claim.day) if rebill else None
        moved = cover is not None and cover is not claim.coverage
        if rebill and not moved:
            return None
        fixed = self.again(claim, submitted, replacement_of="" if moved or "member" in fixes else original_icn)
        if moved and cover is not None:
            fixed.coverage, fixed.member_id, fixed.order = cover, cover.member_id, "P"
            fixed.other = patient.second if cover is patient.coverages[0] else None
            fixed.authorization = None
        if "member" in fixes:
            fixed.member_id = claim.coverage.member_id
        if "referrer" in fixes:
            fixed.referrer = pick(u(), claim.tenant.referrers)
        if "taxonomy" in fixes:
            fixed.taxonomy = True
        if "onset" in fixes:
            fixed.onset = claim.day - 20
        if "records" in fixes:
            fixed.attachment = True
        strict = BEFORE[fixed.coverage.payer].modifiers_strict
        for line in fixed.lines:
            code = CODES.get(line.code)
            if code is None:
                continue
            if "ndc" in fixes:
                line.ndc = code.ndc
            if "units" in fixes and line.units > code.mue:
                line.charge = line.charge // line.units * code.mue
                line.units = code.mue
            bundled = any(second == line.code for _, second in catalog.BUNDLES)
            if "separate" in fixes and bundled and "59" not in line.mods:
                line.mods += ("59",)
            if "modifier" in fixes:
                wanted = {
                    "25": code.kind == "em" and not fixed.institutional,
                    "95": code.kind == "em" and fixed.pos == "10",
                    "GP": code.kind == "pt",
                    "JZ": code.single_dose and strict,
                    "RT": code.sided and not {"LT", "RT", "50"}.intersection(line.mods) and not fixed.institutional,
                }
                line.mods += tuple(m for m, needed in wanted.items() if needed and m not in line.mods)
            if "diagnosis" in fixes and line.code in catalog.SUPPORTED:
                chart = self._support(line.code)
                if chart not in fixed.dx and len(fixed.dx) < 12:
                    fixed.dx = (*fixed.dx, chart)
                if chart in fixed.dx:
                    line.pointers = str(fixed.dx.index(chart) + 1)
        if "authorization" in fixes or moved:
            fixed.authorization = self._authorize(fixed, 0.4)
        return fixed


def specialty_accident(template: Template) -> bool:
    """Whether visits of this kind follow accidents at times."""
    return template.dx[0][0] == "S"


def _mistyped(member_id: str, u: float) -> str:
    """Two neighbouring characters changed places; where they are equal, the last digit is another."""
    i = int(u * (len(member_id) - 1))
    a, b = member_id[i], member_id[i + 1]
    if a == b:
        return member_id[:-1] + str((int(member_id[-1], 36) + 1) % 10)
    return member_id[:i] + b + a + member_id[i + 2 :]


def _supporting() -> dict[str, tuple[str, ...]]:
    seen = dict.fromkeys(
        d
        for templates in [*(ts for _, ts in catalog.SPECIALTIES.values()), catalog.HOSPITAL]
        for t in templates
        for d in (*t.dx, *catalog.OTHER_DX)
    )
    return {code: tuple(d for d in seen if d.startswith(prefixes)) for code, prefixes in catalog.SUPPORTED.items()}


_SUPPORTING = _supporting()
