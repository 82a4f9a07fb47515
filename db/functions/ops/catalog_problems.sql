create or replace function ops.catalog_problems() returns table (rule text, object text)
language sql stable parallel safe security invoker
set search_path = ''
as $$
    with room as (
        select n.oid, n.nspname
        from pg_catalog.pg_namespace as n
        where n.nspowner = to_regrole('homeroom_owner') and n.nspname <> '_yoyo'
    ),
    relation as (
        select c.*, c.oid::regclass::text as name
        from pg_catalog.pg_class as c
        join room as r on r.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm')
    ),
    routine as (
        select f.*, f.oid::regprocedure::text as name
        from pg_catalog.pg_proc as f
        join room as r on r.oid = f.pronamespace
    )
    select 'table without forced row-level security', t.name
    from relation as t
    where t.relkind in ('r', 'p') and not (t.relrowsecurity and t.relforcerowsecurity)
        -- COPY FROM is refused under row-level security: staging tables do without, unlogged and granted to nobody.
        and not (t.relpersistence = 'u' and t.relacl is null and t.relnamespace = (select oid from room where nspname = 'ingest'))
    union all
    -- pg_dump as the owner would leave rows out and not say so. Days of the feed need no backup: a restored one begins anew.
    select 'table of which the owner does not see all rows', t.name
    from relation as t
    where t.relkind in ('r', 'p') and t.relforcerowsecurity
        and not (t.relispartition and t.relnamespace = to_regnamespace('feed'))
        and not exists (
            select from pg_catalog.pg_policy as p
            where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('*', 'r') and to_regrole('homeroom_owner') = any (p.polroles)
                and pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'
        )
    union all
    select 'policy for everybody', format('%s on %s', p.polname, p.polrelid::regclass)
    from pg_catalog.pg_policy as p
    join relation as t on t.oid = p.polrelid
    where 0 = any (p.polroles)
    union all
    select 'table open to public or to the API''s login', t.name
    from relation as t
    cross join lateral pg_catalog.aclexplode(t.relacl) as a
    where a.grantee in (0, to_regrole('homeroom_api'))
    union all
    select 'schema in which everybody may create', n.nspname::text
    from pg_catalog.pg_namespace as n
    where pg_catalog.has_schema_privilege('public', n.oid, 'create')
    union all
    select 'function open to public', f.name
    from routine as f
    where pg_catalog.has_function_privilege('public', f.oid, 'execute')
    union all
    select 'definer function without search_path', f.name
    from routine as f
    where f.prosecdef and not coalesce('search_path=""' = any (f.proconfig), false)
    union all
    select 'not owned by homeroom_owner', o.name
    from (
        select relowner as owner, name from relation
        union all
        select proowner, name from routine
    ) as o
    where o.owner <> to_regrole('homeroom_owner')
    union all
    select 'without comment', t.name
    from relation as t
    where pg_catalog.obj_description(t.oid, 'pg_class') is null
    union all
    select 'without comment', f.name
    from routine as f
    where pg_catalog.obj_description(f.oid, 'pg_proc') is null
    union all
    select 'constraint not validated', format('%s on %s', k.conname, k.conrelid::regclass)
    from pg_catalog.pg_constraint as k
    join relation as t on t.oid = k.conrelid
    where not k.convalidated
    union all
    select 'index not valid', i.indexrelid::regclass::text
    from pg_catalog.pg_index as i
    join relation as t on t.oid = i.indrelid
    where not i.indisvalid
    union all
    select 'role with more than it needs', r.rolname::text
    from pg_catalog.pg_roles as r
    where r.rolname like 'homeroom\_%'
        and (
            r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
            or (r.rolcanlogin and r.rolname <> 'homeroom_api')
            or (r.rolinherit and r.rolname = 'homeroom_api')
        )
$$;
comment on function ops.catalog_problems() is
'Rules that every object of Homeroom keeps, and who breaks them: (rule, object), no row when all is well. `homeroom migrate`
asks after each release and takes it back if there is an answer; `homeroom status` shows it.';
revoke all on function ops.catalog_problems() from public;
