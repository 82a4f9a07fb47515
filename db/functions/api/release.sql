create or replace function api.release() returns json
language sql stable parallel safe security definer
set search_path = ''
as $$
    select json_build_object('digest', r.digest, 'migration', r.migration) from ops.release as r
$$;
comment on function api.release() is
'{"digest", "migration"} of the code that this database runs; null before the first `homeroom migrate` is through. Readiness
compares the digest with that of the process that asks. No claims needed.';
revoke all on function api.release() from public;
grant execute on function api.release() to homeroom_api;
