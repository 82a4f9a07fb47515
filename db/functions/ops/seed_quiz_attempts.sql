create or replace function ops.seed_quiz_attempts(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- Taken in the day before the deadline; the weak miss more.
    insert into school.quiz_attempt (org_id, id, quiz_id, course_id, student_id, started_at, completed_at, score)
    with quiz as materialized (
        select
            c.course_id, w as week, md5(c.course_id::text || '/quiz/' || w)::uuid as id, d.due_on,
            (d.due_on + time '12:00') at time zone zone as due_at
        from ops.seed_course_plan(school_name, first_class, last_class) as c
        cross join generate_series(-11, -1, 2) as w
        cross join lateral (select ops.seed_due_on(today, w, c.class, c.subject) as due_on) as d
    )
    select
        org, md5(q.id::text || '/' || p.student_id)::uuid, q.id, q.course_id, p.student_id,
        q.due_at - (0.5 + 20 * ops.seed_number(k.work_key, 'takes when')) * interval '1 hour',
        q.due_at - (0.1 + 20 * ops.seed_number(k.work_key, 'takes when')) * interval '1 hour',
        ops.seed_score(p.student_key, p.course_key, k.work_key, q.week)
    from ops.seed_enrollment_plan(school_name, first_class, last_class, students, today) as p
    join quiz as q on q.course_id = p.course_id
    cross join lateral (select p.course_key + q.week + 12 as work_key) as k
    where (q.due_on < p.ended_on or p.ended_on is null)
        and ops.seed_number(k.work_key, 'takes') >= 0.18 - 0.16 * p.level
    order by q.id, p.student_id;
end
$$;
comment on function ops.seed_quiz_attempts(bigint, text, integer, integer, integer, date) is
'Lets some classes of a synthetic school take their quizzes.';
revoke all on function ops.seed_quiz_attempts(bigint, text, integer, integer, integer, date) from public;
