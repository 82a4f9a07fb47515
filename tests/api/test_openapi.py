"""The description of the API: complete, true, and shown by a page that needs no internet."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.api.process import until
from tests.api.support import RECALCULATE, School, bearer, hear_worker, is_ready, school_of, token
from tests.support.alerts import Watched
from tests.support.school import make_person

ACTION = "/api/v1/student/dashboard/action"

# What is in braces is the id of somebody in the test's school, or of something of theirs.
GETS = [
    ("/health/live", None, None),
    ("/health/ready", None, None),
    ("/api/v1/student/performance", "ada", "student"),
    ("/api/v1/student/performance", "ben", "student"),
    ("/api/v1/student/dashboard", "ada", "student"),
    ("/api/v1/student/dashboard?include_ai_nudge=false&include_notifications=false", "ben", "student"),
    ("/api/v1/parent/dashboard", "parent", "parent"),
    ("/api/v1/parent/students/{ada}/performance", "parent", "parent"),
    ("/api/v1/parent/students/{ben}/performance?history_days=366", "parent", "parent"),
    ("/api/v1/teacher/dashboard", "teacher", "teacher"),
    ("/api/v1/teacher/assignments/{assignment}", "teacher", "teacher"),
    ("/api/v1/tutor/dashboard", "tutor", "tutor"),
    ("/api/v1/tutor/assignments/{assignment}", "tutor", "tutor"),
    ("/api/v1/director/dashboard/summary", "admin", "admin"),
    ("/api/v1/director/dashboard/cohorts", "admin", "admin"),
    ("/api/v1/director/dashboard/cohorts?status=active&sort=readiness&order=desc&limit=1", "admin", "admin"),
    ("/api/v1/director/dashboard/cohorts/{cohort}", "admin", "admin"),
    ("/api/v1/director/dashboard/alerts", "admin", "admin"),
    ("/api/v1/director/dashboard/alerts?status=all&severity=critical&limit=1", "admin", "admin"),
    ("/api/v1/session", "ben", "student"),
    ("/api/v1/admin/students/performance", "admin", "admin"),
    ("/api/v1/admin/students/performance?limit=1&sort=overall_average_score&order=desc", "admin", "admin"),
    ("/api/v1/admin/students/performance/recalculations/{recalculation}", "admin", "admin"),
    ("/dashboard/cache/stats", "admin", "admin"),
]
NO_STORE = {"/health/live", "/health/ready", "/api/v1/session", "/dashboard/cache/stats"}
EVENTS = "/api/v1/events"
REFRESH = "/api/v1/director/dashboard/refresh"
REFRESH_COHORT = "/api/v1/director/dashboard/cohorts/{cohort_id}/refresh"
ACKNOWLEDGE = "/api/v1/director/dashboard/alerts/{alert_id}/acknowledge"
INVALIDATE, WARM = "/dashboard/cache/invalidate", "/dashboard/cache/warm"
STREAMS = ["/dashboard/stream"] + [
    f"/api/v1/{role}/dashboard/stream" for role in ("student", "teacher", "tutor", "director", "parent")
]
ERRORS = [
    *((stream, None, None, 401) for stream in STREAMS),
    *((stream, "ada", "student", 403) for stream in STREAMS[2:]),
    ("/api/v1/student/dashboard/stream", "admin", "admin", 403),
    ("/dashboard/stream?events=Grade", "ada", "student", 422),
    ("/api/v1/student/performance", None, None, 401),
    ("/api/v1/session", "ada", "parent", 403),
    ("/api/v1/student/performance", "parent", "parent", 403),
    ("/api/v1/student/dashboard", "admin", "admin", 403),
    ("/api/v1/student/dashboard?include_ai_nudge=perhaps", "ada", "student", 422),
    ("/api/v1/parent/dashboard", "ada", "parent", 403),
    ("/api/v1/parent/students/{cleo}/performance", "parent", "parent", 404),
    ("/api/v1/parent/students/{ada}/performance?history_days=0", "parent", "parent", 422),
    ("/api/v1/teacher/dashboard", "ada", "student", 403),
    ("/api/v1/tutor/dashboard", "teacher", "teacher", 403),
    ("/api/v1/teacher/assignments/{other_assignment}", "teacher", "teacher", 404),
    ("/api/v1/teacher/assignments/{assignment}", "ada", "student", 403),
    ("/api/v1/teacher/assignments/{assignment}?limit=0", "teacher", "teacher", 422),
    ("/api/v1/director/dashboard/summary", "ada", "student", 403),
    ("/api/v1/director/dashboard/cohorts", "teacher", "teacher", 403),
    ("/api/v1/director/dashboard/cohorts?sort=shoe", "admin", "admin", 422),
    ("/api/v1/director/dashboard/cohorts/{ada}", "admin", "admin", 404),
    ("/api/v1/director/dashboard/alerts", "ada", "student", 403),
    ("/api/v1/director/dashboard/alerts?status=new", "admin", "admin", 422),
    ("/api/v1/admin/students/performance?limit=0", "admin", "admin", 422),
    ("/api/v1/admin/students/performance/recalculations/{ada}", "admin", "admin", 404),
    ("/dashboard/cache/stats", "ada", "student", 403),
    ("/dashboard/cache/stats", None, None, 401),
]


def document_of(school: School) -> dict[str, Any]:
    answer = school.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def fetch(school: School, url: str, who: str | None, role: str | None) -> Any:
    if url.startswith("/health/ready"):
        hear_worker(school.database)
        until(lambda: is_ready(school.client))
    headers = bearer(token(getattr(school, who), school.org, role)) if who else {}
    return school.client.get(filled(school, url), headers=headers)


def filled(school: School, url: str) -> str:
    """The URL with ids in place of what is in braces."""
    return re.sub(r"{(\w+)}", lambda match: f"{getattr(school, match[1])}", url)


def path_of(document: dict[str, Any], url: str) -> str:
    """The described path that a URL is of."""
    wanted = re.sub(r"{\w+}", "{}", url.partition("?")[0])
    (path,) = (path for path in document["paths"] if re.sub(r"{\w+}", "{}", path) == wanted)
    return str(path)


def validate(document: dict[str, Any], url: str, answer: Any, method: str = "get") -> None:
    """Check an answer's status, content type and body against what the document says about the path."""
    operation = document["paths"][path_of(document, url)][method]
    response = operation["responses"][str(answer.status_code)]
    for name, reference in response["headers"].items():
        header = document["components"]["headers"][reference["$ref"].split("/")[-1]]
        if name in answer.headers:
            value = answer.headers[name]
            numeric = header["schema"]["type"] == "integer"
            Draft202012Validator(header["schema"]).validate(int(value) if numeric else value)
        else:
            assert "required" not in header, name
    known = {name.lower() for name in document["components"]["headers"]}
    assert known & {*answer.headers} <= {name.lower() for name in response["headers"]}
    if answer.status_code == 304:
        assert "content" not in response and not answer.content
        return
    content = response["content"]
    schema = content[answer.headers["content-type"]]["schema"] | {"components": document["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())


@pytest.mark.parametrize(("url", "who", "role"), GETS)
def test_answers_are_as_described(school: School, url: str, who: str | None, role: str | None) -> None:
    answer = fetch(school, url, who, role)
    assert answer.status_code == 200
    document = document_of(school)
    validate(document, url, answer)
    described = document["paths"][path_of(document, url)]["get"]["responses"]
    assert ("etag" in answer.headers) == ("304" in described)


@pytest.mark.parametrize(("url", "who", "role"), [get for get in GETS if get[0] not in NO_STORE])
def test_what_the_client_has_is_answered_as_described(
    school: School, url: str, who: str | None, role: str
) -> None:
    headers = bearer(token(getattr(school, str(who)), school.org, role)) | {"If-None-Match": "*"}
    answer = school.client.get(filled(school, url), headers=headers)
    assert answer.status_code == 304
    validate(document_of(school), url, answer)


def test_who_asks_too_often_is_answered_as_described(school: School) -> None:
    """Wherever a token is asked for, whatever the method."""
    document = document_of(school)
    headers = bearer(token(school.ben, school.org, "student"))
    refused = 0
    with school_of(school.database, school, rate_limits="/api=1,/dashboard=1") as limited:
        for path in ("/api/v1/session", "/dashboard/cache/stats"):
            allowed = limited.client.get(path, headers=headers)
            assert allowed.headers["ratelimit-remaining"] == "0"
            validate(document, path, allowed)
        for path, methods in document["paths"].items():
            for method in methods:
                answer = limited.client.request(method, path, headers=headers)
                assert (answer.status_code == 429) == path.startswith(("/api/", "/dashboard/")), path
                if answer.status_code == 429:
                    refused += 1
                    assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
                    validate(document, path, answer, method)
                else:
                    assert "429" not in methods[method]["responses"]
    assert refused > 25


@pytest.mark.parametrize(("url", "who", "role", "status"), ERRORS)
def test_errors_are_as_described(
    school: School, url: str, who: str | None, role: str | None, status: int
) -> None:
    answer = fetch(school, url, who, role)
    assert answer.status_code == status
    validate(document_of(school), url, answer)


def test_every_path_is_tried_here(school: School) -> None:
    document = document_of(school)
    gets = {path for path, methods in document["paths"].items() if "get" in methods}
    assert gets == {path_of(document, url) for url, *_ in GETS} | {
        "/metrics",
        *STREAMS,
    }  # have their own tests
    assert set(document["paths"]) - gets == {
        RECALCULATE, ACTION, EVENTS, REFRESH, REFRESH_COHORT, ACKNOWLEDGE, INVALIDATE, WARM,
    }  # fmt: skip


@pytest.mark.parametrize(("how_many", "status"), [(1, 200), (101, 202), (0, 422), (1001, 422)])
def test_a_recalculation_is_answered_as_described(school: School, how_many: int, status: int) -> None:
    with school.database.connect() as db:
        students = [str(make_person(db, school.org)) for _ in range(how_many)]
    answer = school.post(RECALCULATE, school.admin, "admin", {"student_ids": students})
    assert answer.status_code == status, answer.text
    validate(document_of(school), RECALCULATE, answer, "post")
    if status == 202:
        there = school.get(answer.headers["location"], school.admin, "admin")
        assert there.json() == answer.json()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "goal_created", "title": "Learn SQL", "due_on": "2030-01-01"}, 202),
        ({"action": "goal_completed", "goal_id": "6f9619ff-8b86-4d11-b42d-00c04fc964ff"}, 404),
        ({"action": "goal_created"}, 422),
        ({"action": "goal_forgotten"}, 422),
        ({"action": "goal_created", "title": "Learn SQL", "mission_id": None}, 422),
    ],
    ids=str,
)
def test_an_action_is_described_and_answered_as_described(
    school: School, body: dict[str, Any], status: int
) -> None:
    answer = school.post(ACTION, school.ada, "student", body)
    assert answer.status_code == status, answer.text
    document = document_of(school)
    validate(document, ACTION, answer, "post")
    # Each kind of action is a schema, told apart by a constant: exactly one fits, and none what is refused.
    request = document["paths"][ACTION]["post"]["requestBody"]["content"]["application/json"]["schema"]
    kinds = [document["components"]["schemas"][kind["$ref"].split("/")[-1]] for kind in request["oneOf"]]
    assert len({kind["properties"]["action"]["const"] for kind in kinds}) == len(kinds) == 11
    components = {"components": document["components"], "unevaluatedProperties": False}
    fits = Draft202012Validator(request | components, format_checker=FormatChecker()).is_valid(body)
    assert fits == (status != 422)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": {"person": "{ada}"}, "type": "reminder", "data": {"text": "Tomorrow"}}, 202),
        ({"to": {"group": "role:student"}, "type": "reminder", "data": {}}, 202),
        ({"to": {"person": str(UUID(int=1))}, "type": "reminder", "data": {}}, 404),
        ({"to": {}, "type": "reminder", "data": {}}, 422),
        ({"to": {"person": "{ada}"}, "type": "grade", "data": {}}, 422),
        ({"to": {"person": "{ada}"}, "type": "No name", "data": {}}, 422),
    ],
    ids=str,
)
def test_an_event_is_answered_as_described(school: School, body: dict[str, Any], status: int) -> None:
    filled_body = json.loads(json.dumps(body).replace("{ada}", str(school.ada)))
    answer = school.post(EVENTS, school.admin, "admin", filled_body)
    assert answer.status_code == status, answer.text
    validate(document_of(school), EVENTS, answer, "post")


