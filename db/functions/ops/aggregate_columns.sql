create or replace function ops.aggregate_columns(
    kept regclass, source regclass, out keys text[], out numbers text[], out flags text[]
) returns record
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    keys := array(
        select quote_ident(a.attname)
        from pg_catalog.pg_constraint as k
        cross join unnest(k.conkey) with ordinality as c (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = c.attnum
        where k.conrelid = kept and k.contype = 'p'
        order by c.place
    );
    select
        array_agg(quote_ident(a.attname) order by a.attnum) filter (where a.atttypid <> 'boolean'::regtype),
        coalesce(array_agg(quote_ident(a.attname) order by a.attnum) filter (where a.atttypid = 'boolean'::regtype), '{}')
    into numbers, flags
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_attribute as s on s.attrelid = source and s.attname = a.attname
    where a.attrelid = kept and a.attnum > 0 and not a.attisdropped and quote_ident(a.attname) <> all (keys);
end
$$;
comment on function ops.aggregate_columns(regclass, regclass) is
'Names of an aggregate''s columns, quoted: keys (its primary key), and what it shares with `source` (its recount, or its deltas)
besides: numbers, which are added, and flags, which are set.';
revoke all on function ops.aggregate_columns(regclass, regclass) from public;
