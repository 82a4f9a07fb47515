# PostgreSQL with pg_cron, for those who want the jobs to run without a worker. compose.yaml.
FROM postgres:18-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-18-cron \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/docker/make-operator.sh /docker-entrypoint-initdb.d/10-make-operator.sh
