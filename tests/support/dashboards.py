"""Students' dashboards: facts for them, what is stored of them, what would be computed now."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tests.support import school
from tests.support.servers import Database

Connection = psycopg.Connection[Any]

# Each stored dashboard beside the one that would be computed now. When and in what snapshot that was done
# is no part of the comparison; scopes are a set.
COMPARED = """
with compared as (
    select
        c.student_id,
        coalesce(board.is_fresh(c), false) as fresh,
        to_jsonb(c) - '{version,updated_at,fresh_until,seen_at,computed_in,scopes}'::text[] as stored,
        to_jsonb(d) - '{version,updated_at,fresh_until,seen_at,computed_in,scopes}'::text[] as computed,
        array(select distinct s from unnest(c.scopes) as s order by s) as stored_scopes,
        array(select distinct s from unnest(d.scopes) as s order by s) as computed_scopes
    from board.student_dashboard_cache as c
    join board.student_documents(
        %(org)s, array(select t.student_id from board.student_dashboard_cache as t where t.org_id = %(org)s)
    ) as d on d.student_id = c.student_id
    where c.org_id = %(org)s
)
select
    student_id, fresh, (stored, stored_scopes) is distinct from (computed, computed_scopes) as differs,
    array(
        select k from jsonb_object_keys(computed) as k
        where stored -> k is distinct from computed -> k order by k
    ) as where_it_differs
from compared
"""

# The same of teachers, tutors and parents.
OTHERS_COMPARED = """
select
    c.role, c.person_id, coalesce(board.is_current(c), false) as current,
    (c.document::jsonb, array(select distinct s from unnest(c.scopes) as s order by s))
        is distinct from (d.document::jsonb, array(select distinct s from unnest(d.scopes) as s order by s))
        as differs
