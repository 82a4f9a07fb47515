-- What would pass the triggers by is refused (0A000), by the table's owner too.
begin;
select no_plan();
select tests.build_world();

-- A superuser that acts as the owner is the strongest role a release or an operator has.
select throws_ok(
    format('set local role homeroom_owner; truncate %s cascade', t.relation), '0A000', null, format('truncate %s', t.relation)
)
from tests.tables('school') as t
where t.relation not in (
    -- no aggregate is made from these
    'school.guardian'::regclass, 'school.tutor_student'::regclass, 'school.course_teacher'::regclass
);

select throws_ok(
    format('set local role homeroom_owner; %s', w.statement), '0A000', null, w.statement
)
from (
    select format(w.template, i.inhrelid::regclass) as statement
    from pg_inherits as i
    cross join unnest(array[
        'insert into %s (org_id, student_id, agent_type, occurred_at) values (1, gen_random_uuid(), ''forum'', now())',
        'update %s set weight = 2',
        'delete from %s',
        'truncate %s'
    ]) as w (template)
    where i.inhparent = 'school.interaction'::regclass
) as w;

select cmp_ok(
    (select count(*) from pg_inherits as i where i.inhparent = 'school.interaction'::regclass), '>=', 4::bigint,
    'that was the default partition and this quarter''s'
);

-- The whole table takes what a partition refuses.
select lives_ok(w.statement, w.statement)
from unnest(array[
    'insert into school.interaction (org_id, student_id, agent_type, occurred_at) '
    'select p.org_id, p.id, ''forum'', now() from school.person as p where p.name = ''ann''',
    'update school.interaction set weight = 2',
    'delete from school.interaction'
]) as w (statement);

select finish();
rollback;
