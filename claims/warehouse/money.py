"""Whether every cent is accounted for: the lake's bronze added up a second time, and held against the marts.

Belongs here: the second way to each sum. It reads what the files said, from the Parquet of the lake, with SQL of its
own that shares nothing with the dbt models; the two ways must meet in every row, not only in the totals. Does not
belong here: the models (`dbt_project`), the reader's own balance findings (`claims.interchange.x12`), printing.

What the marts add and no file says (which submission an answer is about, which answer stands, what an adjustment code
means for the money) is taken from them; every amount is not. What each check proves: docs/runbooks/money.md.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from claims.warehouse.postgres import WarehouseError, copy_to_duckdb, is_postgres

MARTS = (
    "fct_claims",
    "fct_claim_lines",
    "fct_remittances",
    "fct_remittance_lines",
    "fct_payments",
    "fct_provider_adjustments",
    "fct_reconciliation_breaks",
)

_BRONZE = (
    "transactions",
    "claims",
    "claim_lines",
    "remittances",
    "remittance_claims",
    "remittance_lines",
    "remittance_adjustments",
    "provider_adjustments",
)

_SAMPLES = 5


class MoneyError(Exception):
    """The money cannot be checked at all; the message says why and what to do."""


@dataclass(frozen=True)
class Statement:
    """Where the money of one level is: `total` = the sum of `parts` + `rest`, and `rest` must be zero."""

    tenant: str
    level: str
    total_name: str
    total: Decimal
    parts: dict[str, Decimal]

    @property
    def rest(self) -> Decimal:
        """What the parts leave of the total."""
        return self.total - sum(self.parts.values(), Decimal(0))


@dataclass(frozen=True)
class Check:
    """Two ways to the same amounts, compared row by row; `unexplained` adds absolute differences, so none cancel."""

    tenant: str
    level: str
    name: str
    rows: int
    wrong: int
    unexplained: Decimal
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Break:
    """A row of `fct_reconciliation_breaks`: a cent that is accounted for by the segment that does not come out."""

    tenant: str
    level: str
    identity: str
    file_id: str
    transaction_ordinal: int
    segment_ordinal: int
    expected: Decimal
    actual: Decimal
    difference: Decimal


@dataclass(frozen=True)
class MoneyReport:
    """All that was added up. `cut_off` is the last day received of each tenant in the lake."""

    cut_off: dict[str, date]
    quarantined: dict[str, Decimal]
    statements: tuple[Statement, ...]
    checks: tuple[Check, ...]
    breaks: tuple[Break, ...]

    @property
    def unexplained(self) -> Decimal:
        """Every cent that no identity and no listed break accounts for."""
        rests = sum((abs(statement.rest) for statement in self.statements), Decimal(0))
        return rests + sum((check.unexplained for check in self.checks), Decimal(0))

    @property
    def wrong(self) -> int:
        """Rows in which the two ways differ; a row of zero amounts that is missing counts as well."""
        return sum(check.wrong for check in self.checks)

    @property
    def holds(self) -> bool:
        """Whether every cent is accounted for."""
        return self.unexplained == 0 and self.wrong == 0


def verify_money(warehouse: Path | str, lake: Path) -> MoneyReport:
    """Add up the lake and compare it with the marts, for every tenant in either.

    `warehouse` is the path of a DuckDB file, or the address of a PostgreSQL database; it is only read.

    Cost: linear; one pass over the money columns of eight bronze tables and seven marts, 3 s for 100,000 claims.

    Raises:
        MoneyError: there is no warehouse, a mart is missing in it, or a build is writing it.
    """
    with _opened(warehouse) as connection:
        return _verify(connection, lake)


@contextmanager
def _opened(warehouse: Path | str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the marts attached as `warehouse`; of PostgreSQL as a copy of one moment."""
    with tempfile.TemporaryDirectory(prefix="claimworks-money-") as folder, duckdb.connect(":memory:") as connection:
        path = Path(warehouse)
        if isinstance(warehouse, str) and is_postgres(warehouse):
            # Its file names a database of DuckDB: one named as its schema would make `marts.x` ambiguous.
            path = Path(folder) / "copy.duckdb"
            try:
                copy_to_duckdb(warehouse, path, names=[f"marts.{name}" for name in MARTS])
            except WarehouseError as error:
                raise MoneyError(str(error)) from error
        elif not path.is_file():
            raise MoneyError("there is no warehouse yet: build the marts first (`claimworks demo`, or the dbt assets)")
        try:
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as warehouse (read_only)")
        except duckdb.Error as error:
            raise MoneyError(
                f"the warehouse cannot be read ({type(error).__name__}): is a build writing it?"
            ) from error
        found = {
            str(name)
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts'"
            ).fetchall()
        }
        if missing := [name for name in MARTS if name not in found]:
            raise MoneyError(f"the warehouse lacks marts.{', '.join(missing)}: build the marts to the end first")
        yield connection


