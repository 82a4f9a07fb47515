-- No organization reaches another's rows: every table and view with an org_id, every role, reading and writing. All of it comes
-- from the catalog, so that a new table fails here until it has its policies, and rows of both organizations below.
begin;
select no_plan();
select tests.build_world();

-- What tests.build_world() lacks in one organization.
insert into school.tutor_student (org_id, tutor_id, student_id)
select org_id, tests.person('zac'), tests.person('zoe') from school.organization where name = 'South';

insert into school.assignment (org_id, course_id, title, due_at)
select c.org_id, c.id, 'essay', now() + interval '1 day' from school.course as c;

do $$ begin perform board.fold(org_id) from school.organization; end $$;

insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at)
select e.org_id, a.id, e.course_id, e.student_id, now() - interval '1 day'
from school.enrollment as e
join school.assignment as a on a.org_id = e.org_id and a.course_id = e.course_id and a.title = 'essay';

insert into school.payment (org_id, cohort_id, amount, due_on)
select c.org_id, c.id, 10, current_date from school.cohort as c;

insert into ops.job_run (org_id, job, next_due)
select org_id, 'some job', now() from school.organization;

insert into feed.presence (org_id, person_id, role, until)
select p.org_id, p.id, 'student', now() from school.person as p where p.name in ('ann', 'zoe');

insert into auth.session (org_id, id, person_id, role, expires_at)
select p.org_id, sha256(p.name::bytea), p.id, 'student', now() + interval '1 day'
from school.person as p
where p.name in ('ann', 'zoe');

insert into ops.backfill (org_id)
select org_id from school.organization;

insert into ops.mending (org_id)
select org_id from school.organization;

insert into ops.recalculation (org_id, requested_by, student_ids)
select p.org_id, p.id, array[p.id] from school.person as p where p.name in ('ann', 'zoe');

insert into auth.db_login (login, org_id, person_id, role)
select r.role || '_login', r.org_id, r.person_id, r.role
from school.person_role as r
where r.person_id in (tests.person('lea'), tests.person('zia'));

create function tests.relations() returns table (relation regclass, is_table boolean)
language sql
as $$
    select c.oid::regclass, c.relkind in ('r', 'p')
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'org_id' and a.attnum > 0
    where c.relnamespace::regnamespace::text in ('school', 'board', 'ingest', 'analytics', 'auth', 'feed', 'ops')
        and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
        -- staging tables, granted to nobody (ops.catalog_problems sees to that)
        and not (c.relnamespace = 'ingest'::regnamespace and c.relpersistence = 'u')
$$;
comment on function tests.relations() is 'What holds or shows rows of organizations: a partitioned table once.';

create function tests.outcome(statement text, actor text default null, preparation text default 'select') returns text
language plpgsql
as $$
declare
    claims constant jsonb := case when actor is not null then tests.claims(actor) end;
begin
    begin
        execute preparation;
        if actor is not null then
            perform tests.enter(claims);
        end if;
        execute statement;
        raise 'taken back' using errcode = 'TEST0';
    exception
        when insufficient_privilege then
            return 'refused';
        when sqlstate 'TEST0' then
            return 'done';
        when others then
            return sqlstate;
    end;
end
$$;
comment on function tests.outcome(text, text, text) is
'How the actor''s (the superuser''s, where null) statement ends after the superuser''s preparation: refused, done, or the error''s
code. Taken back.';

create function tests.meet() returns trigger
language plpgsql
as $$
begin
    if old.org_id = tg_argv[0]::bigint then
        return null;
    end if;
    raise 'a row of another organization' using errcode = 'TEST1';
end
$$;
comment on function tests.meet() is
'Fires before an update or delete of a row that the policies let through: an own row is left alone, another''s is TEST1. So the
statement reads no column, and what is seen is the policies for writing and not those for reading.';

