"""What Alembic runs around a revision: on the connection that `open_store` gives, or on the one of alembic.ini."""

from alembic import context
from sqlalchemy import Connection, create_engine

from claims.store.models import Base


def _run(connection: Connection) -> None:
    # SQLite cannot alter a column in place: batch mode copies the table.
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, transactional_ddl=False
    )
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://").begin() as own:
        _run(own)
