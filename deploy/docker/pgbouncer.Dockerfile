# PgBouncer as deploy/pgbouncer/pgbouncer.ini sets it up, in front of compose.yaml's database.
FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/pgbouncer/pgbouncer.ini /etc/pgbouncer/pgbouncer.ini
RUN sed -i \
    -e 's|^homeroom = .*|homeroom = host=database port=5432 dbname=homeroom|' \
    -e 's|^listen_addr = .*|listen_addr = 0.0.0.0|' \
    -e 's|^unix_socket_dir = .*|unix_socket_dir = /tmp|' \
    -e 's|^auth_file = .*|auth_file = /run/secrets/userlist.txt|' \
    -e 's|^logfile = .*|logfile =|' \
    -e 's|^pidfile = .*|pidfile =|' \
    /etc/pgbouncer/pgbouncer.ini
USER 10002:10002
EXPOSE 6432
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/sbin/pgbouncer", "/etc/pgbouncer/pgbouncer.ini"]
