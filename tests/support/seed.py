"""Synthetic schools of one day, and all facts of a database as one value, to compare them."""

from datetime import date
from typing import Any

from db.seed import seed_schools
from tests.support.servers import Database

TODAY = date(2026, 1, 15)
STUDENTS = 200

# What was made, without what differs by nature: who had which org_id, identities, the time of the run.
DIGEST = """
select md5(string_agg(md5(r::text), '' order by md5(r::text))) from (
    select to_jsonb(t) - 'org_id' from school.organization as t
    union all select to_jsonb(t) - 'org_id' from school.person as t
    union all select to_jsonb(t) - 'org_id' from school.person_role as t
    union all select to_jsonb(t) - 'org_id' from school.guardian as t
    union all select to_jsonb(t) - 'org_id' from school.tutor_student as t
    union all select to_jsonb(t) - 'org_id' from school.course as t
    union all select to_jsonb(t) - 'org_id' from school.course_teacher as t
    union all select to_jsonb(t) - 'org_id' from school.enrollment as t
    union all select to_jsonb(t) - 'org_id' from school.assignment as t
    union all select to_jsonb(t) - 'org_id' from school.submission as t
    union all select to_jsonb(t) - 'org_id' from school.quiz as t
    union all select to_jsonb(t) - 'org_id' from school.quiz_attempt as t
    union all select to_jsonb(t) - 'org_id' - 'id' from school.interaction as t
    union all select to_jsonb(t) - 'org_id' from school.program as t
    union all select to_jsonb(t) - 'org_id' from school.track as t
    union all select to_jsonb(t) - 'org_id' from school.cohort as t
    union all select to_jsonb(t) - 'org_id' from school.cohort_member as t
    union all select to_jsonb(t) - 'org_id' from school.cohort_mentor as t
    union all select to_jsonb(t) - 'org_id' from school.mentor_session as t
    union all select to_jsonb(t) - 'org_id' from school.session_attendance as t
    union all select to_jsonb(t) - 'org_id' from school.milestone as t
    union all select to_jsonb(t) - 'org_id' from school.calendar_event as t
    union all select to_jsonb(t) - 'org_id' from school.competency as t
    union all select to_jsonb(t) - 'org_id' from school.competency_score as t
    union all select to_jsonb(t) - 'org_id' from school.readiness_score as t
    union all select to_jsonb(t) - 'org_id' from school.mission as t
    union all select to_jsonb(t) - 'org_id' from school.mission_attempt as t
    union all select to_jsonb(t) - 'org_id' from school.portfolio_item as t
    union all select to_jsonb(t) - 'org_id' from school.habit as t
    union all select to_jsonb(t) - 'org_id' from school.habit_log as t
    union all select to_jsonb(t) - 'org_id' from school.goal as t
    union all select to_jsonb(t) - 'org_id' from school.point_award as t
    union all select to_jsonb(t) - 'org_id' from school.badge as t
    union all select to_jsonb(t) - 'org_id' from school.notification as t
    union all select to_jsonb(t) - 'org_id' from school.ai_nudge as t
    union all select to_jsonb(t) - 'org_id' from school.subscription as t
    union all select to_jsonb(t) - 'org_id' from school.payment as t
    union all select to_jsonb(t) - 'org_id' from school.refund as t
) as r
"""


def digest(database: Database) -> str:
    """Return the same for the same facts."""
    with database.connect() as db:
        db.execute("set time zone 'UTC'")
        row = db.execute(DIGEST).fetchone()
    assert row is not None
    return str(row[0])


def seed(database: Database, students: int = STUDENTS, **options: Any) -> int:
    """Make the school Test, and return how many students this made."""
    (school,) = seed_schools(database.url(), ["Test"], students, **{"today": TODAY, **options})
    assert school.students == students
    return school.made


def value(database: Database, query: str) -> Any:
    """The one value that a query answers."""
    with database.connect() as db:
        db.execute("set time zone 'UTC'")
        row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