from unnest(array['teacher', 'tutor', 'parent']) as r (role)
cross join lateral board.dashboard_documents(%(org)s, r.role, array(
    select t.person_id from board.dashboard_cache as t where t.org_id = %(org)s and t.role = r.role
)) as d
join board.dashboard_cache as c on c.org_id = %(org)s and c.role = r.role and c.person_id = d.person_id
"""


def noon_zone(*, half_a_day_away: bool = False) -> str:
    """Return a time zone in which it is noon or past by minutes: no midnight comes in the way of a test.

    half_a_day_away: one in which it is another day than there.
    """
    ahead = 12 - datetime.now(UTC).hour
    if half_a_day_away:
        ahead += 14 if ahead <= 0 else -13
    # The sign is POSIX's: west of Greenwich is positive.
    return f"Etc/GMT{-ahead:+d}"


def add(db: Connection, org: int, table: str, **row: Any) -> Any:
    """Insert a fact of any table of school, and return its id; None where a table has none."""
    has_id = db.execute(
        "select from pg_attribute where attrelid = %s::regclass and attname = 'id' and not attisdropped",
        (f"school.{table}",),
    ).rowcount
    row = {"org_id": org, **row}
    query = sql.SQL("insert into school.{} ({}) values ({}) returning {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
        sql.Identifier("id") if has_id else sql.NULL,
    )
    inserted = db.execute(query, row).fetchone()
    assert inserted is not None
    return inserted[0]


def refresh(db: Connection, org: int, *students: UUID) -> int:
    """Compute and store the dashboards of these students; of all where none is named."""
    done = db.execute(
        "select board.refresh_students(%(org)s, case when %(students)s = '{}'::uuid[] then array("
        "select c.student_id from board.student_dashboard_cache as c where c.org_id = %(org)s"
        ") else %(students)s end)",
        {"org": org, "students": list(students)},
    ).fetchone()
    assert done is not None
    return int(done[0])


def refresh_others(db: Connection, org: int) -> int:
    """Compute and store the dashboards of all teachers, tutors and parents."""
    done = db.execute(
        "select sum(board.refresh_dashboards(%(org)s, r.role, array(select c.person_id "
        "from board.dashboard_cache as c where c.org_id = %(org)s and c.role = r.role))) "
        "from unnest(array['teacher', 'tutor', 'parent']) as r (role)",
        {"org": org},
    ).fetchone()
    assert done is not None
    return int(done[0])


def computed(db: Connection, org: int, student: UUID) -> dict[str, Any]:
    """Return the row that board.student_documents makes now: the document as a dict, numbers as text.

    Postgres' numerics come as they are written, so that 45.10 is not 45.1.
    """
    row = db.execute(
        "select to_jsonb(d)::text from board.student_documents(%s, array[%s]) as d", (org, student)
    ).fetchone()
    assert row is not None
    dashboard: dict[str, Any] = json.loads(row[0], parse_float=str)
    return dashboard


def document(db: Connection, org: int, student: UUID) -> dict[str, Any]:
    """Return the document alone."""
    found: dict[str, Any] = computed(db, org, student)["document"]
    return found


def rich_school(db: Connection) -> tuple[int, dict[str, Any]]:
    """Make an organization in which one student, ann, has everything a dashboard shows; and name the rest.

    Ben is her fellow; cid has nothing. What is shared exists twice, so that it can move. It is noon there.
    """
    now = datetime.now(UTC)
    day = timedelta(days=1)
    hour = timedelta(hours=1)
    org = school.make_org(db, time_zone=noon_zone())
    ann, ben, cid = (school.make_person(db, org, "student", name=name) for name in ("ann", "ben", "cid"))
    mia, max_ = (school.make_person(db, org, "mentor", name=name) for name in ("mia", "max"))
    teacher = school.make_person(db, org, "teacher", name="tom")
    school.make_guardian(db, org, school.make_person(db, org, "parent", name="pam"), ann)
    school.make_tutor(db, org, school.make_person(db, org, "tutor", name="tia"), ann)

    program, other_program = (add(db, org, "program", name=name) for name in ("prep", "gap"))
    track = add(db, org, "track", program_id=program, name="data", target_readiness=80)
    other_track = add(db, org, "track", program_id=other_program, name="web", target_readiness=90)
    days = {"starts_on": "2024-01-01", "ends_on": "2034-01-01", "status": "active"}
    cohort, other_cohort, late_cohort = (
        add(db, org, "cohort", track_id=of, name=name, **days)
        for of, name in ((track, "fall"), (other_track, "spring"), (other_track, "late"))
    )
    for student, of, joined in (
        (ann, cohort, 10 * day),
        (ann, late_cohort, 20 * day),
        (ben, other_cohort, 10 * day),
    ):
        add(db, org, "cohort_member", cohort_id=of, student_id=student, joined_at=now - joined)
    add(db, org, "cohort_mentor", cohort_id=cohort, mentor_id=mia)
    session = {"cohort_id": cohort, "mentor_id": mia}
    live = add(
        db, org, "mentor_session", title="live", starts_at=now - hour, ends_at=now + 5 * hour, **session
    )
    talk = add(
        db,
        org,
        "mentor_session",
        title="talk",
        student_id=ann,
        starts_at=now + day,
        ends_at=now + 2 * day,
        **session,
    )
    add(db, org, "mentor_session", title="past", starts_at=now - 2 * day, ends_at=now - day, **session)
    # Already joined: it is on, and nothing to be done.
    add(db, org, "session_attendance", session_id=live, student_id=ann)
    add(db, org, "milestone", cohort_id=cohort, title="pitch", due_at=now + 2 * day)
    add(db, org, "calendar_event", cohort_id=cohort, title="fair", starts_at=now + 8 * hour)
    for of, competency, level in ((track, "SQL", 40), (track, "Git", 60), (other_track, "CSS", None)):
        skill = add(db, org, "competency", track_id=of, name=competency, required_level=70)
        if level is not None:
            add(db, org, "competency_score", competency_id=skill, student_id=ann, level=level)
    for days_ago, score in ((21, 40), (14, 45), (7, 52), (0, 58)):
        add(db, org, "readiness_score", student_id=ann, scored_at=now - days_ago * day, score=score)

    query, _, done_mission, page = (
        add(db, org, "mission", track_id=of, title=title, est_hours=3, due_at=now + 4 * day, status=status)
        for of, title, status in (
            (track, "query", "published"),
            (track, "join", "closed"),
            (track, "model", "closed"),
            (other_track, "page", "published"),
        )
    )
    add(db, org, "mission_attempt", mission_id=query, student_id=ann, started_at=now - day)
    verdict = {
        "submitted_at": now - 3 * day,
        "review_started_at": now - 3 * day,
        "reviewed_at": now - 2 * day,
    }
    add(
        db, org, "mission_attempt", mission_id=done_mission, student_id=ann, state="approved",
        started_at=now - 4 * day, **verdict,
    )  # fmt: skip
    for title, state, quality, reviewed in (
        ("essay", "approved", 80, now - 2 * day),
        ("poster", "submitted", None, None),
    ):
        add(
            db,
            org,
            "portfolio_item",
            student_id=ann,
            title=title,
            state=state,
            quality=quality,
            reviewed_at=reviewed,
        )

    reading, _idle = (
        add(db, org, "habit", student_id=ann, title=title, is_active=is_active)
        for title, is_active in (("reading", True), ("idle", False))
    )
    add(db, org, "habit", student_id=ann, title="walking")
    today = db.execute("select today from board.clock(%s)", (org,)).fetchone()
    assert today
    for days_ago in (0, 1):
        add(db, org, "habit_log", habit_id=reading, student_id=ann, day=today[0] - days_ago * day)
    add(db, org, "goal", student_id=ann, title="degree")
    add(db, org, "point_award", student_id=ann, points=10, reason="diligence")
    add(db, org, "badge", student_id=ann, name="star")
    add(db, org, "notification", person_id=ann, title="news", body="None is good.", created_at=now - hour)
    add(db, org, "notification", person_id=ann, title="older", created_at=now - 2 * hour)
    add(
        db,
        org,
        "ai_nudge",
        student_id=ann,
        message="Read a page.",
        created_at=now - hour,
        expires_at=now + day,
    )
    add(db, org, "ai_nudge", student_id=ann, message="Older.", created_at=now - 2 * hour)
    _, payment = (
        add(
            db, org, "payment", cohort_id=cohort, student_id=ann, amount=amount, status="paid",
            due_on=today[0], paid_on=today[0],
        )
        for amount in (50, 100)
    )  # fmt: skip
    add(db, org, "refund", payment_id=payment, cohort_id=cohort, amount=40, refunded_on=today[0])
    add(db, org, "subscription", student_id=ann, tier="premium", ends_at=now + 20 * day)

    course, other_course = (school.make_course(db, org, code, teacher=teacher) for code in ("ALG", "GEO"))
    school.enroll(db, org, ann, course)
    school.make_assignment(db, org, course, title="sets", due_at=now + 26 * hour)
    rings = school.make_assignment(db, org, course, title="rings", due_at=now + 27 * hour)
    school.make_assignment(db, org, other_course, title="maps", due_at=now + 28 * hour)
    school.submit(db, org, rings, ann, submitted_at=now - day)
    old = school.make_assignment(db, org, course, title="old", status="closed")
    school.submit(db, org, old, ann, 70)
    school.make_quiz(db, org, course, title="roots", due_at=now + 29 * hour)
    fields = school.make_quiz(db, org, course, title="fields", due_at=now + 30 * hour)
    school.attempt(db, org, fields, ann, 80, completed_at=now - day)
    add(
        db, org, "interaction", student_id=ann, course_id=course, agent_type="forum",
        occurred_at=now - hour / 2, duration_ms=7_200_000,
    )  # fmt: skip
    people = {"ann": ann, "ben": ben, "cid": cid, "mia": mia, "max": max_, "tom": teacher}
    programs = {"track": track, "other_track": other_track, "other_program": other_program}
    cohorts = {"cohort": cohort, "other_cohort": other_cohort, "late_cohort": late_cohort, "talk": talk}
    return org, people | programs | cohorts | {"page": page, "course": course, "other_course": other_course}


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


def look_at(session: Connection, org: int, student: UUID) -> Look:
    """Compare what is stored of a student with what would be computed now."""
    rows = session.execute(COMPARED, {"org": org}).fetchall()
    return next(Look(*row[1:]) for row in rows if row[0] == student)
