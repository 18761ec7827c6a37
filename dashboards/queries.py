"""Every SQL statement of the dashboards, each behind a function with typed filters.

Belongs here: SQL on the published copy's marts, values always bound. Does not belong here: how a result is drawn or
written. Monthly questions go to the `agg_` marts, so that they cost the same on a million claims; only the drill-down
reads `fct_denials`. Rates are quotients of sums, never means of rates. Amounts stay decimals, except where a chart's
axis is all they are for.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from dashboards import db

DRILL_DOWN_ROWS = 500


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after that of `month`."""
    position = month.year * 12 + month.month - 1 + count
    return date(position // 12, position % 12 + 1, 1)


@dataclass(frozen=True)
class Span:
    """The first and the last month (first days) of a tenant's data."""

    start: date
    end: date

    def months(self) -> list[date]:
        """Every month of it."""
        return [add_months(self.start, n) for n in range(self.length)]

    @property
    def length(self) -> int:
        """How many months it has."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    def last(self, count: int | None) -> "Span":
        """Its last `count` months, all of it where it has fewer."""
        return self if count is None or count >= self.length else Span(add_months(self.end, 1 - count), self.end)

    def before(self) -> "Span":
        """As many months, just before."""
        return Span(add_months(self.start, -self.length), add_months(self.start, -1))


@dataclass(frozen=True)
class Filters:
    """What a page narrows its numbers to; an empty tuple means all."""

    span: Span
    payers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def values(self, *names: str) -> dict[str, db.Value]:
        """Those of the filters that a statement binds."""
        known: dict[str, db.Value] = {
            "start": self.span.start,
            "end": self.span.end,
            "payers": self.payers,
            "providers": self.providers,
            "categories": self.categories,
        }
        return {name: known[name] for name in ("start", "end", *names)}


def _among(column: str, parameter: str) -> str:
    return f"(len(${parameter}::varchar[]) = 0 or list_contains(${parameter}::varchar[], {column}))"


def _words(column: str) -> str:
    return f"upper({column}[1]) || replace({column}[2:], '_', ' ')"


def _category_words(column: str) -> str:
    """The map's category as words; abbreviations that readers know stay abbreviations."""
    return f"""
        case {column}
            when 'cob' then 'Coordination of benefits'
            when 'cob_accounting' then 'Coordination of benefits accounting'
            when 'dme' then 'DME'
            when 'non_covered_benefit' then 'Non-covered benefit'
            when 'provider_enrolment' then 'Provider enrollment'
            when 'provider_npi' then 'Provider NPI'
            else {_words(column)}
        end
    """


_MONTHS = "month_date between $start and $end"
_PAYERS = _among("payer_id", "payers")
_PROVIDERS = _among("rendering_provider_npi", "providers")
# The row that counts what was not denied stands under the category 'none'.
_CATEGORIES = f"reason_category <> 'none' and {_among('reason_category', 'categories')}"
_PROVIDER_WORDS = f"coalesce(provider_name, {_words('specialty')} || ' · NPI ' || provider_npi)"


def month_span(copy: db.Copy) -> Span | None:
    """The months that hold charges, payments or claims; None where there are none."""
    sql = "select min(month_date) as first_month, max(month_date) as last_month from marts.agg_revenue_monthly"
    row = db.read(copy, sql).to_pylist()[0]
    return None if row["first_month"] is None else Span(row["first_month"], row["last_month"])


def payers(copy: db.Copy) -> list[tuple[str, str]]:
    """(payer_id, name) of every payer, by name."""
    sql = "select payer_id, coalesce(payer_name, payer_id) as name from marts.dim_payer order by name, payer_id"
    return _pairs(copy, sql)


def providers(copy: db.Copy) -> list[tuple[str, str]]:
    """(NPI, name or specialty and NPI) of every rendering provider, by name."""
    sql = f"""
        select provider_npi, {_PROVIDER_WORDS} as name
        from marts.dim_provider
        where is_rendering
        order by name, provider_npi
    """
    return _pairs(copy, sql)


def categories(copy: db.Copy) -> list[tuple[str, str]]:
    """(category, words) of every category that denied something, the most frequent first."""
    sql = f"""
        select reason_category, {_category_words("reason_category")} as name
        from marts.agg_denials_monthly
        where reason_category <> 'none'
        group by reason_category
        order by sum(denied_claim_count) desc, reason_category
    """
    return _pairs(copy, sql)


@dataclass(frozen=True)
class Totals:
    """The overview's numbers of one span; None where the denominator is zero."""

    claim_count: int
    charge_amount: Decimal
    payment_amount: Decimal
    denial_rate: float | None
    denial_rate_adjudicated: float | None
    denial_rate_reporting: float | None
    receivable_amount: Decimal
    days_in_receivable: float | None


def totals(copy: db.Copy, filters: Filters) -> Totals:
    """Charges, payments, denial rates and receivables of the span, see `definitions.py`."""
    sql = f"""
        with revenue as (
            select
                sum(claim_count) as claim_count,
                sum(net_charge_amount) as charge_amount,
                sum(payment_amount) as payment_amount,
                sum(first_denial_count) as first_denial_count
            from marts.agg_revenue_monthly
            where {_MONTHS} and {_PAYERS}
        ),
        denials as (
            select
                sum(denied_claim_count) as denied_count,
                sum(claim_count) as submitted_count,
                sum(adjudicated_claim_count) as adjudicated_count
            from marts.agg_denials_monthly
            where {_MONTHS} and {_PAYERS} and is_mature
        ),
        -- The reporting denominator: claims of a month on average over the three months before each month of the span;
        -- none where the data begin later than that.
        submitted_before as (
            select
                case
                    when (select min(month_date) from marts.agg_revenue_monthly) <= $start::date - interval 3 month
                        then sum(counts.claim_count) / 3.0
                end as claim_count
            from range(0, date_diff('month', $start::date, $end::date) + 1) as months (n)
            inner join marts.agg_revenue_monthly as counts
                on
                    counts.month_date >= $start::date + to_months((months.n - 3)::integer)
                    and counts.month_date < $start::date + to_months(months.n::integer)
            where {_PAYERS}
        ),
        receivables as (
            select
                sum(receivable_amount) as receivable_amount,
                sum(trailing_charge_amount) as trailing_charge_amount,
                max(trailing_day_count) as trailing_day_count
            from marts.agg_revenue_monthly
            where month_date = $end and {_PAYERS}
        )
        select
            coalesce(revenue.claim_count, 0)::bigint as claim_count,
            coalesce(revenue.charge_amount, 0)::decimal(18, 2) as charge_amount,
            coalesce(revenue.payment_amount, 0)::decimal(18, 2) as payment_amount,
            denials.denied_count::double / nullif(denials.submitted_count, 0) as denial_rate,
            denials.denied_count::double / nullif(denials.adjudicated_count, 0) as denial_rate_adjudicated,
            revenue.first_denial_count::double / nullif(submitted_before.claim_count, 0) as denial_rate_reporting,
            coalesce(receivables.receivable_amount, 0)::decimal(18, 2) as receivable_amount,
            receivables.receivable_amount::double * receivables.trailing_day_count
            / nullif(receivables.trailing_charge_amount, 0)::double as days_in_receivable
        from revenue, denials, submitted_before, receivables
    """
    return Totals(**_row(copy, sql, filters.values("payers")))


def by_month(copy: db.Copy, filters: Filters) -> pa.Table:
    """By month: month, charges, payments, days_in_receivable (axes, so doubles) and is_open."""
    sql = f"""
        select
            month_date as month,
            sum(net_charge_amount)::double as charges,
            sum(payment_amount)::double as payments,
            sum(receivable_amount)::double * max(trailing_day_count)
            / nullif(sum(trailing_charge_amount), 0)::double as days_in_receivable,
            not bool_and(is_mature) as is_open
        from marts.agg_revenue_monthly
        where {_MONTHS} and {_PAYERS}
        group by month_date
        order by month_date
    """
    return db.read(copy, sql, **filters.values("payers"))


def by_payer(copy: db.Copy, filters: Filters) -> pa.Table:
    """By payer: claims, charges, payments, initial denial rate of closed months, days in A/R at the span's end."""
    sql = f"""
        with revenue as (
            select
                payer_id,
                sum(claim_count) as claim_count,
                sum(net_charge_amount) as charge_amount,
                sum(payment_amount) as payment_amount,
                max(case when month_date = $end then days_in_receivable end) as days_in_receivable
            from marts.agg_revenue_monthly
            where {_MONTHS} and {_PAYERS}
            group by payer_id
        ),
        denials as (
            select
                payer_id,
                sum(denied_claim_count)::bigint as denied_count,
                sum(claim_count)::bigint as submitted_count
            from marts.agg_denials_monthly
            where {_MONTHS} and {_PAYERS} and is_mature
            group by payer_id
        )
        select
            coalesce(dim_payer.payer_name, revenue.payer_id) as payer,
            revenue.claim_count::bigint as claims,
            revenue.charge_amount::decimal(18, 2) as charges,
            revenue.payment_amount::decimal(18, 2) as payments,
            denials.denied_count::double / nullif(denials.submitted_count, 0) as denial_rate,
            coalesce(denials.denied_count, 0) as denied_claims,
            coalesce(denials.submitted_count, 0) as submitted_claims,
            revenue.days_in_receivable as days_in_receivable
        from revenue
        left join denials on revenue.payer_id = denials.payer_id
        left join marts.dim_payer on revenue.payer_id = dim_payer.payer_id
        order by revenue.charge_amount desc, payer
    """
    return db.read(copy, sql, **filters.values("payers"))


def denial_rate_by_month(copy: db.Copy, filters: Filters) -> pa.Table:
    """By month of submission: month, numerator (denied claims), denominator (claims submitted), rate, is_open."""
    sql = f"""
        select
            month_date as month,
            (sum(denied_claim_count) filter (where {_CATEGORIES}))::bigint as numerator,
            sum(claim_count)::bigint as denominator,
            coalesce(sum(denied_claim_count) filter (where {_CATEGORIES}), 0)::double
            / nullif(sum(claim_count), 0) as rate,
            not bool_and(is_mature) as is_open
        from marts.agg_denials_monthly
        where {_MONTHS} and {_PAYERS} and {_PROVIDERS}
        group by month_date
        order by month_date
    """
    return db.read(copy, sql, **filters.values("payers", "providers", "categories"))


@dataclass(frozen=True)
class DenialTotals:
    """The denial page's numbers; rates over closed months, None where those have no claims."""

    submitted_count: int
    denied_count: int
    charge_amount: Decimal
    denied_charge_amount: Decimal
    recovered_amount: Decimal
    recovered_count: int
    denial_rate: float | None
    denied_charge_rate: float | None


def denial_totals(copy: db.Copy, filters: Filters) -> DenialTotals:
    """Claims submitted, first denied, recovered, by count and amount."""
    sql = f"""
        select
            coalesce(sum(claim_count), 0)::bigint as submitted_count,
            coalesce(sum(denied_claim_count) filter (where {_CATEGORIES}), 0)::bigint as denied_count,
            coalesce(sum(charge_amount), 0)::decimal(18, 2) as charge_amount,
            coalesce(sum(denied_charge_amount) filter (where {_CATEGORIES}), 0)::decimal(18, 2)
                as denied_charge_amount,
            coalesce(sum(recovered_amount) filter (where {_CATEGORIES}), 0)::decimal(18, 2) as recovered_amount,
            coalesce(sum(recovered_claim_count) filter (where {_CATEGORIES}), 0)::bigint as recovered_count,
            coalesce(sum(denied_claim_count) filter (where is_mature and {_CATEGORIES}), 0)::double
            / nullif(sum(claim_count) filter (where is_mature), 0) as denial_rate,
            coalesce(sum(denied_charge_amount) filter (where is_mature and {_CATEGORIES}), 0)::double
            / nullif(sum(charge_amount) filter (where is_mature), 0)::double as denied_charge_rate
        from marts.agg_denials_monthly
        where {_MONTHS} and {_PAYERS} and {_PROVIDERS}
    """
    return DenialTotals(**_row(copy, sql, filters.values("payers", "providers", "categories")))


def denials_by_month_and_category(copy: db.Copy, filters: Filters) -> pa.Table:
    """The heat map's cells, also the empty ones: month, category, category_name, denied_claims, denied_charges."""
    sql = f"""
        with denials as (
            select
                month_date,
                reason_category,
                sum(denied_claim_count) as denied_claims,
                sum(denied_charge_amount) as denied_charges
            from marts.agg_denials_monthly
            where {_MONTHS} and {_PAYERS} and {_PROVIDERS} and {_CATEGORIES}
            group by month_date, reason_category
        ),
        months as (
            select ($start::date + to_months(n::integer))::date as month_date
            from range(0, date_diff('month', $start::date, $end::date) + 1) as numbers (n)
        ),
        found as (select distinct reason_category from denials)
        select
            months.month_date as month,
            strftime(months.month_date, '%Y-%m') as month_text,
            found.reason_category as category,
            {_category_words("found.reason_category")} as category_name,
            coalesce(denials.denied_claims, 0)::bigint as denied_claims,
            coalesce(denials.denied_charges, 0)::double as denied_charges
        from months
        cross join found
        left join denials
            on months.month_date = denials.month_date and found.reason_category = denials.reason_category
        order by months.month_date, found.reason_category
    """
    return db.read(copy, sql, **filters.values("payers", "providers", "categories"))


@dataclass(frozen=True)
class _Dimension:
    """What the breakdown can be by: the column of the mart, its values' words, the table that has them."""

    column: str
    words: str
    join: str = ""


DIMENSIONS = {
    "Category": _Dimension("reason_category", _category_words("id")),
    "Payer": _Dimension("payer_id", "coalesce(payer_name, id)", "left join marts.dim_payer on id = payer_id"),
    "Provider": _Dimension(
        "rendering_provider_npi",
        f"coalesce({_PROVIDER_WORDS}, id)",
        "left join marts.dim_provider on id = provider_npi",
    ),
    "Specialty": _Dimension("specialty", _words("id")),
    "Procedure": _Dimension("procedure_code", "id"),
}


def denials_by(copy: db.Copy, filters: Filters, dimension: str) -> pa.Table:
    """By one of DIMENSIONS: name, denied, submitted, share of all denied, rate, denied charges, recovered.

    Counts claims, for procedures service lines. A category's rate is its share of all that was submitted.
    """
    by = DIMENSIONS[dimension]
    mart, unit = ("agg_denied_lines_monthly", "line") if dimension == "Procedure" else ("agg_denials_monthly", "claim")
    submitted = "sum(submitted) over ()" if dimension == "Category" else "submitted"
    sql = f"""
        with grouped as (
            select
                {by.column} as id,
                sum({unit}_count) as submitted,
                coalesce(sum(denied_{unit}_count) filter (where {_CATEGORIES}), 0) as denied,
                coalesce(sum(denied_charge_amount) filter (where {_CATEGORIES}), 0) as denied_charges,
                coalesce(sum(recovered_amount) filter (where {_CATEGORIES}), 0) as recovered
            from marts.{mart}
            where {_MONTHS} and {_PAYERS} and {_PROVIDERS}
            group by {by.column}
        ),
        rated as (
            select
                id,
                denied,
                {submitted} as submitted,
                sum(denied) over () as all_denied,
                denied_charges,
                recovered
            from grouped
        )
        select
            {by.words} as name,
            denied::bigint as denied,
            submitted::bigint as submitted,
            denied::double / nullif(all_denied, 0) as share,
            denied::double / nullif(submitted, 0) as rate,
            denied_charges::decimal(18, 2) as denied_charges,
            recovered::decimal(18, 2) as recovered
        from rated
        {by.join}
        where denied > 0
        order by denied desc, name
    """
    return db.read(copy, sql, **filters.values("payers", "providers", "categories"))


def denied_rows(copy: db.Copy, filters: Filters, limit: int | None) -> pa.Table:
    """The denials behind the numbers, newest first: one row per adjustment that denied, with the segment that says so.

    A claim stands under the category of its largest first denial, here as in the totals; its other reasons come along.
    """
    # First which rows, by narrow columns; then what they say. The texts of the others are never read.
    sql = f"""
        with counted as (
            select claim_id
            from marts.fct_claims
            where
                is_primary
                and is_first_pass
                and is_initially_denied
                and submitted_date >= $start
                and submitted_date < $end::date + interval 1 month
                and {_among("coalesce(payer_id, 'unknown')", "payers")}
                and {_among("coalesce(rendering_provider_npi, 'unknown')", "providers")}
                and {_among("initial_reason_category", "categories")}
        ),
        chosen as (
            select denials.rowid as row_number
            from marts.fct_denials as denials
            inner join counted on denials.claim_id = counted.claim_id
            where denials.is_initial
            order by denials.denied_date desc, denials.denied_amount desc, denials.rowid
            {"" if limit is None else f"limit {int(limit)}"}
        )
        select
            denied_date,
            submitted_date,
            claim_id,
            claim_line_number as line,
            coalesce(payer_name, payer_id) as payer,
            rendering_provider_npi as provider_npi,
            procedure_code as procedure,
            group_code as adjustment_group,
            reason_code as reason,
            {_category_words("reason_category")} as category,
            reason_short_words as reason_words,
            remark_codes as remarks,
            charge_amount as charged,
            denied_amount as denied,
            recovered_amount as recovered,
            reason_workflow as next_step,
            file_id,
            transaction_ordinal,
            segment_ordinal,
            byte_offset
        from marts.fct_denials
        where rowid in (select row_number from chosen)
        order by denied_date desc, denied_amount desc, denial_id
    """
    return db.read(copy, sql, **filters.values("payers", "providers", "categories"))


@dataclass(frozen=True)
class KpiDefinition:
    """One definition of a KPI, as `marts.dim_kpi_definition` states it."""

    kpi_id: str
    definition_id: str
    is_default: bool
    kpi_name: str
    unit: str
    statistic: str
    factor: int
    formula: str
    definition_source: str
    note: str
    model_name: str
    numerator_rows: str
    numerator_filter: str
    denominator_rows: str
    denominator_filter: str


def kpi_definitions(copy: db.Copy) -> list[KpiDefinition]:
    """Every definition of every KPI in the order of the register, the default of a KPI first."""
    columns = ", ".join(KpiDefinition.__dataclass_fields__)
    sql = f"""
        select {columns}
        from marts.dim_kpi_definition
        order by min(position) over (partition by kpi_id), not is_default, position
    """
    return [KpiDefinition(**row) for row in db.read(copy, sql).to_pylist()]


def kpi_by_month(copy: db.Copy, kpi_id: str, definition_id: str) -> pa.Table:
    """By month: month, value, default_value, difference, numerator, denominator, is_open.

    Value is null where there is nothing to divide by, or the definition looks at months before the data begin.
    """
    sql = """
        select
            month_date as month,
            kpi_value as value,
            default_value,
            difference,
            numerator::double as numerator,
            denominator::double as denominator,
            not is_mature as is_open
        from marts.agg_kpi_comparison
        where kpi_id = $kpi_id and definition_id = $definition_id
        order by month_date
    """
    return db.read(copy, sql, kpi_id=kpi_id, definition_id=definition_id)


def kpi_by_payer(copy: db.Copy, definition: KpiDefinition, month: date) -> pa.Table:
    """By payer in one month: payer, value, numerator, denominator; the largest denominator first."""
    sql = f"""
        with running as (
            select
                payer_id,
                lag_days,
                sum(numerator) as numerator,
                sum(denominator) as denominator,
                sum(sum(denominator)) over (partition by payer_id order by lag_days) as running_count,
                sum(sum(denominator)) over (partition by payer_id) as total_count
            from marts.{definition.model_name}
            where kpi_id = $kpi_id and definition_id = $definition_id and month_date = $month and has_full_window
            group by payer_id, lag_days
        ),
        payers as (
            select
                payer_id,
                sum(numerator) as numerator,
                sum(denominator) as denominator,
                min(lag_days) filter (where running_count * 2 >= total_count) as lower_middle,
                min(lag_days) filter (where running_count * 2 > total_count) as upper_middle
            from running
            group by payer_id
        )
        select
            coalesce(dim_payer.payer_name, payers.payer_id) as payer,
            case
                when $statistic = 'median' then (lower_middle + upper_middle) / 2.0
                else numerator::double * $factor / nullif(denominator::double, 0)
            end::double as value,
            numerator::double as numerator,
            denominator::double as denominator
        from payers
        left join marts.dim_payer on payers.payer_id = dim_payer.payer_id
        order by payers.denominator desc, payer
    """
    return db.read(
        copy,
        sql,
        kpi_id=definition.kpi_id,
        definition_id=definition.definition_id,
        statistic=definition.statistic,
        factor=definition.factor,
        month=month,
    )


def kpi_values(copy: db.Copy, model: str, kpi_id: str, filters: Filters, *, is_balance: bool = False) -> pa.Table:
    """Every definition of a KPI (mart `model`) over the span, the default first: definition, value, difference, words.

    Value is the quotient of sums over the closed months of the span; of a balance, that of its last month, closed or
    not. Difference is to the default, null for the default itself. Categories narrow the numerator alone. Columns:
    definition, is_default, kpi, unit, value, difference, formula, source, note.
    """
    months = "month_date = $end and $start <= $end" if is_balance else f"{_MONTHS} and is_mature"
    sql = f"""
        with sums as (
            select
                definition_id,
                sum(numerator) filter (where {_among("reason_category", "categories")}) as numerator,
                sum(denominator) as denominator
            from marts.{model}
            where kpi_id = $kpi_id and {months} and has_full_window and {_PAYERS} and {_PROVIDERS}
            group by definition_id
        ),
        valued as (
            select
                definitions.*,
                coalesce(sums.numerator, 0)::double * definitions.factor
                / nullif(sums.denominator::double, 0) as value
            from marts.dim_kpi_definition as definitions
            left join sums on definitions.definition_id = sums.definition_id
            where definitions.kpi_id = $kpi_id and definitions.statistic = 'ratio'
        )
        select
            definition_id as definition,
            is_default,
            kpi_name as kpi,
            unit,
            value,
            case when not is_default then value - max(case when is_default then value end) over () end as difference,
            formula,
            definition_source as source,
            note
        from valued
        order by not is_default, position
    """
    return db.read(copy, sql, kpi_id=kpi_id, **filters.values("payers", "providers", "categories"))


def kpi_closed_month(copy: db.Copy) -> date | None:
    """The last month that is closed for every definition; None where there is none."""
    sql = """
        select max(month_date) as month
        from (
            select month_date
            from marts.agg_kpi_comparison
            group by month_date
            having bool_and(is_mature)
        )
    """
    month: date | None = db.read(copy, sql).to_pylist()[0]["month"]
    return month


def kpi_summary(copy: db.Copy, month: date) -> pa.Table:
    """Every definition in one month: kpi, definition, unit, value, difference to the default, formula, source."""
    sql = """
        select
            definitions.kpi_name as kpi,
            definitions.definition_id as definition,
            definitions.unit,
            months.kpi_value as value,
            case when not definitions.is_default then months.difference end as difference,
            definitions.formula,
            definitions.definition_source as source
        from marts.dim_kpi_definition as definitions
        left join marts.agg_kpi_comparison as months
            on
                definitions.kpi_id = months.kpi_id
                and definitions.definition_id = months.definition_id
                and months.month_date = $month
        order by
            min(definitions.position) over (partition by definitions.kpi_id),
            not definitions.is_default,
            definitions.position
    """
    return db.read(copy, sql, month=month)


def _row(copy: db.Copy, sql: str, values: dict[str, db.Value]) -> dict[str, Any]:
    row: dict[str, Any] = db.read(copy, sql, **values).to_pylist()[0]
    return row


def _pairs(copy: db.Copy, sql: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in zip(*db.read(copy, sql).to_pydict().values(), strict=True)]


SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class EditFilters:
    """What the page of claim edits narrows to; an empty tuple means all."""

    span: Span
    payers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()

    def values(self, *names: str) -> dict[str, db.Value]:
        """Those of the filters that a statement binds."""
        known: dict[str, db.Value] = {"payers": self.payers, "rules": self.rules, "severities": self.severities}
        return {"start": self.span.start, "end": self.span.end, **{name: known[name] for name in names}}


_PAYER = "coalesce(payer_id, 'unknown')"
_SENT = "submitted_date >= $start and submitted_date < $end::date + interval 1 month"
_EDITS = (
    f"{_SENT} and {_among(_PAYER, 'payers')} and {_among('rule_id', 'rules')} and {_among('severity', 'severities')}"
)


def edit_rules(copy: db.Copy) -> list[tuple[str, str]]:
    """(rule, rule and what it finds) of every rule and finding that some claim has, by rule."""
    sql = """
        select rule_id, rule_id || ' · ' || any_value(message order by message) as name
        from marts.fct_claim_edits
        group by rule_id
        order by rule_id
    """
    return _pairs(copy, sql)


@dataclass(frozen=True)
class EditTotals:
    """The numbers of the page of claim edits."""

    claim_count: int
    failed_count: int
    edit_count: int
    overridden_count: int
    denied_count: int
    answered_count: int


def edit_totals(copy: db.Copy, filters: EditFilters) -> EditTotals:
    """Claims sent, claims with an edit, edits, and of these the overridden, the answered, the denied at their place."""
    sql = f"""
        with edits as (select * from marts.fct_claim_edits where {_EDITS}),
        sent as (
            select count(*) as claim_count
            from marts.fct_claims
            where {_SENT} and {_among(_PAYER, "payers")}
        )
        select
            any_value(sent.claim_count)::bigint as claim_count,
            count(distinct edits.claim_id)::bigint as failed_count,
            count(edits.edit_id)::bigint as edit_count,
            (count(*) filter (where edits.is_overridden))::bigint as overridden_count,
            (count(*) filter (where edits.is_initially_denied))::bigint as denied_count,
            (count(*) filter (where edits.first_adjudicated_date is not null))::bigint as answered_count
        from sent
        left join edits on true
    """
    return EditTotals(**_row(copy, sql, filters.values("payers", "rules", "severities")))


def rule_performance(copy: db.Copy, filters: EditFilters) -> pa.Table:
    """By rule: what it prevents, edits, overridden, judged, foretold, precision (null where nothing is judged)."""
    sql = f"""
        select
            rule_id as rule,
            {_words("any_value(category)")} as category,
            any_value(prevented_reason_code) as prevents,
            sum(fired_count)::bigint as fired,
            sum(overridden_count)::bigint as overridden,
            sum(judged_count)::bigint as judged,
            sum(foretold_count)::bigint as foretold,
            sum(foretold_count)::double / nullif(sum(judged_count), 0) as precision
        from marts.agg_rule_performance
        where {_MONTHS} and {_PAYERS} and {_among("rule_id", "rules")}
        group by rule_id
        order by fired desc, rule
    """
    return db.read(copy, sql, **filters.values("payers", "rules"))


def edit_rows(copy: db.Copy, filters: EditFilters, limit: int | None) -> pa.Table:
    """The edits, newest claims first, with what the payer made of each and the segment it is about."""
    sql = f"""
        select
            submitted_date as submitted,
            claim_id as claim,
            line_number as line,
            rule_id as rule,
            severity,
            message as finds,
            fix,
            coalesce(payer_name, payer_id) as payer,
            prevented_reason_code as prevents,
            initial_outcome as outcome,
            initial_reason_code as denied_by,
            is_foretold as foretold,
            is_overridden as overridden,
            file_id,
            transaction_ordinal,
            segment_ordinal,
            byte_offset,
            edit_id,
            source
        from marts.fct_claim_edits
        where {_EDITS}
        order by submitted_date desc, claim_id, line_number nulls first, rule_id, edit_id
        {"" if limit is None else f"limit {int(limit)}"}
    """
    return db.read(copy, sql, **filters.values("payers", "rules", "severities"))


def received_date(copy: db.Copy, claim_id: str) -> date:
    """The day on which a claim's file was received."""
    rows = db.read(copy, "select received_date from marts.fct_claims where claim_id = $claim", claim=claim_id)
    day: date = rows.column("received_date")[0].as_py()
    return day
