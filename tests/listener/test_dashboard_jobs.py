"""What the worker does by the clock: what time changes, what many share, what is kept, who leads."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.listener.dashboards import WAITING, Session, one, read
from tests.listener.support import until, working
from tests.support import school
from tests.support.program import enter, make_program
from tests.support.servers import Database

# --- Time


def due(db: Session, job: str) -> None:
    """Let a job be due at once."""
    db.execute("call ops.run_due_jobs('0 seconds')")  # notes the jobs of a new organization
    assert db.execute("update ops.job_run set next_due = now() where job = %s", (job,)).rowcount


def test_what_time_changes_is_refreshed_by_the_job_for_those_who_look(
    database: Database, db: Session, log: Path
) -> None:
    org = school.make_org(db)
    looking, away, never = (school.make_person(db, org, "student") for _ in range(3))
    with database.connect("homeroom_api") as api:
        read(api, org, looking)
        read(api, org, away)
    assert one(db, "select board.refresh_stale_dashboards(%s)", org) == 0, "nothing is stale"
    db.execute("update board.student_dashboard_cache set fresh_until = now() where document is not null")
    db.execute(
        "update board.student_dashboard_cache set seen_at = now() - interval '25 hours' where "
        "student_id = %s",
        (away,),
    )
    due(db, "refresh stale dashboards")
    fresh = "select student_id from board.student_dashboard_cache as c where board.is_fresh(c)"
    with working(database, log) as worker:
        until(lambda: db.execute(fresh).fetchone())
        assert worker.end() == 0
    assert db.execute(fresh).fetchall() == [(looking,)]
    assert one(db, "select document is null from board.student_dashboard_cache where student_id = %s", never)


def test_a_read_after_a_moment_that_changes_things_shows_it(database: Database, db: Session) -> None:
    """Nothing is written when a session ends: the document knows how long it holds."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    enter(db, program, student)
    db.execute("update school.mentor_session set ends_at = clock_timestamp() + interval '1200 ms'")
    ended = "select ends_at <= now() from school.mentor_session"
    with database.connect("homeroom_api") as api:
        before = read(api, org, student)
        assert before["flags"]["live_session_now"] or one(db, ended)
        assert one(db, f"{WAITING} and subject = 'student'") == 0
        while not one(db, ended):
            read(api, org, student)
        assert not read(api, org, student)["flags"]["live_session_now"]


# --- Shared facts


def test_a_shared_fact_is_one_mark_and_reaches_whom_it_concerns(
    database: Database, db: Session, log: Path
) -> None:
    org = school.make_org(db)
    here, there = make_program(db, org), make_program(db, org)
    inside = [school.make_person(db, org, "student") for _ in range(5)]
    outside = school.make_person(db, org, "student")
    for student in inside:
        enter(db, here, student)
    enter(db, there, outside)
    unseen = school.make_person(db, org, "student")
    while one(db, "select board.drain_queue()"):
        pass
    db.execute("delete from board.dashboard_update_queue")

    db.execute("update school.cohort set name = 'Winter' where id = %s", (here.cohort,))
    marks = (
        "select subject, subject_id from board.dashboard_update_queue where processed_at is null "
        "and subject <> 'director' order by 1, 2"
    )
    assert db.execute(marks).fetchall() == [("cohort", here.cohort)]
    fresh = "select student_id from board.student_dashboard_cache as c where board.is_fresh(c)"
    assert db.execute(fresh).fetchall() == [(outside,)]
    with database.connect(autocommit=False) as spreading:
        assert one(spreading, "select board.spread_shared_marks(%s)", org) == len(inside)
        assert one(db, "select board.spread_shared_marks(%s)", org) == 0, "nobody waits, nobody does it twice"
        spreading.commit()
    assert db.execute(marks).fetchall() == [("student", student) for student in sorted(inside)]
    assert db.execute(fresh).fetchall() == [(outside,)], "still"

    db.execute(
        "insert into school.calendar_event (org_id, title, starts_at) "
        "values (%s, 'Fair', now() + interval '2 hours')",
        (org,),
    )
    assert db.execute(fresh).fetchall() == [], "the organization's are everybody's"
    with working(database, log) as worker:
        until(lambda: one(db, WAITING) == 0)
        assert worker.end() == 0
    names = (
        "select document #>> '{cards,cohort,name}' from board.student_dashboard_cache "
        "where student_id = any (%s)"
    )
    assert db.execute(names, (inside,)).fetchall() == [("Winter",)] * len(inside)
    assert one(db, "select document is null from board.student_dashboard_cache where student_id = %s", unseen)
    assert len(db.execute(fresh).fetchall()) == len(inside) + 1


# --- What is kept of the queue


