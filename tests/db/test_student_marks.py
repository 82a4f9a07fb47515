"""A stored dashboard that differs from one computed now is never taken for fresh.

Column by column, and at random. The columns come from the catalog: a new one fails here until it is seen to
change the document, or has a reason not to.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import dashboards, school
from tests.support.dashboards import COMPARED, add, rich_school
from tests.support.servers import Cluster, Database

Session = psycopg.Connection[Any]

COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, null)
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'school'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname, a.attnum
"""
DIRTY_TABLES = """
select distinct c.relname
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid and not c.relispartition
where c.relnamespace = 'school'::regnamespace and t.tgname ~ '__dirty'
order by c.relname
"""

# What a student sees: per column a change to a row of ann's (see rich_school) that shows in her document.
SHOWN: dict[str, dict[str, tuple[str, str]]] = {
    "organization": {"time_zone": ("time_zone = %(far)s", "true")},
    "person": {"name": ("name = 'maud'", "id = %(mia)s")},
    "enrollment": {
        "student_id": ("student_id = %(cid)s", "student_id = %(ann)s"),
        "course_id": ("course_id = %(other_course)s", "student_id = %(ann)s"),
        "status": ("status = 'dropped'", "student_id = %(ann)s"),
    },
    "assignment": {
        "course_id": ("course_id = %(other_course)s", "title = 'sets'"),
        "title": ("title = 'bags'", "title = 'sets'"),
        "status": ("status = 'draft'", "title = 'sets'"),
        "due_at": ("due_at = due_at + interval '1 minute'", "title = 'sets'"),
    },
    "submission": {
        "assignment_id": (
            "assignment_id = (select a.id from school.assignment as a where a.title = 'sets' limit 1)",
            "student_id = %(ann)s and grade is null",
        ),
        "student_id": ("student_id = %(ben)s", "student_id = %(ann)s and grade is null"),
        "submitted_at": ("submitted_at = null", "student_id = %(ann)s and grade is null"),
        "grade": ("grade = 50, graded_at = now()", "student_id = %(ann)s and grade is null"),
    },
    "quiz": {
        "course_id": ("course_id = %(other_course)s", "title = 'roots'"),
        "title": ("title = 'stems'", "title = 'roots'"),
        "status": ("status = 'closed'", "title = 'roots'"),
        "due_at": ("due_at = null", "title = 'roots'"),
    },
    "quiz_attempt": {
        "quiz_id": (
            "quiz_id = (select q.id from school.quiz as q where q.title = 'roots' limit 1)",
            "student_id = %(ann)s",
        ),
        "student_id": ("student_id = %(ben)s", "student_id = %(ann)s"),
        "completed_at": ("completed_at = null", "student_id = %(ann)s"),
    },
    "interaction": {
        "occurred_at": ("occurred_at = occurred_at - interval '40 days'", "student_id = %(ann)s"),
        "student_id": ("student_id = %(ben)s", "student_id = %(ann)s"),
        "duration_ms": ("duration_ms = null", "student_id = %(ann)s"),
    },
    "track": {"target_readiness": ("target_readiness = 95", "id = %(track)s")},
    "cohort": {
        "track_id": ("track_id = %(other_track)s", "id = %(cohort)s"),
        "name": ("name = 'autumn'", "id = %(cohort)s"),
    },
    "cohort_member": {
        "cohort_id": ("cohort_id = %(other_cohort)s", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "student_id": ("student_id = %(cid)s", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "status": ("status = 'completed'", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "joined_at": ("joined_at = now()", "student_id = %(ann)s and cohort_id = %(late_cohort)s"),
    },
    "cohort_mentor": {
        "cohort_id": ("cohort_id = %(other_cohort)s", "true"),
        "mentor_id": ("mentor_id = %(max)s", "true"),
    },
    "mentor_session": {
        "cohort_id": ("cohort_id = %(other_cohort)s", "title = 'talk'"),
        "student_id": ("student_id = %(ben)s", "title = 'talk'"),
        "title": ("title = 'chat'", "title = 'talk'"),
        "starts_at": ("starts_at = starts_at + interval '1 minute'", "title = 'talk'"),
        "ends_at": ("ends_at = now() - interval '1 minute'", "title = 'live'"),
        "status": ("status = 'cancelled'", "title = 'talk'"),
    },
    "session_attendance": {
        "session_id": ("session_id = %(talk)s", "student_id = %(ann)s"),
        "student_id": ("student_id = %(ben)s", "student_id = %(ann)s"),
    },
    "milestone": {
        "cohort_id": ("cohort_id = %(other_cohort)s", "title = 'pitch'"),
        "title": ("title = 'demo'", "title = 'pitch'"),
        "due_at": ("due_at = due_at + interval '1 minute'", "title = 'pitch'"),
    },
    "calendar_event": {
        "cohort_id": ("cohort_id = %(other_cohort)s", "title = 'fair'"),
        "title": ("title = 'feast'", "title = 'fair'"),
        "starts_at": ("starts_at = starts_at + interval '1 minute'", "title = 'fair'"),
    },
    "competency": {
        "track_id": ("track_id = %(other_track)s", "name = 'Git'"),
        "name": ("name = 'Jazz'", "name = 'Git'"),
        "required_level": ("required_level = 10", "name = 'Git'"),
    },
    "competency_score": {
        "competency_id": (
            "competency_id = (select c.id from school.competency as c where c.name = 'CSS' limit 1)",
            "level = 60",
        ),
        "student_id": ("student_id = %(ben)s", "level = 60"),
        "level": ("level = 99", "level = 40"),
    },
    "readiness_score": {
        "student_id": ("student_id = %(ben)s", "score = 58"),
        "scored_at": ("scored_at = scored_at - interval '100 days'", "score = 58"),
        "score": ("score = 59", "score = 58"),
    },
    "mission": {
        "track_id": ("track_id = %(other_track)s", "title = 'model'"),
        "title": ("title = 'ask'", "title = 'query'"),
        "est_hours": ("est_hours = 4", "title = 'query'"),
        "due_at": ("due_at = null", "title = 'query'"),
        "status": ("status = 'closed'", "title = 'query'"),
    },
    "mission_attempt": {
        "mission_id": ("mission_id = %(page)s", "state = 'started'"),
        "student_id": ("student_id = %(ben)s", "state = 'started'"),
        "state": ("state = 'submitted', submitted_at = now()", "state = 'started'"),
        "reviewed_at": ("reviewed_at = now()", "state = 'approved'"),
        "estimated_completion": ("estimated_completion = now() + interval '2 days'", "state = 'started'"),
    },
    "portfolio_item": {
        "student_id": ("student_id = %(ben)s", "title = 'essay'"),
        "state": ("state = 'in_review'", "title = 'poster'"),
        "quality": ("quality = 81", "title = 'essay'"),
        "reviewed_at": ("reviewed_at = now()", "title = 'essay'"),
    },
    "habit": {
        "student_id": ("student_id = %(ben)s", "title = 'walking'"),
        "title": ("title = 'running'", "title = 'walking'"),
        "is_active": ("is_active = false", "title = 'walking'"),
    },
    "habit_log": {
        "habit_id": (
            "habit_id = (select h.id from school.habit as h where h.title = 'idle' limit 1)",
            "day = (select max(l.day) from school.habit_log as l)",
        ),
        "day": ("day = day - 1", "day = (select min(l.day) from school.habit_log as l)"),
    },
    "goal": {
        "student_id": ("student_id = %(ben)s", "true"),
        "completed_at": ("completed_at = now()", "true"),
    },
    "point_award": {"student_id": ("student_id = %(ben)s", "true"), "points": ("points = 11", "true")},
    "badge": {"student_id": ("student_id = %(ben)s", "true")},
    "notification": {
        "person_id": ("person_id = %(ben)s", "title = 'news'"),
        "title": ("title = 'olds'", "title = 'news'"),
        "body": ("body = null", "title = 'news'"),
        "is_urgent": ("is_urgent = true", "title = 'news'"),
        "created_at": ("created_at = created_at - interval '1 day'", "title = 'news'"),
        "read_at": ("read_at = now()", "title = 'news'"),
    },
    "ai_nudge": {
        "student_id": ("student_id = %(ben)s", "message <> 'Older.'"),
        "message": ("message = 'Read two.'", "message <> 'Older.'"),
        "created_at": ("created_at = created_at - interval '1 day'", "message <> 'Older.'"),
        "expires_at": ("expires_at = now()", "message <> 'Older.'"),
        "dismissed_at": ("dismissed_at = now()", "message <> 'Older.'"),
    },
    "subscription": {
        "student_id": ("student_id = %(ben)s", "true"),
        "tier": ("tier = 'free'", "true"),
        "ends_at": ("ends_at = ends_at + interval '2 days'", "true"),
        "enhanced_until": ("enhanced_until = now() + interval '3 days'", "true"),
    },
}  # fmt: skip

# Reasons why a column is none of the document's. What identifies a row never changes; what is not shown is
# changed, to see that it does not show.
NEVER_CHANGES = "identifies the row, or the organization, for good"
MOVES_ALONG = "follows the habit, assignment or quiz by a foreign key: it cannot change alone"
NOT_SHOWN = "not shown, nor counted"
REASONS: dict[str, set[str]] = {
    MOVES_ALONG: {"submission.course_id", "quiz_attempt.course_id", "habit_log.student_id"},
    NOT_SHOWN: {
        "organization.name",
        *{f"person.{name}" for name in ("email", "is_active")},
        # Who is a student is asked of the token. The row of the cache comes with the role, and stays.
        *{f"person_role.{name}" for name in ("person_id", "role")},
        *{f"guardian.{name}" for name in ("parent_id", "student_id")},
        *{f"tutor_student.{name}" for name in ("tutor_id", "student_id")},
        *{f"course.{name}" for name in ("code", "title", "starts_on", "ends_on")},
        *{f"course_teacher.{name}" for name in ("course_id", "teacher_id")},
        *{f"enrollment.{name}" for name in ("enrolled_on", "ended_on")},
        *{f"assignment.{name}" for name in ("author_id", "description", "weight")},
        *{f"submission.{name}" for name in ("graded_at", "is_banked", "url")},
        "quiz.weight",
        *{f"quiz_attempt.{name}" for name in ("started_at", "score", "is_banked")},
        *{
            f"interaction.{name}"
            for name in ("course_id", "agent_type", "concept", "difficulty", "success", "weight")
        },
        *{f"program.{name}" for name in ("name", "is_active")},
        *{f"track.{name}" for name in ("program_id", "name", "director_id")},
        *{f"cohort.{name}" for name in ("starts_on", "ends_on", "mode", "status")},
        *{f"cohort.seats_{pool}" for pool in ("paid", "scholarship", "sponsored")},
        "cohort_member.seat_pool",
        *{f"mentor_session.{name}" for name in ("mentor_id", "url", "rating")},
        "session_attendance.joined_at",
        "calendar_event.ends_at",
        "competency_score.assessed_at",
        *{f"mission_attempt.{name}" for name in ("started_at", "submitted_at", "review_started_at", "url")},
        *{f"portfolio_item.{name}" for name in ("title", "url", "created_at")},
        *{f"goal.{name}" for name in ("title", "due_on", "created_at")},
        *{f"point_award.{name}" for name in ("reason", "awarded_at")},
        *{f"badge.{name}" for name in ("name", "awarded_at")},
    },
}

# Of what is not shown: another value, where the type alone does not lead to one that the table takes.
OTHER_VALUES = {
    "person.email": "id::text || '@example.org'",
    "person_role.person_id": "%(cid)s",
    "person_role.role": "'director'",
    "guardian.parent_id": "%(tom)s",
    "guardian.student_id": "%(cid)s",
    "tutor_student.tutor_id": "%(tom)s",
    "tutor_student.student_id": "%(cid)s",
    "course_teacher.course_id": "%(course)s",
    "course_teacher.teacher_id": "%(mia)s",
    "enrollment.ended_on": "current_date, status = 'completed'",
    "assignment.author_id": "%(tom)s",
    "interaction.course_id": "%(other_course)s",
    "track.program_id": "%(other_program)s",
    "track.director_id": "%(tom)s",
    "cohort.mode": "'onsite'",
    "cohort.status": "'closed'",
    "calendar_event.ends_at": "starts_at",
    "cohort_member.seat_pool": "'sponsored'",
    "mentor_session.mentor_id": "%(max)s",
    "mentor_session.rating": "3",
    "mission_attempt.submitted_at": "submitted_at - interval '1 second'",
    "mission_attempt.started_at": "started_at - interval '1 day'",
    "mission_attempt.review_started_at": "review_started_at + interval '1 second'",
    "quiz_attempt.started_at": "completed_at",
}
# … and of which rows, where not of all.
OTHER_ROWS = {
    "person_role.person_id": "person_id = %(mia)s",
    "person_role.role": "person_id = %(ann)s",
    "course_teacher.course_id": "teacher_id = %(max)s",
    "course_teacher.teacher_id": "teacher_id = %(max)s",
    "enrollment.ended_on": "student_id = %(ben)s",
    "submission.graded_at": "grade is not null",
    "mission_attempt.submitted_at": "state = 'approved'",
    "mission_attempt.review_started_at": "state = 'approved'",
}
# What tells the rows of tables without an id.
ROW_NAME = {
    "organization": "org_id",
    "enrollment": "student_id::text || course_id",
    "cohort_member": "cohort_id::text || student_id",
    "habit_log": "habit_id::text || day",
    "subscription": "student_id",
}
BY_TYPE = {
    "text": "coalesce({0}, '') || 'x'",
    "boolean": "not coalesce({0}, false)",
    "integer": "coalesce({0}, 0) + 1",
    "numeric": "coalesce({0}, 0) + 1",
    "date": "coalesce({0}, date '2024-01-01') + 1",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 second'",
    "json": "'{{\"another\": 1}}'",
}


def _reason(table: str, column: str) -> str | None:
    name = f"{table}.{column}"
    if column in ("org_id", "id"):
        return NEVER_CHANGES
    if column in ("source", "external_id"):
        return NOT_SHOWN
    return next((reason for reason, columns in REASONS.items() if name in columns), None)


@dataclass
class Look:
    """What a comparison of one student's dashboard found."""

    fresh: bool
    differs: bool
    where: list[str]


@dataclass
class Rich:
    """A rich school (see rich_school): its database, organization, and what in it has a name."""

    database: Database
    org: int
    names: dict[str, Any]


def _look(session: Session, org: int, student: UUID) -> Look:
    rows = session.execute(COMPARED, {"org": org}).fetchall()
    return next(Look(*row[1:]) for row in rows if row[0] == student)


@pytest.fixture
def rich(cluster: Cluster) -> Iterator[Rich]:
    """A rich school in a database of this test alone."""
    with cluster.prepared(rich_school) as (database, (org, names)):
        yield Rich(database, org, dict(names))


def _columns(database: Database) -> list[tuple[str, str, str]]:
    with database.connect() as db:
        return db.execute(COLUMNS).fetchall()


def test_every_column_is_known_and_no_other_is_listed(database: Database) -> None:
    columns = {f"{table}.{column}": _reason(table, column) for table, column, _ in _columns(database)}
    shown = {f"{table}.{column}" for table, changes in SHOWN.items() for column in changes}
    listed = set().union(*REASONS.values())
    assert {name for name, reason in columns.items() if reason is None} == shown
    assert not shown & listed
    assert shown | listed <= set(columns)


def test_every_column_that_shows_marks(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh(db, org)
        assert _look(db, org, names["ann"]) == Look(True, False, [])
        wrong = []
        for table, changes in SHOWN.items():
            for column, (change, where) in changes.items():
                with db.transaction(force_rollback=True):
                    statement = f"update school.{table} set {change} where org_id = {org} and {where}"
                    changed = db.execute(statement.encode(), names).rowcount
                    look = _look(db, org, names["ann"])
                    if (changed, look.fresh) != (1, False) or "document" not in look.where:
                        wrong.append((table, column, changed, look))
        assert wrong == []
        assert _look(db, org, names["ann"]) == Look(True, False, []), "the control: all was taken back"


def test_no_column_that_is_listed_shows(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        # What is listed as not shown is so for rows that do show.
        school.enroll(db, org, names["ben"], names["course"])
        add(db, org, "course_teacher", course_id=names["other_course"], teacher_id=names["max"])
        dashboards.refresh(db, org)
        wrong = []
        for table, column, of_type in _columns(database):
            name = f"{table}.{column}"
            if _reason(table, column) != NOT_SHOWN:
                continue
            if column in ("source", "external_id"):
                change = f"source = 'elsewhere', external_id = {ROW_NAME.get(table, 'id')}::text"
            else:
                change = f"{column} = {OTHER_VALUES.get(name, BY_TYPE.get(of_type, '').format(column))}"
            where = OTHER_ROWS.get(name, "true")
            statement = f"update school.{table} set {change} where org_id = {org} and {where}"
            with db.transaction(force_rollback=True):
                changed = db.execute(statement.encode(), names).rowcount
                look = _look(db, org, names["ann"])
                if changed == 0 or look.differs:
                    wrong.append((name, changed, look))
        assert wrong == []


def _stale_taken_for_fresh(session: Session, org: int) -> list[Any]:
    """Return whose dashboard would be answered although it differs; this must be nobody's at any moment."""
    return [row for row in session.execute(COMPARED, {"org": org}) if row[1] and row[2]]


# What makes a student share a fact, and how to take it back; what changes that fact.
JOINS = {
    "joins the cohort": (
        "insert into school.cohort_member (org_id, cohort_id, student_id) "
        "values (%(org)s, %(cohort)s, %(cid)s)",
        "delete from school.cohort_member where student_id = %(cid)s",
    ),
    "enrolls": (
        "insert into school.enrollment (org_id, course_id, student_id) values (%(org)s, %(course)s, %(cid)s)",
        "delete from school.enrollment where student_id = %(cid)s",
    ),
    "begins the mission": (
        "insert into school.mission_attempt (org_id, mission_id, student_id) "
        "values (%(org)s, %(page)s, %(cid)s)",
        "delete from school.mission_attempt where student_id = %(cid)s",
    ),
    "gets another mentor": (
        "update school.cohort_mentor set mentor_id = %(max)s",
        "update school.cohort_mentor set mentor_id = %(mia)s",
    ),
    "changes track with the cohort": (
        "update school.cohort set track_id = %(other_track)s where id = %(cohort)s",
        "update school.cohort set track_id = %(track)s where id = %(cohort)s",
    ),
}
MEANWHILE = [
    ("joins the cohort", "update school.cohort set name = name || 'x' where id = %(cohort)s"),
    ("joins the cohort", "update school.mentor_session set title = title || 'x' where title ~ 'live'"),
    ("joins the cohort", "update school.competency set name = name || 'x' where name ~ 'Git'"),
    ("joins the cohort", "update school.person set name = name || 'x' where id = %(mia)s"),
    ("enrolls", "update school.assignment set title = title || 'x' where title ~ 'sets'"),
    ("enrolls", "update school.quiz set title = title || 'x' where title ~ 'roots'"),
    ("begins the mission", "update school.mission set title = title || 'x' where id = %(page)s"),
    ("gets another mentor", "update school.person set name = name || 'x' where id = %(max)s"),
    ("changes track with the cohort", "update school.competency set name = name || 'x' where name ~ 'CSS'"),
]


def _orders() -> Iterator[list[str]]:
    """Every order of two transactions, each a change and its commit, and a third that computes and stores."""
    for begin in range(3):
        for end in range(begin, 3):
            for first, second in (("join", "share"), ("share", "join")):
                nested = [f"{first}", f"{second}", f"{second} commits", f"{first} commits"]
                crossed = [f"{first}", f"{second}", f"{first} commits", f"{second} commits"]
                for order in (nested, crossed):
                    # Before the one commits, between them, after both: there it looks, there it commits.
                    steps = list(order)
                    steps.insert(2 + end, "refresh commits")
                    steps.insert(2 + begin, "refresh")
                    yield steps


@pytest.mark.parametrize(("join", "change"), MEANWHILE)
def test_who_comes_to_share_a_fact_while_it_changes(rich: Rich, join: str, change: str) -> None:
    """All three transactions overlap in every order; after each step nothing stale passes for fresh."""
    database, org, names = rich.database, rich.org, rich.names
    coming, going = JOINS[join]
    with database.connect() as db:
        names["org"] = org
        found: Counter[tuple[bool, bool]] = Counter()
        orders = list(_orders())
        for steps in orders if database.version == 18 else orders[::4]:
            db.execute(going.encode(), names)
            dashboards.refresh(db, org)
            with (
                database.connect(autocommit=False) as joining,
                database.connect(autocommit=False) as sharing,
                database.connect(autocommit=False) as refreshing,
            ):
                sessions = {"join": joining, "share": sharing, "refresh": refreshing}
                for step in steps:
                    session = sessions[step.split()[0]]
                    if step.endswith("commits"):
                        session.commit()
                        # The worker tells those of whom it knows, and may know too early.
                        db.execute("select board.spread_shared_marks(%s)", (org,))
                    elif step == "refresh":
                        assert dashboards.refresh(session, org) == 3
                    else:
                        session.execute((coming if step == "join" else change).encode(), names)
                    looks = db.execute(COMPARED, {"org": org}).fetchall()
                    assert [row for row in looks if row[1] and row[2]] == [], (steps, step)
                    found.update((row[1], row[2]) for row in looks)
        assert found[True, False] and found[False, True]


def test_a_transaction_that_refreshes_and_goes_on_changing(rich: Rich) -> None:
    """Its second change has the number of its first, which the refresh saw."""
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db, database.connect(autocommit=False) as session:
        dashboards.refresh(db, org)
        session.execute("update school.cohort set name = 'first' where name = 'fall'")
        # Others commit: the session's number is no longer the highest.
        add(db, org, "badge", student_id=names["ben"], name="moon")
        assert dashboards.refresh(session, org) == 3
        session.execute("update school.cohort set name = 'second' where name = 'first'")
        session.commit()
        assert _look(db, org, names["ann"]).differs
        assert _stale_taken_for_fresh(db, org) == []


# A copy of a row is a new fact, of anybody and anywhere.
COPIED = {
    "student_id": "select r.person_id from school.person_role as r where r.role = 'student'",
    "person_id": "select r.person_id from school.person_role as r where r.role = 'student'",
    "mentor_id": "select r.person_id from school.person_role as r where r.role = 'mentor'",
    **{
        f"{table}_id": f"select t.id from school.{table} as t"
        for table in ("track", "cohort", "course", "competency", "mission")
    },
    "session_id": "select t.id from school.mentor_session as t",
    "scored_at": "select now() - n * interval '36 hours' from generate_series(0, 30) as n",
    "day": "select current_date - n from generate_series(0, 3) as n",
}
# … but for what belongs to one thing.
KEPT = {"submission": {"course_id"}, "quiz_attempt": {"course_id"}, "habit_log": {"student_id"}}
PICK = "order by md5(%(dice)s || {0}::text) limit 1"


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    """What fails is taken back; what was done before stays open, and so does what succeeds."""
    session.execute("select 1")  # outside of a transaction psycopg would begin one here, and commit it
    with session.transaction():
        yield


def _random_change(session: Session, dice: random.Random, table: str, columns: list[str], names: Any) -> int:
    """Insert, update or delete one row of a table; return how many rows that were."""
    values = {**names, "dice": str(dice.random())}
    some = f"(t.ctid, t.tableoid) = (select p.ctid, p.tableoid from school.{table} as p {PICK.format('p')})"
    act = dice.choices(["insert", "update", "delete"], [4, 5, 1])[0]
    if table in ("organization", "person") or act == "update":
        change = dice.choice(list(SHOWN[table].values()))[0]
        # The column's own value may be that already: then it is a touch, which may mark but must not matter.
        statement = f"update school.{table} as t set {change} where {some}"
    elif act == "delete":
        statement = f"delete from school.{table} as t where {some}"
    else:
        kept = KEPT.get(table, set())
        new = {name: COPIED[name] for name in columns if name in COPIED and name not in kept}
        if table in ("submission", "quiz_attempt"):
            new["student_id"] = COPIED["student_id"]
        copied = ", ".join(
            "gen_random_uuid()" if name == "id"
            else f"(select p.x from ({new[name]}) as p (x) {PICK.format('p.x')})" if name in new
            else f"t.{name}"
            for name in columns
        )  # fmt: skip
        statement = (
            f"insert into school.{table} ({', '.join(columns)}) select {copied} from school.{table} as t "
            f"where {some} on conflict do nothing"
        )
    with _savepoint(session):
        return session.execute(statement.encode(), values).rowcount


REFUSED = (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable)


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(rich: Rich, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(seed)
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh(db, org)
        tables = {
            table: [
                name for of, name, _ in _columns(database)
                # An identity numbers itself.
                if of == table and (table, name) != ("interaction", "id")
            ]
            for (table,) in db.execute(DIRTY_TABLES).fetchall()
        }  # fmt: skip
        deck: list[str] = []
        at_hand: dict[Session, str] = {}
        changes: Counter[str] = Counter()
        found: Counter[tuple[bool, bool]] = Counter()
        options = "-c lock_timeout=20ms"
        with (
            database.connect(autocommit=False, options=options) as one,
            database.connect(autocommit=False, options=options) as two,
            database.connect(options=options) as worker,
        ):
            while changes.total() < (300 if database.version == 18 else 100):
                session = dice.choice([one, two])
                step = dice.choices(
                    ["change", "commit", "rollback", "refresh", "drain", "refresh mid-way"],
                    [35, 25, 2, 15, 15, 8],
                )[0]
                try:
                    if step == "change":
                        # Mostly of one kind: nothing else in the transaction marks what its trigger forgets.
                        if not deck:
                            deck = dice.sample(list(tables), len(tables))
                        idle = session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                        if idle or dice.random() < 0.2:
                            at_hand[session] = deck.pop()
                        table = at_hand[session]
                        changes[table] += _random_change(session, dice, table, tables[table], names)
                    elif step == "commit":
                        if dice.random() < 0.7:
                            # So that nothing but this transaction makes a difference.
                            dashboards.refresh(worker, org)
                        session.commit()
                    elif step == "rollback":
                        session.rollback()
                    elif step == "refresh":
                        dashboards.refresh(worker, org)
                    elif step == "drain":
                        worker.execute("select board.drain_students(%s)", (org,))
                    else:
                        with _savepoint(session):
                            dashboards.refresh(session, org)
                except REFUSED:
                    continue
                if step in ("change", "rollback"):
                    continue  # nobody else sees it
                looks = db.execute(COMPARED, {"org": org}).fetchall()
                assert [row for row in looks if row[1] and row[2]] == [], (seed, step, changes)
                found.update((row[1], row[2]) for row in looks)
        assert found[True, False] > 20 and found[False, True] > 20
        assert len(changes) > 20
