"""Hostile values in every parameter, header and body: refused or taken as the text that they are."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.student import ACTION
from tests.api.support import bearer, token
from tests.attack.conftest import Besieged
from tests.attack.siege import ROLES
from tests.attack.wire import exchange, request
from tests.support.logs import whole_lines

SECRET_COOKIE, SECRET_QUERY = "biscuit-7f3a", "question-9b1c"
TEXTS = [
    "' or 1=1 --",
    "'; drop table school.person; --",
    "1; select pg_sleep(5)",
    "\\'; select 1 --",
    "$$; select 1; $$",
    "{a,b}",
    '{"$ne": null}',
    "$.** ? (@ == 1)",
    "$[*]",
    "%",
    "%25%_\\",
    "%s%s%s%n%d",
    "{0.__class__.__init__.__globals__}",
    "{{7*7}}${7*7}",
    "../../../../etc/passwd",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    '\n{"event": "forged", "level": "info"}',
    "\x1b[31mred\x1b[0m",
    "\u202egnirts",
    "\ufeff\ufffe\uffff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20,
    "e\u0301" * 50,
    "<script>alert(1)</script>",
    "true",
    "null",
    "-1",
    "9" * 400,
    "1e400",
    "NaN",
    "0x1f",
    "\u0661\u0662",
    " ",
    "",
    "x" * 8000,
]
NO_UTF8 = ["%ff%fe", "%ed%a0%80", "%c0%af", "%zz", "%", "%u0041"]


def everybody(siege: Besieged) -> dict[str, dict[str, str]]:
    """Headers of somebody of each role, and a cookie that is nobody's business."""
    return {
        role: bearer(token(siege.who(role), siege.org, role)) | {"Cookie": f"a={SECRET_COOKIE}"}
        for role in ROLES
    }


def who_reads(path: str) -> str:
    """A role for a path: the one in its name."""
    named = path.split("/")[3] if path.startswith("/api/") else "teacher"
    return named if named in ROLES else "admin"


def harmless(answer: httpx.Response, text: str) -> None:
    """It was refused as a problem, or is an answer like any other."""
    assert answer.status_code < 500, (answer.request.url, text, answer.text)
    assert "set-cookie" not in answer.headers
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (answer.request.url, answer.text)
        problem = answer.json()
        assert problem["request_id"] == answer.headers["x-request-id"]
        for word in ("select", "pg_", "syntax", "Traceback", "psycopg", "relation"):
            assert word not in problem["detail"]


def get(siege: Besieged, url: str, headers: dict[str, str]) -> httpx.Response:
    """What is answered; of a stream the beginning."""
    with siege.client.stream("GET", url, headers=headers) as answer:
        if not answer.headers["content-type"].startswith("text/event-stream"):
            answer.read()
        return answer


