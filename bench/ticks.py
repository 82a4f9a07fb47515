"""What a tick of metrics costs: as submissions grow, and as viewers do.

    python -m bench.ticks [--submissions 10000,1000000]

Submissions: the numbers of an admin, a teacher and a tutor, of two schools in turns that differ in nothing
but how much was handed in, with the pages read; against a count in the tables by the same person.
Viewers: a whole tick of one API process, from asking the database to the last client's `send`, and the signs
of life of as many clients for comparison. There are no sockets here: they cost both the same.
Everything runs on an embedded server that is thrown away; a run takes about two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable
from statistics import median
from uuid import UUID

import psycopg

from api.database import Database
from api.feed import Asked
from bench.facts import School, build, copy, execute, server, settle
from db.embedded import Embedded
from listener.feed.client import Client
from listener.feed.hub import Hub
from listener.feed.messages import Message, Sse
from listener.feed.metrics import Metrics
from listener.feed.person import Person

STUDENTS, COURSES, WORKS = 1000, 10, 100
TUTORED = 20
ROUNDS = 500
TICKS = 30
VIEWERS = (10, 10_000)
TEACHERS = 1000
RATIO = 1.1

STAFF = f"""
insert into school.person (org_id, id, name)
select 1, md5(role)::uuid, role from unnest('{{admin,teacher,tutor}}'::text[]) as role;
insert into school.person_role (org_id, person_id, role)
select 1, md5(role)::uuid, role from unnest('{{admin,teacher,tutor}}'::text[]) as role;
insert into school.course_teacher (org_id, course_id, teacher_id)
select 1, md5('course1')::uuid, md5('teacher')::uuid;
insert into school.tutor_student (org_id, tutor_id, student_id)
select 1, md5('tutor')::uuid, md5('student' || s)::uuid from generate_series(1, {TUTORED}) as s;
"""
NUMBERS = "select api.feed_metrics_of(%s)"
RECOUNT = """
select
    (select count(*) from school.submission where grade is null and submitted_at is null) as pending,
    (select count(*) from school.submission where grade is null and submitted_at is not null) as ungraded,
    (select count(distinct student_id) from school.submission) as active,
    (select count(*) from school.assignment) as tasks
"""
MANY_TEACHERS = f"""
insert into school.organization (org_id, name) values (1, 'Bench');
insert into school.person (org_id, id, name)
select 1, md5('teacher' || n)::uuid, 'Teacher' from generate_series(1, {TEACHERS}) as n;
insert into school.person (org_id, id, name)
select 1, md5('student' || n)::uuid, 'Student' from generate_series(1, 3000) as n;
insert into school.course (org_id, id, code, title)
select 1, md5('course' || n)::uuid, 'C' || n, 'C' from generate_series(1, {TEACHERS}) as n;
insert into school.course_teacher (org_id, course_id, teacher_id)
select 1, md5('course' || n)::uuid, md5('teacher' || n)::uuid from generate_series(1, {TEACHERS}) as n;
insert into school.assignment (org_id, id, course_id, title)
select 1, md5('work' || n)::uuid, md5('course' || n)::uuid, 'Work' from generate_series(1, {TEACHERS}) as n;
insert into school.enrollment (org_id, student_id, course_id)
select 1, md5('student' || s)::uuid, md5('course' || 1 + (s * 7 + k * 100) % {TEACHERS})::uuid
from generate_series(1, 3000) as s cross join generate_series(1, 10) as k;
insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at)
select a.org_id, a.id, a.course_id, e.student_id, now()
from school.assignment as a join school.enrollment as e using (org_id, course_id);
"""


def of_submissions(running: Embedded, amounts: list[int]) -> None:
    """Print what a scope's numbers take to answer, with few submissions and with many."""
    names = {amount: f"with_{amount}" for amount in amounts}
    for amount, name in names.items():
        graded = amount // STUDENTS // COURSES
        build(running, School(students=STUDENTS, courses=COURSES, works=WORKS, graded=graded), name)
        execute(running, name, STAFF, "vacuum analyze")
    settle(running, *names.values())
    print(
        f"a scope's numbers, {STUDENTS:,} students in {COURSES} courses of {WORKS} assignments: milliseconds"
    )
    print(f"{'':<10}" + "".join(f"{amount:>14,} submissions" for amount in amounts))
    sessions = {
        amount: psycopg.connect(running.url(name, "homeroom_api"), autocommit=True)
        for amount, name in names.items()
    }
    people = dict(execute(running, names[amounts[0]], "select role, person_id::text from school.person_role"))
    for role in ("admin", "teacher", "tutor"):
        person = None if role == "admin" else people[role]
        scopes = json.dumps([{"org": 1, "role": role, "person": person}])
        taken: dict[int, list[float]] = {amount: [] for amount in amounts}
        for number in range(ROUNDS):
            for amount in amounts[:: 1 if number % 2 else -1]:
                began = time.perf_counter()
                sessions[amount].execute(NUMBERS, (scopes,), prepare=True)
                if number >= ROUNDS // 10:
                    taken[amount].append(time.perf_counter() - began)
        figures = [1000 * median(taken[amount]) for amount in amounts]
        counted = [1000 * recount(sessions[amount], people[role], role) for amount in amounts]
        ratio = figures[-1] / figures[0]
        read = [pages(sessions[amount], scopes) for amount in amounts]
        for name, values, digits, note in (
            (role, figures, 2, f"{ratio:.2f} (at most {RATIO})"),
            ("  pages", read, 0, f"{read[-1] / read[0]:.2f}"),
            ("  counted", counted, 2, f"{counted[-1] / counted[0]:.2f}"),
        ):
            print(f"{name:<10}" + "".join(f"{value:26.{digits}f}" for value in values) + f"   {note}")
    for session in sessions.values():
        session.close()


