create function tests.tables(variadic schemas text[]) returns table (relation regclass)
language sql
as $$
    select c.oid::regclass
    from pg_class as c
    where c.relnamespace::regnamespace::text = any (schemas) and c.relkind in ('r', 'p') and not c.relispartition
        and not (c.relnamespace = to_regnamespace('ingest') and c.relpersistence = 'u')
$$;
comment on function tests.tables(text[]) is
'The tables of these schemas: a partitioned table once, without its partitions; of ingest without the staging tables.';
