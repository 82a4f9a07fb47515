create or replace function board.student_stats(org bigint, students uuid[]) returns table (
    student_id uuid, points bigint, badges integer, hours_this_week numeric
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
begin
    return query
    with point as (
        select a.student_id, sum(a.points)::bigint as points
        from school.point_award as a
        where a.org_id = org and a.student_id = any (students)
        group by a.student_id
    ),
    badge as (
        select b.student_id, count(*)::integer as badges
        from school.badge as b
        where b.org_id = org and b.student_id = any (students)
        group by b.student_id
    ),
    week as (
        select i.student_id, sum(i.duration_ms) as duration_ms
        from school.interaction as i
        where i.org_id = org and i.student_id = any (students)
            and i.occurred_at >= clock.week_begins and i.occurred_at < clock.week_ends
        group by i.student_id
    )
    select s.id, coalesce(p.points, 0), coalesce(b.badges, 0), coalesce(round(w.duration_ms / 3600000.0, 1), 0)
    from unnest(students) as s (id)
    left join point as p on p.student_id = s.id
    left join badge as b on b.student_id = s.id
    left join week as w on w.student_id = s.id;
end
$$;
comment on function board.student_stats(bigint, uuid[]) is
'A student''s points and badges, all there ever were, and the hours of the interactions of this week, from Monday on, in the organization.';
revoke all on function board.student_stats(bigint, uuid[]) from public;
