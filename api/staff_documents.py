"""The dashboards of teachers and tutors, for OpenAPI (see api.documents)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.documents import Count, Person, Score
from api.paging import Listed

Status = Literal["draft", "published", "closed"]
PENDING = (
    "There is a row in `school.submission` (the work was given to that student) and nothing was handed in. "
    "A published assignment without such rows has none, though it is due or overdue for its students."
)


class Metrics(Struct, forbid_unknown_fields=True):
    """What there is to do: of the courses taught, or of the students accompanied."""

    pending_submissions: Annotated[Count, Meta(description=PENDING)]
    ungraded_submissions: Annotated[Count, Meta(description="Handed in and waiting for a grade.")]
    active_students: Annotated[
        Count, Meta(description="Students with any submission; a course's are those enrolled and active.")
    ]
    total_assignments: Annotated[
        Count, Meta(description="Assignments; a teacher's with drafts, a tutor's without.")
    ]


class StaffCourse(Struct, forbid_unknown_fields=True):
    """A course."""

    id: Annotated[UUID, Meta(description="Its id.")]
    code: Annotated[str, Meta(description="Its short name.")]
    title: Annotated[str, Meta(description="Its title.")]
    active_students: Annotated[Count, Meta(description="Enrolled and active; a tutor's own alone.")]
    average: Annotated[
        Score | None, Meta(description="Of all graded work that counts; of a tutor's own students alone.")
    ]


class Counts(Struct, forbid_unknown_fields=True):
    """Submissions of an assignment, by their state."""

    submitted: Annotated[Count, Meta(description="Handed in or graded: graded and ungraded together.")]
    graded: Annotated[Count, Meta(description="Graded.")]
    pending: Annotated[Count, Meta(description=PENDING)]
    ungraded: Annotated[Count, Meta(description="Handed in and waiting for a grade.")]
    average: Annotated[Score | None, Meta(description="Average grade.")]


class StaffAssignment(Counts, forbid_unknown_fields=True):
    """An assignment and how far it is."""

    id: Annotated[UUID, Meta(description="Its id.")]
    course_id: Annotated[UUID, Meta(description="Its course.")]
    title: Annotated[str, Meta(description="Its title.")]
    status: Annotated[Status, Meta(description="Drafts are shown to teachers alone.")]
    due_date: Annotated[datetime | None, Meta(description="When it is due.")]


class Reason(Struct, forbid_unknown_fields=True):
    """Why a student needs attention."""

    reason: Annotated[
        Literal["overdue", "low_average", "inactive", "declining"],
        Meta(description="What is the matter; docs/teacher.md says from when on."),
    ]
    value: Annotated[
        float,
        Meta(description="Assignments overdue; the average; days; percentage points a day, negative."),
    ]


class Needing(Struct, forbid_unknown_fields=True):
    """A student in a course who needs attention."""

    student: Annotated[Person, Meta(description="Who.")]
    course_id: Annotated[UUID, Meta(description="In which course.")]
    reasons: Annotated[list[Reason], Meta(description="Why.", min_length=1)]


class Attention(Struct, forbid_unknown_fields=True):
    """Students who need attention."""

    total: Annotated[Count, Meta(description="How many there are; one in two courses counts twice.")]
    students: Annotated[list[Needing], Meta(description="The first twenty, most reasons first.")]


class Titled(Struct, forbid_unknown_fields=True):
    """An assignment by its name."""

    id: Annotated[UUID, Meta(description="Its id.")]
    title: Annotated[str, Meta(description="Its title.")]


class HandedIn(Struct, forbid_unknown_fields=True):
    """A submission that was handed in."""

    id: Annotated[UUID, Meta(description="Its id.")]
    student: Annotated[Person, Meta(description="By whom.")]
    assignment: Annotated[Titled, Meta(description="For which assignment.")]
    course_id: Annotated[UUID, Meta(description="In which course.")]
    submitted_at: Annotated[datetime, Meta(description="When.")]
    grade: Annotated[Score | None, Meta(description="The grade, once there is one.")]


class StaffDashboard(Struct, forbid_unknown_fields=True):
    """What a teacher's courses, or a tutor's students, are doing."""

    last_updated: Annotated[datetime, Meta(description="When it was computed.")]
    metrics: Annotated[Metrics, Meta(description="What there is to do.")]
    courses: Annotated[list[StaffCourse], Meta(description="By code.")]
    assignments: Annotated[
        list[StaffAssignment], Meta(description="The latest due first, at most a hundred.")
    ]
    students_needing_attention: Annotated[Attention, Meta(description="Whom to look after, and why.")]
    latest_submissions: Annotated[list[HandedIn], Meta(description="The last ten, the newest first.")]


class AssignmentHead(Struct, forbid_unknown_fields=True):
    """What an assignment is."""

    id: Annotated[UUID, Meta(description="Its id.")]
    course_id: Annotated[UUID, Meta(description="Its course.")]
    title: Annotated[str, Meta(description="Its title.")]
    description: Annotated[str | None, Meta(description="What is to be done.")]
    status: Annotated[Status, Meta(description="Whether students see it, and may hand in.")]
    due_date: Annotated[datetime | None, Meta(description="When it is due.")]


class Grades(Struct, forbid_unknown_fields=True):
    """How many grades lie in a range."""

    at_least: Annotated[int, Meta(description="From this on …")]
    below: Annotated[int, Meta(description="… to below this; the last range includes 100.")]
    submissions: Annotated[Count, Meta(description="So many grades.")]


class KnownPerson(Struct, forbid_unknown_fields=True):
    """A student."""

    id: Annotated[UUID, Meta(description="The person's id.")]
    name: Annotated[str | None, Meta(description="Null of who never was enrolled in a course of mine.")]


class AssignmentWork(Struct, forbid_unknown_fields=True):
    """A student's submission."""

    id: Annotated[UUID, Meta(description="Its id.")]
    student: Annotated[KnownPerson, Meta(description="By whom.")]
    state: Annotated[Literal["pending", "ungraded", "graded"], Meta(description="How far it is.")]
    submitted_at: Annotated[datetime | None, Meta(description="When it was handed in.")]
    is_late: Annotated[bool, Meta(description="Whether that was after it was due.")]
    grade: Annotated[Score | None, Meta(description="The grade.")]
    graded_at: Annotated[datetime | None, Meta(description="When it was graded.")]
    url: Annotated[str | None, Meta(description="Where the work lies.")]


class AssignmentDocument(Listed, forbid_unknown_fields=True):
    """An assignment, its submissions by state, and a page of them."""

    assignment: Annotated[AssignmentHead, Meta(description="What it is.")]
    counts: Annotated[Counts, Meta(description="How many submissions are in which state.")]
    distribution: Annotated[list[Grades], Meta(description="How many grades lie in each ten.")]
    items: Annotated[list[AssignmentWork], Meta(description="The page, by the students' names.")]
