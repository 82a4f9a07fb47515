"""Dashboards that change: no read is stale; workers that are killed, share the work, and go on."""

import json
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.listener.support import until, working
from tests.support import school
from tests.support.program import enter, make_program
from tests.support.servers import Database

Session = psycopg.Connection[Any]

STEPS = {18: 1000, 15: 200}
KILLS = {18: 20, 15: 4}
QUEUED = 5000
WAITING = "select count(*) from board.dashboard_update_queue where processed_at is null and dead_at is null"
# Documents that are kept and are not what they would be now; each student once.
WRONG = """
select c.student_id
from board.student_dashboard_cache as c
join lateral board.student_documents(c.org_id, array[c.student_id]) as d on true
where c.document::jsonb is distinct from d.document::jsonb
"""


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A superuser's session."""
    with database.connect() as session:
        yield session


def one(db: Session, query: str, *parameters: Any) -> Any:
    """The one value that a query answers."""
    row = db.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def students_of(db: Session, org: int) -> list[UUID]:
    """All students of an organization."""
    rows = db.execute(
        "select student_id from board.student_dashboard_cache where org_id = %s order by 1", (org,)
    )
    return [row[0] for row in rows]


def read(api: Session, org: int, student: UUID) -> dict[str, Any]:
    """A student's dashboard by the API's login, less what is not the document's."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    document: dict[str, Any] = json.loads(one(api, "select api.student_dashboard(%s, true, true)", claims))
    return {key: value for key, value in document.items() if key not in ("leaderboard", "last_updated")}


def computed(db: Session, org: int, student: UUID) -> dict[str, Any]:
    """What it would be now."""
    document: dict[str, Any] = one(db, "select document from board.student_documents(%s, %s)", org, [student])
    return document


def take(api: Session, org: int, student: UUID, action: dict[str, Any]) -> None:
    """A student's action by the API's login."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    api.execute("select api.student_action(%s, %s, null)", (claims, json.dumps(action, default=str)))


# --- Read your write

# What a student may name: an action, the field and its ids.
NAMED = {
    "mission_started": (
        "mission_id",
        "select m.id from school.mission as m join school.cohort as c using (org_id, track_id) "
        "join school.cohort_member as b on b.org_id = c.org_id and b.cohort_id = c.id and b.status = "
        "'active' "
        "where b.student_id = %s and m.status = 'published'",
    ),
    "mission_submitted": (
        "mission_id",
        "select mission_id from school.mission_attempt where student_id = %s and state in ('started', "
        "'rejected')",
    ),
    "habit_logged": ("habit_id", "select id from school.habit where student_id = %s"),
    "goal_completed": ("goal_id", "select id from school.goal where student_id = %s"),
    "notification_read": ("notification_id", "select id from school.notification where person_id = %s"),
    "nudge_dismissed": ("nudge_id", "select id from school.ai_nudge where student_id = %s"),
    "session_joined": (
        "session_id",
        "select s.id from school.mentor_session as s join school.cohort_member as b using (org_id, "
        "cohort_id) "
        "where b.student_id = %s and b.status = 'active' and s.status = 'scheduled' and s.student_id is null "
        "and s.ends_at > now()",
    ),
    "quiz_started": (
        "quiz_id",
        "select q.id from school.quiz as q join school.enrollment as e using (org_id, course_id) "
        "where e.student_id = %s and e.status = 'active' and q.status = 'published'",
    ),
    "assignment_submitted": (
        "assignment_id",
        "select a.id from school.assignment as a join school.enrollment as e using (org_id, course_id) "
        "where e.student_id = %s and e.status = 'active' and a.status = 'published' and not exists ("
        "select from school.submission as s where s.org_id = e.org_id and s.assignment_id = a.id "
        "and s.student_id = e.student_id and s.grade is not null)",
    ),
}


def _mine(table: str) -> str:
    return (
        f"(select id from school.{table} where student_id = %(student)s "
        "order by md5(id::text || %(dice)s) limit 1)"
    )


