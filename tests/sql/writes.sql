-- Who writes which rows. Admins and services write their organization's facts, everybody else none; what is derived is
-- written by functions alone. What the admin reads (literally in reads.sql) is the control: those rows exist and are found.
begin;
select no_plan();
select tests.build_world();

create temporary table fact as
select t.relation from tests.tables('school') as t where t.relation <> 'school.organization'::regclass;

create temporary table derived as
select t.relation from tests.tables('board') as t;

create temporary table reader as
select a.actor
from unnest(array[
    'ann student', 'pam parent', 'tom teacher', 'tom parent', 'uma tutor', 'mia mentor', 'dan director', 'lea analyst'
]) as a (actor);

create temporary table anybody as
select r.actor from reader as r
union all
values ('abe admin'), ('sid service');

select isnt(tests.reads('abe admin', f.relation), '{}', format('%s has rows to write', f.relation)) from fact as f;

select is(tests.inserts(a.actor, f.relation), tests.reads(a.actor, f.relation), format('%s: %s inserts', f.relation, a.actor))
from fact as f
cross join unnest(array['abe admin', 'sid service', 'zia admin']) as a (actor);

select is(tests.updates(a.actor, f.relation), tests.reads(a.actor, f.relation), format('%s: %s updates', f.relation, a.actor))
from fact as f
cross join unnest(array['abe admin', 'sid service', 'zia admin']) as a (actor);

select is(tests.deletes(a.actor, f.relation), tests.reads(a.actor, f.relation), format('%s: %s deletes', f.relation, a.actor))
from fact as f
cross join unnest(array['abe admin', 'sid service', 'zia admin']) as a (actor);

select is(
    tests.updates(a.actor, f.relation, format('org_id = %s', o.org_id)), '{refused}',
    format('%s: %s cannot give a row to another organization', f.relation, a.actor)
)
from fact as f
cross join unnest(array['abe admin', 'sid service']) as a (actor)
cross join school.organization as o
where o.name = 'South';

-- Everybody else writes nothing.
select is(tests.inserts(r.actor, f.relation), '{}', format('%s: %s inserts nothing', f.relation, r.actor))
from fact as f
cross join reader as r;

select is(tests.updates(r.actor, f.relation), '{refused}', format('%s: %s updates nothing', f.relation, r.actor))
from fact as f
cross join reader as r;

select is(tests.deletes(r.actor, f.relation), '{refused}', format('%s: %s deletes nothing', f.relation, r.actor))
from fact as f
cross join reader as r;

-- What is derived: not even admins and services.
select is(tests.inserts(a.actor, d.relation), '{}', format('%s: %s inserts nothing', d.relation, a.actor))
from derived as d
cross join anybody as a;

select is(tests.updates(a.actor, d.relation), '{refused}', format('%s: %s updates nothing', d.relation, a.actor))
from derived as d
cross join anybody as a;

select is(tests.deletes(a.actor, d.relation), '{refused}', format('%s: %s deletes nothing', d.relation, a.actor))
from derived as d
cross join anybody as a;

-- The organization: its admin renames it and sets its time zone; nobody makes, ends or re-keys one.
select is(
    tests.updates(w.actor, 'school.organization', w.change), w.renamed,
    format('school.organization: %s sets %s', w.actor, w.change)
)
from (
    values
    ('abe admin', 'name = name, time_zone = time_zone', '{North}'::text[]),
    ('zia admin', 'name = name, time_zone = time_zone', '{South}'),
    ('abe admin', 'org_id = org_id', '{refused}'),
    ('abe admin', 'external_id = external_id', '{refused}'),
    ('sid service', 'name = name', '{refused}')
) as w (actor, change, renamed);

select is(tests.updates(r.actor, 'school.organization', 'name = name'), '{refused}', format('school.organization: %s', r.actor))
from reader as r;

select is(tests.labels(tests.rows_of(s.statement, a.actor)), '{refused}', format('%s: %s', a.actor, s.statement))
from unnest(array[
    $$insert into school.organization (name) values ('East') returning *$$,
    $$delete from school.organization returning *$$
]) as s (statement)
cross join anybody as a;

select finish();
rollback;
