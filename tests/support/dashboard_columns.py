"""The columns of facts that the dashboards of teachers, tutors and parents show."""

from tests.support import school
from tests.support.columns import SHOWN
from tests.support.dashboards import Connection, Rich, add

# Per column a change to a row (see rich_school and staffed) that shows to somebody.
SHOWN_TO_OTHERS: dict[str, dict[str, tuple[str, str]]] = {
    # Midnight is another, which is no part of the document: it ends the time for which that stands.
    "person": {"name": ("name = 'anna'", "id = %(ann)s")},
    "guardian": {
        "parent_id": ("parent_id = %(pat)s", "true"),
        "student_id": ("student_id = %(ben)s", "true"),
    },
    "tutor_student": {
        "tutor_id": ("tutor_id = %(tim)s", "true"),
        "student_id": ("student_id = %(ben)s", "true"),
    },
    "course": {
        "code": ("code = code || 'x'", "id = %(course)s"),
        "title": ("title = title || 'x'", "id = %(course)s"),
    },
    "course_teacher": {
        "course_id": ("course_id = %(course)s", "teacher_id = %(ted)s"),
        "teacher_id": ("teacher_id = %(ted)s", "teacher_id = %(tom)s and course_id = %(course)s"),
    },
    "enrollment": SHOWN["enrollment"]
    | {
        "enrolled_on": ("enrolled_on = current_date - 100", "student_id = %(ben)s"),
    },
    "assignment": SHOWN["assignment"],
    "submission": SHOWN["submission"] | {"graded_at": ("graded_at = now()", "grade is not null")},
    "quiz": {
        "course_id": ("course_id = %(other_course)s", "title = 'fields'"),
        "title": ("title = 'meadows'", "title = 'fields'"),
        "status": ("status = 'draft'", "title = 'fields'"),
        "due_at": ("due_at = due_at + interval '1 minute'", "title = 'roots'"),
    },
    "quiz_attempt": SHOWN["quiz_attempt"] | {"score": ("score = 81", "student_id = %(ann)s")},
}

# What marks them and shows only in time: when a day ends.
MARKS_ONLY = {"organization.time_zone"}

# Tables of which these dashboards show nothing.
OTHER_TABLES = {
    "organization", "person_role", "interaction", "program", "track", "cohort", "cohort_member",
    "cohort_mentor", "mentor_session", "session_attendance", "milestone", "calendar_event", "competency",
    "competency_score", "readiness_score", "mission", "mission_attempt", "portfolio_item", "habit",
    "habit_log", "goal", "point_award", "badge", "notification", "ai_nudge", "subscription",
    "payment", "refund",
}  # fmt: skip
# Columns of the others that they do not show.
NOT_SHOWN_TO_OTHERS = {
    "person": {"email", "is_active"},
    "course": {"starts_on", "ends_on"},
    "enrollment": {"ended_on"},
    "assignment": {"author_id", "description", "weight"},
    "submission": {"is_banked", "url"},
    "quiz": {"weight"},
    "quiz_attempt": {"started_at", "is_banked"},
}
# … how to change them, where it is another way than for a student's.
OTHERS_CHANGES = {"enrollment.ended_on": ("ended_on = current_date - 1", "status = 'completed'")}
# They follow their parent by a foreign key.
MOVE_ALONG = {"submission.course_id", "quiz_attempt.course_id", "refund.payment_id", "refund.cohort_id"}


def staffed(db: Connection, rich: Rich) -> None:
    """Add to a rich school those to whom somebody may be given, and a student without work."""
    for name, role in (("ted", "teacher"), ("pat", "parent"), ("tim", "tutor")):
        rich.names[name] = school.make_person(db, rich.org, role, name=name)
    add(db, rich.org, "course_teacher", course_id=rich.names["other_course"], teacher_id=rich.names["ted"])
    school.enroll(db, rich.org, rich.names["ben"], rich.names["course"])
    school.enroll(db, rich.org, rich.names["cid"], rich.names["other_course"], "completed")
