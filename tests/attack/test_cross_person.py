"""Nobody gets another's bytes: people of all roles ask for the same paths, at once, while the cache evicts.

Each who reads has a text, a mark, that is on this person's documents: one answer for two people shows,
whichever two they are. In the other organization there is somebody with the same id, in the same roles.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import psycopg

from api.app import create_app
from api.edge import Edge
from tests.api.caching import cache_in, reader_in
from tests.api.process import until
from tests.api.support import bearer, serving, settings_for, token
from tests.support import school as facts
from tests.support.alerts import RULES
from tests.support.dashboards import add
from tests.support.servers import Database

STUDENT, PARENT = "/api/v1/student/dashboard", "/api/v1/parent/dashboard"
PERFORMANCE, SESSION = "/api/v1/student/performance", "/api/v1/session"
SUMMARY = "/api/v1/director/dashboard/summary"
PATHS = {
    "student": (STUDENT, PERFORMANCE, SESSION),
    "parent": (PARENT, SESSION),
    "teacher": ("/api/v1/teacher/dashboard", SESSION),
    "tutor": ("/api/v1/tutor/dashboard", SESSION),
    "director": (SUMMARY, SESSION),
    "admin": (SUMMARY, SESSION),
    "mentor": (SESSION,),
    "analyst": (SESSION,),
    "service": (SESSION,),
}
EVERY = sorted({path for paths in PATHS.values() for path in paths})
PER_ORG = {
    "student": 10, "parent": 4, "teacher": 3, "tutor": 2, "director": 2, "admin": 1, "mentor": 1,
    "analyst": 1, "service": 1,
}  # fmt: skip
ASKERS, QUESTIONS = 16, 150
CODINGS = ("identity", "gzip", "br", "zstd", "*;q=0.5", "gzip;q=0, br")


@dataclass
class Face:
    """Somebody in a role. The mark is the person's, and on what others see of the person."""

    org: int
    id: UUID
    role: str
    mark: str
    by: str = "token"
    headers: dict[str, str] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)
    """The marks that are on each dashboard of this face."""
    sees: set[str] = field(default_factory=set)
    """Those that may be on it."""

    def __post_init__(self) -> None:
        self.headers = self.headers or bearer(token(self.id, self.org, self.role, exp=NEVER))
        self.sees = self.sees | {self.mark} | self.holds

    def __str__(self) -> str:
        return f"{self.mark} as {self.role} by {self.by}"

    def hold(self, *marks: str) -> None:
        """These marks are on its dashboards."""
        self.holds |= {*marks}
        self.sees |= self.holds

    def wanted(self, path: str) -> set[str]:
        """The marks that have to be on the answer."""
        if path.startswith(PERFORMANCE):  # numbers alone
            return set()
        return {self.mark} if path.startswith(SESSION) else self.holds

    def wrong(self, path: str, text: str, marks: set[str]) -> list[str]:
        """What is wrong with an answer to this face, `marks` being everybody's."""
        found = {mark for mark in marks if mark in text}
        allowed = {self.mark} if path.startswith(SESSION) else self.sees
        complaints = [f"{path} to {self} holds {found - allowed}"] if found - allowed else []
        if missing := self.wanted(path) - found:
            complaints.append(f"{path} to {self} lacks {missing}")
        return complaints


NEVER = 4_000_000_000
"""When the tokens end."""


def make_people(db: psycopg.Connection[Any]) -> list[Face]:
    """Fifty people of two schools, linked so that each sees some of the others; one of each has two roles."""
    faces: list[Face] = []
    for name in ("North", "South"):
        org = facts.make_org(db, name)
        numbers = count(1)
        of: dict[str, list[Face]] = defaultdict(list)
        for role, n in PER_ORG.items():
            for _ in range(n):
                # The same ids in both.
                face = Face(org, UUID(int=next(numbers)), role, f"mark{org}x{role}x{len(of[role])}x")
                add(db, org, "person", id=face.id, name=face.mark)
                add(db, org, "person_role", person_id=face.id, role=role)
                of[role].append(face)
        students, (director, both) = of["student"], of["director"]
        assert sum(map(len, of.values())) == 25
        course = facts.make_course(db, org)
        work = facts.make_assignment(db, org, course)
        for student in students:
            facts.enroll(db, org, student.id, course)
            add(db, org, "notification", person_id=student.id, title=student.mark)
            student.hold(student.mark)
        for number, parent in enumerate(of["parent"]):
            for child in students[2 * number : 2 * number + 2]:
                facts.make_guardian(db, org, parent.id, child.id)
                parent.hold(child.mark)
        for number, teacher in enumerate(of["teacher"]):
            facts.make_course(db, org, teacher.mark, teacher=teacher.id)
            teacher.hold(teacher.mark)
            if number == 0:
                facts.make_teacher(db, org, course, teacher.id)
                teacher.sees |= {student.mark for student in students}
        for tutor, student in zip(of["tutor"], students[-2:], strict=True):
            facts.make_tutor(db, org, tutor.id, student.id)
            facts.submit(db, org, work, student.id, 60)
            tutor.hold(student.mark)
        db.execute(RULES.encode(), (org, ["below_readiness"]))
        for face in (director, both):
            make_cohort(db, face)
            face.hold(face.mark)
        add(db, org, "person_role", person_id=both.id, role="admin")
        of["admin"].append(replace(both, role="admin", headers={}, holds=set(), sees=set()))
        for admin in of["admin"]:
            admin.hold(director.mark, both.mark)
        for group in of.values():
            faces += group
    assert len({(face.org, face.id) for face in faces}) == 50
    return faces