def pages(session: psycopg.Connection, scopes: str) -> int:
    """How many pages are read for it."""
    explain = f"explain (analyze, buffers, timing off, format json) {NUMBERS}"
    ((plan,),) = session.execute(explain.encode(), (scopes,)).fetchall()
    return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])


def recount(session: psycopg.Connection, person: str, role: str) -> float:
    """How long a plain count in the tables takes that person."""
    taken = []
    for _ in range(3):
        with session.transaction():
            claims = json.dumps({"sub": person, "org": 1, "role": role})
            session.execute("select auth.enter(%s, %s)", (claims, role))
            began = time.perf_counter()
            session.execute(RECOUNT)
            taken.append(time.perf_counter() - began)
    return median(taken)


class Everybody:
    """What the feed asks about a person: all may watch, and nothing was missed."""

    async def topics(self, claims: str) -> bytes:
        return b'{"topics": ["admin"]}'

    async def replay(self, claims: str, cursor: str | None, kinds: tuple[str, ...] | None) -> bytes:
        return b'{"cursor": "0.5:5:", "reset": false, "topics": ["admin"]}'

    async def document(self, claims: str) -> bytes:
        return b"null"


class Counted(Asked):
    """Counts the calls, and how long they take."""

    calls = 0
    seconds = 0.0

    async def metrics_of(self, scopes: str) -> bytes:
        began = time.perf_counter()
        answer = await super().metrics_of(scopes)
        self.calls += 1
        self.seconds += time.perf_counter() - began
        return answer


async def of_viewers(conninfo: str, teachers: list[UUID]) -> None:
    """Print what a tick costs the process, for few viewers and many, of one scope and of many."""
    database = Database(conninfo, size=2, statement_timeout=60)
    await database.open()
    print(f"\na tick, {TEACHERS:,} teachers and 30,000 submissions: milliseconds, median of {TICKS}")
    print(f"{'':<44}{'a tick':>10}{'database':>10}{'calls':>7}{'heartbeat':>11}")
    for viewers in VIEWERS:
        for name, who in (
            (
                "admins, one scope",
                [Person(1, UUID(int=n), "admin", "{}", time.time() + 999) for n in range(viewers)],
            ),
            (
                "teachers, a scope each" if viewers <= TEACHERS else f"{TEACHERS:,} teachers' streams",
                [
                    Person(1, teachers[n % len(teachers)], "teacher", "{}", time.time() + 999)
                    for n in range(viewers)
                ],
            ),
        ):
            asked = Counted(database, 1)
            hub = Hub(per_person=viewers, slow_seconds=10)
            hub.begin("0.5:5:")
            metrics = Metrics(hub, asked.metrics_of)
            await join(hub, who)
            await metrics.tick()
            asked.calls, asked.seconds = 0, 0.0
            ticks, beats = [], []
            for _ in range(TICKS):
                ticks.append(await timed(metrics.tick()))
                beats.append(await timed(hub.beat(pings=False)))
            print(
                f"{viewers:>8,} {name:<35}{1000 * median(ticks):10.2f}{1000 * asked.seconds / TICKS:10.2f}"
                f"{asked.calls / TICKS:7.0f}{1000 * median(beats):11.2f}"
            )
    await database.close()


async def join(hub: Hub, people: list[Person]) -> None:
    """Have a stream of each of these people."""

    async def send(message: Message) -> None: ...

    async def opening(cursor: str | None) -> None: ...

    shape = Sse(False)
    for person in people:
        client = Client(hub, Everybody(), person, shape, send)
        hub.enter(client)
        await client.begin(opening)


async def timed(work: Awaitable[None]) -> float:
    """How many seconds it takes."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", default="10000,1000000", help="how many [10000,1000000]")
    amounts = [int(amount) for amount in parser.parse_args().submissions.split(",")]
    with server() as running:
        of_submissions(running, amounts)
        copy(running, "empty", "viewers")
        execute(running, "viewers", MANY_TEACHERS, "select board.fold(1)", "vacuum analyze")
        teachers = execute(running, "viewers", "select distinct teacher_id from school.course_teacher")
        asyncio.run(of_viewers(running.url("viewers", "homeroom_api"), [teacher for (teacher,) in teachers]))


if __name__ == "__main__":
    main()
