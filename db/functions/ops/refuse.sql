create or replace function ops.refuse() returns trigger
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    raise '% on %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
        using errcode = 'feature_not_supported', hint = tg_argv[0];
end
$$;
comment on function ops.refuse() is
'Statement trigger that refuses what would pass the exact aggregates by (SQLSTATE 0A000). Argument: what to do instead.';
revoke all on function ops.refuse() from public;
