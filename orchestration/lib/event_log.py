"""Dagster's SQLite event log with batches written in one transaction and connections kept open.

Belongs here: the storage class that `dagster.yaml` of the embedded instance names. Does not belong here: anything
that reads events. In production Dagster keeps its events in PostgreSQL and this class is not used.

Why: the stock class opens a new engine for each event and commits two files one event at a time, about 9 ms, twice
per partition per asset; 24 months of three tenants would spend 40 s on the bookkeeping of `raw/files` alone.
Only methods that Dagster calls on every storage are overridden (docs/decisions/0003-partitions.md has the figures).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy
from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

BUSY_TIMEOUT_SECONDS = 60
OPEN_SHARDS = 16


class BatchingSqliteEventLogStorage(SqliteEventLogStorage):
    """Same files, same schema, same results as the stock class; only fewer commits and fewer connections."""

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, str]
    ) -> "BatchingSqliteEventLogStorage":
        """Build from `dagster.yaml`; the stock method names its own class."""
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        engines: OrderedDict[str, sqlalchemy.Engine] = self.__dict__.setdefault("_engines", OrderedDict())
        if shard in engines:
            engines.move_to_end(shard)
            return engines[shard]
        if len(engines) >= OPEN_SHARDS:
            engines.popitem(last=False)[1].dispose()
        # One connection per shard, handed from thread to thread under the lock that `_connect` holds.
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        engines[shard] = engine
        return engine

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store `events` in one transaction per file; falls back to the stock way for anything but asset events."""
        if not all(event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS for event in events):
            super().store_event_batch(events)
            return
        by_run: dict[str, list[EventLogEntry]] = defaultdict(list)
        for event in events:
            by_run[event.run_id].append(event)
        for run_id, of_run in by_run.items():
            with self.run_connection(run_id) as connection:
                for event in of_run:
                    connection.execute(self.prepare_insert_event(event))
        with self.index_transaction() as connection:
            inserted = [connection.execute(self.prepare_insert_event(event)).inserted_primary_key for event in events]
            ids = [key[0] for key in inserted if key is not None]
            self._store_asset_event_tags(connection, events, ids)
            # An asset's row holds its last event of each type; the ones before would be overwritten.
            last = {
                (str(event.get_dagster_event().asset_key), event.dagster_event_type): (event, event_id)
                for event, event_id in zip(events, ids, strict=True)
            }
            for event, event_id in last.values():
                self._store_asset_event(connection, event, event_id)

    def dispose(self) -> None:
        """Close the connections, then what the stock class holds."""
        for engine in self.__dict__.pop("_engines", {}).values():
            engine.dispose()
        super().dispose()
