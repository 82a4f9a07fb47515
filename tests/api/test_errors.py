"""Errors by HTTP: one shape, the right status, and nothing that is nobody's business. Request ids, too."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from api.app import create_app
from api.database import DatabaseError
from api.errors import SQLSTATES, STATUSES, ApiError, Problem, markdown, status_of
from api.settings import Settings
from tests.api.support import SECRET, School, serving

ROOT = Path(__file__).parents[2]
JSON = {"Content-Type": "application/json"}
SECRET_DETAIL = "insert into school.person values ('hunter2')"


class Grade(Struct):
    """A body to be wrong about."""

    score: Annotated[int, Meta(ge=0, le=100)]


@post("/grade")
async def grade(data: JSONBody[Grade]) -> str:
    return "stored"


@get("/sqlstate/{code:str}")
async def sqlstate(code: FromPath[str]) -> None:
    raise DatabaseError(code, SECRET_DETAIL, SECRET_DETAIL, SECRET_DETAIL)


@get("/defect")
async def defect() -> None:
    raise RuntimeError(SECRET_DETAIL)


@get("/slow-down")
async def slow_down() -> None:
    raise ApiError("HR429", "Once a minute.", {"Retry-After": "60"})


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """An application that does nothing right, with the API's own error handling."""
    handlers = [grade, sqlstate, defect, slow_down]
    settings = Settings(api_database_url="host=/nowhere", jwt_secret=SECRET)
    with serving(create_app(settings, handlers, body_bytes=1000)) as client:
        yield client


