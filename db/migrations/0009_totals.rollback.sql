drop table board.work_delta;
drop table board.organization_rollup;
drop table board.course_rollup;
alter type board.performance_delta drop attribute ungraded;
alter type board.performance_delta drop attribute pending;
alter table board.student_course_performance
    drop column counted_changed_at,
    drop column ungraded_submissions,
    drop column pending_submissions;

create table board.student_performance (
    org_id bigint not null,
    student_id uuid not null,
    total_quizzes_completed integer not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed integer not null default 0,
    assignment_score_sum numeric not null default 0,
    last_performance_update timestamptz,
    constraint student_performance_pkey primary key (org_id, student_id)
) with (fillfactor = 50);
comment on table board.student_performance is 'Per student: the sum over the courses that count. Averages are sum / count at read (board.average).';
comment on column board.student_performance.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.student_performance.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.student_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
-- The policies have left already, and force holds for the owner too.
alter table board.student_course_performance no force row level security;
insert into board.student_performance (
    org_id, student_id, total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
    last_performance_update
)
select
    org_id, student_id, sum(total_quizzes_completed), sum(quiz_score_sum), sum(total_assignments_completed),
    sum(assignment_score_sum), max(last_performance_update)
from board.student_course_performance
where counted
group by org_id, student_id;
alter table board.student_course_performance force row level security;
alter table board.student_performance enable row level security;
alter table board.student_performance force row level security;

drop schema analytics;

create type board.counted_change as (
    org_id bigint,
    student_id uuid,
    course_id uuid,
    counted boolean
);
comment on type board.counted_change is 'Whether a student''s numbers in a course count from now on.';
