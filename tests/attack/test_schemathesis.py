"""Every operation of the OpenAPI document, with data that fits it and data that does not, as everybody.

schemathesis makes the requests and judges the answers: no 5xx, statuses, headers, content types and bodies as
described, what does not fit refused, what fits not refused, no other methods, nothing without a token.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.api.process import served
from tests.api.student import ACTION, NAMING, body_of
from tests.api.support import RECALCULATE, token
from tests.attack.conftest import ENVIRONMENT, Besieged
from tests.attack.siege import ROLES

WHOLE = 1400
CASES: dict[str | None, int] = {**dict.fromkeys(ROLES, 100), "student": 300, "director": 300}
CASES |= dict.fromkeys([None, "admin", "mentor"], WHOLE)
"""How many requests each of the ten makes at least: more than 5,000 together."""

SEED = 8
PUBLIC = {"/health/live", "/health/ready", "/metrics"}
READS = {
    "student": {
        "/api/v1/student/performance",
        "/api/v1/student/dashboard",
        "/api/v1/student/dashboard/stream",
    },
    "parent": {
        "/api/v1/parent/dashboard",
        "/api/v1/parent/students/{student_id}/performance",
        "/api/v1/parent/dashboard/stream",
    },
    "teacher": {
        "/api/v1/teacher/dashboard",
        "/api/v1/teacher/assignments/{assignment_id}",
        "/api/v1/teacher/dashboard/stream",
    },
    "tutor": {
        "/api/v1/tutor/dashboard",
        "/api/v1/tutor/assignments/{assignment_id}",
        "/api/v1/tutor/dashboard/stream",
    },
    "director": {
        "/api/v1/director/dashboard/summary",
        "/api/v1/director/dashboard/cohorts",
        "/api/v1/director/dashboard/cohorts/{cohort_id}",
        "/api/v1/director/dashboard/alerts",
        "/api/v1/director/dashboard/stream",
    },
    "admin": {
        "/api/v1/admin/students/performance",
        "/api/v1/admin/students/performance/recalculations/{recalculation_id}",
        "/api/v1/director/dashboard/summary",
        "/api/v1/director/dashboard/cohorts",
        "/api/v1/director/dashboard/cohorts/{cohort_id}",
        "/api/v1/director/dashboard/alerts",
        "/api/v1/director/dashboard/stream",
        "/dashboard/cache/stats",
    },
}
"""Which paths each role reads, besides those that are everybody's. All others are refused to it."""
ANY_ROLE = {"/dashboard/stream", "/api/v1/session"}
POSTS = {
    ACTION: {"student"},
    RECALCULATE: {"admin"},
    "/api/v1/events": {"service", "admin"},
    "/dashboard/cache/invalidate": {"admin"},
    "/dashboard/cache/warm": {"admin"},
    "/api/v1/director/dashboard/refresh": {"director", "admin"},
    "/api/v1/director/dashboard/cohorts/{cohort_id}/refresh": {"director", "admin"},
    "/api/v1/director/dashboard/alerts/{alert_id}/acknowledge": {"director", "admin"},
}

ONLY_THE_DATABASE_KNOWS = {"cursor", "to", "to.group", "group", "data"}
"""Fields of which the description says in words what they have to be, and no schema could."""


def document_for(siege: Besieged) -> dict[str, Any]:
    """The document as it is served, with things of the school for what names one: some answers are 200."""
    answer = siege.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    known: dict[str, list[UUID | str]] = {
        "student_id": [siege.ada, siege.ben],
        "assignment_id": [siege.assignment],
        "cohort_id": [siege.director_cohort],
        "alert_id": [siege.alert],
        "recalculation_id": [siege.recalculation],
        "course_id": [*siege.courses],
        "track": [siege.track],
        "program": [siege.program],
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if ids := known.get(parameter["name"]):
                    parameter["schema"] = {
                        "anyOf": [{"type": "string", "enum": [*map(str, ids)]}, parameter["schema"]]
                    }
    bodies = {
        ACTION: [body_of(name, siege.programs[0]) for name in NAMING],
        RECALCULATE: [{"student_ids": [str(siege.ada)]}],
        "/api/v1/events": [{"to": {"person": str(siege.ada)}, "type": "reminder", "data": {"text": "Now"}}],
    }
    for path, examples in bodies.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        content["examples"] = {str(number): {"value": example} for number, example in enumerate(examples)}
    return document


def config_for(siege: Besieged, role: str | None, thorough: bool) -> SchemathesisConfig:
    """How the engine runs: the same requests each time, and to the end.

    thorough: whether it tries all limits of all values, and makes more up, besides an example of each.
    """
    headers = {}
    if role:
        value = token(siege.who(role), siege.org, role, exp=int(time.time()) + 3600)
        headers["Authorization"] = f"Bearer {value}"
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": str(siege.client.base_url),
            "headers": headers,
            "continue-on-failure": True,
            "max-stream-events": 1,
            "request-timeout": 60,
            "workers": 1,
            "generation": {"max-examples": 8, "database": "none", "no-shrink": True},
            "phases": {
                "examples": {"fill-missing": True},
                "coverage": {"enabled": thorough},
                "fuzzing": {"enabled": thorough},
                "stateful": {"enabled": False},
            },
            "operations": [
                # Where nobody hears of what is asked for, the engine waits in vain for something to judge.
                {"include-path-regex": "stream$", "request-timeout": 1, "generation": {"max-examples": 2}}
            ],
        }
    )


