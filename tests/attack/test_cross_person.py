"""Nobody gets another's bytes: people of all roles ask for the same paths at once, while the cache evicts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import psycopg

from api.app import create_app
from tests.api.caching import cache_in
from tests.api.support import bearer, serving, settings_for, token
from tests.support import school as facts
from tests.support.servers import Database

STUDENT, PARENT = "/api/v1/student/dashboard", "/api/v1/parent/dashboard"
PATHS = {
    "student": (STUDENT, "/api/v1/student/performance"),
    "parent": (PARENT,),
    "teacher": ("/api/v1/teacher/dashboard",),
    "tutor": ("/api/v1/tutor/dashboard",),
    "director": ("/api/v1/director/dashboard/summary",),
    "admin": ("/api/v1/director/dashboard/summary",),
    "mentor": (),
    "analyst": (),
    "service": (),
}
EVERY = sorted({path for paths in PATHS.values() for path in paths})
PER_ORG = {"student": 12, "parent": 5, "teacher": 3, "tutor": 2, "director": 1, "admin": 1, "mentor": 1}
ASKERS, QUESTIONS = 16, 150
CODINGS = ("identity", "gzip", "br", "zstd", "*;q=0.5", "gzip;q=0, br")


class Person:
    """Somebody, and a text that only those see who may see this person's facts."""

    def __init__(self, db: psycopg.Connection[Any], org: int, role: str, number: int) -> None:
        self.org, self.role = org, role
        self.mark = f"mark{org}x{role}x{number}x"
        self.id: UUID = facts.make_person(db, org, role, name=self.mark)
        self.headers = bearer(token(self.id, org, role))
        self.sees = {self.mark}


def make_people(db: psycopg.Connection[Any]) -> list[Person]:
    """Fifty people of two schools, linked so that each sees some of the others."""
    people: list[Person] = []
    for name in ("North", "South"):
        org = facts.make_org(db, name)
        of = {role: [Person(db, org, role, i) for i in range(n)] for role, n in PER_ORG.items()}
        course = facts.make_course(db, org)
        for student in of["student"]:
            facts.enroll(db, org, student.id, course)
            db.execute(
                "insert into school.notification (org_id, person_id, title) values (%s, %s, %s)",
                (org, student.id, student.mark),
            )
        for number, parent in enumerate(of["parent"]):
            for child in of["student"][2 * number : 2 * number + 2]:
                facts.make_guardian(db, org, parent.id, child.id)
                parent.sees.add(child.mark)
        for group in of.values():
            people += group
        of["teacher"][0].sees |= {student.mark for student in of["student"]}
        db.execute(
            "insert into school.course_teacher (org_id, course_id, teacher_id) values (%s, %s, %s)",
            (org, course, of["teacher"][0].id),
        )
    assert len(people) == 50
    return people


@contextmanager
def writing(database: Database, people: list[Person]) -> Iterator[None]:
    """Have facts come in, so that answers are purged all the time."""
    over = threading.Event()

    def write() -> None:
        students = [person for person in people if person.role == "student"]
        with database.connect() as db:
            while not over.wait(0.02):
                student = random.choice(students)
                db.execute(
                    "insert into school.notification (org_id, person_id, title) values (%s, %s, %s)",
                    (student.org, student.id, student.mark),
                )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def ask(url: str, people: list[Person], seed: int) -> list[str]:
    """Ask as one after the other for whatever there is, with all that may confuse a cache; what was wrong."""
    chance = random.Random(seed)
    marks = [person.mark for person in people]
    etags: dict[tuple[str, str], str] = {}
    wrong: list[str] = []
    with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60) as client:
        for _ in range(QUESTIONS):
            person, other = chance.choice(people), chance.choice(people)
            path = chance.choice(EVERY) + chance.choice(["", "", "/", "?x=1", "?include_ai_nudge=true"])
            tricks = {
                "Accept-Encoding": chance.choice(CODINGS),
                "X-Forwarded-For": "10.0.0.1",
                "X-Forwarded-User": str(other.id),
                "X-Original-URL": STUDENT,
                "Cookie": f"homeroom_session={other.org}.{'a' * 43}",
                "Range": "bytes=0-10",
                "Host": chance.choice(["homeroom.example", "127.0.0.1"]),
            }
            if seen := etags.get((other.mark, path)):
                tricks["If-None-Match"] = seen
            method = chance.choice(["GET", "GET", "GET", "HEAD"])
            answer = client.request(method, path, headers=person.headers | tricks)
            allowed = any(path.startswith(own) for own in PATHS[person.role])
            who = f"{method} {path} as {person.mark}: {answer.status_code}"
            if answer.status_code == 304:
                if etags.get((person.mark, path)) != seen and other is not person:
                    # Two people may have the same document only if it names nobody.
                    body = client.get(path, headers=person.headers).text
                    if any(mark in body for mark in marks):
                        wrong.append(f"{who} to the ETag of {other.mark}")
            elif answer.status_code != (200 if allowed else 403):
                wrong.append(who)
            elif allowed and method == "GET":
                etags[person.mark, path] = answer.headers["etag"]
                if strange := {mark for mark in marks if mark in answer.text} - person.sees:
                    wrong.append(f"{who} holds {strange}")
                if person.role == "student" and STUDENT in path and person.mark not in answer.text:
                    wrong.append(f"{who} does not hold the own")
    return wrong


def test_nobody_gets_anothers_bytes(database: Database) -> None:
    with database.connect() as db:
        people = make_people(db)
    settings = settings_for(
        database, cache_enabled=True, cache_bytes=60_000, rate_limit_enabled=False, database_pool_size=4
    )
    app = create_app(settings)
    with serving(app) as client, writing(database, people), ThreadPoolExecutor(ASKERS) as pool:
        url = str(client.base_url)
        wrong = [each for found in pool.map(lambda n: ask(url, people, n), range(ASKERS)) for each in found]
    counts = cache_in(app).counts
    assert not wrong, wrong[:5]
    assert min(counts["hits"], counts["evicted"], counts["purged"]) > 5, counts
