"""What the measurements of the aggregates share: a server, schools of a given shape, and pgbench.

The synthetic ids are md5 of a name, so that a script can write the id of student 17 without reading a table.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from db.apply import ensure_database, migrate
from db.embedded import Embedded, bundled_bin

# Commits reach the disk, as in earnest. Autovacuum would hit one side alone: each part vacuums all.
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "autovacuum": "off"}
GRADED = 10  # works that each student has graded in each course

SCHOOL = """
insert into school.organization (org_id, name) values (1, 'Bench');

insert into school.person (org_id, id, name)
select 1, md5('student' || s)::uuid, 'Student ' || s from generate_series(0, %(students)s - 1) as s;

insert into school.person_role (org_id, person_id, role)
select 1, md5('student' || s)::uuid, 'student' from generate_series(0, %(students)s - 1) as s;

insert into school.course (org_id, id, code, title)
select 1, md5('course' || c)::uuid, 'C' || c, 'Course ' || c from generate_series(0, %(courses)s - 1) as c;

insert into school.enrollment (org_id, student_id, course_id)
select 1, md5('student' || s)::uuid, md5('course' || c)::uuid
from generate_series(0, %(students)s - 1) as s cross join generate_series(0, %(courses)s - 1) as c;

insert into school.assignment (org_id, id, course_id, title)
select 1, md5('work' || c || '/' || k)::uuid, md5('course' || c)::uuid, 'Work ' || k
from generate_series(0, %(courses)s - 1) as c cross join generate_series(0, %(works)s - 1) as k;

insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
select
    1, md5('work' || c || '/' || k)::uuid, md5('course' || c)::uuid, md5('student' || s)::uuid,
    now() - interval '1 day', (s * 7 + c * 5 + k * 11) %% 101, now()
from generate_series(0, %(students)s - 1) as s
cross join generate_series(0, %(courses)s - 1) as c
cross join generate_series(0, %(graded)s - 1) as k;
"""

# The first way (seed 003), with the favour of running inside the server: after each saved row the student's
# average in the course is counted again from the work, and the student's profile from all enrollments.
SEEDS_WAY = """
create table bench_enrolled_course (
    org_id bigint, student_id uuid, course_id uuid,
    total_assignments_completed integer, average_assignment_score numeric,
    primary key (org_id, student_id, course_id)
);
create table bench_student_profile (
    org_id bigint, student_id uuid,
    total_assignments_completed integer, overall_assignment_average_score numeric,
    overall_average_score numeric, last_performance_update timestamptz,
    primary key (org_id, student_id)
);
insert into bench_enrolled_course
select org_id, student_id, course_id, count(*), avg(grade) from school.submission group by 1, 2, 3;
insert into bench_student_profile
select org_id, student_id, sum(total_assignments_completed), avg(average_assignment_score), null, now()
from bench_enrolled_course group by 1, 2;

create function bench_recalculate() returns trigger language plpgsql as $$
declare
    enrolled record;
    n integer := 0;
    total numeric := 0;
begin
    update bench_enrolled_course as e
    set total_assignments_completed = w.n, average_assignment_score = w.average
    from (
        select count(*) as n, avg(grade) as average from school.submission
        where org_id = new.org_id and student_id = new.student_id and course_id = new.course_id
            and grade is not null
    ) as w
    where e.org_id = new.org_id and e.student_id = new.student_id and e.course_id = new.course_id;

    for enrolled in
        select c.total_assignments_completed as n, c.average_assignment_score as average
        from school.enrollment as e
        join bench_enrolled_course as c using (org_id, student_id, course_id)
        where e.org_id = new.org_id and e.student_id = new.student_id and e.status in ('active', 'completed')
    loop
        n := n + enrolled.n;
        total := total + enrolled.average * enrolled.n;
    end loop;

    update bench_student_profile
    set total_assignments_completed = n, overall_assignment_average_score = round(total / nullif(n, 0), 2),
        overall_average_score = round(total / nullif(n, 0), 2), last_performance_update = now()
    where org_id = new.org_id and student_id = new.student_id;
    return null;
