"""The performance aggregates counted again from the facts, by SQL that shares nothing with the triggers."""

from typing import Any

import psycopg

RECOUNT = """
with fact as (
    select org_id, student_id, course_id, 0 as quizzes, 0 as quiz_sum,
        case when grade is null then 0 else 1 end as assignments, coalesce(grade, 0) as assignment_sum,
        case when grade is null and submitted_at is null then 1 else 0 end as pending,
        case when grade is null and submitted_at is not null then 1 else 0 end as ungraded
    from school.submission
    union all
    select org_id, student_id, course_id, 1, score, 0, 0, 0, 0
    from school.quiz_attempt where completed_at is not null and score is not null
),
course as (
    select org_id, student_id, course_id, coalesce(e.status in ('active', 'completed'), false) as counted,
        coalesce(sum(f.quizzes), 0) as quizzes, coalesce(sum(f.quiz_sum), 0) as quiz_sum,
        coalesce(sum(f.assignments), 0) as assignments, coalesce(sum(f.assignment_sum), 0) as assignment_sum,
        coalesce(sum(f.pending), 0) as pending, coalesce(sum(f.ungraded), 0) as ungraded
    from fact as f full join school.enrollment as e using (org_id, student_id, course_id)
    group by org_id, student_id, course_id, e.status
),
-- The same numbers, (quizzes, their sum, assignments, their sum, and further counts), at four heights.
-- And those of assignments, whose id stands in student_id.
truth as (
    select 'course' as what, org_id, student_id, course_id,
        array[quizzes, quiz_sum, assignments, assignment_sum, pending, ungraded, counted::integer] as numbers
    from course
    union all
    select 'total', org_id, student_id, null,
        array[sum(quizzes), sum(quiz_sum), sum(assignments), sum(assignment_sum)]
    from course where counted group by org_id, student_id
    union all
    select 'rollup', org_id, null, course_id,
        array[sum(quizzes), sum(quiz_sum), sum(assignments), sum(assignment_sum),
              sum(pending), sum(ungraded), count(*)]
    from course where counted group by org_id, course_id
    union all
    select 'organization', org_id, null, null,
        array[sum(quizzes), sum(quiz_sum), sum(assignments), sum(assignment_sum),
              sum(pending), sum(ungraded), count(*)]
    from course where counted group by org_id
    union all
    select 'students', org_id, null, null, array[count(*)]
    from school.person_role where role = 'student' group by org_id
    union all
    select 'assignment', org_id, assignment_id, course_id,
        array[count(*), count(*) filter (where grade is null and submitted_at is null),
              count(*) filter (where grade is null and submitted_at is not null),
              count(grade), coalesce(sum(grade), 0)]
    from school.submission group by org_id, course_id, assignment_id
),
kept as (
    select 'course' as what, org_id, student_id, course_id,
        array[total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
              pending_submissions, ungraded_submissions, counted::integer] as numbers
    from board.student_course_performance
    union all
    select 'total', org_id, student_id, null,
        array[total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum]
    from board.student_performance
    union all
    select 'rollup', org_id, null, course_id,
        array[total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
              pending_submissions, ungraded_submissions, enrollments]
    from board.course_total
    union all
    select 'organization', org_id, null, null,
        array[total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
              pending_submissions, ungraded_submissions, enrollments]
    from board.organization_total
    union all
    select 'students', org_id, null, null, array[students] from board.organization_total
    union all
    select 'assignment', org_id, assignment_id, course_id,
        array[submissions, pending_submissions, ungraded_submissions, graded_submissions, grade_sum]
    from board.assignment_total
)
select to_jsonb(k) as kept, to_jsonb(t) as counted_again
from kept as k
full join truth as t on (t.what, t.org_id) = (k.what, k.org_id)
    and coalesce(t.student_id::text, '') = coalesce(k.student_id::text, '')
    and coalesce(t.course_id::text, '') = coalesce(k.course_id::text, '')
-- A row of zeros or nulls says what no row says.
where coalesce(array_remove(array_remove(k.numbers, 0), null), '{}')
    <> coalesce(array_remove(t.numbers, 0), '{}')
    or k.numbers <> t.numbers
"""


def drift(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Rows of the aggregates that differ from the recount, in one snapshot; empty when they are exact."""
    return db.execute(RECOUNT).fetchall()
