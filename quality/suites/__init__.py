"""Great Expectations suites on every bronze table, derived from `claims.schema`.

Belongs here: what must hold of a bronze table (`checks`) and how it is held (`validation`). Does not belong here:
tests of staging and later layers (dbt owns them), drift (Evidently owns it), rules about single claims (the scrubber
owns them), Dagster (its asset checks call `validate`).
"""

from quality.suites.checks import Check, Severity, checks
from quality.suites.validation import Failure, SuiteResult, validate

__all__ = ["Check", "Failure", "Severity", "SuiteResult", "checks", "validate"]
