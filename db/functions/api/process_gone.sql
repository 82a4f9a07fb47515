create or replace function api.process_gone(name text) returns boolean
language plpgsql volatile parallel unsafe security definer
set search_path = '' set lock_timeout = '1s'
as $$
#variable_conflict use_column
begin
    delete from ops.process as p where p.kind = 'api' and p.name = process_gone.name;
    return found;
end
$$;
comment on function api.process_gone(text) is 'A process of the API ends in order: others need not wait until it counts as gone.';
revoke all on function api.process_gone(text) from public;
grant execute on function api.process_gone(text) to homeroom_api;