COHORT = (
    "(select cohort_id from school.cohort_member where student_id = %(student)s "
    "order by md5(cohort_id::text || %(dice)s) limit 1)"
)
COURSE = (
    "(select course_id from school.enrollment where student_id = %(student)s "
    "order by md5(course_id::text || %(dice)s) limit 1)"
)
SOON = "now() + interval '1 hour' * (mod(%(number)s, 100) - 20)"
# Changes of every source, of a student's rows and of what many share.
CHANGES = [
    f"update school.submission set grade = 50, graded_at = now() where id = {_mine('submission')}",
    f"update school.submission set grade = null, graded_at = null where id = {_mine('submission')}",
    f"delete from school.submission where id = {_mine('submission')}",
    f"delete from school.quiz_attempt where id = {_mine('quiz_attempt')}",
    f"update school.quiz_attempt set completed_at = now(), score = 5 where id = {_mine('quiz_attempt')}",
    f"update school.enrollment set status = 'dropped' where student_id = %(student)s and course_id = "
    f"{COURSE}",
    f"update school.enrollment set status = 'active' where student_id = %(student)s and course_id = {COURSE}",
    "insert into school.readiness_score (org_id, student_id, scored_at, score) "
    "values (%(org)s, %(student)s, clock_timestamp(), mod(%(number)s, 100))",
    f"delete from school.readiness_score where id = {_mine('readiness_score')}",
    f"update school.competency_score set level = mod(%(number)s, 100) where id = {_mine('competency_score')}",
    f"update school.mission_attempt set state = 'rejected', submitted_at = coalesce(submitted_at, now()), "
    f"reviewed_at = now(), review_started_at = null where id = {_mine('mission_attempt')}",
    f"delete from school.mission_attempt where id = {_mine('mission_attempt')}",
    f"update school.portfolio_item set state = 'approved', quality = mod(%(number)s, 100), "
    f"reviewed_at = now() "
    f"where id = {_mine('portfolio_item')}",
    f"update school.habit set is_active = not is_active where id = {_mine('habit')}",
    "delete from school.habit_log where student_id = %(student)s and day = current_date",
    f"update school.goal set completed_at = null where id = {_mine('goal')}",
    "insert into school.point_award (org_id, student_id, points, reason) "
    "values (%(org)s, %(student)s, mod(%(number)s, 50), 'luck')",
    "insert into school.badge (org_id, student_id, name) values (%(org)s, %(student)s, 'Lucky')",
    f"delete from school.badge where id = {_mine('badge')}",
    "insert into school.notification (org_id, person_id, title, is_urgent) "
    "values (%(org)s, %(student)s, 'N' || %(number)s, mod(%(number)s, 2) = 0)",
    "insert into school.ai_nudge (org_id, student_id, message) values (%(org)s, %(student)s, 'N' || "
    "%(number)s)",
    "insert into school.subscription (org_id, student_id, tier) values (%(org)s, %(student)s, 'premium') "
    "on conflict (org_id, student_id) do update set tier = 'premium', ends_at = null",
    "update school.subscription set tier = 'free' where student_id = %(student)s",
    "insert into school.interaction (org_id, occurred_at, student_id, agent_type, duration_ms) "
    "values (%(org)s, now(), %(student)s, 'tutor', 3600000)",
    f"update school.cohort_member set status = 'withdrawn' where student_id = %(student)s and "
    f"cohort_id = {COHORT}",
    f"update school.cohort_member set status = 'active' where student_id = %(student)s and cohort_id "
    f"= {COHORT}",
    f"update school.assignment set due_at = {SOON} where course_id = {COURSE}",
    f"update school.quiz set due_at = {SOON}, title = 'Q' || %(number)s where course_id = {COURSE}",
    f"insert into school.assignment (org_id, course_id, title, due_at) "
    f"select %(org)s, course, 'A' || %(number)s, {SOON} from {COURSE} as c (course)",
    f"update school.cohort set name = 'C' || %(number)s where id = {COHORT}",
    f"update school.mentor_session set starts_at = {SOON}, ends_at = {SOON} + interval '1 hour', "
    f"status = 'scheduled' where cohort_id = {COHORT}",
    f"update school.milestone set title = 'M' || %(number)s, due_at = {SOON} where cohort_id = {COHORT}",
    f"insert into school.calendar_event (org_id, cohort_id, title, starts_at) "
    f"select %(org)s, cohort, 'E' || %(number)s, {SOON} from {COHORT} as c (cohort)",
    "insert into school.calendar_event (org_id, title, starts_at) "
    f"values (%(org)s, 'E' || %(number)s, {SOON})",
    f"delete from school.cohort_mentor where cohort_id = {COHORT}",
    f"insert into school.cohort_mentor (org_id, cohort_id, mentor_id) select %(org)s, cohort, person_id "
    f"from {COHORT} as c (cohort), school.person_role where org_id = %(org)s and role = 'mentor' "
    f"order by md5(person_id::text || %(dice)s) limit 1 on conflict do nothing",
    "update school.person set name = 'P' || %(number)s where id in (select mentor_id from "
    "school.cohort_mentor)",
    "update school.track set target_readiness = 50 + mod(%(number)s, 50)",
    "update school.competency set required_level = mod(%(number)s, 100), name = 'K' || %(number)s "
    "where get_byte(uuid_send(id), 0) < 128",
    f"update school.mission set due_at = {SOON}, title = 'T' || %(number)s where "
    f"get_byte(uuid_send(id), 0) < 128",
    "update school.mission set status = case status when 'closed' then 'published' else 'closed' end "
    "where get_byte(uuid_send(id), 0) < 64",
    "update school.organization set time_zone = (array['UTC', 'Asia/Tokyo', 'America/Lima'])[1 + "
    "mod(%(number)s, 3)]",
    "update ops.tier_mask set shows_upgrade = not shows_upgrade where path = 'readiness.gaps'",
]


