"""Alembic migrations of the operational store, run by `claims.store.open_store`.

`HEAD` is the newest revision: a store that stands there opens without loading Alembic. A test holds it to the scripts.
A new one: `alembic -c claims/store/migrations/alembic.ini revision --autogenerate -m "<what>"`.
"""

HEAD = "0006"
