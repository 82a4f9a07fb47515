"""HTTP that is malformed, oversized, endless or sly: refused or harmless, and nobody else notices."""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from tests.api.support import RECALCULATE, bearer, token
from tests.attack.conftest import Besieged
from tests.attack.wire import Reply, ask, connect, everything, exchange, replies, request

OWN = "/api/v1/student/performance"
BODY_BYTES = 1_000_000
REFUSED = {0, 400, 401, 404, 405, 413, 414, 431}
"""What a request gets that nobody should understand; 0: the end of the connection."""


def authorization(siege: Besieged, role: str = "student") -> str:
    """The line of a request that says who asks."""
    return f"Authorization: Bearer {token(siege.who(role), siege.org, role)}"


def own(siege: Besieged) -> Any:
    """What Ada reads of herself."""
    answer = siege.get(OWN, siege.ada, "student")
    assert answer.status_code == 200
    return answer.json()


def still_serves(siege: Besieged) -> None:
    """The process lives, answers, and has not complained of a defect."""
    assert siege.server.process.poll() is None
    assert own(siege)
    assert not siege.complaints()


# Sizes.


def test_a_body_that_is_too_large_is_refused(siege: Besieged) -> None:
    head = (authorization(siege, "admin"), "Content-Type: application/json")
    whole = b" " * (BODY_BYTES + 1)
    [reply] = exchange(
        siege.client,
        request(RECALCULATE, *head, f"Content-Length: {len(whole)}", method="POST", body=whole),
    )
    assert (reply.status, reply.header("content-type")) == (413, "application/problem+json")
    still_serves(siege)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(siege: Besieged) -> None:
    head = (authorization(siege, "admin"), "Content-Type: application/json", f"Content-Length: {10**12}")
    with connect(siege.client) as connection:
        connection.sendall(request(RECALCULATE, *head, method="POST", body=b'{"student_ids":'))
        [reply] = replies(connection.recv(65_536))
    assert reply.status == 413
    still_serves(siege)


