create or replace function board.student_today(org bigint, students uuid[]) returns table (
    student_id uuid, primary_action jsonb, secondary_actions jsonb,
    assignments_due integer, assignments_overdue integer, assignments_ungraded integer,
    deadline_today boolean, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
begin
    return query
    with task as materialized (
        select
            t.*,
            case
                when t.deadline < now() + interval '24 hours' then 'urgent'
                when t.deadline < now() + interval '72 hours' then 'high'
                when t.deadline is not null or t.type = 'habit' then 'normal'
                else 'low'
            end::board.priority as priority,
            -- When it comes into the next class. What is due this very instant is overdue the next.
            case
                when t.deadline < now() then null
                when t.deadline < now() + interval '24 hours' then t.deadline
                when t.deadline < now() + interval '72 hours' then t.deadline - interval '24 hours'
                else t.deadline - interval '72 hours'
            end as changes_at
        from board.student_tasks(org, students) as t
    ),
    ranked as (
        select t.*, row_number() over (partition by t.student_id order by t.priority, t.deadline, t.title, t.id) as place
        from task as t
    ),
    shown as (
        select
            r.student_id,
            jsonb_agg(jsonb_build_object(
                'type', r.type, 'id', r.id, 'title', r.title, 'priority', r.priority, 'deadline', board.utc(r.deadline),
                'cta', format(r.cta, r.id), 'est_hours', r.est_hours
            ) order by r.place) as actions
        from ranked as r
        where r.place <= 6
        group by r.student_id
    ),
    counted as (
        select
            t.student_id,
            (count(*) filter (where t.type = 'assignment' and t.deadline >= now()))::integer as due,
            (count(*) filter (where t.type = 'assignment' and t.deadline < now()))::integer as overdue,
            coalesce(bool_or(t.type <> 'session' and t.deadline >= now() and t.deadline < clock.midnight), false) as deadline_today,
            min(t.changes_at) as changes_at
        from task as t
        group by t.student_id
    ),
    ungraded as (
        select s.student_id, count(*)::integer as submissions
        from school.submission as s
        where s.org_id = org and s.student_id = any (students) and s.submitted_at is not null and s.grade is null
        group by s.student_id
    )
    select
        s.id, a.actions -> 0, coalesce(a.actions - 0, '[]'),
        coalesce(c.due, 0), coalesce(c.overdue, 0), coalesce(u.submissions, 0),
        coalesce(c.deadline_today, false), c.changes_at
    from unnest(students) as s (id)
    left join shown as a on a.student_id = s.id
    left join counted as c on c.student_id = s.id
    left join ungraded as u on u.student_id = s.id;
end
$$;
comment on function board.student_today(bigint, uuid[]) is
'What students should do next: the first of board.student_tasks and up to five more. priority: urgent when overdue or due within 24 hours,
high within 72, normal later and for habits, low without a deadline; then the nearer deadline first. Also assignments due, overdue and
waiting for a grade, whether something is due before midnight, and when the first of these changes by itself.';
revoke all on function board.student_today(bigint, uuid[]) from public;