def tolerated(failure: str, response: Response | None) -> bool:
    """Whether this says only that something fits its schema and is not valid for all that.

    Or that an unknown method is counted, too, before it is refused.
    """
    if failure == "unsupported_method" and response is not None and response.status_code == 429:
        return True
    if failure != "positive_data_acceptance" or response is None or response.status_code != 422:
        return False
    return {error["field"] for error in response.json()["errors"]} <= ONLY_THE_DATABASE_KNOWS


def uses(role: str) -> set[str]:
    """The paths that a role may use."""
    return READS.get(role, set()) | ANY_ROLE | {path for path, roles in POSTS.items() if role in roles}


@contextmanager
def chatter(siege: Besieged) -> Iterator[None]:
    """Let all roles hear of something all the time: streams that say something are soon judged."""
    over = Event()

    def talk() -> None:
        with siege.database.connect() as db:
            while not over.wait(0.1):
                db.execute("select ops.tick()")  # as a worker would, or nobody is ready
                for role in ROLES:
                    db.execute(
                        "select feed.send_to_group(%s, %s, 'reminder', '{}')", (siege.org, f"role:{role}")
                    )

    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(talk)
        try:
            yield
        finally:
            over.set()
        talking.result()


def failures_of(recorder: ScenarioRecorder) -> list[str]:
    """What the engine complains about, each with how to ask again."""
    found = []
    for case, checks in recorder.checks.items():
        interaction = recorder.interactions.get(case)
        for check in checks:
            if (info := check.failure_info) and not tolerated(
                check.name, interaction.response if interaction else None
            ):
                answer = interaction.response.text[:500] if interaction and interaction.response else None
                message = info.failure.message[:500]
                found.append(
                    f"{recorder.label}: {check.name}: {message}\n{info.code_sample[:1000]}\n{answer}"
                )
    return found


@pytest.mark.long
@pytest.mark.parametrize("role", [*ROLES, None], ids=str)
def test_nobody_finds_an_answer_that_is_not_described(siege: Besieged, role: str | None) -> None:
    document = document_for(siege)
    # To try everything takes long: most roles do it for what they may use.
    mine = uses(role) if role and CASES[role] < WHOLE else {*document["paths"]}
    with chatter(siege):
        besiege(siege, role, document, mine)


def run(
    siege: Besieged, role: str | None, document: dict[str, Any], paths: set[str], thorough: bool
) -> Iterator[events.EngineEvent]:
    """What the engine does to these paths of the document."""
    part = {**document, "paths": {path: document["paths"][path] for path in sorted(paths)}}
    schema = schemathesis.openapi.from_dict(part, config=config_for(siege, role, thorough))
    yield from from_schema(schema).execute()


def judged(
    siege: Besieged, role: str | None, document: dict[str, Any], parts: list[tuple[set[str], bool]]
) -> tuple[dict[str, set[int]], int]:
    """The statuses that each operation was answered with, and of how many requests, once none was wrong.

    parts: paths, and whether they are tried thoroughly.
    """
    statuses: dict[str, set[int]] = defaultdict(set)
    failures: list[str] = []
    cases = 0
    for event in chain.from_iterable(
        run(siege, role, document, paths, thorough) for paths, thorough in parts
    ):
        assert not isinstance(event, events.FatalError), event.exception
        assert not isinstance(event, events.Interrupted)
        if isinstance(event, events.NonFatalError):
            failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.ScenarioFinished):
            failures += failures_of(event.recorder)
            for interaction in event.recorder.interactions.values():
                cases += 1
                if interaction.response is not None:
                    statuses[event.recorder.label].add(interaction.response.status_code)
    assert not failures, "\n\n".join(failures)
    assert not {status for seen in statuses.values() for status in seen if status >= 500}
    assert siege.server.process.poll() is None
    assert not siege.complaints()
    return statuses, cases


def besiege(siege: Besieged, role: str | None, document: dict[str, Any], mine: set[str]) -> None:
    """Try everything of `mine`, and an example of the rest."""
    rest = {*document["paths"]} - mine
    parts = [(mine, True), (rest, False)] if rest else [(mine, True)]
    statuses, cases = judged(siege, role, document, parts)
    print(f"{cases} requests")
    assert cases >= CASES[role]
    may_read = PUBLIC | (READS.get(role, set()) | ANY_ROLE if role else set())
    read = {label.removeprefix("GET ") for label, seen in statuses.items() if 200 in seen}
    assert {path for path in read if path.startswith("/")} == may_read


@pytest.mark.long
def test_who_asks_too_often_finds_no_answer_either_that_is_not_described(
    siege: Besieged, tmp_path: Path
) -> None:
    mine = uses("student")
    limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMITS": ",".join(f"{path}=3" for path in mine)}
    limited = copy(siege)
    with served(siege.database, tmp_path, **ENVIRONMENT | limits) as limited.server:
        limited.client, limited.heard = limited.server.client, 0
        document = document_for(limited)
        with chatter(limited):
            statuses, _ = judged(limited, "student", document, [(mine, True)])
    for status in ({200, 202}, {429}):
        assert {label.split()[1] for label, seen in statuses.items() if seen & status} == mine


def test_there_are_enough_requests() -> None:
    assert sum(CASES.values()) >= 5000


def test_every_read_is_somebodys(siege: Besieged) -> None:
    paths = document_for(siege)["paths"]
    reads = {path for path, methods in paths.items() if "get" in methods}
    assert reads == set.union(PUBLIC, ANY_ROLE, *READS.values())


def test_what_is_sent_is_closed(siege: Besieged) -> None:
    document = document_for(siege)
    schemas = document["components"]["schemas"]
    for name in ("EventRequest", "Recipient", "Acknowledgement", "RecalculationRequest", "GoalCreated"):
        assert schemas[name]["additionalProperties"] is False
    assert schemas["AssignmentSubmitted"]["properties"]["url"]["maxLength"] == 500
