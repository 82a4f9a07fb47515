"""ops.run_due_jobs(): each job once for each time that it is due, whoever fails, dies or runs beside it."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.support.jobs import LOG, Job, plant, slow
from tests.support.school import Connection, make_org
from tests.support.servers import Database

RUN = "call ops.run_due_jobs()"
SLEEPING = "from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"


def log_of(db: Connection) -> list[int]:
    """The organizations that jobs have run for."""
    return [org for (org,) in db.execute("select org from public.log order by org")]


def state_of(db: Connection, job: str) -> tuple[int, int, str | None]:
    """(runs, failures in a row, error) of a job of the whole system."""
    (row,) = db.execute("select runs, failures, error from ops.job_run where org_id = 0 and job = %s", (job,))
    runs, failures, error = row
    return runs, failures, error


def wait_for(db: Connection, query: str) -> None:
    """Wait until a query answers something."""
    deadline = time.monotonic() + 60
    while not db.execute(query.encode()).fetchone():
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


def in_background(database: Database, errors: list[Exception]) -> threading.Thread:
    """Run the jobs in a session of their own."""

    def run() -> None:
        try:
            with database.connect() as db:
                db.execute(RUN)
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_the_release_has_jobs_and_all_of_them_run(database: Database) -> None:
    with database.connect() as db:
        make_org(db)
        db.execute("call ops.run_due_jobs('0 seconds')")
        db.execute("update ops.job_run set next_due = now()")
        assert db.execute(RUN).fetchone() == (False,)
        failed = db.execute("select job, error from ops.job_run where runs <> 1 or error is not null")
        assert failed.fetchall() == []
        left = db.execute("select name from ops.job_status where last_run is null or failing > 0")
        assert left.fetchall() == []
        analyzed = db.execute("select reltuples from pg_class where oid = 'school.interaction'::regclass")
        assert analyzed.fetchone() == (0,), "-1: nobody knows"


def test_a_job_runs_when_it_is_due_as_the_owner_and_once(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("count"), due=False)
        db.execute(RUN)
        assert log_of(db) == [], "nightly: not because it is new"
        db.execute("update ops.job_run set next_due = now()")
        db.execute(RUN)
        db.execute(RUN)
        assert db.execute("select org, who from public.log").fetchall() == [(0, "homeroom_owner")]
        kept = db.execute(
            "select last_started_at <= last_finished_at and duration < '5 s' and next_due > now() "
            "from ops.job_run"
        )
        assert kept.fetchall() == [(True,)]
        assert state_of(db, "count") == (1, 0, None)
        assert db.execute("select current_user").fetchone() == ("postgres",)


def test_each_organization_gets_its_own_run_in_its_own_transaction(database: Database) -> None:
    with database.connect() as db:
        first = make_org(db)
        plant(db, Job("fold", per_organization=True))
        second = make_org(db)
        db.execute(RUN)
        assert log_of(db) == [first], "the second is new"
        db.execute("update ops.job_run set next_due = now()")
        db.execute(RUN)
        assert log_of(db) == [first, first, second]
        assert db.execute("select count(distinct transaction) from public.log").fetchone() == (3,)


def test_what_is_gone_leaves(database: Database) -> None:
    with database.connect() as db:
        org, gone = make_org(db), make_org(db)
        plant(db, Job("old"), Job("fold", per_organization=True))
        db.execute("delete from school.organization where org_id = %s", (gone,))
        plant(db, Job("new"), Job("fold", per_organization=True))
        rows = db.execute("select job, org_id from ops.job_run order by 1").fetchall()
        assert rows == [("fold", org), ("new", 0)]


def test_runners_at_once_share_the_work_and_do_nothing_twice(database: Database) -> None:
    with database.connect() as db:
        orgs = [make_org(db) for _ in range(12)]
        plant(db, Job("slow", slow(0.1), per_organization=True))
        errors: list[Exception] = []
        threads = [in_background(database, errors) for _ in range(4)]
        for thread in threads:
            thread.join()
        assert errors == []
        assert log_of(db) == orgs
        assert db.execute("select count(distinct pid) > 1 from public.log").fetchone() == (True,)


def test_nobody_waits_for_a_running_job_or_runs_it_too(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("slow", "select pg_sleep(30)"), Job("quick"))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'slow'")
        errors: list[Exception] = []
        runner = in_background(database, errors)
        wait_for(db, f"select 1 {SLEEPING}")
        before = time.monotonic()
        db.execute(RUN)
        assert time.monotonic() - before < 10
        assert log_of(db) == [0]
        db.execute(f"select pg_terminate_backend(pid) {SLEEPING}".encode())
        runner.join()


def test_a_runner_that_is_killed_leaves_the_job_due(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("cut", f"with done as ({LOG} returning 1) select pg_sleep(30) from done"))
        errors: list[Exception] = []
        runner = in_background(database, errors)
        wait_for(db, f"select 1 {SLEEPING}")
        db.execute(f"select pg_terminate_backend(pid) {SLEEPING}".encode())
        runner.join()
        assert isinstance(errors[0], psycopg.errors.AdminShutdown), "not taken for an error of the job"
        assert log_of(db) == []
        assert db.execute("select runs, next_due <= now() from ops.job_run").fetchall() == [(0, True)]
        plant(db, Job("cut"), due=False)
        db.execute(RUN)
        assert log_of(db) == [0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("select 1 / 0", "22012: division by zero"),
        ("select board.no_such_thing()", "42883: function board.no_such_thing() does not exist"),
        ("do 'begin assert false; end'", "P0004: assertion failed"),
        ("do 'begin commit; end'", "2D000: invalid transaction termination"),
        ("do 'begin raise query_canceled; end'", "57014: query_canceled"),
    ],
)
def test_an_error_is_kept_and_stops_nobody_else(database: Database, call: str, error: str) -> None:
    warnings: list[tuple[str | None, str | None]] = []
    with database.connect() as db:
        plant(db, Job("bad", call), Job("good"))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'bad'")
        db.add_notice_handler(lambda said: warnings.append((said.message_primary, said.message_detail)))
        while db.execute(RUN).fetchone() == (True,):
            pass
        assert state_of(db, "bad") == (1, 1, error)
        assert warnings == [("job failed: bad (organization 0)", error)]
        assert state_of(db, "good") == (1, 0, None)
        assert log_of(db) == [0]
        db.execute("update ops.job_run set next_due = now()")
        while db.execute(RUN).fetchone() == (True,):
            pass
        assert state_of(db, "bad") == (2, 2, error)
        plant(db, Job("bad"))
        db.execute(RUN)
        assert state_of(db, "bad") == (3, 0, None)


def test_a_lock_that_somebody_keeps_stops_one_job_only(database: Database) -> None:
    with database.connect() as db, database.connect(autocommit=False) as keeper:
        db.execute("create table public.kept as select 1 as row")
        db.execute("grant all on public.kept to homeroom_owner")
        plant(db, Job("stopped", "select row from public.kept for update"), Job("good"))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'stopped'")
        keeper.execute("select row from public.kept for update")
        db.execute(RUN)
        runs, failures, error = state_of(db, "stopped")
        assert (runs, failures) == (1, 1)
        assert error and error.startswith("55P03: ")
        assert state_of(db, "good") == (1, 0, None)


def test_a_job_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("half", f"with done as ({LOG} returning org) select 1 / org from done"))
        db.execute(RUN)
        assert state_of(db, "half")[1] == 1
        assert log_of(db) == []


def test_the_statement_timeout_ends_a_job_and_spares_the_next(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("endless", "select pg_sleep(30)"), Job("slow", slow(0.2)))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'endless'")
        db.execute("set statement_timeout = '500ms'")
        assert db.execute(RUN).fetchone() == (True,)
        assert state_of(db, "endless")[2] == "57014: canceling statement due to statement timeout"
        assert log_of(db) == [], "its time would not be bounded any more"
        assert db.execute(RUN).fetchone() == (False,)
        assert log_of(db) == [0]


def test_a_job_slower_than_its_interval_runs_once_per_call(database: Database) -> None:
    with database.connect() as db:
        # Each is due again when the other is done: only the call's end ends that.
        plant(db, *(Job(name, slow(0.3), every="100 milliseconds") for name in ("one", "two")))
        db.execute("set statement_timeout = '5s'")
        db.execute(RUN)
        assert [state_of(db, name) for name in ("one", "two")] == [(1, 0, None), (1, 0, None)]


def test_a_budget_bounds_what_is_started(database: Database) -> None:
    with database.connect() as db:
        orgs = [make_org(db) for _ in range(5)]
        plant(db, Job("some", slow(0.2), per_organization=True))
        assert db.execute("call ops.run_due_jobs('300 milliseconds')").fetchone() == (True,)
        assert 0 < len(log_of(db)) < 5
        while db.execute("call ops.run_due_jobs('300 milliseconds')").fetchone() == (True,):
            pass
        assert log_of(db) == orgs


def test_a_shorter_interval_is_heard_at_once(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("often", every="100 days"), due=False)
        plant(db, Job("often", every="1 second"), due=False)
        soon = db.execute("select next_due <= now() + interval '1 second' from ops.job_run")
        assert soon.fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("every", "origin", "after", "due"),
    [
        ("10 s", "2000-01-01 00:00+00", "2026-03-01 12:00:03+00", "2026-03-01 12:00:10+00"),
        ("10 s", "2000-01-01 00:00+00", "2026-03-01 12:00:10+00", "2026-03-01 12:00:20+00"),
        ("1 day", "2000-01-01 03:00+00", "2026-03-01 02:59:59+00", "2026-03-01 03:00:00+00"),
        ("1 day", "2000-01-01 03:00+00", "2026-03-01 03:00:00+00", "2026-03-02 03:00:00+00"),
        # Berlin's clocks go forward, and back.
        ("1 day", "2000-01-01 03:00+00", "2026-03-28 03:00:01+00", "2026-03-29 03:00:00+00"),
        ("1 day", "2000-01-01 00:30+00", "2026-10-24 12:00:00+00", "2026-10-25 00:30:00+00"),
        ("1 day", "2000-01-01 03:00+00", "2026-10-24 03:00:01+00", "2026-10-25 03:00:00+00"),
    ],
)
def test_the_next_time_is_a_multiple_of_the_interval(
    database: Database, every: str, origin: str, after: str, due: str
) -> None:
    with database.connect(options="-c timezone=Europe/Berlin") as db:
        row = db.execute("select ops.job_next_due(%s, %s, %s)", (every, origin, after)).fetchone()
        assert row is not None
        assert row[0].astimezone(UTC) == datetime.fromisoformat(due)


def test_the_next_time_after_a_run_lies_ahead_on_the_grid(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("tick", every="7 seconds", origin="2000-01-01 00:00:03+00"))
        db.execute("update ops.job_run set next_due = now() - interval '1 hour'")  # nobody was there
        db.execute(RUN)
        assert state_of(db, "tick")[0] == 1, "times that were missed are not made up for"
        row = db.execute("select next_due, clock_timestamp() from ops.job_run").fetchone()
        assert row is not None
        due, now = row
        assert timedelta(0) < due - now <= timedelta(seconds=7)
        assert (due - datetime(2000, 1, 1, 0, 0, 3, tzinfo=UTC)) % timedelta(seconds=7) == timedelta(0)


@pytest.mark.parametrize("role", ["homeroom_analyst", "homeroom_admin", "homeroom_service", "homeroom_api"])
def test_nobody_else_may_run_or_see_jobs(database: Database, role: str) -> None:
    with database.connect() as db:
        plant(db, Job("count"))
        db.execute(f"set role {role}".encode())
        for statement in (RUN, "select * from ops.job", "select * from ops.job_run"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement.encode())
        db.execute("reset role")
        db.execute(RUN)
        assert log_of(db) == [0]


def test_an_operator_who_is_no_superuser_runs_them(database: Database) -> None:
    with database.connect() as db:
        plant(db, Job("count"))
        db.execute("create role jobs_operator login in role homeroom_owner")
        try:
            with database.connect("jobs_operator") as operator:
                operator.execute(RUN)
            assert db.execute("select who from public.log").fetchall() == [("homeroom_owner",)]
        finally:
            db.execute("drop role jobs_operator")