def something_happens(writer: Session, api: Session, org: int, student: UUID, dice: random.Random) -> str:
    """A random action of the student, or a random change of what the student's dashboard shows; which."""
    if dice.random() < 0.5:
        name = dice.choice([*NAMED, "goal_created", "portfolio_item_added"])
        action: dict[str, Any] = {"action": name}
        if name in NAMED:
            field, query = NAMED[name]
            ids = sorted(row[0] for row in writer.execute(query.encode(), (student,)))
            if not ids:
                return ""
            action[field] = dice.choice(ids)
        else:
            action |= {"title": f"G {dice.random()}", "url": "https://example.org"}
        take(api, org, student, action)
        return name
    change = dice.choice(CHANGES)
    values = {"org": org, "student": student, "dice": str(dice.random()), "number": dice.randrange(1000)}
    return change if writer.execute(change.encode(), values).rowcount else ""


@pytest.mark.long
def test_no_read_is_stale(database: Database, db: Session) -> None:
    """Half of the steps while another session is refreshing everybody and does not end: no read waits."""
    dice = random.Random(7)
    org = one(db, "select ops.seed_school('Synthetic', 30, current_date)")
    students = students_of(db, org)
    happened: set[str] = set()
    stale: list[tuple[str, UUID]] = []
    steps = 0
    with (
        database.connect("homeroom_api", options="-c lock_timeout=10s") as acting,
        database.connect("homeroom_api", options="-c lock_timeout=10s") as reading,
        database.connect(options="-c lock_timeout=10s") as writing,
        database.connect(autocommit=False) as batch,
    ):
        while steps < STEPS[database.version]:
            if steps % 50 == 0:
                (batch.rollback if dice.random() < 0.3 else batch.commit)()
            if steps % 100 == 50:
                assert one(batch, "select board.refresh_students(%s, %s)", org, students) == len(students)
            student = dice.choice(students)
            what = something_happens(writing, acting, org, student, dice)
            if not what:
                continue
            happened.add(what)
            steps += 1
            for reader in {student, dice.choice(students if steps % 5 == 0 else [student])}:
                before = computed(db, org, reader)
                answer = read(reading, org, reader)
                if answer != before and answer != computed(db, org, reader):  # unless a minute went by
                    stale.append((what, reader))
    assert stale == []
    if steps == max(STEPS.values()):
        assert len(happened) == len(NAMED) + 2 + len(CHANGES), "each kind at least once"


