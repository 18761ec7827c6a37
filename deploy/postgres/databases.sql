-- Run once, when the volume is new: the databases beside the operational store, which the image itself creates.
create database dagster;
create database mlflow;
-- Text sorts by code point, as in DuckDB: what `min(code)` is must not depend on a language. A load into a database that
-- sorts otherwise is refused (claims/warehouse/postgres.py).
create database warehouse template template0 encoding 'UTF8' locale 'C';
