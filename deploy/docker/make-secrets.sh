#!/usr/bin/env bash
# Makes the files that compose.yaml's services read their secrets from, in ./secrets, once; what is there stays.
# Needs openssl. The services run as other users than yours: the files are readable for all, their folder for you alone.
set -euo pipefail

umask 077
mkdir -p secrets
keep() { # keep NAME: what comes on standard input becomes the file, unless there is one
    [ -e "secrets/$1" ] || { cat >"secrets/$1.new" && chmod 444 "secrets/$1.new" && mv "secrets/$1.new" "secrets/$1"; }
}
for name in postgres-password operator-password api-password jwt-secret; do
    openssl rand -hex 32 | tr -d '\n' | keep "$name"
done
printf 'postgresql://operator:%s@database/homeroom' "$(cat secrets/operator-password)" | keep database-url
printf 'postgresql://homeroom_api:%s@database/homeroom' "$(cat secrets/api-password)" | keep api-database-url
# PgBouncer knows the password itself here; the verifier that pg_authid has does as well.
printf '"homeroom_api" "%s"\n' "$(cat secrets/api-password)" | keep pgbouncer-users