def _verify(connection: duckdb.DuckDBPyConnection, lake: Path) -> MoneyReport:
    for table in _BRONZE:
        files = str(lake / "bronze" / table / "**" / "*.parquet").replace("'", "''")
        connection.execute(f"create temp view all_{table} as select * from read_parquet('{files}')")
    for name, sql in _FACTS.items():
        connection.execute(f"create temp table {name} as {sql}")
    for mart in MARTS:
        connection.execute(f"create temp view {mart} as select * from warehouse.marts.{mart}")
    tenants = [
        str(tenant)
        for (tenant,) in connection.execute(
            "select tenant_id from all_transactions union select tenant_id from fct_claims order by 1"
        ).fetchall()
    ]
    return MoneyReport(
        cut_off=dict(
            connection.execute(
                "select tenant_id, max(received_date) from all_transactions group by tenant_id order by 1"
            ).fetchall()
        ),
        quarantined=_by_tenant(
            connection,
            "select tenant_id, sum(charge_amount) from all_transactions where status = 'quarantined' group by 1",
            tenants,
        ),
        statements=tuple(
            statement
            for level, total_name, sql in _STATEMENTS
            for statement in _statements(connection, level, total_name, sql, tenants)
        ),
        checks=tuple(check for level, name, sql in _CHECKS for check in _check(connection, level, name, sql, tenants)),
        breaks=tuple(
            Break(*row)
            for row in connection.execute(
                """
                select tenant_id, break_level, identity_name, file_id, transaction_ordinal, segment_ordinal,
                       expected_amount, actual_amount, difference_amount
                from fct_reconciliation_breaks
                order by all
                """
            ).fetchall()
        ),
    )


def _by_tenant(connection: duckdb.DuckDBPyConnection, sql: str, tenants: list[str]) -> dict[str, Decimal]:
    found = {str(tenant): amount or _ZERO for tenant, amount in connection.execute(sql).fetchall()}
    return {tenant: found.get(tenant, _ZERO) for tenant in tenants}


def _statements(
    connection: duckdb.DuckDBPyConnection, level: str, total_name: str, sql: str, tenants: list[str]
) -> Iterator[Statement]:
    result = connection.execute(sql)
    names = [str(column[0]) for column in result.description or ()][2:]
    rows = {str(row[0]): row[1:] for row in result.fetchall()}
    for tenant in tenants:
        total, *parts = rows.get(tenant, (None,) * (len(names) + 1))
        yield Statement(
            tenant, level, total_name, total or _ZERO, {n: p or _ZERO for n, p in zip(names, parts, strict=True)}
        )


def _check(
    connection: duckdb.DuckDBPyConnection, level: str, name: str, sql: str, tenants: list[str]
) -> Iterator[Check]:
    """`sql` gives tenant_id, place (where to look), is_missing and difference (absolute) of every row compared."""
    rows = connection.execute(
        f"""
        select tenant_id, count(*), count(*) filter (where is_missing or difference <> 0), coalesce(sum(difference), 0),
               list(place order by place) filter (where is_missing or difference <> 0)[1:{_SAMPLES}]
        from ({sql})
        group by tenant_id
        """
    ).fetchall()
    found = {str(row[0]): row[1:] for row in rows}
    for tenant in tenants:
        count, wrong, unexplained, samples = found.get(tenant, (0, 0, _ZERO, None))
        yield Check(tenant, level, name, count, wrong, unexplained, tuple(str(place) for place in samples or ()))