@pytest.mark.parametrize("path", [REFRESH, REFRESH_COHORT])
def test_a_refresh_is_answered_as_described(school: School, path: str) -> None:
    answer = school.client.post(
        path.format(cohort_id=school.cohort), headers=bearer(token(school.admin, school.org, "admin"))
    )
    assert answer.status_code == 200, answer.text
    validate(document_of(school), path, answer, "post")


@pytest.mark.parametrize("path", [INVALIDATE, f"{INVALIDATE}?pattern=/api/v1/student/*", WARM])
def test_an_order_to_the_caches_is_answered_as_described(school: School, path: str) -> None:
    answer = school.client.post(path, headers=bearer(token(school.admin, school.org, "admin")))
    assert answer.status_code == 202, answer.text
    validate(document_of(school), path, answer, "post")
    refused = school.client.post(path, headers=bearer(token(school.ada, school.org, "student")))
    assert refused.status_code == 403


@pytest.mark.parametrize(("body", "status"), [({"note": "Known."}, 200), ({"text": "Known."}, 422)], ids=str)
def test_an_acknowledgement_is_answered_as_described(
    school: School, body: dict[str, Any], status: int
) -> None:
    with school.database.connect() as db:
        cohort = Watched(db, school.org)
        cohort.ready(40)
        cohort.evaluate()
        (alert,) = cohort.alerts("id")
    url = ACKNOWLEDGE.format(alert_id=alert)
    answer = school.post(url, school.admin, "admin", body)
    assert answer.status_code == status, answer.text
    validate(document_of(school), ACKNOWLEDGE, answer, "post")
    assert school.post(f"{url}/", school.admin, "admin", body).status_code == status
    listed = school.get("/api/v1/director/dashboard/alerts", school.admin, "admin")
    validate(document_of(school), "/api/v1/director/dashboard/alerts", listed)
    assert listed.json()["items"]


