create or replace function auth.prune_sessions() returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    pruned bigint;
begin
    delete from auth.session as s where s.expires_at < now();
    get diagnostics pruned = row_count;
    return pruned;
end
$$;
comment on function auth.prune_sessions() is 'Deletes the sessions that have expired, which nobody believes any more. Answers how many. A job, every ten minutes.';
revoke all on function auth.prune_sessions() from public;
