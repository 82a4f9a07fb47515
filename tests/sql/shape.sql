-- Rules of design that a release may break without harm on the day, but not unseen: how keys, policies, views and columns
-- look. Each is a query that answers who breaks it: nobody does now, and a planted breach is found.
begin;
select no_plan();

create temporary table rule (title text, query text, statements text, object text);
insert into rule (title, query, statements, object) values
(
    'org_id leads every key and index, so that each row belongs to one tenant',
    $$
    select i.indexrelid::regclass::text as object
    from pg_index as i
    join pg_class as c on c.oid = i.indrelid
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where c.relnamespace::regnamespace::text in ('school', 'board', 'ingest') and a.attname <> 'org_id'
        -- where an organization itself comes from
        -- or what a process that serves all of them has not heard of yet
        and i.indexrelid not in (
            'school.organization_external_key'::regclass, 'board.dashboard_update_queue_txid_idx'::regclass
        )
    $$,
    'create index person_email_idx on school.person (email)',
    'school.person_email_idx'
),
(
    'org_id leads every foreign key, so that no row refers to another tenant''s',
    $$
    select k.conname::text as object
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    where k.contype = 'f' and c.relnamespace::regnamespace::text in ('auth', 'school', 'board', 'ingest') and a.attname <> 'org_id'
    $$,
    'alter table school.quiz add constraint quiz_course_again foreign key (course_id, org_id) references school.course (id, org_id)',
    'quiz_course_again'
),
(
    'an index serves every foreign key, so that deleting what it refers to does not read the whole table',
    $$
    select k.conname::text as object
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    where k.contype = 'f' and k.conparentid = 0 and c.relnamespace::regnamespace::text in ('auth', 'school', 'board', 'ingest')
        and not exists (
            select from pg_index as i
            where i.indrelid = k.conrelid and i.indpred is null
                and i.indkey[0] = k.conkey[1] and (i.indkey[1] = k.conkey[2] or k.conkey[2] is null)
        )
    $$,
    'drop index school.guardian_student_idx',
    'guardian_student_fkey'
),
(
    'the owner''s functions see every table by a policy of their own',
    $$
    select t.relation::text as object
    from tests.tables('auth', 'school', 'board', 'feed', 'ingest', 'ops') as t
    where not exists (
        select from pg_policy as p
        where p.polrelid = t.relation and p.polroles = array['homeroom_owner'::regrole::oid] and p.polcmd = '*'
            and pg_get_expr(p.polqual, p.polrelid) = 'true' and pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
    )
    $$,
    $$drop policy "the owner's functions see and write all" on school.person$$,
    'school.person'
),
(
    'a policy is for one command',
    $$
    select format('%s on %s', p.polname, p.polrelid::regclass) as object
    from pg_policy as p
    where p.polcmd = '*' and p.polroles <> array['homeroom_owner'::regrole::oid]
    $$,
    $$
    create policy wide on school.person for all to homeroom_admin
    using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()))
    $$,
    'wide on school.person'
),
(
    'a policy keeps to the caller''s organization, asked once per statement',
    $$
    select format('%s on %s', p.polname, p.polrelid::regclass) as object
    from pg_policy as p
    cross join unnest(array[
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    ]) as e (expression)
    where p.polroles <> array['homeroom_owner'::regrole::oid]
        and e.expression !~ '^\(+org_id = \( SELECT auth\.org_id\(\) AS org_id\)\)( AND .*)?$'
    $$,
    'create policy loose on school.person for select to homeroom_mentor using (org_id = auth.org_id())',
    'loose on school.person'
),
(
    'the API''s login owns nothing',
    $$
    select format('%s %s', d.classid::regclass, d.objid) as object
    from pg_shdepend as d
    where d.refobjid = 'homeroom_api'::regrole and d.deptype = 'o'
    $$,
    'create schema loose authorization homeroom_api',
    'pg_namespace %'
),
(
    'the API''s login reads and writes no column and no sequence by itself',
    $$
    select c.oid::regclass::text as object
    from pg_class as c
    left join pg_attribute as t on t.attrelid = c.oid
    cross join lateral aclexplode(coalesce(t.attacl, c.relacl)) as a
    where a.grantee = 'homeroom_api'::regrole
    $$,
    'grant select (name) on school.person to homeroom_api',
    'school.person'
),
(
    'a view says whose rights it reads with: the reader''s, or the owner''s behind a barrier',
    $$
    select c.oid::regclass::text as object
    from pg_class as c
    where c.relnamespace::regnamespace::text in ('auth', 'school', 'board', 'ingest', 'api', 'ops') and c.relkind = 'v'
        and not coalesce(c.reloptions && array['security_invoker=true', 'security_barrier=true'], false)
    $$,
    'create view school.names as select p.name from school.person as p',
    'school.names'
),
(
    'a trigger function has a trigger',
    $$
    select f.oid::regprocedure::text as object
    from pg_proc as f
    where f.proowner = 'homeroom_owner'::regrole and f.prorettype = 'trigger'::regtype
        and not exists (select from pg_trigger as t where t.tgfoid = f.oid)
    $$,
    'drop trigger tg_submission__performance_update on school.submission;
    drop trigger tg_submission__performance_delete on school.submission',
    'board.tg_submission__performance()'
),
(
    'a column whose name does not say it all has a comment',
    $$
    select format('%s.%s', t.relation, a.attname) as object
    from tests.tables('auth', 'school', 'board', 'feed', 'ingest', 'ops') as t
    join pg_attribute as a on a.attrelid = t.relation
    where a.attnum > 0 and not a.attisdropped and col_description(a.attrelid, a.attnum) is null
        and a.attname !~ '(_id|_at|^id|^name|^title|^description|^email|^role|^total_\w+_completed|^singleton)$'
    $$,
    'alter table school.person add column mood text',
    'school.person.mood'
);

select is_empty(r.query, r.title) from rule as r;

select ok(
    tests.noticed(r.statements, format('select from (%s) as q where q.object like %L', r.query, r.object)),
    format('noticed: %s', trim(e' \n' from r.statements))
)
from rule as r;

select finish();
rollback;
