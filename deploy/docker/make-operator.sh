#!/bin/bash
# Run once by the image of PostgreSQL, when the database's volume is empty: the logins that Homeroom works with.
# `operator` owns the database and may make roles; `homeroom_api` is the API's. Neither is a superuser.
set -euo pipefail

for name in operator-password api-password; do
    [[ -s /run/secrets/$name ]] || { echo "/run/secrets/$name is empty or missing" >&2; exit 1; }
done

# psql reads the passwords itself: whoever lists processes sees its arguments.
psql --username="$POSTGRES_USER" --dbname=postgres --set=ON_ERROR_STOP=1 --quiet <<'SQL'
\set operator `cat /run/secrets/operator-password`
\set api `cat /run/secrets/api-password`
create role operator login createrole password :'operator';
create role homeroom_api login noinherit password :'api';
comment on role homeroom_api is 'Login of the API; the only session whose request.jwt.claims are believed.';
grant homeroom_api to operator with admin option;
create database homeroom owner operator encoding 'UTF8' template template0;
\connect homeroom
create extension if not exists pg_cron;
grant usage on schema cron to operator;
SQL
