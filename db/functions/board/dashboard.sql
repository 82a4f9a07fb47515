create or replace function board.dashboard() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := auth.org_id();
    person constant uuid := auth.person_id();
    dashboard constant board.dashboard_cache := board.current_dashboard(org, caller ->> 'role', person);
begin
    -- A transaction keeps its now(): one that is held open would go on with deadlines that have passed.
    if clock_timestamp() > now() + interval '10 seconds' then
        raise 'a dashboard is of the present, and this transaction began too long ago' using errcode = 'HR409';
    end if;
    return dashboard.document::text;
end
$$;
comment on function board.dashboard() is
'The dashboard of who asks, in the role taken, as JSON: board.parent_documents and its siblings say what is in it. Roles teacher, tutor,
parent.';
revoke all on function board.dashboard() from public;
grant execute on function board.dashboard() to homeroom_teacher, homeroom_tutor, homeroom_parent;
