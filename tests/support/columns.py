"""The columns of facts: which of them a student's dashboard shows, and why the others not."""

from tests.support.servers import Database

COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, null)
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'school'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname, a.attnum
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
MOVES_ALONG = "follows the habit, assignment, quiz or payment by a foreign key: it cannot change alone"
NOT_SHOWN = "not shown, nor counted"
REASONS: dict[str, set[str]] = {
    MOVES_ALONG: {
        "submission.course_id",
        "quiz_attempt.course_id",
        "habit_log.student_id",
        "refund.payment_id",
        "refund.cohort_id",
    },
    NOT_SHOWN: {
        *{f"organization.{name}" for name in ("name", "currency")},
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
        *{f"payment.{name}" for name in ("cohort_id", "student_id", "amount", "status", "due_on")},
        *{f"payment.{name}" for name in ("paid_on", "created_at")},
        *{f"refund.{name}" for name in ("amount", "refunded_on", "reason", "created_at")},
    },
}

# Of what is not shown: another value, where the type alone does not lead to one that the table takes.
OTHER_VALUES = {
    "organization.currency": "'EUR'",
    "payment.cohort_id": "%(other_cohort)s",
    "payment.student_id": "%(cid)s",
    "payment.status": "'due', paid_on = null",
    "refund.amount": "amount - 1",
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
    "payment.status": "amount = 50",
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


def reason_of(table: str, column: str) -> str | None:
    """Why a column is not shown; None of one that should be."""
    name = f"{table}.{column}"
    if column in ("org_id", "id"):
        return NEVER_CHANGES
    if column in ("source", "external_id"):
        return NOT_SHOWN
    return next((reason for reason, columns in REASONS.items() if name in columns), None)


def columns_of(database: Database) -> list[tuple[str, str, str]]:
    """(table, column, type) of every fact."""
    with database.connect() as db:
        return db.execute(COLUMNS).fetchall()