@pytest.mark.parametrize(
    "change",
    [
        "insert into school.goal (org_id, student_id, title) values (%(org)s, %(student)s, 'Late')",
        "update school.cohort set name = 'Winter' where id = %(cohort)s",
        "update school.track set target_readiness = 61 where id = %(track)s",
        "insert into school.calendar_event (org_id, title, starts_at) values (%(org)s, 'Fair', now() "
        "+ interval '1 s')",
        "update ops.tier_mask set tier = 'premium' where path = 'readiness.gaps'",
        "update school.person set name = 'Moira' where id = %(mentor)s",
    ],
)
def test_what_is_committed_late_is_not_overlooked(database: Database, db: Session, change: str) -> None:
    """A change that began before a document was computed, and ended after others had."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    values = {"org": org, "student": student} | vars(program)
    with database.connect(autocommit=False) as late, database.connect("homeroom_api") as api:
        late.execute(change.encode(), values)  # has its transaction's number before all that follows
        enter(db, program, student)
        first = read(api, org, student)
        for _ in range(3):
            db.execute(
                "insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student)
            )
            assert read(api, org, student) == computed(db, org, student)
        assert one(db, "select count(*) from board.student_dashboard_cache as c where board.is_fresh(c)") == 1
        late.commit()
        assert read(api, org, student) == computed(db, org, student)
        assert first["quick_stats"]["badges"] == 1


def test_a_transaction_that_refreshes_and_then_changes_is_not_overlooked(
    database: Database, db: Session
) -> None:
    """Its number is in what the document saw already: only the order within the transaction tells."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    enter(db, program, student)
    with database.connect(autocommit=False) as both, database.connect("homeroom_api") as api:
        both.execute("update school.cohort set mode = 'onsite' where id = %s", (program.cohort,))
        # Later transactions that end earlier.
        for _ in range(3):
            school.make_person(db, org)
        both.execute("select board.refresh_student_dashboard(%s, %s)", (org, student))
        both.execute("update school.cohort set name = 'Winter' where id = %s", (program.cohort,))
        both.commit()
        assert read(api, org, student)["cards"]["cohort"]["name"] == "Winter"


