-- First step of every code release, in the same transaction as the rest: policies, triggers and grants go, and the files
-- of the manifest say again what there is. So a policy or grant that left its file has left the database as well, and
-- nobody is ever without rules in between. Functions and views are replaced in place, because other things hang on them.
do $$
declare
    statement text;
    rooms constant oid[] := array(
        select n.oid from pg_namespace as n where n.nspowner = to_regrole('homeroom_owner') and n.nspname <> '_yoyo'
    );
begin
    for statement in
        select format('drop policy %I on %s', p.polname, p.polrelid::regclass)
        from pg_policy as p
        join pg_class as c on c.oid = p.polrelid
        where c.relnamespace = any (rooms)
        union all
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
        from pg_trigger as t
        join pg_class as c on c.oid = t.tgrelid
        where c.relnamespace = any (rooms)
            and not t.tgisinternal and t.tgparentid = 0
        union all
        select distinct format('revoke all on %s %I.%I from %s',
                               case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname,
                               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        cross join lateral (
            select (aclexplode(c.relacl)).grantee
            union
            select (aclexplode(t.attacl)).grantee from pg_attribute as t where t.attrelid = c.oid
        ) as a
        where n.oid = any (rooms)
            and c.relkind in ('r', 'p', 'v', 'm', 'S') and a.grantee <> c.relowner
        union all
        select distinct format('revoke all on routine %s from %s', f.oid::regprocedure,
                               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
        from pg_proc as f
        cross join lateral aclexplode(f.proacl) as a
        where f.pronamespace = any (rooms)
            and a.grantee <> f.proowner
        union all
        select distinct format('revoke all on schema %I from %s', n.nspname,
                               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
        from pg_namespace as n
        cross join lateral aclexplode(n.nspacl) as a
        where n.oid = any (rooms) and a.grantee <> n.nspowner
    loop
        execute statement;
    end loop;
end
$$;
