"""What can be configured: one table, read from environment variables, checked before a start."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api import rates, secret_file

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Secret = Annotated[str, Meta(min_length=32)]
Url = Annotated[str, Meta(pattern="^https?://[^/]")]

SECRETS = frozenset(
    {
        "jwt_secret",
        "jwt_jwks_url",
        "database_url",
        "api_database_url",
        "database_listen_url",
        "otel_exporter_otlp_endpoint",
        "otel_exporter_otlp_headers",
    }
)
"""Settings whose values appear in no message, log line or repr (URLs may hold passwords)."""
FROM_FILES = SECRETS | {"jwt_public_key"}
"""Settings that may be the content of a file instead, which the variable with `_FILE` names."""
KEYS = ("jwt_secret", "jwt_public_key", "jwt_jwks_url")
"""Settings that say by which key tokens are signed."""
LINES = frozenset({"jwt_public_key"})
"""Settings that may have several."""

ORIGIN = re.compile(r"\*|https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


class SettingsError(Exception):
    """The environment asks for something impossible. The message names variables, a line each; no secret."""


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting of the API. The field `dashboard_port` is read from DASHBOARD_PORT, and so on.

    Make one with `load`; the constructor checks nothing.
    """

    database_url: Annotated[
        str | None,
        Meta(description="The PostgreSQL database. Unset: `homeroom up` runs its embedded server."),
    ] = None
    api_database_url: Annotated[
        str | None,
        Meta(
            description="How the API reaches that database. Unset: DATABASE_URL as the login `homeroom_api`, "
            "without its password."
        ),
    ] = None
    database_pooler: Annotated[
        bool,
        Meta(
            description="Whether API_DATABASE_URL leads to a pooler in transaction mode (PgBouncer): nothing "
            "is prepared, nothing set for longer than a transaction. Needs DATABASE_LISTEN_URL."
        ),
    ] = False
    database_listen_url: Annotated[
        str | None,
        Meta(
            description="How the feed's reader, one connection per API process, reaches the database itself, "
            "as the login `homeroom_api`. Unset: as the API does."
        ),
    ] = None
    homeroom_data_dir: Annotated[
        Path | None,
        Meta(
            description="Where the embedded server keeps its data. Unset: `/var/lib/homeroom` for root, else "
            "`homeroom` in `$XDG_DATA_HOME` or `~/.local/share`."
        ),
    ] = None
    dashboard_host: Annotated[
        str,
        Meta(description="Address that the API listens on."),
    ] = "127.0.0.1"
    dashboard_port: Annotated[
        int,
        Meta(description="Port that the API listens on.", ge=1, le=65535),
    ] = 8000
    dashboard_workers: Annotated[
        int,
        Meta(description="API processes that share the port.", ge=1, le=256),
    ] = 1
    dashboard_connections: Annotated[
        int,
        Meta(
            description="Connections that clients may have open, per API process. One more is answered 503.",
            ge=1,
            le=1_000_000,
        ),
    ] = 16_384
    database_pool_size: Annotated[
        int,
        Meta(description="Connections to the database, per API process.", ge=1, le=1000),
    ] = 8
    database_statement_timeout: Annotated[
        float,
        Meta(description="Seconds after which PostgreSQL gives a request's statement up.", ge=0.1, le=3600),
    ] = 10.0
    jwt_algorithm: Annotated[
        Algorithm,
        Meta(description="How tokens are signed. A token's own header has no say in it."),
    ] = "HS256"
    jwt_secret: Annotated[
        Secret | None,
        Meta(description="The key for HS256."),
    ] = None
    jwt_public_key: Annotated[
        str | None,
        Meta(
            description="The key for RS256, ES256 or EdDSA, as PEM; `\\n` may stand for a line's end. "
            "Excludes JWT_JWKS_URL."
        ),
    ] = None
    jwt_jwks_url: Annotated[
        Url | None,
        Meta(
            description="Where the identity provider publishes its keys for RS256, ES256 or EdDSA. "
            "Excludes JWT_PUBLIC_KEY."
        ),
    ] = None
    jwt_issuer: Annotated[
        str,
        Meta(description="The `iss` that a token must have."),
    ] = "homeroom"
    jwt_audience: Annotated[
        str,
        Meta(description="The `aud` that a token must have, alone or among others."),
    ] = "homeroom"
    feed_poll_seconds: Annotated[
        float,
        Meta(
            description="How long the feed's reader sleeps, should nothing wake it.",
            ge=0.01,
            le=60,
        ),
    ] = 1.0
    stream_heartbeat_seconds: Annotated[
        float,
        Meta(description="How often a stream shows that it is alive, with its cursor.", ge=0.05, le=3600),
    ] = 15.0
    stream_ping_seconds: Annotated[
        float,
        Meta(
            description="How often `/ws/dashboard/` asks for a pong; two that are missing end it.",
            ge=0.05,
            le=3600,
        ),
    ] = 30.0
    metrics_seconds: Annotated[
        float,
        Meta(
            description="How often teachers', tutors' and admins' streams get their metrics.",
            ge=0.05,
            le=3600,
        ),
    ] = 10.0
    stream_slow_seconds: Annotated[
        float,
        Meta(
            description="A client that takes nothing for so long gets `reset` for what it missed; after six "
            "times as long its connection is dropped.",
            ge=0.05,
            le=600,
        ),
    ] = 10.0
    streams_per_person: Annotated[
        int,
        Meta(description="Streams that a person may have open, per API process.", ge=1, le=100_000),
    ] = 10
    cache_enabled: Annotated[
        bool,
        Meta(description="Whether answers are kept in memory, to be given again while nothing has changed."),
    ] = True
    cache_bytes: Annotated[
        int,
        Meta(description="Memory for kept answers, in bytes, per API process.", ge=0, le=2**40),
    ] = 67_108_864
    cache_ttl_default: Annotated[
        float,
        Meta(
            description="Seconds that an answer is kept at most, whatever else says that it is good.",
            ge=0,
            le=86_400,
        ),
    ] = 300.0
    cache_lease_seconds: Annotated[
        float,
        Meta(
            description="Seconds by which a kept answer may be behind the database. Each process asks "
            "three times as often what has changed, while it is asked for dashboards.",
            ge=0.02,
            le=0.25,
        ),
    ] = 0.25
    compression_enabled: Annotated[
        bool,
        Meta(description="Whether answers of 1 KB and more are compressed, for clients that accept it."),
    ] = True
    request_timeout: Annotated[
        float,
        Meta(
            description="Seconds that a client may take to send a request, or read nothing of its answer.",
            ge=1,
            le=3600,
        ),
    ] = 30.0
    rate_limit_enabled: Annotated[
        bool,
        Meta(description="Whether requests are counted and refused beyond RATE_LIMITS."),
    ] = True
    rate_limits: Annotated[
        str,
        Meta(
            description="Requests that a person may make within an hour, as `/path=number` pairs with commas "
            "between. All paths that begin with one share a counter; the longest that fits decides, and "
            "paths without one are not limited. `anonymous` is for each address that shows no valid token, "
            "on all these paths together."
        ),
    ] = rates.DEFAULT
    demo_page: Annotated[
        bool,
        Meta(
            description="Whether the API serves `/demo`, a page that shows a dashboard (of the token behind "
            "`#`) and moves with it. `homeroom up --demo` turns it on."
        ),
    ] = False
    security_headers_enabled: Annotated[
        bool,
        Meta(
            description="Whether answers say what a browser may do with them (CSP, HSTS behind TLS, …). "
            "`false` where a proxy does so."
        ),
    ] = True
    cors_origins: Annotated[
        str | None,
        Meta(
            description="The other sites whose pages may read answers, with tokens of their own: origins "
            "(`https://app.example`), separated by commas, or `*`. Unset: none."
        ),
    ] = None
    trusted_proxies: Annotated[
        str | None,
        Meta(
            description="Addresses or networks, separated by commas, of the proxies whose X-Forwarded-For "
            "and X-Forwarded-Proto are believed. Behind TLS it has to be set. Unset: nobody's."
        ),
    ] = None
    log_level: Annotated[
        Level,
        Meta(description="The least important log line to write."),
    ] = "INFO"
    request_log: Annotated[
        bool,
        Meta(description="Whether each request gets a line, if LOG_LEVEL is `INFO` or `DEBUG`."),
    ] = True
    slow_request_threshold: Annotated[
        float,
        Meta(
            description="Seconds after which a request is warned of, with its time in the database.",
            ge=0.001,
            le=3600,
        ),
    ] = 2.0
    otel_exporter_otlp_endpoint: Annotated[
        Url | None,
        Meta(
            description="Where an OpenTelemetry collector takes OTLP over HTTP, say `http://127.0.0.1:4318`: "
            "a span for each request. Needs `homeroom[telemetry]`. Unset: none."
        ),
    ] = None
    otel_exporter_otlp_headers: Annotated[
        str | None,
        Meta(description="Headers for that collector: `name=value`, separated by commas, percent-encoded."),
    ] = None
    otel_service_name: Annotated[
        str,
        Meta(description="What spans call this service."),
    ] = "homeroom"

    def __repr__(self) -> str:
        fields = msgspec.structs.asdict(self)
        return repr({name: "…" if name in SECRETS and value else value for name, value in fields.items()})

    def api_conninfo(self) -> str:
        """How the API reaches the database, for libpq. Raises SettingsError when there is none."""
        if self.api_database_url:
            return self.api_database_url
        if self.database_url:
            parts = conninfo_to_dict(self.database_url) | {"user": "homeroom_api"}
            parts.pop("password", None)  # that of another login
            return make_conninfo("", **parts)
        raise SettingsError("DATABASE_URL is not set: the API has no database")

    def listen_conninfo(self) -> str:
        """How the feed's reader reaches the database, for libpq. Raises SettingsError when there is none."""
        return self.database_listen_url or self.api_conninfo()

    def environment(self) -> dict[str, str]:
        """The variables from which `load` makes these settings again, for a child process."""
        fields = msgspec.structs.asdict(self)
        given = {name: str(value) for name, value in fields.items() if value is not None}
        variables = {name.upper(): value for name, value in given.items()}
        # Read already: the child is not to find both.
        return variables | {_file_variable(name): "" for name in FROM_FILES & given.keys()}

    def allowed_origins(self) -> tuple[str, ...]:
        """The origins of CORS_ORIGINS. Raises SettingsError."""
        origins = _listed(self.cors_origins)
        if not all(ORIGIN.fullmatch(origin) for origin in origins):
            raise SettingsError(
                "CORS_ORIGINS must be: origins like https://app.example (lower case, no path), or *"
            )
        return origins

    def proxies(self) -> tuple[str, ...]:
        """The addresses and networks in TRUSTED_PROXIES. Raises SettingsError."""
        trusted = _listed(self.trusted_proxies)
        try:
            for network in trusted:
                ipaddress.ip_network(network)
        except ValueError:
            raise SettingsError(
                "TRUSTED_PROXIES must be: addresses or networks like 10.0.0.0/8, separated by commas"
            ) from None
        return trusted


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check the settings. An empty variable counts as unset; one not in the table is ignored.

    environ: usually os.environ. Raises SettingsError for all wrong values and contradictions, a line each.
    """
    values: dict[str, Any] = {}
    variables: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, kind in _table().items():
        try:
            text, variables[name] = _given(environ, name)
            if text:
                values[name] = _converted(text, kind, variables[name])
        except SettingsError as error:
            wrong[name] = str(error)
    settings = Settings(**values)
    complaints = list(wrong.values())
    for names, check in _checks(settings, variables):
        if not wrong.keys() & names:  # what is wrong by itself contradicts nothing
            try:
                check()
            except SettingsError as error:
                complaints.append(str(error))
    if complaints:
        raise SettingsError("\n".join(complaints))
    return settings


def _converted(text: str, kind: Any, variable: str) -> Any:
    """The value. variable: what gave it."""
    try:
        return msgspec.convert(text, kind, strict=False, dec_hook=lambda wanted, value: wanted(value))
    except msgspec.ValidationError:  # its message may hold the value
        raise SettingsError(f"{variable} must be: {_values(kind)}") from None


def _checks(settings: Settings, variables: Mapping[str, str]) -> list[tuple[set[str], Callable[[], object]]]:
    """What else has to hold, and of which settings: each raises SettingsError. variables: what gave each."""
    return [
        *(
            ({name}, partial(_check_conninfo, variables.get(name, ""), getattr(settings, name)))
            for name in ("database_url", "api_database_url", "database_listen_url")
        ),
        ({"database_pooler", "database_listen_url"}, partial(_check_pooler, settings)),
        ({"jwt_algorithm", *KEYS}, partial(_check_key_sources, settings, variables)),
        ({"cors_origins"}, settings.allowed_origins),
        ({"trusted_proxies"}, settings.proxies),
        ({"rate_limits"}, partial(_check_rates, settings)),
    ]


def _given(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The text of a setting, "" for none, and the variable that gave it or names its file."""
    text = environ.get(name.upper(), "")
    variable = _file_variable(name)
    path = environ.get(variable, "") if name in FROM_FILES else ""
    if not path:
        return text, name.upper()
    if text:
        raise SettingsError(f"{name.upper()} and {variable} are both set: choose one")
    try:
        return secret_file.text(path, lines=name in LINES), variable
    except secret_file.NoSecretError as error:
        raise SettingsError(f"{variable} {error}") from None


