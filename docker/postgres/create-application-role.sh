#!/bin/sh
# Run once, by the database image, when the volume is new. The application's role owns its database and is no superuser;
# the superuser keeps no password, so that only this container's own socket lets it in.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username postgres --dbname postgres <<'SQL'
CREATE ROLE clinic LOGIN PASSWORD :'password';
CREATE DATABASE clinic OWNER clinic;
REVOKE CONNECT, TEMPORARY ON DATABASE clinic FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
