create or replace function feed.active_people(orgs bigint[] default null, most integer default 1000) returns table (
    org_id bigint, person_id uuid, role text
)
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    since constant timestamptz := now() - interval '15 minutes';
begin
    return query
    with about as (
        select p.org_id, p.person_id, p.role, p.until as at
        from feed.presence as p
        where p.until > since and (orgs is null or p.org_id = any (orgs))
        union all
        select c.org_id, c.student_id, 'student', c.seen_at
        from board.student_dashboard_cache as c
        where c.seen_at > since and (orgs is null or c.org_id = any (orgs))
        union all
        select c.org_id, c.person_id, c.role, c.seen_at
        from board.dashboard_cache as c
        where c.seen_at > since and (orgs is null or c.org_id = any (orgs))
    )
    select a.org_id, a.person_id, a.role
    from about as a
    join school.person as p on p.org_id = a.org_id and p.id = a.person_id and p.is_active
    join school.person_role as r on r.org_id = a.org_id and r.person_id = a.person_id and r.role = a.role
    group by a.org_id, a.person_id, a.role
    order by max(a.at) desc, a.org_id, a.role, a.person_id
    limit active_people.most;
end
$$;
comment on function feed.active_people(bigint[], integer) is
'Who was about within the last 15 minutes, in which role: had a stream open (feed.presence), or came to read the own dashboard (seen_at, which is
written once an hour: who has been reading for longer, without a stream, is not among them). Of these organizations, null: of all; the last first, at most
so many.';
revoke all on function feed.active_people(bigint[], integer) from public;
