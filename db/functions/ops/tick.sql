create or replace function ops.tick() returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    called constant text := coalesce(nullif(current_setting('application_name'), ''), 'unnamed');
begin
    insert into ops.process as p (kind, name, started_at, heard_at, silent_after)
    values (
        'worker', called, clock_timestamp(), clock_timestamp(),
        -- pg_cron calls once a minute, and may be late.
        case when called = 'pg_cron' then interval '75 seconds' else interval '60 seconds' end
    )
    on conflict (kind, name) do update set heard_at = excluded.heard_at;
end
$$;
comment on function ops.tick() is 'Notes in ops.process that the jobs'' clock ticks, by the name of the session (application_name).';
revoke all on function ops.tick() from public;
