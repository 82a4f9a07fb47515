"""Every error that the API answers with: one table from SQLSTATE to HTTP status, one shape (RFC 9457).

What a client is told comes from this page, or from messages that Homeroom's own SQL wrote for it (class HR):
no SQL text, no stack, nothing that PostgreSQL says about its internals. docs/errors.md shows the tables.
"""

from __future__ import annotations

import re
from ast import literal_eval
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Meta, Struct

from api.database import DatabaseError
from api.patterns import WANTED
from api.visit import request_id

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 2
MEDIA_TYPE = "application/problem+json"
FIELD_NAMED_BY_MSGSPEC = re.compile(r"Object (?:missing required|contains unknown) field `(?P<field>[^`]+)`")
NO_OBJECT = "a JSON object is required"
NOT_MATCHING = re.compile(r"Expected `str` matching regex (?P<pattern>'.*'|\".*\")$", re.DOTALL)

STATUSES: dict[int, tuple[str, str]] = {
    400: ("Malformed request", "The request cannot be understood."),
    401: ("Not authenticated", "This needs a valid bearer token."),
    403: ("Not allowed", "Your role may not do this."),
    404: ("Not found", "This does not exist, or is not yours to see."),
    405: ("Method not allowed", "The path exists, but not with this method."),
    408: ("Too slow", "The request did not come in time."),
    409: ("Conflict", "This contradicts what is stored already."),
    413: ("Too large", "The request's body is too large."),
    415: ("Unsupported media type", "The body's content type is not one that this accepts."),
    422: ("Invalid", "The request is well formed, but a value in it is not valid."),
    429: ("Too many requests", "You have asked too often; wait a while."),
    431: ("Head too large", "The request's line and headers are too long."),
    500: ("Internal error", "Something went wrong here. The request id finds it in our logs."),
    503: ("Unavailable", "The service cannot answer just now; try again."),
}
"""HTTP status -> title, and the detail where there is nothing more precise to say."""

SQLSTATES: dict[str, tuple[int, str]] = {
    "08": (503, "the connection to the database was lost, or could not be made"),
    "22003": (422, "a number is out of range"),
    "22007": (422, "a date or time is not one"),
    "22008": (422, "a date or time is out of range"),
    "22021": (422, "a text holds a character that PostgreSQL cannot store"),
    "22P02": (422, "a value is not of its type"),
    "22P05": (422, "a text holds the character NUL, which PostgreSQL cannot store"),
    "23502": (422, "a value is missing"),
    "23503": (409, "a row refers to one that does not exist, or is referred to"),
    "23505": (409, "a row with this key exists"),
    "23514": (422, "a value breaks a rule of its table"),
    "3F000": (503, "the database is of another release, or was never migrated"),
    "40001": (503, "a concurrent change came first"),
    "40P01": (503, "two changes waited for each other"),
    "42501": (403, "the role lacks a privilege"),
    "42883": (503, "the database is of another release, which lacks a function"),
    "53": (503, "the database is short of memory, disk or connections"),
    "57014": (503, "the statement took longer than DATABASE_STATEMENT_TIMEOUT"),
    "57P": (503, "the database is starting or stopping"),
    "HR400": (400, "the request is malformed"),
    "HR401": (401, "no token, a token that is not valid, or whose person is unknown or inactive"),
    "HR403": (403, "the role is not held, or the endpoint is not for it"),
    "HR404": (404, "it does not exist, or is not yours to see"),
    "HR405": (405, "the path has no such method"),
    "HR408": (408, "the request took longer to come than REQUEST_TIMEOUT"),
    "HR409": (409, "a rule of the school contradicts"),
    "HR413": (413, "the body is too large"),
    "HR415": (415, "the content type is not accepted"),
    "HR422": (422, "a value is not valid; `errors` names it"),
    "HR429": (429, "too many requests"),
    "HR431": (431, "request line and headers are longer than 65,536 bytes"),
    "HR500": (500, "a defect"),
    "HR503": (
        503,
        "too many connections, to this process or the database, or what the answer needs is away",
    ),
}
"""SQLSTATE, or the beginning of one -> HTTP status, and when it happens. All others are 500."""


class FieldError(Struct):
    """What is wrong with one value."""

    field: Annotated[str, Meta(description="The parameter or body field, as the client calls it.")]
    message: Annotated[str, Meta(description="What is wrong with it.")]


class Checks(Struct):
    """What /health/ready looks at: each `ok`, or what is wrong."""

    database: Annotated[str, Meta(description="Whether it answers.")]
    migrations: Annotated[str, Meta(description="Whether it is of this release.")]
    listen: Annotated[str, Meta(description="Whether this process hears of changes.")]
    worker: Annotated[str, Meta(description="Whether something that runs the jobs was heard from of late.")]