def test_a_read_stores_nothing_that_a_batch_is_about_to_store(database: Database, db: Session) -> None:
    """It computes and answers; what is stored in the end is never older than the last change."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    with database.connect(autocommit=False) as batch, database.connect("homeroom_api") as api:
        batch.execute("select board.refresh_students(%s, %s)", (org, [student]))
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
        assert read(api, org, student)["quick_stats"]["badges"] == 1
        assert one(db, "select document from board.student_dashboard_cache") is None
        batch.commit()
        kept = "select badges, board.is_fresh(c) from board.student_dashboard_cache as c"
        assert db.execute(kept).fetchall() == [(0, False)]
        assert read(api, org, student)["quick_stats"]["badges"] == 1
        assert db.execute(kept).fetchall() == [(1, True)]


# --- Workers


def crowd(db: Session, org: int, number: int) -> None:
    """So many students, each with a badge, all in the queue."""
    db.execute(
        "with people as (insert into school.person (org_id, name) "
        "select %s, 'Student ' || n from generate_series(1, %s) as n returning org_id, id) "
        "insert into school.person_role (org_id, person_id, role) select org_id, id, 'student' from people",
        (org, number),
    )
    award(db, org)
    db.execute("analyze")


def award(db: Session, org: int) -> None:
    """One more badge for each student of an organization, which puts them into the queue."""
    db.execute(
        "insert into school.badge (org_id, student_id, name) "
        "select org_id, student_id, 'B' from board.student_dashboard_cache where org_id = %s",
        (org,),
    )


def watch(db: Session, pause: float = 0) -> None:
    """Keep who refreshed whom in public.refreshed; each batch takes at least `pause` seconds."""
    db.execute(
        "create table public.refreshed (student_id uuid, pid integer default pg_backend_pid(), "
        "n bigint generated always as identity);"
        "create function public.watch() returns trigger language plpgsql security definer as $$ begin "
        "insert into public.refreshed (student_id) select student_id from new_rows; "
        f"perform pg_sleep({pause}); return null; end $$;"
        "create trigger watch after update on board.student_dashboard_cache "
        "referencing new table as new_rows for each statement execute function public.watch()".encode()
    )


@pytest.mark.long
def test_killed_again_and_again_it_loses_nobody(database: Database, db: Session, log: Path) -> None:
    dice = random.Random(11)
    org = school.make_org(db)
    crowd(db, org, QUEUED)
    watch(db, pause=0.3)  # so that nobody is through with all of them before the kill
    waiting = "select count(distinct subject_id) from board.dashboard_update_queue where processed_at is null"
    at_work = (
        "select 1 from pg_stat_activity "
        "where application_name = 'homeroom worker' and datname = %s and backend_start > %s"
    )
    for _ in range(KILLS[database.version]):
        if one(db, waiting) < QUEUED:
            db.execute("select board.mark_students(%s)", (org,))
        began = one(db, "select clock_timestamp()")
        with working(database, log) as worker:
            until(lambda began=began: one(db, at_work, database.name, began))  # type: ignore[misc]
            time.sleep(dice.random() / 2)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        assert one(db, waiting) > 0
    award(db, org)
    with working(database, log) as worker:
        until(lambda: one(db, WAITING) == 0)
        assert worker.end() == 0
    assert db.execute("select distinct badges from board.student_dashboard_cache").fetchall() == [(2,)]
    assert one(db, "select count(*) from board.student_dashboard_cache where document is not null") == QUEUED
    assert db.execute(WRONG).fetchall() == []
    untidy = "select count(*) from board.dashboard_update_queue where dead_at is not null or attempts > 0"
    assert one(db, untidy) == 0


def test_two_workers_share_the_work(database: Database, db: Session, log: Path) -> None:
    org, other_org = school.make_org(db), school.make_org(db)
    with working(database, log) as one_worker, working(database, log) as two:
        until(lambda: len(one_worker.lines("working")) == 2)
        watch(db, pause=0.4)
        with db.transaction():
            crowd(db, org, 2000)
            crowd(db, other_org, 700)
        until(lambda: one(db, WAITING) == 0)
        assert (one_worker.end(), two.end()) == (0, 0)
    by_whom = db.execute("select pid, count(*) from public.refreshed group by pid").fetchall()
    assert len(by_whom) == 2
    assert sum(number for _, number in by_whom) == 2700
    assert one(db, "select count(distinct student_id) from public.refreshed") == 2700, "nobody twice"
    assert db.execute(WRONG).fetchall() == []


def test_the_most_urgent_are_first_and_then_the_oldest(db: Session) -> None:
    org = school.make_org(db)
    students = [school.make_person(db, org, "student") for _ in range(6)]
    watch(db)
    for student, priority in zip(students, ("low", "normal", "low", "high", "urgent", "normal"), strict=True):
        db.execute(
            "insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason) "
            "values (%s, 'student', %s, %s, 'test')",
            (org, student, priority),
        )
    while one(db, "select board.drain_queue(1)"):
        pass
    order = db.execute("select student_id from public.refreshed order by n").fetchall()
    assert [students.index(row[0]) for row in order] == [4, 3, 1, 5, 0, 2]


def test_many_marks_of_a_student_are_one_refresh(db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    watch(db)
    for _ in range(20):
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
    assert one(db, "select board.drain_queue()") == 1
    assert one(db, "select count(*) from public.refreshed") == 1
    assert one(db, WAITING) == 0


# --- A student who cannot be computed


def poison(db: Session, student: UUID) -> None:
    """Let the document of one student not be stored."""
    db.execute(
        f"alter table board.student_dashboard_cache "
        f"add constraint poisoned check (student_id <> '{student}' or document is null)".encode()
    )


def test_one_who_cannot_be_computed_holds_nobody_up_and_ends_as_a_dead_letter(
    database: Database, db: Session, log: Path
) -> None:
    org = school.make_org(db)
    crowd(db, org, 600)
    bad = students_of(db, org)[300]
    poison(db, bad)
    hurry = "update board.dashboard_update_queue set not_before = null where not_before is not null"
    dead = (
        "select subject_id, attempts, split_part(last_error, ':', 1), last_error like '%poisoned%' "
        "from board.dashboard_update_queue where dead_at is not null"
    )
    with working(database, log) as worker:

        def everybody_else() -> bool:
            return bool(one(db, f"{WAITING} and subject_id <> %s", bad) == 0)

        until(everybody_else)
        assert one(db, "select count(*) from board.student_dashboard_cache where document is null") == 1
        while not db.execute(dead).fetchall():
            db.execute(hurry)
            award(db, org) if everybody_else() else time.sleep(0.05)
        until(everybody_else)
        rows = db.execute(dead).fetchall()
        assert {(student, state, poisoned) for student, _, state, poisoned in rows} == {(bad, "23514", True)}
        assert min(attempts for _, attempts, _, _ in rows) >= 5
        # The worker lives, and others' changes go on.
        award(db, org)
        until(everybody_else)
        assert worker.lines("waiting for the database") == []
        assert worker.end() == 0
    assert db.execute(WRONG).fetchall() == [(bad,)]


def test_between_attempts_it_waits_twice_as_long_and_then_gives_up(db: Session) -> None:
    org = school.make_org(db)
    bad, good = school.make_person(db, org, "student"), school.make_person(db, org, "student")
    poison(db, bad)
    db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, bad))
    state = "select attempts, not_before, dead_at is not null from board.dashboard_update_queue"
    for attempt, seconds in enumerate((1, 2, 4, 8, 16), 1):
        before = one(db, "select clock_timestamp()")
        assert one(db, "select board.drain_queue()") == 1
        attempts, not_before, is_dead = db.execute(state).fetchall()[0]
        after = one(db, "select clock_timestamp()")
        assert attempts == attempt
        assert before <= not_before - timedelta(seconds=seconds) <= after
        assert is_dead == (attempt == 5)
        assert one(db, "select board.drain_queue()") == 0, "not before its time"
        db.execute("update board.dashboard_update_queue set not_before = clock_timestamp()")
    assert one(db, "select board.drain_queue()") == 0, "never again"
    # A new change is a new beginning.
    for student in (bad, good):
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
    assert one(db, "select board.drain_queue()") == 2
    assert db.execute(
        "select document is null, badges from board.student_dashboard_cache order by 2"
    ).fetchall() == [
        (False, 1),
        (True, None),
    ]


def test_a_read_brings_a_dead_letter_back_to_life(database: Database, db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    db.execute(
        "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason, attempts, "
        "last_error, dead_at) "
        "values (%s, 'student', %s, 'test', 5, 'XX000: it was so', now())",
        (org, student),
    )
    assert one(db, "select board.drain_queue()") == 0
    with database.connect("homeroom_api") as api:
        assert read(api, org, student) == computed(db, org, student)
    assert one(db, "select count(*) from board.dashboard_update_queue where processed_at is null") == 0
    assert one(db, "select board.is_fresh(c) from board.student_dashboard_cache as c")


def test_marks_of_people_who_are_no_students_do_not_stay(db: Session) -> None:
    org = school.make_org(db)
    mentor = school.make_person(db, org, "mentor")
    db.execute(
        "insert into school.notification (org_id, person_id, title) values (%s, %s, 'Hi')", (org, mentor)
    )
    db.execute(
        "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason) "
        "values (%s, 'student', %s, 'gone')",
        (org, uuid4()),
    )
    assert one(db, "select board.drain_queue()") == 0
    assert one(db, WAITING) == 0


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
        "order by 1, 2"
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
            return json.loads(one(api, "select api.student_dashboard(%s, true, true)", claims))["leaderboard"]

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