create function tests.writes_abroad(relation regclass, actor text, own bigint) returns text[]
language plpgsql
as $$
declare
    role constant text := 'homeroom_' || split_part(actor, ' ', 2);
    trap constant text := format(
        'create trigger aaa_meet before update or delete on %s for each row execute function tests.meet(%s)', relation, own
    );
    -- The first column that may be updated, if there is one.
    written constant text := coalesce(
        (
            select quote_ident(a.attname)
            from pg_attribute as a
            where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
                and has_column_privilege(coalesce(role, current_user), relation, a.attnum, 'update')
            order by a.attnum
            limit 1
        ),
        'org_id'
    );
    columns text;
    abroad jsonb;
begin
    select string_agg(quote_ident(a.attname), ', ')
    into columns
    from pg_attribute as a
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    abroad := coalesce(
        (tests.rows_of(format('select * from %s where org_id <> %s limit 1', relation, own)))[1],
        jsonb_build_object('org_id', own + 1)
    );

    -- A policy refuses before any constraint does: an insert that fails otherwise has got past it.
    return array_remove(
        array[
            case
                when tests.outcome(
                    format(
                        'insert into %1$s (%2$s) overriding system value select %2$s from jsonb_populate_record(null::%1$s, %3$L)',
                        relation, columns, abroad
                    ),
                    actor
                ) <> 'refused' then 'insert'
            end,
            case
                when tests.outcome(format('update %s set %s = default', relation, written), actor, trap) not in ('refused', 'done')
                    then 'update'
            end,
            case when tests.outcome(format('delete from %s', relation), actor, trap) not in ('refused', 'done') then 'delete' end
        ],
        null
    );
end
$$;
comment on function tests.writes_abroad(regclass, text, bigint) is
'Which of insert, update, delete the actor (the superuser, where null) can do to rows of organizations other than `own`.';

create function tests.sees(relation regclass, actor text) returns bigint[]
language sql
as $$
    select case
        when f.found = array['"refused"'::jsonb] then null
        else array(select (row ->> 'org_id')::bigint from unnest(f.found) as row where row ->> 'org_id' is not null)
    end
    from (select tests.rows_of(format('select distinct org_id from %s', relation), actor)) as f (found)
$$;
comment on function tests.sees(regclass, text) is 'Of which organizations the actor sees rows; null if it may not read at all.';

create function tests.tenant_problems(of_relation regclass) returns table (problem text)
language sql
as $$
    with it as (
        select r.relation, r.is_table from tests.relations() as r where r.relation = of_relation
    ),
    actor as (
        select p.org_id, r.role, 'homeroom_' || r.role as login, p.name || ' ' || r.role as name
        from school.person_role as r
        join school.person as p on p.org_id = r.org_id and p.id = r.person_id
    ),
    policy as (
        select p.cmd, unnest(p.roles) as login
        from pg_policies as p
        where format('%I.%I', p.schemaname, p.tablename)::regclass = of_relation and p.permissive = 'PERMISSIVE'
    ),
    held as (
        select tests.sees(of_relation, null) as orgs
    ),
    seen as (
        select
            a.*, tests.sees(of_relation, a.name) as orgs, has_any_column_privilege(a.login, of_relation, 'select') as may
        from actor as a
    )
    select 'has no rows of both organizations in this file'
    from held as h
    where cardinality(h.orgs) < 2
    union all
    select 'has no policy for its owner'
    from it
    where it.is_table and not exists (select from policy as p where p.login = 'homeroom_owner' and p.cmd = 'ALL')
    union all
    select distinct 'may be read by ' || s.role || ', for whom there is no policy'
    from it
    cross join seen as s
    where it.is_table and s.may and not exists (select from policy as p where p.login = s.login and p.cmd in ('SELECT', 'ALL'))
    union all
    select 'may be read by ' || s.role || ', who sees nothing of the own organization'
    from seen as s
    cross join held as h
    where s.may and cardinality(h.orgs) > 1
    group by s.role
    having not bool_or(coalesce(s.org_id = any (s.orgs), false))
    union all
    select s.name || ' sees rows of another organization'
    from seen as s
    where exists (select from unnest(s.orgs) as o where o <> s.org_id)
    union all
    select a.name || ' writes to another organization: ' || w.what
    from it
    cross join actor as a
    cross join lateral unnest(tests.writes_abroad(of_relation, a.name, a.org_id)) as w (what)
    where it.is_table
    union all
    select distinct a.role || ' may truncate, which no policy stops'
    from actor as a
    where has_table_privilege(a.login, of_relation, 'truncate')
    union all
    select a.login || ' has ' || w.what || ' on a view'
    from it
    cross join (select distinct login from actor) as a
    cross join unnest('{insert,update,delete}'::text[]) as w (what)
    where not it.is_table and has_table_privilege(a.login, of_relation, w.what)
