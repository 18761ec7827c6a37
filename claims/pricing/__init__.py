"""Prices: what Medicare's schedules and the payers' contracts allow for a line, each amount with its arithmetic.

Belongs here: what the rest of the house may call. Does not belong here: reference tables (`claims.reference`), whether
a line may be billed at all (`quality`).
"""

from claims.pricing.contracts import Contract, ContractError, contracts_of, load_contracts
from claims.pricing.engine import PRICED, Pricer, Tables, price
from claims.pricing.lines import LINES, NEEDED, LinesError, lines_of
from claims.pricing.rows import priced_row, silver_rows
from claims.pricing.trace import replay, to_document, to_text

__all__ = [
    "LINES",
    "NEEDED",
    "PRICED",
    "Contract",
    "ContractError",
    "LinesError",
    "Pricer",
    "Tables",
    "contracts_of",
    "lines_of",
    "load_contracts",
    "price",
    "priced_row",
    "replay",
    "silver_rows",
    "to_document",
    "to_text",
]
