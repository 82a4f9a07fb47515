create or replace function board.trends(org bigint, students uuid[], by_course boolean default false) returns table (
    student_id uuid, course_id uuid, slope double precision, trend text
)
language plpgsql stable parallel safe security invoker rows 100
set search_path = ''
-- An array is taken for ten elements where a batch brings hundreds of students.
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    threshold constant numeric := ops.setting('trend_threshold');
    starts constant timestamptz := (clock.today - 29)::timestamp at time zone clock.zone;
begin
    return query
    with counted as (
        select
            p.student_id, p.course_id,
            p.total_quizzes_completed + p.total_assignments_completed as works, p.quiz_score_sum + p.assignment_score_sum as score
        from board.student_course_performance as p
        where p.org_id = org and p.student_id = any (students) and p.counted
    ),
    -- A part is a course, or all of a student's: never null, so that it can be hashed.
    total as (
        select
            c.student_id, case when by_course then c.course_id else c.student_id end as part,
            sum(c.works) as works, sum(c.score) as score
        from counted as c
        group by 1, 2
    ),
    fact as (
        select s.student_id, s.course_id, board.local_day(s.graded_at, clock.zone) as day, s.grade as score
        from school.submission as s
        where s.org_id = org and s.student_id = any (students) and s.graded_at >= starts
        union all
        select t.student_id, t.course_id, board.local_day(t.completed_at, clock.zone), t.score
        from school.quiz_attempt as t
        where t.org_id = org and t.student_id = any (students) and t.completed_at >= starts and t.score is not null
    ),
    changed as (
        select
            f.student_id, case when by_course then f.course_id else f.student_id end as part, f.day,
            count(*) as works, sum(f.score) as score
        from fact as f
        join counted as c on c.student_id = f.student_id and c.course_id = f.course_id
        group by 1, 2, 3
    ),
    -- Backwards from today's numbers: what a day ended with is today's less what came after it.
    day_end as (
        select
            d.student_id, d.part, d.day,
            (t.score - coalesce(sum(d.score) over later, 0)) / nullif(t.works - coalesce(sum(d.works) over later, 0), 0) as average
        from changed as d
        join total as t on t.student_id = d.student_id and t.part = d.part
        window later as (
            partition by d.student_id, d.part order by d.day desc rows between unbounded preceding and 1 preceding
        )
    ),
    sloped as (
        select e.student_id, e.part, regr_slope(e.average, e.day - date '2000-01-01') as slope
        from day_end as e
        group by e.student_id, e.part
    )
    select
        s.student_id, case when by_course then s.part end, s.slope,
        case when s.slope > threshold then 'improving' when s.slope < -threshold then 'declining' else 'steady' end
    from sloped as s;
end
$$;
comment on function board.trends(bigint, uuid[], boolean) is
'board.trend of many students at once: slope, in percentage points a day, and what it is called; over all courses that count
(course_id null), or in each. No row for who had nothing graded or completed in the last 30 days: that is steady.';
revoke all on function board.trends(bigint, uuid[], boolean) from public;