def test_no_parameter_is_more_than_a_value(siege: Besieged) -> None:
    document = siege.client.get("/schema/openapi.json").json()
    headers = everybody(siege)
    tried = 0
    for template, operations in document["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            for text in [quote(text, safe="") for text in TEXTS] + NO_UTF8:
                mine = headers[who_reads(template)]
                path, query = template, f"?x={SECRET_QUERY}"
                for name in (part[1:-1] for part in template.split("/") if part.startswith("{")):
                    given = text if name == parameter["name"] else str(siege.ada)
                    path = path.replace(f"{{{name}}}", given)
                if parameter["in"] == "query":
                    query += f"&{parameter['name']}={text}"
                elif parameter["in"] == "header":
                    mine = mine | {parameter["name"]: text}
                harmless(get(siege, path + query, mine), text)
                tried += 1
    assert tried > 1000
    the_log_is_clean(siege, headers)


def test_no_text_of_a_body_is_more_than_a_text(siege: Besieged) -> None:
    headers = everybody(siege)
    kept = []
    for text in [*TEXTS, "\ud800"]:
        # Written by hand: a lone surrogate has no UTF-8, but an escape.
        bodies: list[tuple[str, str, dict[str, Any]]] = [
            (ACTION, "student", {"action": "goal_created", "title": text}),
            (ACTION, "student", {"action": "portfolio_item_added", "title": "x", "url": f"https://{text}"}),
            (ACTION, "student", {"action": text}),
            (ACTION, "student", {"action": "goal_created", "title": "x", "due_on": text}),
            (ACTION, "student", {"action": "goal_completed", "goal_id": text}),
            (ACTION, "student", {"action": "goal_created", "title": "x", text: 1}),
            ("/api/v1/events", "service", {"to": {"person": text}, "type": "a", "data": {}}),
            ("/api/v1/events", "service", {"to": {"group": text}, "type": "a", "data": {}}),
            ("/api/v1/events", "service", {"to": {"group": f"role:{text}"}, "type": "a", "data": {}}),
            ("/api/v1/events", "service", {"to": {"group": f"course:{text}"}, "type": "a", "data": {}}),
            ("/api/v1/events", "service", {"to": {"person": str(siege.ada)}, "type": text, "data": {}}),
            (
                "/api/v1/events",
                "service",
                {"to": {"person": str(siege.ada)}, "type": "a", "data": {"text": text}},
            ),
            ("/api/v1/events", "service", {"to": {"person": str(siege.ada)}, "type": "a", "data": {text: 1}}),
            (f"/api/v1/director/dashboard/alerts/{siege.alert}/acknowledge", "parent", {"note": text}),
            ("/api/v1/admin/students/performance/recalculate", "admin", {"student_ids": [text]}),
        ]
        for path, role, body in bodies:
            answer = siege.client.post(
                path,
                headers=headers[role] | {"Content-Type": "application/json"},
                content=json.dumps(body).encode(),
            )
            harmless(answer, text)
            if body.get("action") == "goal_created" and body["title"] == text and answer.status_code == 202:
                kept.append(text)
    assert len(kept) > 20
    with siege.database.connect() as db:
        titles = {
            row[0] for row in db.execute("select title from school.goal where org_id = %s", (siege.org,))
        }
    assert titles >= set(kept), "what was taken is there, letter by letter"
    the_log_is_clean(siege, headers)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"data":' * 20_000,
        b'{"student_ids": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"student_ids": [1e999999]}',
        b'{"student_ids": ' + b"9" * 10_000 + b"}",
        b'{"student_ids": [], "student_ids": null}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"\xff": 1}',
        b"NaN",
        b"",
        b"null",
        b"\x1f\x8b\x08\x00",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_json_that_is_a_trap_is_refused(siege: Besieged, body: bytes) -> None:
    headers = bearer(token(siege.admin, siege.org, "admin")) | {"Content-Type": "application/json"}
    for path in ("/api/v1/admin/students/performance/recalculate", "/api/v1/events"):
        answer = siege.client.post(path, headers=headers, content=body)
        assert answer.status_code in (400, 422), answer.text
        harmless(answer, path)
    assert not siege.complaints()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x"])
def test_a_body_that_is_packed_is_not_unpacked(siege: Besieged, encoding: str) -> None:
    headers = bearer(token(siege.admin, siege.org, "admin"))
    headers |= {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = siege.client.post("/api/v1/events", headers=headers, content=b"\x1f\x8b\x08\x00" + b"\x00" * 100)
    assert answer.status_code in (400, 415)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json", ""]
)
def test_what_is_not_called_json_is_none(siege: Besieged, kind: str) -> None:
    headers = bearer(token(siege.admin, siege.org, "admin")) | {"Content-Type": kind}
    answer = siege.client.post("/api/v1/events", headers=headers, content=b'{"to": {}}')
    assert answer.status_code == 415


def test_no_header_forges_a_line_of_the_log(siege: Besieged) -> None:
    headers = everybody(siege)
    for text in TEXTS:
        line = re.sub(rb"[\r\n\x00]", b"", text.encode())
        target = f"/nowhere/{quote(text, safe='')}?{SECRET_QUERY}"
        for name in (b"X-Request-ID", b"User-Agent", b"Referer", b"traceparent", b"Idempotency-Key"):
            exchange(siege.client, request(target, name + b": " + line))
    the_log_is_clean(siege, headers)


def the_log_is_clean(siege: Besieged, headers: dict[str, dict[str, str]]) -> None:
    """Each line is one JSON object that was not forged; no secret is in it, and no defect."""
    text = siege.server.log.read_text()
    for line in whole_lines(siege.server.log):
        entry: Any = json.loads(line)
        assert isinstance(entry, dict) and {"event", "level", "timestamp"} <= set(entry), line
        assert entry["event"] != "forged"
    for mine in headers.values():
        assert mine["Authorization"].split()[1] not in text
    assert SECRET_COOKIE not in text
    assert SECRET_QUERY not in text
    assert "\x1b" not in text
    assert not siege.complaints()
