create or replace function feed.send(org bigint, topics text[], kind text, data jsonb) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    longest constant integer := 16384;
    -- Readers of JSON recurse, and Python's gives up.
    deepest constant integer := 32;
    level jsonb[];
    actor constant text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    sent bigint;
begin
    -- The owner's own jobs speak for every organization, everybody else for their own.
    if not pg_has_role(actor, 'homeroom_owner', 'usage') and org is distinct from auth.org_id() then
        raise 'another organization''s' using errcode = 'HR403';
    elsif kind is null or kind !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise 'a type has up to 50 lowercase letters, digits and _, the first a letter' using errcode = 'HR422', detail = 'type';
    elsif kind in (
        'submission', 'grade', 'assignment', 'assignment_closed', 'notification', 'metrics', 'update', 'snapshot', 'rights',
        'stale', 'order',
        'welcome', 'reset', 'expired', 'heartbeat', 'ping', 'pong', 'open', 'message', 'error', 'null'
    ) then
        raise 'this type is taken' using errcode = 'HR422', detail = 'type';
    elsif data is null or jsonb_typeof(data) <> 'object' then
        raise 'data is an object' using errcode = 'HR422', detail = 'data';
    elsif data ?| '{type,event_id,timestamp}' then
        raise 'type, event_id and timestamp are taken' using errcode = 'HR422', detail = 'data';
    elsif length(data::text) > longest then
        raise 'data has up to % characters', longest using errcode = 'HR422', detail = 'data';
    end if;
    level := array[data];
    for depth in 1..deepest loop
        level := array(
            select inner_value
            from unnest(level) as outer_value
            cross join lateral (
                select f.value from jsonb_each(case jsonb_typeof(outer_value) when 'object' then outer_value else '{}' end) as f
                union all
                select f.value from jsonb_array_elements(case jsonb_typeof(outer_value) when 'array' then outer_value else '[]' end) as f (value)
            ) as i (inner_value)
            where jsonb_typeof(inner_value) in ('object', 'array')
        );
        exit when level = '{}';
        if depth = deepest then
            raise 'data is nested up to % levels deep', deepest using errcode = 'HR422', detail = 'data';
        end if;
    end loop;

    insert into feed.event (org_id, topics, kind, payload)
    values (org, send.topics, send.kind, (data || jsonb_build_object('timestamp', board.utc(clock_timestamp())))::json)
    returning id into sent;
    perform feed.wake();
    return sent;
end
$$;
comment on function feed.send(bigint, text[], text, jsonb) is
'Writes an event of one''s own making for who hears one of these topics, and answers its id. For feed.send_to_person and feed.send_to_group, which
say who that may be. Raises HR403 for another organization, HR422 for a type that is taken or no name, and for data that is no object, too
long, nested deeper than 32 levels, or has a field that every message has.';
revoke all on function feed.send(bigint, text[], text, jsonb) from public;