def test_chunks_without_end_are_refused_when_they_are_too_many(siege: Besieged) -> None:
    head = (authorization(siege, "admin"), "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with connect(siege.client) as connection:
        connection.sendall(request(RECALCULATE, *head, method="POST"))
        with suppress(BrokenPipeError, ConnectionResetError):  # it had enough
            for _ in range(40):
                connection.sendall(chunk)
        answered = everything(connection)
    assert not answered or replies(answered)[0].status == 413
    still_serves(siege)


@pytest.mark.parametrize("length", ["100", "2"])
def test_a_body_of_another_length_than_it_says_changes_nothing(siege: Besieged, length: str) -> None:
    body = json.dumps({"student_ids": [str(siege.ada)]}).encode()
    head = (authorization(siege, "admin"), "Content-Type: application/json", f"Content-Length: {length}")
    with connect(siege.client) as connection:
        connection.sendall(request(RECALCULATE, *head, method="POST", body=body[:50]))
        connection.shutdown(1)
        answered = replies(everything(connection))
    assert {reply.status for reply in answered} <= REFUSED
    still_serves(siege)


@pytest.mark.parametrize("length", ["-1", "+5", "0x10", "1e3", "5, 6", "", "99999999999999999999999"])
def test_a_length_that_is_none_is_refused(siege: Besieged, length: str) -> None:
    head = (authorization(siege, "admin"), "Content-Type: application/json", f"Content-Length: {length}")
    answered = exchange(siege.client, request(RECALCULATE, *head, method="POST", body=b"{}"))
    assert {reply.status for reply in answered} <= REFUSED | {422}
    still_serves(siege)


def test_a_long_address_is_refused(siege: Besieged) -> None:
    for target in ("/" + "a" * 60_000, f"{OWN}?" + "a" * 60_000, f"{OWN}?" + "&".join(["a=b"] * 10_000)):
        reply = ask(siege.client, target)
        assert reply.status in REFUSED
    still_serves(siege)


@pytest.mark.parametrize(
    ("many", "size"), [(1, 60_000), (5_000, 10)], ids=["one that is long", "many that are short"]
)
def test_headers_beyond_measure_harm_nobody(siege: Besieged, many: int, size: int) -> None:
    lines = [f"X-{number}: {'a' * size}" for number in range(many)]
    assert ask(siege.client, OWN, *lines).status in REFUSED
    still_serves(siege)


# Two readings of one request.


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Content-Length: 4", "Content-Length: 40"),
        ("Content-Length: 4", "Content-Length : 40"),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding: xchunked", "Content-Length: 4"),
        ("Transfer-Encoding:\tchunked",),
        ("Transfer-Encoding : chunked",),
        ("X: y\n Transfer-Encoding: chunked",),
        ("X: y", " Transfer-Encoding: chunked", "Content-Length: 4"),
        ("X: y\rTransfer-Encoding: chunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
    ids=repr,
)
def test_no_second_request_hides_in_a_body(siege: Besieged, framing: tuple[str, ...]) -> None:
    hidden = request(OWN, authorization(siege), "X-Request-ID: hidden")
    body = b"0\r\n\r\n" + hidden
    head = (authorization(siege, "admin"), "Content-Type: application/json", "Connection: keep-alive")
    answered = exchange_soon(siege, request(RECALCULATE, *head, *framing, method="POST", body=body))
    # Whoever reads the chunks finds a second request after them, and says so; nobody may read both.
    assert {reply.status for reply in answered} <= REFUSED | {200, 415, 422}
    if "Content-Length: 4" in framing:
        assert "hidden" not in {reply.header("x-request-id") for reply in answered}
    still_serves(siege)


@pytest.mark.parametrize(
    "chunks",
    [
        b"g\r\nxxx\r\n0\r\n\r\n",
        b"-1\r\nx\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nx\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"2 2\r\n{}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"2;" + b"a" * 20_000 + b"\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}x\r\n0\r\n\r\n",
        b"\r\n",
    ],
    ids=repr,
)
def test_chunks_that_are_none_are_refused(siege: Besieged, chunks: bytes) -> None:
    head = (authorization(siege, "admin"), "Content-Type: application/json", "Transfer-Encoding: chunked")
    answered = exchange_soon(siege, request(RECALCULATE, *head, method="POST", body=chunks))
    assert {reply.status for reply in answered} <= REFUSED | {422}
    still_serves(siege)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 1000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nName with space: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /health\x00/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /api/v1/student/performance\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G\xc3\x8bT /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        b"GET " + b"a" * 100_000,
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_is_no_http_ends(siege: Besieged, sent: bytes) -> None:
    answered = exchange_soon(siege, sent)
    assert {reply.status for reply in answered} <= REFUSED
    still_serves(siege)


def exchange_soon(siege: Besieged, sent: bytes) -> list[Reply]:
    """What comes while the client has said all that it will say: nobody waits for more than that."""
    with connect(siege.client) as connection:
        with suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(1)
        return replies(everything(connection))


# Paths.

PLAIN = "/api/v1/student/performance"
DISGUISED = [
    "/{0}",
    "/api//v1/student/performance",
    "/api/v1/./student/performance",
    "/api/v1/parent/../student/performance",
    "/health/live/../..{0}",
    "/health/live/%2e%2e/%2e%2e{0}",
    "/docs/..{0}",
    "/docs/..%2f..{0}",
    "/api/v1/student%2fperformance",
    "/api/v1/student%252fperformance",
    "{0};x=y",
    "/api/v1/student;x=y/performance",
    "{0}%00",
    "{0}%00.css",
    "{0}%20",
    "{0}.json",
    "{0}//",
    "{0}%2f",
    "/API/v1/student/performance",
    "/api/v1/STUDENT/performance",
    "/api/v1/%73tudent/performance",
    "/api/v1/\u017ftudent/performance",  # a long s
    "/api/v1/%EF%BD%93tudent/performance",
    "/api/v1/student\\performance",
    "\\api\\v1\\student\\performance",
    "{0}#fragment",
    "/docs#{0}",
    "/docs?{0}",
    "http://school.example{0}",
    "http://health/live@{0}",
    "//health/live{0}",
    "*",
    "{0}?token={{0}}",
    "/schema/..{0}",
    "/schema/openapi.json/..{0}",
    "/dashboard/../api/v1/student/performance",
]


@pytest.mark.parametrize("disguised", DISGUISED)
def test_no_path_comes_by_the_token(siege: Besieged, disguised: str) -> None:
    target = disguised.replace("{0}", PLAIN).encode()
    reply = ask(siege.client, target)
    assert b'"student"' not in reply.body.replace(b" ", b"") or reply.status != 200
    if reply.status == 200:  # a page that is everybody's
        assert (
            reply.header(
                "content-type",
            )
            != "application/json"
        )
    else:
        assert reply.status in REFUSED | {302}
    # With a token: the same document as ever, or none.
    reply = ask(siege.client, target, authorization(siege))
    if reply.status == 200 and reply.header("content-type") == "application/json":
        assert json.loads(reply.body) == own(siege)
    # Nor does a token reach what its role may not have.
    reply = ask(siege.client, target, authorization(siege, "parent"))
    assert reply.status in REFUSED | {302, 403} or reply.header("content-type") != "application/json"
    still_serves(siege)


# Headers.


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override: POST",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: PUT",
        "X-Original-URL: /api/v1/admin/students/performance",
        "X-Rewrite-URL: /api/v1/admin/students/performance",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: /evil",
        "Forwarded: for=127.0.0.1;host=evil.example;proto=https",
        "Range: bytes=0-3",
        "Range: bytes=5-1,0-,-1,9999999-",
        "Accept: image/png",
        "Accept: */*;q=0",
        "Accept: " + ",".join(["a/b;q=0.1"] * 500),
        "Accept-Encoding: " + ",".join(["x-nothing"] * 500),
        "Accept-Encoding: identity;q=0, *;q=0",
        "Accept-Encoding: gzip;q=nan",
        "Accept-Language: \xff",
        'If-None-Match: "' + "x" * 30_000 + '"',
        "If-None-Match: " + ", ".join(f'W/"{number:x}"' for number in range(3000)),
        "If-None-Match: W/",
        'If-None-Match: "a',
        'If-Match: "nothing"',
        "If-Modified-Since: Thu, 99 Xxx 9999 99:99:99 GMT",
        'If-Range: "x"',
        "Expect: 200-nothing",
        "Upgrade: h2c",
        "Connection: close, Authorization",
        "TE: trailers",
        "Trailer: Authorization",
        "Content-Type: text/html",
        "Cookie: " + "a=b; " * 5000,
        "Host:",
        "Host: evil.example:99999",
        "Host: evil.example/../..",
        "Host: \x7f",
        "Referer: http://evil.example",
        "Origin: null",
    ],
    ids=lambda header: header[:40],
)
def test_no_header_changes_what_one_reads(siege: Besieged, header: str) -> None:
    reply = ask(siege.client, OWN, authorization(siege), header.encode("latin-1"))
    if reply.status == 200:
        assert json.loads(reply.body) == own(siege)
    else:
        assert reply.status in {0, 400, 431}
    assert b"evil" not in reply.body
    assert not any("evil" in value for _, value in reply.headers)
    assert ask(siege.client, OWN, header.encode("latin-1")).status in {0, 400, 401, 431}
    still_serves(siege)


