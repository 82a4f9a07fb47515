create or replace function board.cacheable_dashboard() returns api.cacheable
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
    return row(
        -- Two objects in one, as text: what is stored is not parsed.
        case
            when dashboard.role = 'parent' then dashboard.document::text
            else format(
                '{"%s": "%s", %s', case when dashboard.role in ('director', 'admin') then 'cache_updated_at' else 'last_updated' end,
                board.utc(dashboard.updated_at), substr(dashboard.document::text, 2)
            )
        end,
        board.document_tags(
            case dashboard.role when 'teacher' then 't' when 'director' then 'd' when 'admin' then 'a' else 'c' end, person, dashboard.scopes
        ),
        date_part('epoch', dashboard.fresh_until - clock_timestamp())
    )::api.cacheable;
end
$$;
comment on function board.cacheable_dashboard() is
'The dashboard of who asks, in the role taken, as JSON: board.teacher_documents and its siblings say what is in it. A teacher''s or tutor''s
has last_updated besides, a director''s or admin''s cache_updated_at: when it was computed. Roles teacher, tutor, parent, director, admin.';
revoke all on function board.cacheable_dashboard() from public;
grant execute on function board.cacheable_dashboard() to
    homeroom_teacher, homeroom_tutor, homeroom_parent, homeroom_director, homeroom_admin;
