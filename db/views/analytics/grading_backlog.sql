create or replace view analytics.grading_backlog
with (security_invoker = true) as
select
    b.org_id, b.course_id, c.code as course_code, b.assignment_id, a.title as assignment_title, a.due_at,
    b.ungraded_submissions, b.oldest_submitted_at
from (
    select
        s.org_id, s.course_id, s.assignment_id,
        count(*) as ungraded_submissions, min(s.submitted_at) as oldest_submitted_at
    from school.submission as s
    join school.enrollment as e
        on e.org_id = s.org_id and e.student_id = s.student_id and e.course_id = s.course_id
        and e.status in ('active', 'completed')
    where s.grade is null and s.submitted_at is not null
    group by s.org_id, s.course_id, s.assignment_id
) as b
join school.assignment as a on a.org_id = b.org_id and a.id = b.assignment_id
join school.course as c on c.org_id = b.org_id and c.id = b.course_id;
comment on view analytics.grading_backlog is
'What waits to be graded, and since when? One row per assignment with work that was handed in and has no grade, by students whose
enrollment counts: a course''s rows add up to its ungraded_submissions in analytics.course_performance.
Example: select course_code, assignment_title, now() - oldest_submitted_at as waiting from analytics.grading_backlog order by waiting desc;';
comment on column analytics.grading_backlog.org_id is 'The organization.';
comment on column analytics.grading_backlog.course_id is 'The course: school.course.id.';
comment on column analytics.grading_backlog.course_code is 'Short name of the course.';
comment on column analytics.grading_backlog.assignment_id is 'The assignment: school.assignment.id.';
comment on column analytics.grading_backlog.assignment_title is 'Title of the assignment.';
comment on column analytics.grading_backlog.due_at is 'When the assignment is or was due; null if never.';
comment on column analytics.grading_backlog.ungraded_submissions is 'Submissions that wait for their grade; at least 1.';
comment on column analytics.grading_backlog.oldest_submitted_at is 'When the one that has waited longest was handed in.';
grant select on analytics.grading_backlog to homeroom_analyst, homeroom_admin;