def test_both_slash_forms_answer_the_same(school: School) -> None:
    for url, who, role in GETS:
        path, _, query = url.partition("?")
        plain, slashed = fetch(school, url, who, role), fetch(school, f"{path}/?{query}", who, role)
        assert slashed.status_code == plain.status_code == 200, "and no redirect"
        assert slashed.content == plain.content


def test_everything_is_described(school: School) -> None:
    document = document_of(school)
    Draft202012Validator.check_schema({"components": document["components"]})
    for name, schema in document["components"]["schemas"].items():
        assert schema["properties"], name
        assert schema["description"], name
        for field, property_ in schema["properties"].items():
            assert property_.get("description") or "const" in property_, f"{name}.{field}"
            # There are no sources yet; what an event says is its sender's business.
            if (name, field) not in {("StudentDashboard", "sources"), ("EventRequest", "data")}:
                said = "additionalProperties" in property_ or property_.get("type") != "object"
                assert said, f"{name}.{field} says nothing about its content"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"] and operation["description"], path
            for parameter in operation.get("parameters", []):
                assert parameter["description"], f"{path} {parameter['name']}"
            for status, response in operation["responses"].items():
                assert set(response["headers"]) >= {"X-Request-ID"}
                if status == "304":
                    assert "content" not in response
                    continue
                usual = "text/event-stream" if path in STREAMS else "application/json"
                usual = "text/plain; version=0.0.4" if path == "/metrics" else usual
                kind = usual if status in ("200", "202") else "application/problem+json"
                assert set(response["content"]) == {kind}, f"{path} {status}"