_ZERO = Decimal("0.00")

_ACCEPTED = """
    semi join (select tenant_id, file_id, transaction_ordinal from all_transactions where status <> 'quarantined')
    using (tenant_id, file_id, transaction_ordinal)
"""

_KEY = "tenant_id, file_id, transaction_ordinal"

# What the files said. No model of dbt is asked.
_FACTS = {
    "adjusted": """
        select
            tenant_id, file_id, claim_ordinal, line_number,
            sum(amount) as adjusted,
            coalesce(sum(amount) filter (where group_code = 'PR'), 0) as patient
        from all_remittance_adjustments
        group by all
    """,
    "remitted_lines": f"""
        select
            lines.tenant_id, lines.file_id, lines.transaction_ordinal, lines.segment_ordinal,
            lines.file_id || '-' || lines.claim_ordinal as remittance_claim_id,
            lines.line_number,
            coalesce(lines.charge_amount, 0) as charge,
            coalesce(lines.payment_amount, 0) as payment,
            coalesce(adjusted.adjusted, 0) as adjusted,
            coalesce(adjusted.patient, 0) as patient
        from all_remittance_lines as lines {_ACCEPTED}
        left join adjusted
            on lines.tenant_id = adjusted.tenant_id and lines.file_id = adjusted.file_id
            and lines.claim_ordinal = adjusted.claim_ordinal and lines.line_number = adjusted.line_number
    """,
    "remitted_claims": f"""
        select
            clp.tenant_id, clp.file_id, clp.transaction_ordinal, clp.segment_ordinal,
            clp.file_id || '-' || clp.claim_ordinal as remittance_claim_id,
            clp.claim_status_code = '22' as is_reversal,
            coalesce(clp.total_charge_amount, 0) as charge,
            coalesce(clp.payment_amount, 0) as payment,
            clp.patient_responsibility_amount as declared_patient,
            coalesce(cas.adjusted, 0) as adjusted,
            coalesce(cas.patient, 0) as patient,
            svc.charge as line_charge
        from all_remittance_claims as clp {_ACCEPTED}
        left join (
            select tenant_id, file_id, claim_ordinal, sum(adjusted) as adjusted, sum(patient) as patient
            from adjusted group by all
        ) as cas
            on clp.tenant_id = cas.tenant_id and clp.file_id = cas.file_id and clp.claim_ordinal = cas.claim_ordinal
        left join (
            select tenant_id, remittance_claim_id, sum(charge) as charge from remitted_lines group by all
        ) as svc
            on clp.tenant_id = svc.tenant_id and clp.file_id || '-' || clp.claim_ordinal = svc.remittance_claim_id
    """,
    "provider_adjusted": f"""
        select *, coalesce(amount, 0) as adjusted from all_provider_adjustments {_ACCEPTED}
    """,
    "payments": f"""
        select
            bpr.tenant_id, bpr.file_id, bpr.transaction_ordinal, bpr.segment_ordinal, bpr.payer_id,
            coalesce(bpr.payment_date, bpr.received_date) as paid_on,
            coalesce(bpr.payment_amount, 0) as payment,
            coalesce(clp.payment, 0) as claim_payment,
            coalesce(plb.adjusted, 0) as provider_adjusted,
            coalesce(bpr.payment_method_code = 'NON', false) as is_notice,
            bpr.trace_number is not null and coalesce(bpr.payment_method_code <> 'NON', true) and row_number() over (
                partition by
                    bpr.tenant_id, coalesce(bpr.payer_trace_id, bpr.payer_id, ''), bpr.trace_number, bpr.payment_date,
                    coalesce(bpr.payment_amount, 0)
                order by bpr.received_date, bpr.file_id, bpr.transaction_ordinal
            ) > 1 as is_repeated
        from (select * from all_remittances {_ACCEPTED}) as bpr
        left join (select {_KEY}, sum(payment) as payment from remitted_claims group by all) as clp using ({_KEY})
        left join (select {_KEY}, sum(adjusted) as adjusted from provider_adjusted group by all) as plb using ({_KEY})
    """,
    "submitted_lines": f"""
        select
            tenant_id, file_id, transaction_ordinal, segment_ordinal,
            file_id || '-' || claim_ordinal as claim_id,
            line_number,
            coalesce(charge_amount, 0) as charge
        from all_claim_lines {_ACCEPTED}
    """,
    "submitted_claims": f"""
        select
            clm.tenant_id, clm.file_id, clm.transaction_ordinal, clm.segment_ordinal,
            clm.file_id || '-' || clm.claim_ordinal as claim_id,
            coalesce(clm.total_charge_amount, sv.charge, 0) as charge,
            sv.charge as line_charge
        from all_claims as clm {_ACCEPTED}
        left join (
            select tenant_id, claim_id, sum(charge) as charge from submitted_lines group by all
        ) as sv
            on clm.tenant_id = sv.tenant_id and clm.file_id || '-' || clm.claim_ordinal = sv.claim_id
    """,
}

