"""What can be configured: one table, read from environment variables, checked before a start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api import rates

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Secret = Annotated[str, Meta(min_length=32)]
Url = Annotated[str, Meta(pattern="^https?://[^/]")]

SECRETS = frozenset({"jwt_secret", "jwt_jwks_url", "database_url", "api_database_url"})
"""Settings whose values appear in no message, log line or repr (URLs may hold passwords)."""


class SettingsError(Exception):
    """The environment asks for something impossible. The message names the variable, never a secret."""


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
    log_level: Annotated[
        Level,
        Meta(description="The least important log line to write."),
    ] = "INFO"

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

    def environment(self) -> dict[str, str]:
        """The variables from which `load` makes these settings again, for a child process."""
        fields = msgspec.structs.asdict(self)
        return {name.upper(): str(value) for name, value in fields.items() if value is not None}


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check the settings. An empty variable counts as unset; one not in the table is ignored.

    environ: usually os.environ. Raises SettingsError for the first wrong value or contradiction.
    """
    values: dict[str, Any] = {}
    for name, kind in _table().items():
        text = environ.get(name.upper(), "")
        if not text:
            continue
        try:
            values[name] = msgspec.convert(
                text, kind, strict=False, dec_hook=lambda wanted, value: wanted(value)
            )
        except msgspec.ValidationError:  # its message may hold the value
            raise SettingsError(f"{name.upper()} must be: {_values(kind)}") from None
    settings = Settings(**values)
    for name in ("database_url", "api_database_url"):
        _check_conninfo(name, getattr(settings, name))
    _check_key_sources(settings)
    _check_rates(settings)
    return settings


def _check_conninfo(name: str, value: str | None) -> None:
    try:
        conninfo_to_dict(value or "")
    except Exception:  # libpq's message quotes the URL, password included
        raise SettingsError(f"{name.upper()} must be: a PostgreSQL URL or connection string") from None


def _check_key_sources(settings: Settings) -> None:
    """Two sources of keys: one would be believed by mistake. That there is one, the Authenticator checks."""
    given = {name for name in ("jwt_secret", "jwt_public_key", "jwt_jwks_url") if getattr(settings, name)}
    fitting = {"jwt_secret"} if settings.jwt_algorithm == "HS256" else {"jwt_public_key", "jwt_jwks_url"}
    if misplaced := sorted(given - fitting):
        algorithm = settings.jwt_algorithm
        raise SettingsError(f"{misplaced[0].upper()} is set, but means nothing for JWT_ALGORITHM={algorithm}")
    if len(given) > 1:
        raise SettingsError("JWT_PUBLIC_KEY and JWT_JWKS_URL are both set: choose one source of keys")


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
        rows.append(f"| `{name.upper()}` | {_values(kind)} | {default} | {get_args(kind)[1].description} |")
    return "\n".join(rows) + "\n"


def _decode(kind: type, text: str) -> Any:
    """Of the types in the table, msgspec has no decoder for Path."""
    return kind(text)


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
        return f"{'integer' if base is int else 'number'} from {meta.ge:g} to {meta.le:g}"
    if Secret in get_args(base):
        return "32 characters or more"
    if Url in get_args(base):
        return "http or https URL"
    return "folder" if Path in get_args(base) else "text"
