-- The performance aggregates after everything that can happen to the facts: each time the numbers expected, as
-- tests.performance() puts them (quizzes, average, assignments, average, average of all), and no drift for anybody.
begin;
select no_plan();
select tests.build_world();

create function pg_temp.after(statement text, numbers jsonb) returns setof text
language plpgsql
as $$
declare
    student text;
    number text;
begin
    execute statement;
    for student, number in select * from jsonb_each_text(numbers) loop
        return next tap.is(tests.performance(student), number, format('%s after: %s', student, trim(e' \n' from statement)));
    end loop;
    return next tap.is_empty('select * from tests.drift', '... and nobody''s numbers drift');
end
$$;

create temporary table south as
select p.student_id, p.ctid as place from board.student_course_performance as p where p.student_id = tests.person('zoe');

select pg_temp.after('select', '{"ann": "1 85.00 1 80.00 82.50", "bea": "1 95.00 1 90.00 92.50"}');

-- Drift would be seen.
select ok(tests.noticed(w.statement, 'select from tests.drift'), format('drift noticed: %s', w.statement))
from unnest(array[
    'update board.course_rollup set enrollments = enrollments + 1',
    'update board.organization_rollup set students = students + 1',
    'insert into board.work_delta (org_id, course_id, quiz_score_sum) select org_id, id, 1 from school.course',
    'delete from board.course_rollup',
    'update board.assignment_rollup set pending_submissions = pending_submissions + 1',
    'update board.work_delta set counted = not counted',
    'update board.student_course_performance set total_assignments_completed = total_assignments_completed + 1',
    'update board.student_course_performance set course_id = gen_random_uuid()',
    'delete from board.student_course_performance'
]) as w (statement);

-- Grade, regrade, take back; complete, reopen.
select pg_temp.after(w.statement, jsonb_build_object('ann', w.ann))
from (
    values
    ('update school.submission set grade = 90 where grade = 80', '1 85.00 1 90.00 87.50'),
    ('update school.quiz_attempt set score = 33.333333 where score = 85', '1 33.33 1 90.00 61.67'),
    (
        $$
        update school.submission set grade = null, graded_at = null
        where student_id = tests.person('ann') and course_id = tests.course('ALG')
        $$,
        '1 33.33 0 33.33'
    ),
    ('update school.submission set grade = 80, graded_at = now() where grade is null', '1 33.33 1 80.00 56.67'),
    ('update school.quiz_attempt set completed_at = null where score < 34', '0 1 80.00 80.00'),
    ('update school.quiz_attempt set completed_at = now() where score < 34', '1 33.33 1 80.00 56.67'),
    ('update school.quiz_attempt set score = null where score < 34', '0 1 80.00 80.00'),
    ('update school.quiz_attempt set score = 85 where score is null', '1 85.00 1 80.00 82.50'),
    ('update school.submission set is_banked = true', '1 85.00 1 80.00 82.50'),
    ('update school.submission set grade = 0 where false', '1 85.00 1 80.00 82.50')
) as w (statement, ann);

-- What is not graded, not completed or not scored comes and goes without counting.
select pg_temp.after(w.statement, '{"ann": "1 85.00 1 80.00 82.50", "bea": "1 95.00 1 90.00 92.50"}')
from unnest(array[
    $$
    insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at)
    select a.org_id, a.id, a.course_id, tests.person('ann'), now() from school.assignment as a where a.title = 'rings'
    $$,
    $$
    insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
    select q.org_id, q.id, q.course_id, tests.person('ann'), v.completed_at, v.score
    from school.quiz as q
    cross join (values (null::timestamptz, 50), (now(), null), (null, null)) as v (completed_at, score)
    where q.title = 'roots'
    $$,
    'update school.quiz_attempt set started_at = completed_at',
    'delete from school.submission where grade is null',
    'delete from school.quiz_attempt where completed_at is null or score is null'
]) as w (statement);

-- Drop, complete, delete, enroll anew: what comes back is the work as it is by then.
select pg_temp.after(w.statement, jsonb_build_object('ann', w.ann))
from (
    values
    ($$update school.enrollment set status = 'dropped' where student_id = tests.person('ann')$$, '0 0'),
    ('update school.submission set grade = 82 where grade = 80', '0 0'),
    ($$update school.enrollment set status = 'dropped' where student_id = tests.person('ann')$$, '0 0'),
    ($$update school.enrollment set status = 'completed' where status = 'dropped'$$, '2 75.00 2 71.00 73.00'),
    ($$update school.enrollment set status = 'active' where status = 'completed'$$, '2 75.00 2 71.00 73.00'),
    ($$delete from school.enrollment where student_id = tests.person('ann')$$, '0 0'),
    ('delete from school.quiz_attempt where score = 65', '0 0'),
    (
        $$
        insert into school.enrollment (org_id, student_id, course_id)
        select s.org_id, s.student_id, s.course_id from school.submission as s where s.student_id = tests.person('ann')
        $$,
        '1 85.00 2 71.00 75.67'
    ),
    ('update school.enrollment set status = status where false', '1 85.00 2 71.00 75.67'),
    ($$update school.enrollment set status = 'completed' where student_id = tests.person('ann')$$, '1 85.00 2 71.00 75.67'),
    ($$delete from school.enrollment where student_id = tests.person('ann') and course_id = tests.course('ALG')$$, '0 1 60.00 60.00'),
    (
        $$
        insert into school.enrollment (org_id, student_id, course_id, status)
        select c.org_id, tests.person('ann'), c.id, 'dropped' from school.course as c where c.title = 'ALG'
        $$,
        '0 1 60.00 60.00'
    ),
    ($$delete from school.enrollment where status = 'dropped'$$, '0 1 60.00 60.00'),
    (
        $$
        insert into school.enrollment (org_id, student_id, course_id, status)
        select c.org_id, tests.person('ann'), c.id, 'completed' from school.course as c where c.title = 'ALG'
        $$,
        '1 85.00 2 71.00 75.67'
    )
) as w (statement, ann);