_PLACE = """
    coalesce(ours.tenant_id, theirs.tenant_id) as tenant_id,
    coalesce(ours.file_id, theirs.file_id) || ' set ' || coalesce(ours.transaction_ordinal, theirs.transaction_ordinal)
    || ' segment ' || coalesce(ours.segment_ordinal, theirs.segment_ordinal) as place,
    ours.tenant_id is null or theirs.tenant_id is null as is_missing,
"""


def _apart(*pairs: tuple[str, str]) -> str:
    """The absolute difference of amounts of `ours` (the lake) and `theirs` (a mart); a missing one is nothing."""
    return " + ".join(f"abs(coalesce({ours}, 0) - coalesce({theirs}, 0))" for ours, theirs in pairs) + " as difference"


_BUCKETS = " + ".join(
    f"theirs.{bucket}_amount"
    for bucket in ("prior_payer", "contractual", "other_adjustment", "patient_responsibility", "denied", "pending")
)

# The breaks that the files make by themselves, and those that need to know which answer is about which submission.
_OUR_BREAKS = f"""
    select {_KEY}, segment_ordinal, 'line_payment' as identity_name, charge - adjusted - payment as difference
    from remitted_lines where charge - adjusted - payment <> 0
    union all
    select {_KEY}, segment_ordinal, 'claim_payment', charge - adjusted - payment
    from remitted_claims where charge - adjusted - payment <> 0
    union all
    select {_KEY}, segment_ordinal, 'claim_line_charges', charge - line_charge
    from remitted_claims where charge <> line_charge
    union all
    select {_KEY}, segment_ordinal, 'claim_patient_responsibility', declared_patient - patient
    from remitted_claims where declared_patient <> patient
    union all
    select {_KEY}, segment_ordinal, 'submitted_line_charges', charge - line_charge
    from submitted_claims where charge <> line_charge
    union all
    select {_KEY}, segment_ordinal, 'transaction_payment', claim_payment - provider_adjusted - payment
    from payments where claim_payment - provider_adjusted <> payment
    union all
    select {_KEY}, segment_ordinal, 'deposit_without_payment', -payment from payments where is_notice and payment <> 0
    union all
    select {_KEY}, segment_ordinal, 'deposit_repeated', -payment from payments where is_repeated and payment <> 0
    union all
    select clp.tenant_id, clp.file_id, clp.transaction_ordinal, clp.segment_ordinal, kind.identity_name,
        case kind.identity_name
            when 'reversal_charge' then -reversed.charge - clp.charge
            when 'reversal_payment' then -reversed.payment - clp.payment
            when 'answered_charge' then sent.charge - clp.charge
            else -clp.payment
        end as difference
    from remitted_claims as clp
    inner join fct_remittances as known
        on clp.tenant_id = known.tenant_id and clp.remittance_claim_id = known.remittance_claim_id
    left join remitted_claims as reversed
        on known.tenant_id = reversed.tenant_id and known.reverses_remittance_claim_id = reversed.remittance_claim_id
    left join submitted_claims as sent
        on known.tenant_id = sent.tenant_id and known.claim_id = sent.claim_id
    cross join (
        values ('reversal_charge'), ('reversal_payment'), ('reversal_without_answer'), ('answered_charge'),
        ('answer_not_reversed')
    ) as kind (identity_name)
    where case kind.identity_name
        when 'reversal_charge' then reversed.charge + clp.charge <> 0
        when 'reversal_payment' then reversed.payment + clp.payment <> 0
        when 'reversal_without_answer' then clp.is_reversal and reversed.tenant_id is null
        when 'answered_charge' then known.is_standing and sent.charge <> clp.charge
        else
            known.claim_id is not null and not coalesce(clp.is_reversal, false) and not known.is_reversed
            and not known.is_standing and clp.payment <> 0
    end
"""