end
$$;
create trigger bench_recalculate
after insert on school.submission for each row execute function bench_recalculate();
"""


@dataclass(frozen=True)
class School:
    """So many students, each in all of the courses, with so many assignments, the first of them graded."""

    students: int
    courses: int
    works: int
    graded: int = GRADED


@contextmanager
def server() -> Iterator[Embedded]:
    """Run a server that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data", settings=SETTINGS) as running:
            ensure_database(running.url("empty"))
            migrate(running.url("empty"))
            yield running


def execute(server: Embedded, database: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as superuser, each in its own transaction; return the last one's rows, if it has any."""
    with psycopg.connect(server.url(database), autocommit=True) as db:
        for statement in statements:
            cursor = db.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def copy(server: Embedded, template: str, *databases: str) -> None:
    """Make each of the databases (anew) a copy of the template."""
    for database in databases:
        drop = f"drop database if exists {database} with (force)"
        execute(server, "postgres", drop, f"create database {database} template {template}")


def build(server: Embedded, school: School, database: str) -> None:
    """Make a database with such a school, all by way of the triggers, vacuumed."""
    copy(server, "empty", database)
    with psycopg.connect(server.url(database), autocommit=True, cursor_factory=psycopg.ClientCursor) as db:
        db.execute(SCHOOL.encode(), asdict(school))
        db.execute("select board.fold(1)")
        db.execute("vacuum analyze")


def without_triggers(server: Embedded, database: str) -> None:
    """Disable the triggers that we wrote on work; constraints, foreign keys and indexes stay."""
    tables = ("submission", "quiz_attempt")
    execute(server, database, *(f"alter table school.{table} disable trigger user" for table in tables))


def aggregates_alone(server: Embedded, database: str) -> None:
    """Disable what marks dashboards and tells the feed: the triggers of the aggregates stay."""
    others = """
    do $$ declare t record; begin
        for t in
            select tgrelid::regclass as relation, tgname from pg_trigger
            where tgrelid in ('school.submission'::regclass, 'school.quiz_attempt'::regclass)
                and tgname ~ '__(dirty|feed)'
        loop
            execute format('alter table %s disable trigger %I', t.relation, t.tgname);
        end loop;
    end $$
    """
    execute(server, database, others)
    new_submissions(server, database, "performance")


def new_submissions(server: Embedded, database: str, *concerns: str) -> None:
    """Have new submissions do only this, of all that their one trigger does."""
    arguments = ", ".join(f"'{concern}'" for concern in concerns)
    execute(
        server,
        database,
        "create or replace trigger tg_submission__new_insert after insert on school.submission "
        "referencing new table as new_rows "
        f"for each statement execute function board.tg_submission__new({arguments})",
    )


def seeds_way(server: Embedded, database: str) -> None:
    """Put the seed's way in place of our triggers."""
    without_triggers(server, database)
    execute(server, database, SEEDS_WAY, "analyze")


def settle(server: Embedded, *databases: str) -> None:
    """Give all sides the same start: nothing to vacuum, nothing to fold, all pages written."""
    for database in databases:
        execute(server, database, "select board.fold(1)", "vacuum")
    execute(server, "postgres", "checkpoint")


def pgbench(
    server: Embedded, database: str, script: str, transactions: int, *, clients: int = 1, start: int = 0
) -> float:
    """Return transactions per second. The script finds its number in :i, from `start` on, and :client_id."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        options = f"-n -M prepared -D i={start - 1} -c {clients} -j {min(clients, 2)} -t {transactions}"
        command = [str(bundled_bin() / "pgbench"), *options.split(), "-f", file.name]
        run = subprocess.run([*command, server.url(database)], capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert run.returncode == 0 and found, run.stdout + run.stderr
    return float(found[1])
