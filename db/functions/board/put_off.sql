create or replace function board.put_off(org bigint, marks bigint[], error text) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    most_attempts constant integer := 5;
begin
    update board.dashboard_update_queue as q set
        attempts = q.attempts + 1,
        last_error = error,
        not_before = clock_timestamp() + interval '1 second' * 2 ^ least(q.attempts, most_attempts),
        dead_at = case when q.attempts + 1 >= most_attempts then clock_timestamp() end
    where q.org_id = org and q.id = any (marks) and q.processed_at is null and q.dead_at is null;
end
$$;
comment on function board.put_off(bigint, bigint[], text) is
'Has the worker try these marks again after 1, 2, 4 and 8 seconds, and at the fifth failure no more: what is left is a dead letter. error: what was wrong.';
revoke all on function board.put_off(bigint, bigint[], text) from public;
