"""pg_cron as the clock of the jobs, on Debian's 15 with no worker anywhere."""

import time
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from db import apply, tree
from tests.support.school import enroll, make_assignment, make_course, make_org, make_person, submit
from tests.support.servers import Cluster, Database

pytestmark = pytest.mark.pg15  # Debian packages pg_cron for 15 alone

MINUTES = 2.5
SCHEDULE = "select jobname, schedule, command, database, username, active from cron.job"


@pytest.fixture
def with_cron() -> Iterator[Database]:
    """A database with pg_cron, owned by the login `operator`, who is no superuser and may use pg_cron."""
    with Cluster(15, cron_database="school") as cluster:
        with psycopg.connect(cluster.server.url("postgres"), autocommit=True) as db:
            db.execute("create role operator login createrole")
            db.execute("create database school owner operator")
        database = Database(cluster.server, 15, "school")
        with database.connect() as db:
            db.execute("create extension pg_cron; grant usage on schema cron to operator")
        yield database


def test_pg_cron_alone_folds_the_deltas_and_refreshes_what_is_stale(with_cron: Database) -> None:
    apply.migrate(with_cron.url("operator"))
    with with_cron.connect() as db:
        org = make_org(db)
        course, student = make_course(db, org), make_person(db, org, "student")
        enroll(db, org, student, course)
        submit(db, org, make_assignment(db, org, course), student, 80)
        submit(db, org, make_assignment(db, org, course), student, 65.5)
        assert db.execute("select count(*) > 0 from board.work_delta").fetchone() == (True,)
        folded = "select total_assignments_completed, assignment_score_sum from board.course_rollup"
        assert db.execute(folded).fetchall() != [(2, Decimal("145.5"))]
        # Seen just now, and past its time: nothing waits in the queue for this one. Another does.
        db.execute("select board.current_student_dashboard(%s, %s)", (org, student))
        db.execute("update board.student_dashboard_cache set fresh_until = now(), updated_at = '2000-01-01'")
        other = make_person(db, org, "student")
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, other))
        refreshed = (
            "select student_id from board.student_dashboard_cache as c where board.is_fresh(c) order by 1"
        )
        assert db.execute(refreshed).fetchall() == []

        deadline = time.monotonic() + MINUTES * 60
        while (
            db.execute("select 1 from board.work_delta").fetchone()
            or len(db.execute(refreshed).fetchall()) < 2
        ):
            assert time.monotonic() < deadline, db.execute("select * from cron.job_run_details").fetchall()
            time.sleep(0.5)
        assert db.execute(folded).fetchall() == [(2, Decimal("145.5"))]
        while db.execute("select 1 from cron.job_run_details where status <> 'succeeded'").fetchone():
            assert time.monotonic() < deadline, db.execute("select * from cron.job_run_details").fetchall()
            time.sleep(0.1)
        assert db.execute(refreshed).fetchall() == [(person,) for person in sorted((student, other))]
        times = (
            "select updated_at > '2000-01-01', badges from board.student_dashboard_cache "
            "where student_id = %s"
        )
        assert db.execute(times, (student,)).fetchone() == (True, 0)
        assert db.execute(times, (other,)).fetchone() == (True, 1)
        details = db.execute("select distinct command, username from cron.job_run_details").fetchall()
        assert details == [("call ops.run_due_jobs('50 seconds')", "operator")]
        assert db.execute("select error from ops.job_run where error is not null").fetchall() == []


def test_the_schedule_comes_with_the_code_and_goes_with_it(with_cron: Database) -> None:
    expected = [
        ("homeroom jobs", "* * * * *", "call ops.run_due_jobs('50 seconds')", "school", "operator", True)
    ]
    url = with_cron.url("operator")
    with with_cron.connect() as db:
        apply.dry_run(url)
        assert db.execute(SCHEDULE).fetchall() == []
        for _ in range(2):
            apply.migrate(url)
            assert db.execute(SCHEDULE).fetchall() == expected
        apply.rollback(url, 1)
        assert db.execute(SCHEDULE).fetchall() == []
        apply.migrate(url)
        assert db.execute(SCHEDULE).fetchall() == expected
        apply.rollback(url, len(tree.migrations()))
        assert db.execute(SCHEDULE).fetchall() == []


def test_a_login_that_may_not_use_pg_cron_migrates_and_is_told(with_cron: Database) -> None:
    said: list[str] = []
    with with_cron.connect() as db:
        db.execute("revoke usage on schema cron from operator")
        apply.migrate(with_cron.url("operator"), say=said.append)
        assert any("docs/operate.md" in line for line in said)
        assert db.execute(SCHEDULE).fetchall() == []
    apply.rollback(with_cron.url("operator"), len(tree.migrations()))
