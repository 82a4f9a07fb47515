-- board.metrics() says what a count in the tables says under the same login; who has none is refused.
begin;
select no_plan();
select tests.build_world();

-- Each state of work: ann's is pending, what she did in the course that she dropped waits for a grade; of rings, a draft.
insert into school.submission (org_id, assignment_id, course_id, student_id)
select a.org_id, a.id, a.course_id, tests.person('ann') from school.assignment as a where a.title = 'rings';
update school.submission set grade = null, graded_at = null
where student_id = tests.person('ann') and course_id = tests.course('BIO');
update school.submission set submitted_at = null, grade = null, graded_at = null where student_id = tests.person('cyd');

create temporary table recount as
select
    '
    select
        (select count(*) from school.submission where grade is null and submitted_at is null) as pending_submissions,
        (select count(*) from school.submission where grade is null and submitted_at is not null) as ungraded_submissions,
        (select count(distinct student_id) from school.submission) as active_students,
        (select count(*) from school.assignment) as total_assignments
    ' as statement;

select is(
    tests.rows_of('select * from board.metrics()', e.actor), array[to_jsonb(e) - 'actor'], format('%s has these numbers', e.actor)
)
from (
    values
    ('tom teacher', 1, 0, 2, 2), ('tia teacher', 1, 1, 2, 1), ('uma tutor', 1, 1, 1, 1), ('uli tutor', 1, 0, 1, 1),
    ('abe admin', 2, 1, 3, 3), ('zia admin', 0, 0, 1, 1), ('zac teacher', 0, 0, 1, 1)
) as e (actor, pending_submissions, ungraded_submissions, active_students, total_assignments);

select is(
    tests.rows_of('select * from board.metrics()', a.actor, p.preparation),
    tests.rows_of(r.statement, a.actor, p.preparation),
    format('%s counts the same, after: %s', a.actor, p.preparation)
)
from unnest(array['tom teacher', 'tia teacher', 'zac teacher', 'uma tutor', 'uli tutor', 'abe admin', 'zia admin']) as a (actor)
cross join unnest(array[
    'select',
    'delete from school.course_teacher',
    'delete from school.tutor_student',
    'delete from school.submission',
    'delete from school.enrollment',
    'delete from school.assignment where title = ''sets''',
    'update school.assignment set status = ''draft''',
    'update school.assignment set course_id = tests.course(''BIO'') where title = ''sets''',
    'insert into school.course_teacher (org_id, course_id, teacher_id)
    select t.org_id, c.id, t.id from school.person as t join school.course as c using (org_id) where t.name in (''tom'', ''tia'') on conflict do nothing',
    'insert into school.tutor_student (org_id, tutor_id, student_id)
    select t.org_id, t.id, s.person_id from school.person as t join school.person_role as s on s.org_id = t.org_id and s.role = ''student''
    where t.name in (''uma'', ''uli'') on conflict do nothing',
    'delete from school.person where name in (''ann'', ''zoe'')'
]) as p (preparation)
cross join recount as r;

select is(
    tests.rows_of('select * from board.metrics()', a.actor), array['"refused"'::jsonb], format('%s has no metrics', a.actor)
)
from unnest(array['ann student', 'pam parent', 'tom parent', 'mia mentor', 'dan director', 'lea analyst', 'sid service']) as a (actor);

select throws_ok(
    'select * from board.metrics()', 'HR403', 'this is for the roles teacher, tutor and admin', 'nobody in particular has no metrics'
);
select throws_ok(
    format('select * from board.metrics_of(0, %L, array[null]::uuid[])', e.role), 'HR403', null, format('nor has the role %s', e.role)
)
from unnest(array['director', 'analyst']) as e (role);

-- All at once, as one by one; who teaches nothing, or is nobody, has zeros.
select results_eq(
    $$
    select (jsonb_agg(to_jsonb(m) - 'person_id' order by p.name))::text
    from school.person as p
    join board.metrics_of(p.org_id, 'teacher', array(select id from school.person where name in ('tom', 'tia', 'uma'))) as m on m.person_id = p.id
    $$,
    array[
        '[{"active_students": 2, "total_assignments": 1, "pending_submissions": 1, "ungraded_submissions": 1}, '
        '{"active_students": 2, "total_assignments": 2, "pending_submissions": 1, "ungraded_submissions": 0}, '
        '{"active_students": 0, "total_assignments": 0, "pending_submissions": 0, "ungraded_submissions": 0}]'
    ],
    'metrics_of() of several teachers is a row each'
);
select is(
    (select count(*)::integer from board.metrics_of(0, 'admin', array[null]::uuid[])), 1, 'an organization without anything has zeros'
);

select finish();
rollback;
