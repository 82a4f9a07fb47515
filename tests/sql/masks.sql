-- What students, and those who read with them, have no grant on: whole tables, and single columns of others. Not by naming it, not
-- by *, not in a condition, an order or a whole row. An admin's reading is the control: the value is there.
begin;
select no_plan();
select tests.build_world();

create temporary table masked (relation regclass, masked_column text, actors text[]);
insert into masked (relation, masked_column, actors) values
('school.competency_score', 'level', '{ann student,pam parent,uma tutor}'),
('school.readiness_score', 'score', '{ann student,pam parent,uma tutor}'),
('school.ai_nudge', 'message', '{ann student,pam parent,uma tutor,mia mentor}'),
('school.portfolio_item', 'quality', '{ann student,pam parent,uma tutor}'),
('school.mentor_session', 'rating', '{ann student,pam parent}');

create temporary table attack as
select
    m.relation, a.actor,
    format(s.statement, m.relation, quote_ident(m.masked_column)) as statement
from masked as m
cross join unnest(m.actors) as a (actor)
cross join unnest(array[
    'select * from %1$s',
    'select %2$s from %1$s',
    'select max(%2$s) as most from %1$s',
    'select t.org_id from %1$s as t where t.%2$s is not null',
    'select t.org_id from %1$s as t order by t.%2$s',
    'select to_jsonb(t) as row from %1$s as t',
    'select a.org_id from %1$s as a join %1$s as b using (org_id, %2$s)',
    'select t.org_id from %1$s as t group by t.org_id having count(t.%2$s) > 0'
]) as s (statement);

select is(tests.rows_of(a.statement, a.actor), array['"refused"'::jsonb], format('%s: %s', a.actor, a.statement))
from attack as a;

select isnt(tests.labels(tests.rows_of(a.statement, 'abe admin')), '{}', format('abe admin: %s', a.statement))
from (select distinct attack.statement from attack) as a;

-- Of tables with a masked column the others are readable, and the rows are those of the policies.
select is(
    tests.rows_of(
        'select title, url, state, created_at is null as is_new, reviewed_at is null as is_open from school.portfolio_item', a.actor
    ),
    array[jsonb_build_object('title', 'essay', 'url', null, 'state', 'approved', 'is_new', false, 'is_open', false)],
    format('%s reads the columns of portfolio_item that are not masked', a.actor)
)
from unnest(array['ann student', 'pam parent', 'uma tutor']) as a (actor);

select is(
    tests.rows_of('select title, status from school.mentor_session order by title', a.actor),
    array['{"title": "kickoff", "status": "held"}', '{"title": "talk", "status": "held"}']::jsonb[],
    format('%s reads the columns of mentor_session that are not masked', a.actor)
)
from unnest(array['ann student', 'pam parent']) as a (actor);

-- The mentor reads what is masked of the own students, and nothing of others.
select is(
    tests.rows_of(s.statement, 'mia mentor'), array[s.expected::jsonb], format('mia mentor: %s', s.statement)
)
from (
    values
    ('select level from school.competency_score', '{"level": 60.000000}'),
    ('select score from school.readiness_score', '{"score": 55.000000}'),
    ('select quality from school.portfolio_item', '{"quality": 88.000000}')
) as s (statement, expected);

-- No role reads single columns but those of this file: what is masked is written down here.
select results_eq(
    $$
    select distinct c.relation, split_part(a.actor, ' ', 2) collate "C"
    from masked as c
    cross join unnest(c.actors) as a (actor)
    where c.relation in ('school.portfolio_item'::regclass, 'school.mentor_session')
    order by 1, 2
    $$,
    $$
    select distinct t.attrelid::regclass, substr(a.grantee::regrole::text, 10) collate "C"
    from pg_attribute as t
    cross join lateral aclexplode(t.attacl) as a
    where t.attrelid::regclass in (select f.relation from tests.tables('school') as f) and a.privilege_type = 'SELECT'
    order by 1, 2
    $$,
    'grants on single columns are those to students, parents and tutors'
);

select finish();
rollback;
