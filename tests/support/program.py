"""A program with a cohort, and students in it of whom everything that a dashboard shows is there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from tests.support import school

Connection = psycopg.Connection[Any]

NUDGE = "Take the quiz on vectors today"
GAPS = ["Statistics", "Writing", "Algebra"]
HEALTH = 78.4  # 0.7 * 72 + 0.3 * 100 * 14 / 15

# What belongs to the cohort and its course, each with an id that is answered by name.
SHARED = """
with new_program as (
    insert into school.program (org_id, name) values (%(org)s, 'Data') returning id
),
new_track as (
    insert into school.track (org_id, program_id, name, target_readiness)
    select %(org)s, id, 'Analyst', 90 from new_program
    returning id
),
new_cohort as (
    insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status)
    select %(org)s, id, 'Autumn', current_date - 30, current_date + 90, 'active' from new_track
    returning id
),
mentored as (
    insert into school.cohort_mentor (org_id, cohort_id, mentor_id)
    select %(org)s, id, %(mentor)s from new_cohort
    returning 1
),
competent as (
    insert into school.competency (org_id, track_id, name, required_level)
    select %(org)s, t.id, c.name, c.required
    from new_track as t,
        (values ('Statistics', 90), ('Writing', 80), ('Algebra', 70), ('Typing', 10)) as c (name, required)
    returning 1
),
new_mission as (
    insert into school.mission (org_id, track_id, title, est_hours, due_at)
    select %(org)s, id, 'Clean a dataset', 2.5, now() + interval '9 days' from new_track
    returning id
),
new_begun as (
    insert into school.mission (org_id, track_id, title, due_at)
    select %(org)s, id, 'Plot it', now() + interval '5 days' from new_track
    returning id
),
new_session as (
    insert into school.mentor_session (org_id, cohort_id, mentor_id, title, starts_at, ends_at)
    select %(org)s, id, %(mentor)s, 'Office hour', now() - interval '5 minutes', now() + interval '2 hours'
    from new_cohort
    returning id
),
new_milestone as (
    insert into school.milestone (org_id, cohort_id, title, due_at)
    select %(org)s, id, 'Half-way', now() + interval '20 days' from new_cohort
    returning id
)
select t.id, c.id, m.id, b.id, s.id, l.id
from new_track as t, new_cohort as c, new_mission as m, new_begun as b, new_session as s, new_milestone as l,
    (select count(*) from mentored) as x, (select count(*) from competent) as y
"""

OWN = """
with member as (
    insert into school.cohort_member (org_id, cohort_id, student_id) values (%(org)s, %(cohort)s, %(student)s)
    returning 1
),
attempt as (
    insert into school.mission_attempt (org_id, mission_id, student_id, started_at)
    values (%(org)s, %(begun)s, %(student)s, now() - interval '3 days')
    returning 1
),
scored as (
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select %(org)s, %(student)s, now() - interval '1 day' * d, 60 - 1.1 * d
    from generate_series(0, 20, 4) as d
    returning 1
),
assessed as (
    insert into school.competency_score (org_id, competency_id, student_id, level)
    select %(org)s, c.id, %(student)s, 20
    from school.competency as c
    where c.org_id = %(org)s and c.track_id = %(track)s
    returning 1
),
folio as (
    insert into school.portfolio_item (org_id, student_id, title, url, state, quality, reviewed_at)
    select %(org)s, %(student)s, 'Work ' || n, 'https://example.org',
        case when n < 15 then 'approved' else 'submitted' end,
        case when n < 15 then 72 end, case when n < 15 then now() - interval '1 hour' end
    from generate_series(1, 15) as n
    returning 1
),
earned as (
    insert into school.point_award (org_id, student_id, points, reason)
    values (%(org)s, %(student)s, %(points)s, 'quiz')
    returning 1
),
badge as (
    insert into school.badge (org_id, student_id, name) values (%(org)s, %(student)s, 'Early bird')
    returning 1
),
paid as (
    insert into school.subscription (org_id, student_id, tier, ends_at)
    values (%(org)s, %(student)s, %(tier)s, now() + interval '40 days')
    returning 1
),
new_habit as (
    insert into school.habit (org_id, student_id, title) values (%(org)s, %(student)s, 'Read') returning id
),
new_goal as (
    insert into school.goal (org_id, student_id, title) values (%(org)s, %(student)s, 'Finish') returning id
),
new_notification as (
    insert into school.notification (org_id, person_id, title, body, is_urgent)
    values (%(org)s, %(student)s, 'A room has changed', 'It is B 12 now', true)
    returning id
),
new_nudge as (
    insert into school.ai_nudge (org_id, student_id, message) values (%(org)s, %(student)s, %(nudge)s)
    returning id
)
select h.id, g.id, n.id, a.id
from new_habit as h, new_goal as g, new_notification as n, new_nudge as a,
    (select count(*) from attempt, member, scored, assessed, folio, earned, badge, paid) as x
"""


@dataclass(frozen=True)
class Program:
    """Ids of what the students of a cohort share."""

    org: int
    mentor: UUID
    track: UUID
    cohort: UUID
    mission: UUID
    """Offered, and nobody has begun it."""
    begun: UUID
    """A mission that every student of `enter` has begun."""
    session: UUID
    milestone: UUID
    course: UUID
    quiz: UUID
    assignment: UUID


@dataclass(frozen=True)
class Own:
    """Ids of what is one student's alone."""

    student: UUID
    habit: UUID
    goal: UUID
    notification: UUID
    nudge: UUID


def make_program(db: Connection, org: int, *, due_at: datetime | None = None) -> Program:
    """Add a program with a track, a cohort, its mentor, missions, a session that is on, and a course."""
    mentor = school.make_person(db, org, "mentor", name="Mia")
    row = db.execute(SHARED, {"org": org, "mentor": mentor}).fetchone()
    assert row is not None
    course = school.make_course(db, org)
    due_at = due_at or datetime(2100, 1, 1, tzinfo=UTC)
    quiz = school.make_quiz(db, org, course, due_at=due_at)
    assignment = school.make_assignment(db, org, course, due_at=due_at)
    track, cohort, mission, begun, session, milestone = row
    return Program(org, mentor, track, cohort, mission, begun, session, milestone, course, quiz, assignment)


def enter(db: Connection, program: Program, student: UUID, *, tier: str = "premium", points: int = 10) -> Own:
    """Let a student join the cohort and its course, and have a row of every fact: see NUDGE, GAPS, HEALTH."""
    school.enroll(db, program.org, student, program.course)
    row = db.execute(
        OWN,
        {
            "org": program.org,
            "cohort": program.cohort,
            "track": program.track,
            "begun": program.begun,
            "student": student,
            "tier": tier,
            "points": points,
            "nudge": NUDGE,
        },
    ).fetchone()
    assert row is not None
    return Own(student, *row)


def facts(db: Connection) -> dict[str, set[str]]:
    """Every row of every table of facts, by table."""
    tables = db.execute(
        "select relname from pg_class where relnamespace = 'school'::regnamespace and relkind in ('r', 'p') "
        "and not relispartition"
    ).fetchall()
    return {
        table: {row[0] for row in db.execute(f"select to_jsonb(t)::text from school.{table} as t".encode())}
        for (table,) in tables
    }


def changes(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, tuple[int, int]]:
    """How many rows are gone and new, of the tables where some are."""
    return {
        table: (len(rows - after[table]), len(after[table] - rows))
        for table, rows in before.items()
        if rows != after[table]
    }