$$;
comment on function tests.tenant_problems(regclass) is 'What is wrong with who reaches this table or view; no row when all is well.';

select is_empty(format('select * from tests.tenant_problems(%L)', r.relation), r.relation || ' keeps organizations apart')
from tests.relations() as r
order by r.relation::text;

-- The control of writing: nothing but the policies stands in the way.
select is(
    tests.writes_abroad(r.relation, null, o.org_id),
    '{insert,update,delete}',
    'the superuser writes to any organization: ' || r.relation
)
from tests.relations() as r
cross join (select org_id from school.organization where name = 'North') as o
where r.is_table
order by r.relation::text;

-- All nine roles act.
select is(
    (
        select count(distinct r.role)
        from school.person_role as r
        join school.organization as o on o.org_id = r.org_id
        where o.name = 'North'
    ),
    9::bigint,
    'every role is somebody in North'
);
-- Tables that forgot something.
create function tests.planted(policies text, relation text default 'board.planted') returns text[]
language plpgsql
as $$
declare
    found text[];
begin
    begin
        create table board.planted (org_id bigint, n integer);
        alter table board.planted enable row level security;
        alter table board.planted force row level security;
        insert into board.planted select o.org_id, 1 from school.organization as o;
        execute policies;
        found := array(select p.problem from tests.tenant_problems(relation) as p order by p.problem collate "C");
        raise 'taken back' using errcode = 'TEST0';
    exception
        when sqlstate 'TEST0' then
            return found;
    end;
end
$$;

select is(tests.planted('select'), '{has no policy for its owner}', 'a table without any policy is noticed');
select is(
    tests.planted($$
        create policy o on board.planted for all to homeroom_owner using (true);
        create policy s on board.planted for select to homeroom_student using (org_id = (select auth.org_id()));
        grant select on board.planted to homeroom_student;
    $$),
    '{}', 'a table with its policies is well'
);
select is(
    tests.planted($$
        create policy o on board.planted for all to homeroom_owner using (true);
        grant select on board.planted to homeroom_student;
    $$),
    '{"may be read by student, for whom there is no policy","may be read by student, who sees nothing of the own organization"}',
    'a grant without a policy is noticed'
);
select is(
    tests.planted($$
        create policy o on board.planted for all to homeroom_owner using (true);
        create policy s on board.planted for all to homeroom_mentor using (n = 1);
        grant select, insert, update, delete on board.planted to homeroom_mentor;
    $$),
    '{"mia mentor sees rows of another organization","mia mentor writes to another organization: delete",
    "mia mentor writes to another organization: insert","mia mentor writes to another organization: update"}',
    'policies that forget org_id are noticed'
);
select is(
    tests.planted($$
        create policy o on board.planted for all to homeroom_owner using (true);
        create policy s on board.planted for select to homeroom_mentor using (org_id = (select auth.org_id()));
        create policy u on board.planted for update to homeroom_mentor using (true);
        grant select, update (n) on board.planted to homeroom_mentor;
    $$),
    '{"mia mentor writes to another organization: update"}',
    'a policy for one column''s update that forgets org_id is noticed'
);
select is(
    tests.planted(
        $$
        create policy o on board.planted for all to homeroom_owner using (true);
        create view board.leak as select p.org_id, p.n from board.planted as p;
        grant select, delete on board.leak to homeroom_mentor;
        $$,
        'board.leak'
    ),
    '{"homeroom_mentor has delete on a view","mia mentor sees rows of another organization"}',
    'a view with its owner''s rights, and one that can be written, are noticed'
);

select finish();
rollback;
