create or replace function board.student_coaching(org bigint, students uuid[]) returns table (
    student_id uuid, habits_today integer, habits_done_today integer, active_goals integer, streak_days integer
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
begin
    return query
    with logged as (
        select distinct l.student_id, l.day
        from school.habit_log as l
        where l.org_id = org and l.student_id = any (students) and l.day <= clock.today
    ),
    -- Days in a row share what is left when their rank, counted back, is added.
    run as (
        select l.student_id, max(l.day) as last_day, count(*)::integer as days
        from (
            select g.student_id, g.day, g.day + (row_number() over (partition by g.student_id order by g.day desc))::integer as island
            from logged as g
        ) as l
        group by l.student_id, l.island
    ),
    habit as (
        select
            h.student_id, count(*)::integer as habits, count(l.habit_id)::integer as done
        from school.habit as h
        left join school.habit_log as l
            on l.org_id = org and l.student_id = any (students) and l.habit_id = h.id and l.day = clock.today
        where h.org_id = org and h.student_id = any (students) and h.is_active
        group by h.student_id
    ),
    goal as (
        select g.student_id, count(*)::integer as goals
        from school.goal as g
        where g.org_id = org and g.student_id = any (students) and g.completed_at is null
        group by g.student_id
    )
    select s.id, coalesce(h.habits, 0), coalesce(h.done, 0), coalesce(g.goals, 0), coalesce(r.days, 0)
    from unnest(students) as s (id)
    left join habit as h on h.student_id = s.id
    left join goal as g on g.student_id = s.id
    left join run as r on r.student_id = s.id and r.last_day >= clock.today - 1;
end
$$;
comment on function board.student_coaching(bigint, uuid[]) is
'A student''s habits that are active and how many of them are logged today, goals not yet completed, and the streak: how many days in
a row, up to today or yesterday, some habit was logged. Days are the organization''s.';
revoke all on function board.student_coaching(bigint, uuid[]) from public;
