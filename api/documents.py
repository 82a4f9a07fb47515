"""The documents that the database answers with, for OpenAPI.

Python never builds or decodes one on its way to a client; tests decode real answers strictly as these types.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.errors import Checks
from api.paging import Listed
from api.sent import Sent

Count = Annotated[int, Meta(ge=0)]
Score = Annotated[float, Meta(ge=0, le=100, description="Per cent, two decimals, rounded half up.")]


Trend = Literal["improving", "steady", "declining"]


class Performance(Struct, forbid_unknown_fields=True):
    """Six numbers about graded work. An average weighs each work once; null while there is none."""

    total_quizzes_completed: Annotated[Count, Meta(description="Quiz attempts completed and scored.")]
    total_assignments_completed: Annotated[Count, Meta(description="Assignments graded.")]
    overall_quiz_average_score: Annotated[Score | None, Meta(description="Average score of those quizzes.")]
    overall_assignment_average_score: Annotated[
        Score | None, Meta(description="Average score of those assignments.")
    ]
    overall_average_score: Annotated[Score | None, Meta(description="Average score of both together.")]
    last_performance_update: Annotated[
        datetime | None, Meta(description="When one of these numbers changed last.")
    ]


class Person(Struct, forbid_unknown_fields=True):
    """Whom something is about."""

    id: Annotated[UUID, Meta(description="The person's id.")]
    name: Annotated[str, Meta(description="The person's full name.")]


class Course(Struct, forbid_unknown_fields=True):
    """A course."""

    id: Annotated[UUID, Meta(description="The course's id.")]
    code: Annotated[str, Meta(description="Its short name, such as MATH-7.")]
    title: Annotated[str, Meta(description="Its full name.")]


class StudentPerformance(Struct, forbid_unknown_fields=True):
    """A student's performance over all courses."""

    student_profile: Annotated[Performance, Meta(description="Over all courses, dropped ones excepted.")]


class ListedStudent(Struct, forbid_unknown_fields=True):
    """A student in a list."""

    student: Annotated[Person, Meta(description="Who it is.")]
    student_profile: Annotated[Performance, Meta(description="Over all courses, dropped ones excepted.")]


class StudentList(Listed, forbid_unknown_fields=True):
    """A page of the organization's students."""

    items: Annotated[list[ListedStudent], Meta(description="The page.")]


class CoursePerformance(Struct, forbid_unknown_fields=True):
    """A student's performance in one course."""

    course: Annotated[Course, Meta(description="Which course.")]
    status: Annotated[
        Literal["active", "completed", "dropped"],
        Meta(description="Of the enrollment. While it is dropped, its work does not count over all courses."),
    ]
    performance: Annotated[Performance, Meta(description="In this course.")]


class Work(Struct, forbid_unknown_fields=True):
    """An assignment or a quiz."""

    kind: Annotated[Literal["assignment", "quiz"], Meta(description="Which of the two.")]
    id: Annotated[UUID, Meta(description="Its id among those of its kind.")]
    title: Annotated[str, Meta(description="Its title.")]
    course_id: Annotated[UUID, Meta(description="The course that it belongs to.")]


class GradedWork(Work, forbid_unknown_fields=True):
    """Work with its grade."""

    score: Annotated[Score, Meta(description="What the student got for it.")]
    graded_at: Annotated[datetime, Meta(description="When it was graded, or the quiz completed.")]


class Deadline(Work, forbid_unknown_fields=True):
    """Work that is yet to be done."""

    due_at: Annotated[datetime, Meta(description="When it is due.")]


class Child(Struct, forbid_unknown_fields=True):
    """How one of a parent's children does."""

    student: Annotated[Person, Meta(description="The child.")]
    student_profile: Annotated[Performance, Meta(description="Over all courses, dropped ones excepted.")]
    trend: Annotated[Trend, Meta(description="Where the overall average went over the last 30 days.")]
    courses: Annotated[list[CoursePerformance], Meta(description="The same, course by course.")]
    last_graded_work: Annotated[GradedWork | None, Meta(description="What was graded last.")]
    upcoming_deadlines: Annotated[list[Deadline], Meta(description="What is due next, the soonest first.")]


class HistoryDay(Struct, forbid_unknown_fields=True):
    """A student's numbers at the end of a day on which they changed."""

    day: Annotated[date, Meta(description="In the organization's time zone.")]
    total_quizzes_completed: Annotated[Count, Meta(description="Quiz attempts completed and scored by then.")]
    total_assignments_completed: Annotated[Count, Meta(description="Assignments graded by then.")]
    overall_quiz_average_score: Annotated[Score | None, Meta(description="Average score of those quizzes.")]
    overall_assignment_average_score: Annotated[
        Score | None, Meta(description="Average score of those assignments.")
    ]
    overall_average_score: Annotated[Score | None, Meta(description="Average score of both together.")]


class StudentHistory(Struct, forbid_unknown_fields=True):
    """How one student does, and how that came about."""

    student: Annotated[Person, Meta(description="Who it is.")]
    student_profile: Annotated[Performance, Meta(description="Over all courses, dropped ones excepted.")]
    trend: Annotated[Trend, Meta(description="Where the overall average went over the last 30 days.")]
    history: Annotated[
        list[HistoryDay], Meta(description="The days on which the numbers changed, the oldest first.")
    ]


class Recalculation(Struct, forbid_unknown_fields=True):
    """A recalculation of students' numbers from their facts."""

    id: Annotated[UUID, Meta(description="To ask how far it is.")]
    state: Annotated[Literal["queued", "finished"], Meta(description="Whether it is done.")]
    students: Annotated[int, Meta(description="How many students it is for.", ge=1, le=1000)]
    differences: Annotated[
        Count | None,
        Meta(description="How many rows differed from the facts and were mended; null until finished."),
    ]
    requested_at: Annotated[datetime, Meta(description="When it was asked for.")]
    finished_at: Annotated[datetime | None, Meta(description="When it was done.")]


class RecalculationRequest(Sent):
    """Whose numbers are to be recalculated."""

    student_ids: Annotated[
        list[UUID],
        Meta(
            description="Students of the organization, each once or more often.",
            min_length=1,
            max_length=1000,
        ),
    ]


class ParentDashboard(Struct, forbid_unknown_fields=True):
    """All children of the parent who asks."""

    children: Annotated[list[Child], Meta(description="By name.")]


class Release(Struct, forbid_unknown_fields=True):
    """What code the database runs."""

    digest: Annotated[str, Meta(description="Of all migrations and code, the same in database and process.")]
    migration: Annotated[str, Meta(description="The newest migration applied.")]


class Ready(Release, forbid_unknown_fields=True):
    """All is as it should be."""

    status: Annotated[Literal["ready"], Meta(description="Always this.")]
    checks: Annotated[Checks, Meta(description="What was looked at; each of it is `ok`.")]


class Alive(Struct, forbid_unknown_fields=True):
    """The process answers."""

    status: Annotated[Literal["alive"], Meta(description="Always this.")]
