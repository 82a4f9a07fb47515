"""What the API's tests share: a real server on its own port, a small school, tokens for its people."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx
import jwt
import psycopg
import uvicorn
from litestar.types import ASGIApp

from api.app import SERVER, create_app
from api.settings import Settings
from tests.support import school
from tests.support.alerts import Watched
from tests.support.servers import Database

RECALCULATE = "/api/v1/admin/students/performance/recalculate"
SECRET = "a secret of the tests, long enough"


def settings_for(database: Database, **others: Any) -> Settings:
    """Settings of an API on this database; HS256 with SECRET unless told otherwise."""
    # Metrics would come between what tests wait for, and a kept answer may be behind what a test has just
    # written: those that want them say so.
    usual = {"jwt_secret": SECRET, "database_pool_size": 2, "metrics_seconds": 3600}
    usual |= {"cache_enabled": False, "request_log": False}
    return Settings(**{"api_database_url": database.url("homeroom_api"), **usual, **others})


@contextmanager
def school_of(database: Database, people: People, **settings: Any) -> Iterator[School]:
    """Run an API on the database of these people; settings: other than a test's."""
    with serving(create_app(settings_for(database, **settings))) as client:
        yield School(database, client, people)


@contextmanager
def serving(app: ASGIApp) -> Iterator[httpx.Client]:
    """Run an ASGI application as `homeroom serve` would, in a thread; yield a client for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, **SERVER))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.005)
            # Without TLS nobody's certificates are needed; reading them takes longer than most tests.
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the server did not stop"


def claims(sub: Any, org: Any, role: Any, **others: Any) -> dict[str, Any]:
    """The payload of a token that is good for a minute, and more claims."""
    expires = int(time.time()) + 60
    return {
        "sub": str(sub),
        "org": org,
        "role": role,
        "iss": "homeroom",
        "aud": "homeroom",
        "exp": expires,
    } | others


def token(
    sub: Any, org: Any, role: Any, *, key: Any = SECRET, algorithm: str = "HS256", **others: Any
) -> str:
    """A token with these claims."""
    return jwt.encode(claims(sub, org, role, **others), key, algorithm=algorithm)


def bearer(value: str) -> dict[str, str]:
    """The headers that carry a token."""
    return {"Authorization": f"Bearer {value}"}


def sessions(database: Database, state: str = "%") -> list[int]:
    """The backends that serve an API on this database; state: as in pg_stat_activity, say `active`."""
    with database.connect() as db:
        rows = db.execute(
            "select pid from pg_stat_activity "
            "where application_name = 'homeroom api' and datname = %s and state like %s",
            (database.name, state),
        )
        return [row[0] for row in rows]


def hear_worker(database: Database) -> None:
    """Have a worker been heard from just now: /health/ready holds for a minute, as far as that goes."""
    with database.connect() as db:
        db.execute("select ops.tick()")


def is_ready(client: httpx.Client) -> bool:
    """Whether all is as it should be. Soon after a start it is not yet: the feed's reader connects."""
    return client.get("/health/ready").status_code == 200


class People:
    """Ids of two organizations, of their people, and of the courses of the first.

    In the first, Ada (a student with the seed's worked example) and Ben (nothing graded) are children of one
    parent; Cleo is not. The second has a student and an admin.
    """

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self.org = school.make_org(db, "North")
        self.ada = school.make_person(db, self.org, "student", name="Ada")
        self.ben = school.make_person(db, self.org, "student", name="Ben")
        self.cleo = school.make_person(db, self.org, "student", name="Cleo")
        self.parent = school.make_person(db, self.org, "parent", name="Pat")
        self.admin = school.make_person(db, self.org, "admin", name="Olga")
        school.make_guardian(db, self.org, self.parent, self.ada)
        school.make_guardian(db, self.org, self.parent, self.ben)
        self.courses = [school.make_course(db, self.org) for _ in range(3)]
        for course, quizzes, quiz_score in zip(self.courses, (3, 2, 5), (80, 90, 85), strict=True):
            school.enroll(db, self.org, self.ada, course)
            for _ in range(quizzes):
                quiz = school.make_quiz(db, self.org, course)
                school.attempt(db, self.org, quiz, self.ada, quiz_score)
        for course, assignments, grade in zip(self.courses, (5, 3), (75, 88), strict=False):
            for _ in range(assignments):
                school.submit(db, self.org, school.make_assignment(db, self.org, course), self.ada, grade)
        self.teacher = school.make_person(db, self.org, "teacher", name="Tess")
        school.make_teacher(db, self.org, self.courses[0], self.teacher)
        self.tutor = school.make_person(db, self.org, "tutor", name="Uwe")
        school.make_tutor(db, self.org, self.tutor, self.ada)
        self.assignment, self.other_assignment = (_assignment(db, course) for course in self.courses[:2])
        self.other_org = school.make_org(db, "South")
        self.other_student = school.make_person(db, self.other_org, "student", name="Zoe")
        self.other_admin = school.make_person(db, self.other_org, "admin", name="Zac")


def _assignment(db: psycopg.Connection[Any], course: UUID) -> UUID:
    """The first assignment of a course."""
    row = db.execute(
        "select id from school.assignment where course_id = %s order by id", (course,)
    ).fetchone()
    assert row
    return UUID(str(row[0]))


class School(People):
    """These people in a database, and an API on it."""

    def __init__(self, database: Database, client: httpx.Client, people: People) -> None:
        vars(self).update(vars(people))
        self.database = database
        self.client = client

    @cached_property
    def recalculation(self) -> str:
        """Id of a recalculation that the admin asked for."""
        request = {"student_ids": [str(self.ada)]}
        id: str = self.post(RECALCULATE, self.admin, "admin", request).json()["id"]
        return id

    @cached_property
    def cohort(self) -> UUID:
        """A cohort that is active, with everything that a director reads about it."""
        with self.database.connect() as db:
            return Watched(db, self.org).cohort

    def post(self, path: str, person: UUID, role: str, body: Any, org: int | None = None) -> httpx.Response:
        """POST a JSON body to a path as this person in this role."""
        return self.client.post(path, headers=bearer(token(person, org or self.org, role)), json=body)

    def get(
        self, path: str, person: UUID, role: str, org: int | None = None, /, **params: Any
    ) -> httpx.Response:
        """GET a path as this person in this role; params are the query's."""
        headers = bearer(token(person, org or self.org, role))
        return self.client.get(path, headers=headers, params=params)
