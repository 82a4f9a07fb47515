create or replace function ops.worker_heard() returns table (is_heard boolean, silent_seconds double precision)
language plpgsql stable parallel safe security invoker rows 1
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select
        coalesce(bool_or(p.heard_at > clock_timestamp() - p.silent_after), false)
        -- A job may take longer than that. Nothing ticks meanwhile.
        or exists (
            select from pg_catalog.pg_locks as l
            where l.locktype = 'advisory' and l.classid = ops.clock_key()::oid and l.objid = 0 and l.objsubid = 2
                and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
        ),
        extract(epoch from clock_timestamp() - max(p.heard_at))::double precision
    from ops.process as p
    where p.kind = 'worker';
end
$$;
comment on function ops.worker_heard() is
'Whether somebody runs the jobs: a worker or pg_cron was heard from within the last minute, or is in the middle of a job. silent_seconds: since
when none was heard; null if none ever was.';
revoke all on function ops.worker_heard() from public;
