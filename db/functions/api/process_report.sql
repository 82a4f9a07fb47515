create or replace function api.process_report(name text, stats jsonb) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = '' set lock_timeout = '1s'
as $$
#variable_conflict use_column
declare
    answer json;
begin
    insert into ops.process as p (kind, name, started_at, heard_at, silent_after, stats)
    values ('api', process_report.name, clock_timestamp(), clock_timestamp(), interval '30 seconds', process_report.stats)
    on conflict (kind, name) do update set heard_at = excluded.heard_at, stats = excluded.stats;

    delete from ops.process as p
    where (p.kind, p.name) in (
        select g.kind, g.name
        from ops.process as g
        where g.kind = 'api' and g.heard_at < clock_timestamp() - g.silent_after
        for update skip locked
    );

    select json_agg(json_build_object('name', p.name, 'stats', p.stats) order by p.name)
    into answer
    from ops.process as p
    where p.kind = 'api' and p.heard_at >= clock_timestamp() - p.silent_after;
    return answer;
end
$$;
comment on function api.process_report(text, jsonb) is
'A process of the API tells its numbers and hears those of all that run: [{"name", "stats"}], itself among them. It does so every few seconds;
who says nothing for 30 seconds is forgotten.';
revoke all on function api.process_report(text, jsonb) from public;
grant execute on function api.process_report(text, jsonb) to homeroom_api;
