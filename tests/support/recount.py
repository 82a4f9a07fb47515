"""The performance aggregates counted again from the facts, by SQL that shares nothing with the triggers."""

from typing import Any

import psycopg

RECOUNT = """
with fact as (
    select org_id, student_id, course_id,
        0 as quizzes, 0 as quiz_sum, 1 as assignments, grade as assignment_sum
    from school.submission where grade is not null
    union all
    select org_id, student_id, course_id, 1, score, 0, 0
    from school.quiz_attempt where completed_at is not null and score is not null
),
course as (
    select org_id, student_id, course_id, coalesce(e.status in ('active', 'completed'), false) as counted,
        coalesce(sum(f.quizzes), 0) as quizzes, coalesce(sum(f.quiz_sum), 0) as quiz_sum,
        coalesce(sum(f.assignments), 0) as assignments, coalesce(sum(f.assignment_sum), 0) as assignment_sum
    from fact as f full join school.enrollment as e using (org_id, student_id, course_id)
    group by org_id, student_id, course_id, e.status
),
total as (
    select org_id, student_id, sum(quizzes) as quizzes, sum(quiz_sum) as quiz_sum,
        sum(assignments) as assignments, sum(assignment_sum) as assignment_sum
    from course where counted group by org_id, student_id
)
select 'course' as what, org_id, student_id, course_id, to_jsonb(a) as kept, to_jsonb(c) as counted_again
from board.student_course_performance as a full join course as c using (org_id, student_id, course_id)
where (coalesce(a.counted, false), coalesce(a.total_quizzes_completed, 0), coalesce(a.quiz_score_sum, 0),
       coalesce(a.total_assignments_completed, 0), coalesce(a.assignment_score_sum, 0))
    is distinct from (coalesce(c.counted, false), coalesce(c.quizzes, 0), coalesce(c.quiz_sum, 0),
       coalesce(c.assignments, 0), coalesce(c.assignment_sum, 0))
union all
select 'total', org_id, student_id, null, to_jsonb(a), to_jsonb(t)
from board.student_performance as a full join total as t using (org_id, student_id)
where (coalesce(a.total_quizzes_completed, 0), coalesce(a.quiz_score_sum, 0),
       coalesce(a.total_assignments_completed, 0), coalesce(a.assignment_score_sum, 0))
    is distinct from (coalesce(t.quizzes, 0), coalesce(t.quiz_sum, 0),
       coalesce(t.assignments, 0), coalesce(t.assignment_sum, 0))
"""


def drift(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Rows of the aggregates that differ from the recount, in one snapshot; empty when they are exact."""
    return db.execute(RECOUNT).fetchall()