def _file_variable(name: str) -> str:
    return f"{name.upper()}_FILE"


def _listed(text: str | None) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part for part in (piece.strip() for piece in (text or "").split(",")) if part)


def _check_conninfo(variable: str, value: str | None) -> None:
    try:
        conninfo_to_dict(value or "")
    except Exception:  # libpq's message quotes the URL, password included
        raise SettingsError(f"{variable} must be: a PostgreSQL URL or connection string") from None


def _check_pooler(settings: Settings) -> None:
    if settings.database_pooler and not settings.database_listen_url:  # LISTEN needs a session
        raise SettingsError("DATABASE_POOLER is set: DATABASE_LISTEN_URL has to lead past the pooler")


def _check_key_sources(settings: Settings, variables: Mapping[str, str]) -> None:
    """Two sources of keys: one would be believed by mistake. That there is one, the Authenticator checks."""
    given = [name for name in KEYS if getattr(settings, name)]
    fitting = {"jwt_secret"} if settings.jwt_algorithm == "HS256" else {"jwt_public_key", "jwt_jwks_url"}
    if misplaced := [name for name in given if name not in fitting]:
        means = f"but means nothing for JWT_ALGORITHM={settings.jwt_algorithm}"
        raise SettingsError("\n".join(f"{variables[name]} is set, {means}" for name in misplaced))
    if len(given) > 1:
        both = " and ".join(variables[name] for name in given)
        raise SettingsError(f"{both} are both set: choose one source of keys")