-- Work that turns out to be another student's counts there, as soon as that student is in the course.
select pg_temp.after(w.statement, w.numbers)
from (
    values
    (
        $$update school.quiz_attempt set student_id = tests.person('cyd') where score = 85$$,
        '{"ann": "0 2 71.00 71.00", "cyd": "1 75.00 1 70.00 72.50"}'::jsonb
    ),
    (
        $$
        insert into school.enrollment (org_id, student_id, course_id)
        select c.org_id, tests.person('cyd'), c.id from school.course as c where c.title = 'ALG'
        $$,
        '{"ann": "0 2 71.00 71.00", "cyd": "2 80.00 1 70.00 76.67"}'
    ),
    -- an enrollment that is rewritten to another course takes the work of the one and brings that of the other
    (
        $$
        update school.enrollment set course_id = tests.course('BIO')
        where student_id = tests.person('bea') and course_id = tests.course('ALG')
        $$,
        '{"bea": "0 0"}'
    ),
    -- an assignment and a quiz that move to another course take their work along
    (
        $$update school.assignment set course_id = tests.course('BIO') where title = 'sets'$$,
        '{"ann": "0 2 71.00 71.00", "bea": "0 1 90.00 90.00"}'
    ),
    (
        $$update school.quiz set course_id = tests.course('BIO') where title = 'roots'$$,
        '{"bea": "1 95.00 1 90.00 92.50", "cyd": "2 80.00 1 70.00 76.67"}'
    )
) as w (statement, numbers);

-- Many rows and several kinds of change in one statement.
select pg_temp.after(w.statement, w.numbers)
from (
    values
    (
        $$
        insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
        select q.org_id, q.id, q.course_id, tests.person('ann'), now(), n % 101
        from school.quiz as q
        cross join generate_series(1, 1010) as n
        where q.title = 'roots'
        $$,
        '{"ann": "1010 50.00 2 71.00 50.04"}'::jsonb
    ),
    (
        $$
        merge into school.quiz_attempt as a
        using (
            select t.org_id, t.id, t.score from school.quiz_attempt as t where t.student_id = tests.person('ann')
        ) as s on s.org_id = a.org_id and s.id = a.id
        when matched and s.score < 50 then delete
        when matched and s.score < 100 then update set score = 100
        $$,
        '{"ann": "510 100.00 2 71.00 99.89"}'
    ),
    (
        $$
        insert into school.submission as s (org_id, assignment_id, course_id, student_id, grade, graded_at)
        select t.org_id, t.assignment_id, t.course_id, t.student_id, 100, now()
        from school.submission as t
        where t.student_id = tests.person('ann')
        on conflict (org_id, assignment_id, student_id) do update set grade = excluded.grade, graded_at = excluded.graded_at
        $$,
        '{"ann": "510 100.00 2 100.00 100.00"}'
    ),
    ($$delete from school.quiz_attempt where student_id = tests.person('ann')$$, '{"ann": "0 2 100.00 100.00"}')
) as w (statement, numbers);

-- Cascades: what hangs on a quiz, a course, a person goes with it, and so do its numbers.
select pg_temp.after(w.statement, w.numbers)
from (
    values
    ($$delete from school.quiz where title = 'genes'$$, '{"cyd": "1 85.00 1 70.00 77.50"}'::jsonb),
    ($$delete from school.assignment where title = 'cells'$$, '{"ann": "0 1 100.00 100.00", "cyd": "1 85.00 0 85.00"}'),
    ($$delete from school.course where title = 'BIO'$$, '{"ann": "0 0", "bea": "0 0", "cyd": "0 0"}'),
    ($$delete from school.person where name in ('ann', 'bea', 'cyd')$$, '{"ann": null, "bea": null, "cyd": null}')
) as w (statement, numbers);

select is_empty(
    $$
    select p.student_id from board.student_course_performance as p where p.student_id <> tests.person('zoe')
    union all
    select p.student_id from board.student_performance as p where p.student_id <> tests.person('zoe')
    $$,
    'nothing is kept of who is gone'
);

select results_eq(
    $$
    select p.student_id, p.ctid from board.student_course_performance as p
    $$,
    'select * from south',
    'none of this wrote a row of the other organization'
);

select finish();
rollback;