def test_two_hosts_or_two_people_are_nobody_more(siege: Besieged) -> None:
    parent = authorization(siege, "parent")
    for lines in ([authorization(siege), parent], [parent, authorization(siege)]):
        assert ask(siege.client, OWN, *lines).status == 401
    assert ask(siege.client, OWN, "Host: a", "Host: b", authorization(siege)).status in {200, 400}
    still_serves(siege)


@pytest.mark.parametrize(
    "smuggled",
    [
        "%0d%0aSet-Cookie:%20a=b",
        "\r\nSet-Cookie: a=b",
        "%E5%98%8A%E5%98%8DSet-Cookie:%20a=b",
        "\\r\\nSet-Cookie: a",
    ],
    ids=repr,
)
def test_nothing_that_is_reflected_becomes_a_header(siege: Besieged, smuggled: str) -> None:
    quoted = smuggled.replace("\r", "%0d").replace("\n", "%0a").replace(" ", "%20")
    admin = authorization(siege, "admin")
    for target in (
        f"/nowhere/{quoted}",
        f"/api/v1/admin/students/performance?cursor={quoted}",
        f"/api/v1/admin/students/performance?sort={quoted}",
        f"/dashboard/stream?events={quoted}",
        f"/docs/{quoted}",
        f"/schema/{quoted}",
    ):
        reply = ask(siege.client, target, admin)
        assert 400 <= reply.status < 500
        assert "set-cookie" not in reply.names()
        json.loads(reply.body)
    for name in ("X-Request-ID", "Last-Event-ID", "Idempotency-Key", "Origin", "traceparent"):
        for reply in exchange(siege.client, request(OWN, admin, f"{name}: {smuggled}")):
            assert "set-cookie" not in reply.names()
    still_serves(siege)


# Methods.


def test_every_path_has_head_and_options_and_no_others(siege: Besieged) -> None:
    document = siege.client.get("/schema/openapi.json").json()
    for template, operations in document["paths"].items():
        path = template.replace("{", "").replace("}", "")
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PURGE", "LINK"):
            if method.lower() in operations:
                continue
            reply = ask(siege.client, path, authorization(siege), method=method)
            assert reply.status in {404, 405}, (method, template)
            assert reply.status == 404 or reply.header("allow"), (method, template)
        answer = siege.client.options(path)
        assert answer.status_code in {204, 404}, template
        assert not answer.content or answer.status_code == 404
        if "{" not in template and "get" in operations:
            assert answer.headers["allow"].split(", ")
            for headers in ({}, bearer(token(siege.ada, siege.org, "student"))):
                head = siege.client.head(path, headers=headers)
                assert head.content == b""
                if not path.endswith("stream"):
                    assert head.status_code == siege.client.get(path, headers=headers).status_code
    still_serves(siege)


# Slowness.


def test_who_says_nothing_or_little_keeps_nobody_waiting(siege: Besieged) -> None:
    begun = [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
        request(RECALCULATE, authorization(siege, "admin"), "Content-Length: 100", method="POST", body=b"{"),
    ]
    with ExitStack() as slow:
        for sent in begun * 20:
            slow.enter_context(connect(siege.client)).sendall(sent)
        for _ in range(20):
            assert own(siege)
    still_serves(siege)
