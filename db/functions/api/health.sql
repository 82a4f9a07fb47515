create or replace function api.health() returns json
language sql volatile parallel unsafe security definer
set search_path = ''
as $$
    select json_build_object('release', api.release(), 'worker', json_build_object('heard', w.is_heard, 'silent', w.silent_seconds))
    from ops.worker_heard() as w
$$;
comment on function api.health() is
'What GET /health/ready asks: {"release": api.release(), "worker": {"heard", "silent": seconds since a worker was heard from, null if none ever
was}}. No claims needed.';
revoke all on function api.health() from public;
grant execute on function api.health() to homeroom_api;
