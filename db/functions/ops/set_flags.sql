create or replace function ops.set_flags(kept regclass, recount regclass, row_keys jsonb[]) returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    columns constant record := ops.aggregate_columns(kept, recount);
    key_list constant text := array_to_string(columns.keys, ', ');
begin
    execute format(
        'insert into %1$s (%2$s) select %2$s from unnest($1) as k cross join lateral jsonb_populate_record(null::%1$s, k) as r '
        'order by %2$s on conflict do nothing',
        kept, key_list
    ) using row_keys;
    execute format(
        'select from %1$s as t where (%2$s) in (select %2$s from unnest($1) as k cross join lateral jsonb_populate_record(null::%1$s, k) as r) '
        'order by %2$s for update',
        kept, key_list
    ) using row_keys;
    execute format(
        'update %1$s as t set %4$s from unnest($1) as k cross join lateral jsonb_populate_record(null::%1$s, k) as r '
        'left join lateral (select %3$s from %2$s as c where %5$s) as f on true where %6$s',
        kept, recount,
        (select string_agg('c.' || c, ', ') from unnest(columns.flags) as c),
        (select string_agg(format('%1$s = coalesce(f.%1$s, false)', c), ', ') from unnest(columns.flags) as c),
        (select string_agg(format('c.%1$s = r.%1$s', c), ' and ') from unnest(columns.keys) as c),
        (select string_agg(format('t.%1$s = r.%1$s', c), ' and ') from unnest(columns.keys) as c)
    ) using row_keys;
end
$$;
comment on function ops.set_flags(regclass, regclass, jsonb[]) is
'Sets the flags of these rows of an aggregate to what its recount says. A flag cannot be added to: the rows are locked first and
the facts asked in a later statement. Whoever changes such a fact writes the row after it, so that the change is either seen
here, or comes after this and finds the flag as it should be. Numbers are left alone.';
revoke all on function ops.set_flags(regclass, regclass, jsonb[]) from public;
