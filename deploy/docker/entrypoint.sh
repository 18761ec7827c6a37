#!/bin/sh
# Hands the mounted secret files to what reads them from the environment, then becomes the command.
set -eu

if [ -r /run/secrets/postgres_password ]; then
  PGPASSWORD="$(cat /run/secrets/postgres_password)" # libpq, and with it SQLAlchemy, MLflow and Dagster
  CLAIMWORKS_PG_PASSWORD="$PGPASSWORD"               # dbt's profile
  export PGPASSWORD CLAIMWORKS_PG_PASSWORD
fi
if [ -r /run/secrets/master_key ]; then
  CLAIMWORKS_MASTER_KEY="$(cat /run/secrets/master_key)"
  export CLAIMWORKS_MASTER_KEY
fi

exec "$@"
