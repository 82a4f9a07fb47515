"""The columns of facts that the dashboards of teachers, tutors and parents show."""

# Per column a change to a row of ann's (see rich_school) that shows to the roles named.
SHOWN_TO_OTHERS: dict[str, dict[str, tuple[str, str]]] = {
    "organization": {"time_zone": ("time_zone = %(far)s", "true")},
    "person": {"name": ("name = 'anna'", "id = %(ann)s")},
    "guardian": {
        "parent_id": ("parent_id = %(tom)s", "true"),
        "student_id": ("student_id = %(ben)s", "true"),
    },
    "tutor_student": {
        "tutor_id": ("tutor_id = %(tom)s", "true"),
        "student_id": ("student_id = %(ben)s", "true"),
    },
    "course": {
        "code": ("code = code || 'x'", "id = %(course)s"),
        "title": ("title = title || 'x'", "id = %(course)s"),
    },
    "course_teacher": {
        "course_id": ("course_id = %(course)s", "true"),
        "teacher_id": ("teacher_id = %(mia)s", "true"),
    },
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
        "graded_at": ("graded_at = graded_at - interval '1 day'", "grade is not null"),
    },
    "quiz": {
        "course_id": ("course_id = %(other_course)s", "title = 'fields'"),
        "title": ("title = 'meadows'", "title = 'fields'"),
        "status": ("status = 'draft'", "title = 'fields'"),
        "due_at": ("due_at = due_at + interval '1 minute'", "title = 'roots'"),
    },
    "quiz_attempt": {
        "quiz_id": (
            "quiz_id = (select q.id from school.quiz as q where q.title = 'roots' limit 1)",
            "student_id = %(ann)s",
        ),
        "student_id": ("student_id = %(ben)s", "student_id = %(ann)s"),
        "completed_at": ("completed_at = null", "student_id = %(ann)s"),
        "score": ("score = 81", "student_id = %(ann)s"),
    },
}
