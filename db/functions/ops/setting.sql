create or replace function ops.setting(wanted text) returns numeric
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (select s.value from ops.setting as s where s.name = wanted);
end
$$;
comment on function ops.setting(text) is 'The number that holds now under this name in ops.setting; null for a name that there is not.';
revoke all on function ops.setting(text) from public;
