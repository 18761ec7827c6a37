"""The operational store: the one state that cannot be rebuilt, in SQLite or PostgreSQL.

Belongs here: models (`models`), migrations (`migrations`), and one class per part of the store (`ledger`, `audit`,
`control_numbers`, `checks`, `work`). Does not belong here: rows of claims (the lake), anything that identifies a
person.

`open_store(url)` brings the schema up to date and returns the `Store`; its parts are attributes.
"""

from claims.store.engine import Store, open_store

__all__ = ["Store", "open_store"]
