create or replace function board.performance_history(student uuid, since date) returns table (
    day date, total_quizzes_completed integer, quiz_score_sum numeric, total_assignments_completed integer, assignment_score_sum numeric
)
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    org constant bigint := auth.org_id();
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
    starts constant timestamptz := since::timestamp at time zone zone;
begin
    return query
    -- Materialized: read once, not once a day.
    with total as materialized (
        select p.* from board.student_performance as p where p.org_id = org and p.student_id = student
    ),
    fact as (
        select board.local_day(s.graded_at, zone) as day, s.course_id, 0 as quizzes, 0::numeric as quiz_score, 1 as assignments, s.grade
        from school.submission as s
        where s.org_id = org and s.student_id = student and s.graded_at >= starts
        union all
        select board.local_day(t.completed_at, zone), t.course_id, 1, t.score, 0, 0
        from school.quiz_attempt as t
        where t.org_id = org and t.student_id = student and t.completed_at >= starts and t.score is not null
    ),
    changed as (
        select
            f.day, sum(f.quizzes) as quizzes, sum(f.quiz_score) as quiz_score, sum(f.assignments) as assignments, sum(f.grade) as grade
        from fact as f
        join board.student_course_performance as c on c.org_id = org and c.student_id = student and c.course_id = f.course_id
        where c.counted
        group by f.day
    )
    -- Backwards from today's numbers: what a day ended with is today's less what came after it.
    select
        d.day,
        (p.total_quizzes_completed - coalesce(sum(d.quizzes) over later, 0))::integer,
        p.quiz_score_sum - coalesce(sum(d.quiz_score) over later, 0),
        (p.total_assignments_completed - coalesce(sum(d.assignments) over later, 0))::integer,
        p.assignment_score_sum - coalesce(sum(d.grade) over later, 0)
    from changed as d
    cross join total as p
    window later as (order by d.day desc rows between unbounded preceding and 1 preceding)
    order by d.day;
end
$$;
comment on function board.performance_history(uuid, date) is
'A student''s numbers at the end of each day since then on which they changed, oldest first: counts and sums over the courses that
count. A fact belongs to the day on which it was graded or completed, in the organization''s time zone, so that late, corrected
and deleted facts are in their place at once, and the last day''s numbers are those of board.student_performance. Reads the facts
of the period only. Invoker''s rights, caller''s organization.';
revoke all on function board.performance_history(uuid, date) from public;
grant execute on function board.performance_history(uuid, date) to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin;