def test_a_type_says_what_it_is_itself_and_not_what_one_field_of_it_is_for(school: School) -> None:
    schemas = document_of(school)["components"]["schemas"]
    assert schemas["Person"]["description"] == "Whom something is about."
    assert schemas["Child"]["properties"]["student"]["description"] == "The child."
    assert schemas["HandedIn"]["properties"]["student"]["description"] == "By whom."


def test_streams_say_which_messages_they_have(school: School) -> None:
    paths = document_of(school)["paths"]
    streams = {path: paths[path]["get"] for path in STREAMS}
    for path, stream in streams.items():
        said = stream["description"]
        role = path.split("/")[3] if path.startswith("/api/") else ""
        if role:
            assert "Begins with `snapshot`, goes on with `update` (a JSON Merge Patch" in said
        assert ("`metrics`" in said) == (role in ("", "teacher", "tutor", "director")), path
        (events,) = (parameter for parameter in stream["parameters"] if parameter["name"] == "events")
        assert "grade,assignment,update" in json.dumps(events), path
    director = streams["/api/v1/director/dashboard/stream"]
    assert "for admins `metrics`" in director["description"]
    assert "Roles director and admin" in director["description"]


def test_endpoints_of_people_ask_for_a_token(school: School) -> None:
    document = document_of(school)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path.startswith(("/api/", "/dashboard/")):
                assert operation["security"] == [{"bearer": []}]
                assert {"401", "403"} <= set(operation["responses"])
                method = "get" if "get" in methods else "post"
                assert school.client.request(method, path.replace("{", "").replace("}", "")).status_code in (
                    401,
                    404,
                )
            else:
                assert "security" not in operation


def test_the_version_is_that_of_the_command(school: School) -> None:
    assert document_of(school)["info"]["version"] == version("homeroom")


def test_the_address_alone_leads_to_the_page(school: School) -> None:
    answer = school.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/docs")


def test_the_page_names_no_other_host(school: School) -> None:
    page = school.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    sources = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(sources) == 4
    for source in sources:
        assert source.startswith(("/docs/", "data:")), source
        if source.startswith("/"):
            asset = school.client.get(source)
            assert asset.status_code == 200
            assert asset.headers["content-type"].startswith(("text/javascript", "text/css"))
    assert "//" not in page.text
    assert "<script>" not in page.text
    style = school.client.get("/docs/swagger_style.css").text
    assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style)


def test_the_page_renders_without_internet(school: School, tmp_path: Path) -> None:
    url = school.client.base_url.join("/docs")
    rendered = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path}",
            # Every other name leads nowhere.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--virtual-time-budget=20000",
            "--dump-dom",
            str(url),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    ).stdout
    for path in document_of(school)["paths"]:
        assert f'data-path="{path}"' in rendered
    assert "Unable to render" not in rendered
