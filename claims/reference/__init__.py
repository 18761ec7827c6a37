"""Reference tables: the official code and fee files as published, by release, and the day on which each row holds.

Belongs here: what the rest of the house may call. Does not belong here: rules that use the tables (`quality`), prices
(`claims.pricing`).
"""

from claims.reference.findings import FileReport, Finding, Severity, Status
from claims.reference.loading import Release, load, releases
from claims.reference.lookup import Reference, open_reference

__all__ = ["FileReport", "Finding", "Reference", "Release", "Severity", "Status", "load", "open_reference", "releases"]
