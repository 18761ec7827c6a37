"""Great Expectations suites: bronze from `claims.schema`, features and scores from their contracts.

Belongs here: what must hold of a table (`checks`, `contracts`), how it is held (`validation`), and the pages that show
it (`datadocs`). Does not belong here: tests of staging to marts (dbt owns them), drift (Evidently owns it), rules about
single claims (the scrubber owns them), Dagster (its asset checks call `validate` and `hold`).
"""

from quality.suites.checks import Check, Severity, checks
from quality.suites.contracts import Contract, contract_checks, contract_of, read_contracts
from quality.suites.datadocs import write_data_docs
from quality.suites.validation import Failure, SuiteResult, hold, validate

__all__ = [
    "Check",
    "Contract",
    "Failure",
    "Severity",
    "SuiteResult",
    "checks",
    "contract_checks",
    "contract_of",
    "hold",
    "read_contracts",
    "validate",
    "write_data_docs",
]