def make_cohort(db: psycopg.Connection[Any], director: Face) -> None:
    """A cohort with the director's mark, and an alert about it, which is what the summary names it for."""
    org, mark = director.org, director.mark
    track = add(
        db, org, "track", program_id=add(db, org, "program", name=mark), name=mark, director_id=director.id
    )
    dates = {"starts_on": "2024-01-01", "ends_on": "2034-01-01"}
    cohort = add(db, org, "cohort", track_id=track, name=mark, status="active", seats_paid=10, **dates)
    student = facts.make_person(db, org, "student")
    add(db, org, "cohort_member", cohort_id=cohort, student_id=student)
    add(db, org, "readiness_score", student_id=student, scored_at="2024-01-01", score=40)
    assert db.execute("select board.evaluate_alerts(%s, %s)", (org, [cohort])).fetchone() == (1,)


def with_cookies(client: httpx.Client, faces: list[Face]) -> list[Face]:
    """These, and of each organization and role the last one once more, with a session's cookie."""
    last = {(face.org, face.role): face for face in faces}
    found = []
    for face in last.values():
        with httpx.Client(base_url=client.base_url, trust_env=False, timeout=60) as browser:
            assert browser.post(SESSION, headers=face.headers).status_code == 200
            cookie = f"homeroom_session={browser.cookies['homeroom_session']}"
        found.append(replace(face, by="cookie", headers={"Cookie": cookie}))
    return faces + found


@contextmanager
def writing(database: Database, people: list[Face]) -> Iterator[None]:
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


def ask(url: str, faces: list[Face], seed: int) -> list[str]:
    """Ask as one after the other for whatever there is, with all that may confuse a cache; what was wrong."""
    chance = random.Random(seed)
    marks = {face.mark for face in faces}
    of = {role: [face for face in faces if face.role == role] for role in PATHS}
    etags: dict[tuple[str, str], str] = {}
    texts: dict[str, str] = {}
    wrong: list[str] = []
    with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60) as client:
        for _ in range(QUESTIONS):
            # Each role as often as each other, however many have it.
            face, other = chance.choices(of[chance.choice([*of])], k=2)
            path = chance.choice(EVERY if chance.random() < 0.3 else PATHS[face.role])
            path += chance.choice(["", "", "/", "?x=1", "?include_ai_nudge=true"])
            tricks = {
                "Accept-Encoding": chance.choice(CODINGS),
                "X-Forwarded-For": "10.0.0.1",
                "X-Forwarded-User": str(other.id),
                "X-Original-URL": STUDENT,
                "Cookie": f"homeroom_session={other.org}.{'a' * 43}",
                "Range": "bytes=0-10",
                "Host": chance.choice(["homeroom.example", "127.0.0.1"]),
            }
            if seen := etags.get((str(other), path)):
                tricks["If-None-Match"] = seen
            method = chance.choice(["GET", "GET", "GET", "HEAD"])
            answer = client.request(method, path, headers=tricks | face.headers)
            allowed = any(path.startswith(own) for own in PATHS[face.role])
            if answer.status_code == 304 and allowed and seen:
                # What the client has is what it takes for the answer.
                wrong += face.wrong(path, texts[seen], marks)
            elif answer.status_code != (200 if allowed else 403):
                wrong.append(f"{method} {path} to {face}: {answer.status_code}")
            elif allowed and method == "GET":
                if etag := answer.headers.get("etag"):
                    etags[str(face), path] = etag
                    texts[etag] = answer.text
                wrong += face.wrong(path, answer.text, marks)
    return wrong


def app_of(database: Database, **settings: Any) -> Edge:
    """An API that keeps answers."""
    usual = {"cache_enabled": True, "rate_limit_enabled": False, "database_pool_size": 4}
    return create_app(settings_for(database, **usual | settings))


def test_nobody_gets_anothers_bytes(database: Database) -> None:
    with database.connect() as db:
        people = make_people(db)
    app = app_of(database, cache_bytes=60_000)
    with serving(app) as client, writing(database, people), ThreadPoolExecutor(ASKERS) as pool:
        url = str(client.base_url)
        faces = with_cookies(client, people)
        wrong = [each for found in pool.map(lambda n: ask(url, faces, n), range(ASKERS)) for each in found]
    counts = cache_in(app).counts
    assert not wrong, wrong[:5]
    assert min(counts["hits"], counts["evicted"], counts["purged"]) > 5, counts


def test_everybody_sees_the_own_and_is_given_it_again(database: Database) -> None:
    """One after the other, while nothing changes: what was kept of one is there when the next one asks."""
    with database.connect() as db:
        people = make_people(db)
    app = app_of(database, cache_lease_seconds=60)  # on a busy machine others run out on the way
    wrong: list[str] = []
    dashboards = 0
    with serving(app) as client:
        until(lambda: reader_in(app).connected)
        faces = with_cookies(client, people)
        marks = {face.mark for face in faces}
        for _ in range(3):
            dashboards = 0
            for face in faces:
                for path in PATHS[face.role]:
                    answer = client.get(path, headers=face.headers)
                    assert answer.status_code == 200, f"{path} to {face}"
                    wrong += face.wrong(path, answer.text, marks)
                    dashboards += path != SESSION
    assert not wrong, wrong[:5]
    assert {face.role for face in faces if face.wanted(PATHS[face.role][0])} == {*PATHS}
    assert cache_in(app).counts["hits"] >= dashboards, "nothing was kept"
