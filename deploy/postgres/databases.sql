-- Run once, when the volume is new: the databases beside the operational store, which the image itself creates.
create database dagster;
create database mlflow;
-- Text sorts by code point, as in DuckDB: what `min(code)` is must not depend on a language. A load into a database that
-- sorts otherwise is refused (claims/warehouse/postgres.py).
create database warehouse template template0 encoding 'UTF8' locale 'C';
-- Models are a few large queries: compiling each costs more than it saves, and sorts want more than 4 MB.
alter database warehouse set jit = off;
alter database warehouse set work_mem = '64MB';
