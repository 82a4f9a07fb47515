create or replace function api.feed_present(people jsonb) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    told integer;
begin
    insert into feed.presence as p (org_id, person_id, role, until)
    select distinct n.org, n.person, n.role, now() + interval '60 seconds'
    from jsonb_to_recordset(people) as n (org bigint, person uuid, role text)
    where n.role in ('student', 'parent', 'teacher', 'tutor', 'director', 'admin')
    order by n.org, n.role, n.person
    on conflict (org_id, role, person_id) do update set until = excluded.until
        where p.until < excluded.until - interval '5 seconds';
    get diagnostics told = row_count;
    return told;
end
$$;
comment on function api.feed_present(jsonb) is
'Who has a stream open at a process of the API: [{"org", "person", "role"}], for the next minute; of roles without a
dashboard that is kept, nothing. It tells the worker whose dashboards come first,
and gives nobody any right. Answers how many of them were news.';
revoke all on function api.feed_present(jsonb) from public;
grant execute on function api.feed_present(jsonb) to homeroom_api;