class Problem(Struct, omit_defaults=True):
    """An error, as RFC 9457 describes it (application/problem+json)."""

    type: Annotated[str, Meta(description="`urn:homeroom:error:` and the code.")]
    title: Annotated[str, Meta(description="What kind of error; the same for each status.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="What happened this time, for people.")]
    code: Annotated[
        str, Meta(description="A documented code, or PostgreSQL's SQLSTATE.", pattern="^[0-9A-Z]{5}$")
    ]
    request_id: Annotated[str, Meta(description="The X-Request-ID of this request, to be found in the logs.")]
    errors: Annotated[
        list[FieldError], Meta(description="With 422, and 404 of a body: which values are not valid.")
    ] = []
    checks: Annotated[Checks | None, Meta(description="Of /health/ready alone: how each check stands.")] = (
        None
    )


class ApiError(Exception):
    """An error that Python finds out itself."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        headers: dict[str, str] | None = None,
        checks: Checks | None = None,
    ) -> None:
        """code: HRnnn of SQLSTATES. detail: for the client; None says what STATUSES says.

        checks: what was looked at, and how it stands.
        """
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.checks = checks


def status_of(sqlstate: str) -> int:
    """The HTTP status for a code: its own row of SQLSTATES, else that of its beginning, else 500."""
    for length in (5, 3, 2):
        if row := SQLSTATES.get(sqlstate[:length]):
            return row[0]
    return 500


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The problem response for any exception. Litestar calls this for all that handlers and routing raise."""
    status, headers, body = problem(error, request.method, request.scope["path"])
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem(error: Exception, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for any exception; the content type is MEDIA_TYPE. Logs what is worth it."""
    code, detail, fields, headers = _facts(error)
    status = status_of(code)
    title, usual = STATUSES[status]
    if status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer error="invalid_token"')
    if status in (429, 503):
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    _log(method, path, error, status)
    document = Problem(
        type=f"urn:homeroom:error:{code}",
        title=title,
        status=status,
        detail=detail or usual,
        code=code,
        request_id=request_id.get(),
        errors=fields,
        checks=error.checks if isinstance(error, ApiError) else None,
    )
    headers["Cache-Control"] = "no-store"
    return status, headers, msgspec.json.encode(document)


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """These headers as ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _facts(error: Exception) -> tuple[str, str | None, list[FieldError], dict[str, str]]:
    """Code, detail (None for the usual), wrong fields and headers for an exception."""
    match error:
        case ApiError():
            return error.code, error.detail, [], error.headers
        case DatabaseError(sqlstate="HR404" | "HR422"):
            fields = [FieldError(error.detail, error.message)] if error.detail else []
            return error.sqlstate, error.message, fields, {}
        case DatabaseError():
            ours = error.sqlstate.startswith("HR") and error.sqlstate in SQLSTATES
            return error.sqlstate, error.message if ours else None, [], {}
        case ValidationException():
            return "HR422", None, [_field_error(item) for item in error.extra or []], {}
        case HTTPException() if f"HR{error.status_code}" in SQLSTATES:
            detail = error.detail if error.status_code == 400 else None
            return f"HR{error.status_code}", detail, [], dict(error.headers or {})
        case _:
            return "HR500", None, [], {}


def _field_error(item: Any) -> FieldError:
    """One entry of Litestar's ValidationException.extra."""
    entry = item if isinstance(item, dict) else {"message": str(item)}
    message = str(entry.get("message", "not valid"))
    if message == "'data'":  # all that Litestar says where there is no body
        return FieldError("body", NO_OBJECT)
    # Of a field that is missing or unknown, Litestar says only that it is in the body.
    named = FIELD_NAMED_BY_MSGSPEC.match(message)
    key = str(entry.get("key", ""))
    if entry.get("source") == "header":  # Litestar calls it as our code does
        key = key.replace("_", "-").title()
    return FieldError(named["field"] if named else key, in_words(message))


def in_words(message: str) -> str:
    """What msgspec says of a value, with what is wanted in words where it has but a pattern to show."""
    found = NOT_MATCHING.match(message)
    return WANTED.get(literal_eval(found["pattern"]), message) if found else message


def _log(method: str, path: str, error: Exception, status: int) -> None:
    """A line for what is a defect or an outage. With the path, never the query: that may hold a secret."""
    where = {"method": method, "path": path}
    if isinstance(error, DatabaseError) and (status == 500 or error.sqlstate == "42501"):
        log.error(
            "request failed", sqlstate=error.sqlstate, reason=error.message, detail=error.detail, **where
        )
    elif status == 500:
        log.error("request failed", exc_info=error, **where)
    elif status == 503 and path:  # without one it is no request: api.connections says that there is no room
        log.warning("request refused", reason=str(error), **where)


def markdown() -> str:
    """The tables of docs/errors.md."""
    rows = ["| status | title | usual detail |", "|---|---|---|"]
    rows += [f"| {status} | {title} | {detail} |" for status, (title, detail) in STATUSES.items()]
    rows += ["", "| code | status | when |", "|---|---|---|"]
    for code, (status, when) in SQLSTATES.items():
        rows.append(f"| `{code}{'…' if len(code) < 5 else ''}` | {status} | {when} |")
    rows.append("| all others | 500 | a defect |")
    return "\n".join(rows) + "\n"
