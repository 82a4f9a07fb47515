-- Who writes which rows. Admins and services write their organization's facts, everybody else none; what is derived is
-- written by functions alone. What they read (literally in reads.sql) is the control: as many rows are there to be written.
begin;
select no_plan();
select tests.build_world();

create temporary table fact as
select t.relation
from tests.tables('school') as t
where t.relation <> 'school.organization'::regclass;

create temporary table derived as
select t.relation from tests.tables('board', 'ingest') as t
where t.relation <> 'board.alert_rule'::regclass
union all
select 'feed.event'::regclass;

create temporary table writer as
select a.actor, tests.claims(a.actor) ->> 'org' as org
from unnest(array['abe admin', 'sid service', 'zia admin']) as a (actor);

create temporary table reader as
select a.actor, tests.claims(a.actor) ->> 'org' as org
from unnest(array[
    'ann student', 'pam parent', 'tom teacher', 'tom parent', 'uma tutor', 'mia mentor', 'dan director', 'lea analyst'
]) as a (actor);

create temporary table anybody as
select w.actor, w.org from writer as w
union all
select r.actor, r.org from reader as r;

-- Admins and services: all of their organization's facts, none of another's.
select isnt(tests.reads('abe admin', f.relation), '{}', format('%s has rows to write', f.relation)) from fact as f;

select is(tests.inserts(w.actor, f.relation), tests.reads(w.actor, f.relation), format('%s: %s inserts', f.relation, w.actor))
from fact as f
cross join writer as w;

select is(
    tests.writes(w.actor, format('update %s set org_id = %s', f.relation, w.org)),
    format('%s rows', cardinality(tests.reads(w.actor, f.relation))),
    format('%s: %s updates', f.relation, w.actor)
)
from fact as f
cross join writer as w;

select is(
    tests.writes(w.actor, format('delete from %s', f.relation)),
    format('%s rows', cardinality(tests.reads(w.actor, f.relation))),
    format('%s: %s deletes', f.relation, w.actor)
)
from fact as f
cross join writer as w;

select is(
    tests.writes(w.actor, format('update %s set org_id = %s', f.relation, o.org_id)), 'refused',
    format('%s: %s cannot give rows to another organization', f.relation, w.actor)
)
from fact as f
cross join writer as w
join school.organization as o on o.org_id::text <> w.org
where tests.reads(w.actor, f.relation) <> '{}';

-- Everybody else: no fact. Nobody at all: what is derived.
create temporary table denied as
select r.actor, r.org, f.relation
from reader as r
cross join fact as f
union all
select a.actor, a.org, d.relation
from anybody as a
cross join derived as d;

select is(tests.inserts(d.actor, d.relation), '{}', format('%s: %s inserts nothing', d.relation, d.actor)) from denied as d;

select is(
    tests.writes(d.actor, format('update %s set org_id = %s', d.relation, d.org)), 'refused',
    format('%s: %s updates nothing', d.relation, d.actor)
)
from denied as d;

select is(
    tests.writes(d.actor, format('delete from %s', d.relation)), 'refused',
    format('%s: %s deletes nothing', d.relation, d.actor)
)
from denied as d;

-- By which rules cohorts are judged: admins alone say.
select is(tests.inserts(w.actor, 'board.alert_rule'), tests.reads(w.actor, 'board.alert_rule'), format('%s inserts rules', w.actor))
from writer as w
where w.actor <> 'sid service';

select is(
    tests.writes(w.actor, s.statement), format('%s rows', cardinality(tests.reads(w.actor, 'board.alert_rule'))),
    format('%s: %s', w.actor, s.statement)
)
from writer as w
cross join unnest(array['update board.alert_rule set threshold = 1', 'delete from board.alert_rule']) as s (statement)
where w.actor <> 'sid service';

select is(
    tests.writes(w.actor, format('update board.alert_rule set org_id = %s', o.org_id)), 'refused',
    format('%s cannot give rules to another organization', w.actor)
)
from writer as w
join school.organization as o on o.org_id::text <> w.org;

select is(tests.writes(a.actor, s.statement), 'refused', format('%s: %s', a.actor, s.statement))
from anybody as a
cross join unnest(array['update board.alert_rule set threshold = 1', 'delete from board.alert_rule']) as s (statement)
where a.actor not in ('abe admin', 'zia admin');

select is(tests.inserts(a.actor, 'board.alert_rule'), '{}', format('%s inserts no rules', a.actor))
from anybody as a
where a.actor not in ('abe admin', 'zia admin');

-- The organization: its admin renames it and sets its time zone; nobody makes, ends or re-keys one.
select is(tests.writes(w.actor, w.statement), w.outcome, format('%s: %s', w.actor, w.statement))
from (
    values
    ('abe admin', $$update school.organization set name = 'North again', time_zone = 'Europe/Oslo'$$, '1 rows'),
    ('zia admin', $$update school.organization set name = 'South again'$$, '1 rows'),
    ('abe admin', 'update school.organization set org_id = 1', 'refused'),
    ('abe admin', 'update school.organization set external_id = null', 'refused'),
    ('sid service', $$update school.organization set name = 'Mine'$$, 'refused')
) as w (actor, statement, outcome);

select is(tests.writes(a.actor, s.statement), 'refused', format('%s: %s', a.actor, s.statement))
from reader as a
cross join unnest(array[
    $$update school.organization set name = 'Mine'$$, $$update school.organization set time_zone = 'UTC'$$
]) as s (statement);

select is(tests.writes(a.actor, s.statement), 'refused', format('%s: %s', a.actor, s.statement))
from anybody as a
cross join unnest(array[
    $$insert into school.organization (name) values ('East')$$, 'delete from school.organization'
]) as s (statement);

select finish();
rollback;