def test_pruning_keeps_what_readers_need(database: Database, db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    enter(db, program, student)
    with database.connect("homeroom_api") as api:
        read(api, org, student)
        assert one(
            db,
            "select fresh_until <= updated_at + interval '15 minutes' from board.student_dashboard_cache",
        )
        db.execute("update school.cohort set name = 'Winter' where id = %s", (program.cohort,))
        # The worker has told the student, and forgot to refresh: the reader sees the shared mark itself.
        db.execute("update board.dashboard_update_queue set processed_at = now() - interval '59 minutes'")
        db.execute(
            "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason, "
            "queued_at, processed_at, dead_at) "
            "select %(org)s, 'student', gen_random_uuid(), r.reason, now() - interval '9 days', "
            "r.processed, r.dead "
            "from (values ('waits', null, null), ('dead', null, now() - interval '8 days'), "
            "('new', now() - interval '59 minutes', null), ('old', now() - interval '61 minutes', null)) "
            "as r (reason, processed, dead)",
            {"org": org},
        )
        kept = one(db, "select count(*) from board.dashboard_update_queue")
        assert one(db, "select board.prune_queue()") == 1
        assert one(db, "select count(*) from board.dashboard_update_queue") == kept - 1
        assert one(db, "select count(*) from board.dashboard_update_queue where reason = 'old'") == 0
        assert read(api, org, student)["cards"]["cohort"]["name"] == "Winter"


def test_receipts_are_kept_for_a_week(db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    for key, age in (("new", "6 days 23 hours"), ("old", "7 days 1 hour")):
        db.execute(
            "insert into ops.action_receipt values (%s, %s, %s, '{}', '{}', now() - %s::interval)",
            (org, student, key, age),
        )
    db.execute("select board.prune_queue()")
    assert db.execute("select idempotency_key from ops.action_receipt").fetchall() == [("new",)]


def test_the_job_prunes(database: Database, db: Session, log: Path) -> None:
    org = school.make_org(db)
    db.execute(
        "insert into board.dashboard_update_queue (org_id, subject, reason, processed_at) "
        "values (%s, 'organization', 'old', now() - interval '2 hours')",
        (org,),
    )
    due(db, "prune queue")
    with working(database, log) as worker:
        until(lambda: one(db, "select count(*) from board.dashboard_update_queue") == 0)
        assert worker.end() == 0


# --- The leaderboard


def test_the_leaderboard_is_ranked_by_the_job(database: Database, db: Session, log: Path) -> None:
    org = school.make_org(db)
    program = make_program(db, org)
    points = (30, 10, 20, 20, 0)
    students = [school.make_person(db, org, "student", name=f"S{place}") for place in range(len(points))]
    for student, number in zip(students, points, strict=True):
        enter(db, program, student, points=number)

    def board() -> list[tuple[Any, ...]]:
        query = "select student_id, points, rank, percentile::float from board.leaderboard"
        rows = {row[0]: row[1:] for row in db.execute(query)}
        return [rows[student] for student in students if student in rows]

    with database.connect("homeroom_api") as api, working(database, log) as worker:

        def mine(student: UUID) -> Any:
            claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
            read = one(api, "select (api.student_dashboard(%s, true, true)).document", claims)
            return json.loads(read)["leaderboard"]

        assert mine(students[0]) is None, "not ranked yet"
        due(db, "rank leaderboards")
        until(board)
        assert board() == [(30, 1, 100), (10, 4, 25), (20, 2, 50), (20, 2, 50), (0, 5, 0)]
        first = mine(students[1])
        assert (first["rank"], first["percentile"], first["points"]) == (4, 25, 10)
        assert [(place["rank"], place["points"], place["is_me"]) for place in first["around_me"]] == [
            (2, 20, False),
            (2, 20, False),
            (4, 10, True),
            (5, 0, False),
        ]
        # It may lag, and says since when; the rest of the document does not.
        db.execute(
            "insert into school.point_award (org_id, student_id, points, reason) values (%s, %s, 100, "
            "'luck')",
            (org, students[4]),
        )
        db.execute(
            "update school.cohort_member set status = 'withdrawn' where student_id = %s", (students[2],)
        )
        due(db, "rank leaderboards")
        until(lambda: len(board()) == 4)
        assert board() == [(30, 2, 66.67), (10, 4, 0), (20, 3, 33.33), (100, 1, 100)]
        assert mine(students[1])["as_of"] > first["as_of"]
        assert mine(students[2]) is None
        assert worker.end() == 0
    assert one(db, "select board.refresh_leaderboard(%s)", org) == 0, "what did not change is not written"
    assert read_points(db, students[4]) == 100


def read_points(db: Session, student: UUID) -> Any:
    """Points on the leaderboard."""
    return one(db, "select points from board.leaderboard where student_id = %s", student)