# Balances carried forward, by day: the highest that a balance ever stood above nothing was taken and never carried.
_FORWARD = """
    select tenant_id, greatest(0, max(balance)) as difference
    from (
        select
            plb.tenant_id, paid.payer_id, plb.provider_id, plb.payer_claim_key,
            sum(sum(plb.adjusted)) over (
                partition by plb.tenant_id, paid.payer_id, plb.provider_id, plb.payer_claim_key order by paid.paid_on
            ) as balance
        from provider_adjusted as plb
        inner join payments as paid using (tenant_id, file_id, transaction_ordinal)
        where plb.reason_code = 'FB'
        group by plb.tenant_id, paid.payer_id, plb.provider_id, plb.payer_claim_key, paid.paid_on
    )
    group by tenant_id, payer_id, provider_id, payer_claim_key
"""

# (level, name, rows compared): see `_check`.
_CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "line",
        "service lines are all there",
        f"""select {_PLACE} {_apart(("ours.charge", "theirs.charge_amount"))}
        from submitted_lines as ours full join fct_claim_lines as theirs
        on ours.tenant_id = theirs.tenant_id and ours.claim_id = theirs.claim_id
        and ours.line_number = theirs.line_number""",
    ),
    (
        "line",
        "answered lines are all there",
        f"""select {_PLACE} {
            _apart(
                ("ours.charge", "theirs.charge_amount"),
                ("ours.payment", "theirs.payment_amount"),
                ("ours.adjusted", _BUCKETS),
                ("ours.patient", "theirs.patient_responsibility_amount"),
            )
        }
        from remitted_lines as ours full join fct_remittance_lines as theirs
        on ours.tenant_id = theirs.tenant_id and ours.remittance_claim_id = theirs.remittance_claim_id
        and ours.line_number = theirs.line_number""",
    ),
    (
        "line",
        "service lines hold their answers",
        f"""select theirs.tenant_id, theirs.file_id || ' set ' || theirs.transaction_ordinal || ' segment '
            || theirs.segment_ordinal as place, false as is_missing,
            {_apart(("ours.payment", "theirs.paid_amount"), ("ours.adjusted", _BUCKETS))}
        from fct_claim_lines as theirs left join (
            select known.tenant_id, known.claim_id, known.claim_line_number, sum(svc.payment) as payment,
                sum(svc.adjusted) filter (where known.is_standing) as adjusted
            from remitted_lines as svc
            inner join fct_remittance_lines as known
                on svc.tenant_id = known.tenant_id and svc.remittance_claim_id = known.remittance_claim_id
                and svc.line_number = known.line_number
            where known.claim_line_number is not null
            group by all
        ) as ours
        on ours.tenant_id = theirs.tenant_id and ours.claim_id = theirs.claim_id
        and ours.claim_line_number = theirs.line_number""",
    ),
    (
        "claim",
        "submissions are all there",
        f"""select {_PLACE} {_apart(("ours.charge", "theirs.charge_amount"))}
        from submitted_claims as ours full join fct_claims as theirs
        on ours.tenant_id = theirs.tenant_id and ours.claim_id = theirs.claim_id""",
    ),
    (
        "claim",
        "answers are all there",
        f"""select {_PLACE} {
            _apart(
                ("ours.charge", "theirs.charge_amount"),
                ("ours.payment", "theirs.payment_amount"),
                ("ours.adjusted", _BUCKETS),
                ("ours.patient", "theirs.patient_responsibility_amount"),
            )
        }
        from remitted_claims as ours full join fct_remittances as theirs
        on ours.tenant_id = theirs.tenant_id and ours.remittance_claim_id = theirs.remittance_claim_id""",
    ),
    (
        "claim",
        "submissions hold their payments",
        f"""select theirs.tenant_id, theirs.file_id || ' set ' || theirs.transaction_ordinal || ' segment '
            || theirs.segment_ordinal as place, false as is_missing,
            {_apart(("ours.payment", "theirs.paid_amount"), ("ours.patient", "theirs.patient_responsibility_amount"))}
        from fct_claims as theirs left join (
            select known.tenant_id, known.claim_id, sum(clp.payment) as payment,
                sum(clp.patient) filter (where known.is_standing) as patient
            from remitted_claims as clp
            inner join fct_remittances as known
                on clp.tenant_id = known.tenant_id and clp.remittance_claim_id = known.remittance_claim_id
            where known.claim_id is not null
            group by all
        ) as ours
        on ours.tenant_id = theirs.tenant_id and ours.claim_id = theirs.claim_id""",
    ),
    (
        "claim",
        "what is open has a cause",
        f"""select theirs.tenant_id, theirs.file_id || ' set ' || theirs.transaction_ordinal || ' segment '
            || theirs.segment_ordinal as place, false as is_missing,
            abs(
                theirs.charge_amount - theirs.prior_payer_amount - theirs.paid_amount - theirs.contractual_amount
                - theirs.other_adjustment_amount - theirs.patient_responsibility_amount - theirs.superseded_amount
                - theirs.write_off_amount - theirs.open_balance_amount
            ) + abs(
                theirs.superseded_amount + theirs.write_off_amount + theirs.open_balance_amount
                - coalesce(ours.refused, theirs.charge_amount - theirs.prior_payer_amount)
                - coalesce(broken.difference, 0)
            ) as difference
        from fct_claims as theirs
        left join (
            select tenant_id, claim_id, sum(denied_amount + pending_amount) as refused
            from fct_remittances where is_standing group by all
        ) as ours
            on ours.tenant_id = theirs.tenant_id and ours.claim_id = theirs.claim_id
        left join (
            select known.tenant_id, known.claim_id, sum(found.difference) as difference
            from ({_OUR_BREAKS}) as found
            inner join fct_remittances as known using ({_KEY}, segment_ordinal)
            where found.identity_name in (
                'answered_charge', 'answer_not_reversed', 'reversal_payment', 'reversal_without_answer'
            ) or (found.identity_name = 'claim_payment' and known.is_standing)
            group by all
        ) as broken
            on broken.tenant_id = theirs.tenant_id and broken.claim_id = theirs.claim_id""",
    ),
    (
        "transaction",
        "payments are all there",
        f"""select {_PLACE} {
            _apart(
                ("ours.payment", "theirs.payment_amount"),
                ("ours.claim_payment", "theirs.claim_payment_amount"),
                ("ours.provider_adjusted", "theirs.provider_adjustment_amount"),
            )
        }
        from payments as ours full join fct_payments as theirs
        on ours.tenant_id = theirs.tenant_id and ours.file_id = theirs.file_id
        and ours.transaction_ordinal = theirs.transaction_ordinal""",
    ),
    (
        "transaction",
        "claims and provider adjustments have a payment",
        f"""select tenant_id, file_id || ' set ' || transaction_ordinal as place,
            not exists (
                select 1 from payments as paid
                where paid.tenant_id = told.tenant_id and paid.file_id = told.file_id
                and paid.transaction_ordinal = told.transaction_ordinal
            ) as is_missing, cast(0 as decimal(18, 2)) as difference
        from (select {_KEY} from remitted_claims union select {_KEY} from provider_adjusted) as told""",
    ),
    (
        "transaction",
        "provider adjustments are all there",
        f"""select {_PLACE} {_apart(("ours.adjusted", "theirs.adjustment_amount"))}
        from provider_adjusted as ours full join fct_provider_adjustments as theirs
        on ours.tenant_id = theirs.tenant_id and theirs.provider_adjustment_id
        = ours.file_id || '-' || ours.transaction_ordinal || '-' || ours.adjustment_ordinal""",
    ),
    (
        "deposit",
        "deposits by payer and day",
        """select coalesce(ours.tenant_id, theirs.tenant_id) as tenant_id,
            coalesce(ours.payer_id, theirs.payer_id) || ' ' || coalesce(ours.paid_on, theirs.paid_on) as place,
            ours.tenant_id is null or theirs.tenant_id is null as is_missing,
            abs(coalesce(ours.deposited, 0) - coalesce(theirs.deposited, 0)) as difference
        from (
            select tenant_id, coalesce(payer_id, '') as payer_id, paid_on,
                sum(case when is_notice or is_repeated then 0 else payment end) as deposited
            from payments group by all
        ) as ours
        full join (
            select paid.tenant_id, coalesce(paid.payer_id, '') as payer_id,
                coalesce(paid.payment_date, paid.received_date) as paid_on,
                sum(
                    coalesce(clp.amount, 0) - coalesce(plb.amount, 0) - coalesce(broken.amount, 0)
                ) as deposited
            from fct_payments as paid
            left join (
                select tenant_id, file_id, transaction_ordinal, sum(payment_amount) as amount
                from fct_remittances group by all
            ) as clp using (tenant_id, file_id, transaction_ordinal)
            left join (
                select tenant_id, file_id, transaction_ordinal, sum(adjustment_amount) as amount
                from fct_provider_adjustments group by all
            ) as plb using (tenant_id, file_id, transaction_ordinal)
            left join (
                select tenant_id, file_id, transaction_ordinal,
                    sum(case when break_level = 'transaction' then difference_amount else actual_amount end) as amount
                from fct_reconciliation_breaks
                where identity_name in ('transaction_payment', 'deposit_without_payment', 'deposit_repeated')
                group by all
            ) as broken using (tenant_id, file_id, transaction_ordinal)
            group by all
        ) as theirs
        on ours.tenant_id = theirs.tenant_id and ours.payer_id = theirs.payer_id and ours.paid_on = theirs.paid_on""",
    ),
    (
        "break",
        "each break is listed, with its segment",
        f"""select {_PLACE} {_apart(("ours.difference", "theirs.difference_amount"))}
        from ({_OUR_BREAKS}) as ours
        full join (select * from fct_reconciliation_breaks where identity_name <> 'forward_balance') as theirs
        on ours.tenant_id = theirs.tenant_id and ours.file_id = theirs.file_id
        and ours.transaction_ordinal = theirs.transaction_ordinal and ours.segment_ordinal = theirs.segment_ordinal
        and ours.identity_name = theirs.identity_name""",
    ),
    (
        "break",
        "balances taken back were carried forward",
        f"""select coalesce(ours.tenant_id, theirs.tenant_id) as tenant_id, 'PLB FB' as place, false as is_missing,
            abs(coalesce(ours.difference, 0) + coalesce(theirs.difference, 0)) as difference
        from (select tenant_id, sum(difference) as difference from ({_FORWARD}) group by all) as ours
        full join (
            select tenant_id, sum(difference_amount) as difference from fct_reconciliation_breaks
            where identity_name = 'forward_balance' group by all
        ) as theirs
        on ours.tenant_id = theirs.tenant_id""",
    ),
)