def _check_rates(settings: Settings) -> None:
    try:
        rates.parse(settings.rate_limits)
    except ValueError as error:
        raise SettingsError(f"RATE_LIMITS: {error}") from None


def markdown() -> str:
    """The table of settings, as docs/settings.md shows it."""
    rows = ["| variable | value | default | meaning |", "|---|---|---|---|"]
    defaults = msgspec.structs.asdict(Settings())
    for name, kind in _table().items():
        value = defaults[name]
        shown = str(value).lower() if isinstance(value, bool) else value  # as it is written
        default = "" if value is None else f"`{shown}`"
        variable = f"`{name.upper()}`"
        if name in FROM_FILES:
            variable += f" or `{_file_variable(name)}`"
        rows.append(f"| {variable} | {_values(kind)} | {default} | {get_args(kind)[1].description} |")
    return "\n".join(rows) + "\n"


def _table() -> dict[str, Any]:
    """Field name -> Annotated[type, Meta], in the order of the table."""
    return get_type_hints(Settings, include_extras=True)


def _values(kind: Any) -> str:
    """Which values a setting takes, in words, for the documentation and for complaints."""
    base, meta = get_args(kind)
    if get_origin(base) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(base))
    if base is bool:
        return "`true` or `false`"
    if base in (int, float):
        return f"{'integer' if base is int else 'number'} from {meta.ge} to {meta.le}"
    if Secret in get_args(base):
        return "32 characters or more"
    if Url in get_args(base):
        return "http or https URL"
    return "folder" if Path in get_args(base) else "text"
