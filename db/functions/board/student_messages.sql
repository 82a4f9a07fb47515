create or replace function board.student_messages(org bigint, students uuid[]) returns table (
    student_id uuid, unread integer, urgent integer, latest json,
    nudge_id uuid, nudge text, nudge_created_at timestamptz, nudge_expires_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select s.id, c.unread, c.urgent, l.latest, n.id, n.message, n.created_at, n.expires_at
    from unnest(students) as s (id)
    cross join lateral (
        select
            count(*)::integer as unread,
            (count(*) filter (where m.is_urgent))::integer as urgent
        from school.notification as m
        where m.org_id = org and m.person_id = s.id and m.read_at is null
    ) as c
    cross join lateral (
        select coalesce(json_agg(json_build_object(
            'id', m.id, 'title', m.title, 'body', m.body, 'is_urgent', m.is_urgent,
            'created_at', board.utc(m.created_at), 'read_at', board.utc(m.read_at)
        ) order by m.created_at desc, m.id), '[]') as latest
        from (
            select t.*
            from school.notification as t
            where t.org_id = org and t.person_id = s.id
            order by t.created_at desc, t.id
            limit 5
        ) as m
    ) as l
    left join lateral (
        select a.id, a.message, a.created_at, a.expires_at
        from school.ai_nudge as a
        where a.org_id = org and a.student_id = s.id
            and a.dismissed_at is null and (a.expires_at is null or a.expires_at > now())
        order by a.created_at desc, a.id
        limit 1
    ) as n on true;
end
$$;
comment on function board.student_messages(bigint, uuid[]) is
'What a student has been told: unread notifications, how many of those are urgent, the latest five whether read or not, and the newest
nudge of the AI coach that is neither dismissed nor expired.';
revoke all on function board.student_messages(bigint, uuid[]) from public;