# (level, name of the total, the total and its parts by tenant): see `_statements`.
_STATEMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "line",
        "charges",
        """select tenant_id, sum(charge_amount) as total, sum(paid_amount) as payments,
            sum(prior_payer_amount) as prior_payers, sum(contractual_amount) as contractual,
            sum(other_adjustment_amount) as other_adjustments,
            sum(patient_responsibility_amount) as patient_responsibility,
            sum(denied_amount) as denied, sum(pending_amount) as pending,
            sum(charge_amount - paid_amount - prior_payer_amount - contractual_amount - other_adjustment_amount
                - patient_responsibility_amount - denied_amount - pending_amount) as not_answered_by_line
        from fct_claim_lines group by tenant_id""",
    ),
    (
        "answered line",
        "charges",
        """select tenant_id, sum(charge_amount) as total, sum(payment_amount) as payments,
            sum(prior_payer_amount) as prior_payers, sum(contractual_amount) as contractual,
            sum(other_adjustment_amount) as other_adjustments,
            sum(patient_responsibility_amount) as patient_responsibility,
            sum(denied_amount) as denied, sum(pending_amount) as pending,
            (select sum(difference_amount) from fct_reconciliation_breaks as broken
                where identity_name = 'line_payment' and broken.tenant_id = answers.tenant_id) as breaks
        from fct_remittance_lines as answers group by tenant_id""",
    ),
    (
        "claim",
        "charges",
        """select tenant_id, sum(charge_amount) as total, sum(paid_amount) as payments,
            sum(prior_payer_amount) as prior_payers, sum(contractual_amount) as contractual,
            sum(other_adjustment_amount) as other_adjustments,
            sum(patient_responsibility_amount) as patient_responsibility,
            sum(write_off_amount) as written_off, sum(superseded_amount) as taken_over_by_a_later_version,
            sum(open_balance_amount) as open_balance
        from fct_claims group by tenant_id""",
    ),
    (
        "answered claim",
        "charges",
        """select tenant_id, sum(charge_amount) as total, sum(payment_amount) as payments,
            sum(prior_payer_amount) as prior_payers, sum(contractual_amount) as contractual,
            sum(other_adjustment_amount) as other_adjustments,
            sum(patient_responsibility_amount) as patient_responsibility,
            sum(denied_amount) as denied, sum(pending_amount) as pending,
            (select sum(difference_amount) from fct_reconciliation_breaks as broken
                where identity_name = 'claim_payment' and broken.tenant_id = answers.tenant_id) as breaks
        from fct_remittances as answers group by tenant_id""",
    ),
    (
        "claim payments",
        "claim payments",
        """select tenant_id, sum(payment_amount) as total,
            (select sum(paid_amount) from fct_claims as claims where claims.tenant_id = answers.tenant_id) as on_claims,
            sum(payment_amount) filter (where claim_id is null) as unmatched
        from fct_remittances as answers group by tenant_id""",
    ),
    (
        "line payments",
        "line payments",
        """select tenant_id, sum(payment_amount) as total,
            (select sum(paid_amount) from fct_claim_lines as lines where lines.tenant_id = answers.tenant_id)
                as on_lines,
            sum(payment_amount) filter (where claim_line_number is null and claim_id is not null)
                as of_claims_without_the_line,
            sum(payment_amount) filter (where claim_id is null) as unmatched
        from fct_remittance_lines as answers group by tenant_id""",
    ),
    (
        "transaction",
        "claim payments",
        """select tenant_id, sum(claim_payment_amount) as total, sum(payment_amount) as payments,
            (select sum(adjustment_amount) from fct_provider_adjustments as plb
                where plb.tenant_id = paid.tenant_id and reason_code = 'FB') as balances_forward,
            (select sum(adjustment_amount) from fct_provider_adjustments as plb
                where plb.tenant_id = paid.tenant_id and reason_code = 'WO') as overpayments_recovered,
            (select sum(adjustment_amount) from fct_provider_adjustments as plb
                where plb.tenant_id = paid.tenant_id and coalesce(reason_code, '') not in ('FB', 'WO'))
                as other_provider_adjustments,
            (select sum(difference_amount) from fct_reconciliation_breaks as broken
                where identity_name = 'transaction_payment' and broken.tenant_id = paid.tenant_id) as breaks
        from fct_payments as paid group by tenant_id""",
    ),
    (
        "deposit",
        "payments",
        """select paid.tenant_id, sum(paid.payment_amount) as total,
            sum(paid.payment_amount) filter (where broken.amount is null) as deposits,
            sum(broken.amount) as breaks
        from fct_payments as paid
        left join (
            select tenant_id, file_id, transaction_ordinal, sum(actual_amount) as amount
            from fct_reconciliation_breaks
            where identity_name in ('deposit_without_payment', 'deposit_repeated') group by all
        ) as broken using (tenant_id, file_id, transaction_ordinal)
        group by paid.tenant_id""",
    ),
)