def problem_of(answer: httpx.Response, status: int) -> Problem:
    """The problem that an answer is, after what holds for every one of them."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    problem = msgspec.json.decode(answer.content, type=Problem, strict=True)
    assert problem.status == status
    assert problem.title == STATUSES[status][0]
    assert problem.type == f"urn:homeroom:error:{problem.code}"
    assert problem.request_id == answer.headers["x-request-id"]
    return problem


def test_every_code_has_a_status_that_is_described() -> None:
    assert {status for status, _ in SQLSTATES.values()} <= set(STATUSES)
    for code, (status, _) in SQLSTATES.items():
        if code.startswith("HR"):
            assert code == f"HR{status}", "the last three digits are the status"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("HR401", 401),
        ("HR403", 403),
        ("HR404", 404),
        ("HR409", 409),
        ("22P02", 422),
        ("23505", 409),
        ("23503", 409),
        ("42501", 403),
        ("40001", 503),
        ("40P01", 503),
        ("57014", 503),
        ("57P01", 503),
        ("57P03", 503),
        ("53300", 503),
        ("08006", 503),
        ("08P01", 503),
        ("42883", 503),
        ("3F000", 503),
        ("42P01", 500),
        ("XX000", 500),
        ("HR999", 500),
        ("", 500),
    ],
)
def test_sqlstates_become_statuses(code: str, status: int) -> None:
    assert status_of(code) == status


@pytest.mark.parametrize("code", ["22P02", "23505", "42501", "42883", "XX000", "57014", "08006"])
def test_what_postgresql_says_stays_here(client: httpx.Client, code: str) -> None:
    problem = problem_of(client.get(f"/sqlstate/{code}"), status_of(code))
    assert problem.code == code
    assert problem.detail == STATUSES[problem.status][1]


def test_an_outage_says_when_to_try_again(client: httpx.Client) -> None:
    assert int(client.get("/sqlstate/40001").headers["retry-after"]) > 0
    answer = client.get("/slow-down")
    assert problem_of(answer, 429).detail == "Once a minute."
    assert answer.headers["retry-after"] == "60"
    assert "retry-after" not in client.get("/sqlstate/23505").headers


def test_a_defect_is_a_500_without_its_stack(client: httpx.Client) -> None:
    assert problem_of(client.get("/defect"), 500).code == "HR500"


def test_a_person_that_the_database_does_not_know_is_not_authenticated(client: httpx.Client) -> None:
    answer = client.get("/sqlstate/HR401")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert answer.json()["detail"] == SECRET_DETAIL, "messages of class HR are written for clients"


@pytest.mark.parametrize("path", ["/api/v1/student/dashboard", "/api/v1/student/dashboard/stream"])
def test_who_takes_another_role_is_told_both(school: School, path: str) -> None:
    answer = school.get(path, school.admin, "admin")
    assert problem_of(answer, 403).detail == "this is for the role student; the token's is admin"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/health", "/api/v1/student", "/schema/nothing", "/docs/nothing"]
)
def test_an_unknown_path_is_not_found(school: School, path: str) -> None:
    assert problem_of(school.client.get(path), 404).code == "HR404"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_told_the_right_ones(school: School, method: str) -> None:
    answer = school.client.request(method, "/health/live")
    assert problem_of(answer, 405).code == "HR405"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert "HEAD" not in school.client.request("BREW", "/nowhere").headers.get("allow", "")


def test_a_body_is_checked_by_name_and_size(client: httpx.Client) -> None:
    assert client.post("/grade", json={"score": 7}).status_code == 201
    assert problem_of(client.post("/grade", content=b"{", headers=JSON), 400).code == "HR400"
    too_large = client.post("/grade", json={"score": 7, "comment": "x" * 1000})
    assert problem_of(too_large, 413).code == "HR413"
    for body in ({"score": 101}, {"score": "high"}):
        problem = problem_of(client.post("/grade", json=body), 422)
        assert [error.field for error in problem.errors] == ["score"]
    missing = problem_of(client.post("/grade", json={}), 422)
    assert "score" in missing.errors[0].field + missing.errors[0].message


def test_head_is_get_without_the_body(school: School) -> None:
    for path in ("/health/live", "/nowhere", "/docs"):
        named = {"X-Request-ID": "as-long-as-the-other"}  # it is in the body
        whole, head = school.client.get(path, headers=named), school.client.head(path, headers=named)
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.headers["content-type"] == whole.headers["content-type"]


def test_options_names_the_methods(school: School) -> None:
    answer = school.client.options("/api/v1/student/performance")
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("given", ["a", "7f9c-42", "x" * 128, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])
def test_a_request_id_is_taken(school: School, given: str) -> None:
    for path in ("/health/live", "/nowhere"):
        answer = school.client.get(path, headers={"X-Request-ID": given})
        assert answer.headers.get_list("x-request-id") == [given]
    assert problem_of(answer, 404).request_id == given


@pytest.mark.parametrize("given", [b"", b"two words", b"x" * 129, b"\xc3\xa9", b"tab\tbed"])
def test_a_request_id_that_is_no_plain_word_is_replaced(school: School, given: bytes) -> None:
    answer = school.client.get("/nowhere", headers=[(b"X-Request-ID", given)])
    [made] = answer.headers.get_list("x-request-id")
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]+", made)
    assert problem_of(answer, 404).request_id == made


def test_made_request_ids_differ(school: School) -> None:
    made = {school.client.get("/health/live").headers["x-request-id"] for _ in range(20)}
    assert len(made) == 20


@pytest.mark.parametrize(
    "line",
    [
        b"X-Request-ID: a\r\n Set-Cookie: b=c",
        b"X-Request-ID: a\nSet-Cookie: b=c",
        b"X-Request-ID: a\rSet-Cookie: b=c",
        b"X-Request-ID: a%0d%0aSet-Cookie:%20b=c",
        b"X-Request-ID: a\x00b",
    ],
)
def test_no_header_is_injected_by_a_request_id(school: School, line: bytes) -> None:
    url = school.client.base_url
    with socket.create_connection((url.host, url.port or 0)) as connection:
        connection.sendall(
            b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, _ = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
    names = [row.split(b":")[0].lower() for row in re.split(rb"[\r\n]+", head)[1:]]
    assert b"set-cookie" not in names


def test_the_page_shows_the_tables_as_they_are() -> None:
    assert markdown() in (ROOT / "docs/errors.md").read_text()


def test_a_problem_names_fields_only_if_there_are_any() -> None:
    bare: dict[str, Any] = msgspec.to_builtins(Problem("t", "t", 404, "d", "HR404", "r"))
    assert "errors" not in bare
