-- Averages are exact: sum by count, rounded half up once, at the end.
begin;
select plan(11);
select tests.build_world();

select is(board.average(845, 10), 84.50, 'the seed''s quizzes');
select is(board.average(639, 8), 79.88, 'the seed''s assignments: 79.875 rounds up');
select is(board.average(845 + 639, 10 + 8), 82.44, 'the seed''s overall average is of all work, not of the two averages');
select is(board.average(100, 3), 33.33, 'a third');
select is(board.average(0.005, 1), 0.01, 'half a hundredth rounds up');
select is(board.average(0, 5), 0.00, 'nothing but zeros is an average');
select is(board.average(0, 0), null, 'nothing at all is none');

-- The seed's worked example through the triggers.
delete from school.quiz_attempt where student_id = tests.person('ann');
delete from school.submission where student_id = tests.person('ann');
insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
select q.org_id, q.id, q.course_id, tests.person('ann'), now(), v.score
from school.quiz as q
cross join (values (80, 3), (90, 2), (85, 5)) as v (score, times)
cross join generate_series(1, v.times)
where q.title = 'roots';
insert into school.assignment (org_id, course_id, title)
select c.org_id, c.id, format('task %s', n)
from school.course as c
cross join generate_series(1, 8) as n
where c.title = 'ALG';
insert into school.submission (org_id, assignment_id, course_id, student_id, grade, graded_at)
select a.org_id, a.id, a.course_id, tests.person('ann'), case when a.title <= 'task 5' then 75 else 88 end, now()
from school.assignment as a
where a.title like 'task _';
select is(tests.performance('ann'), '10 84.50 8 79.88 82.44', 'the seed''s worked example');

-- last_performance_update says when the numbers changed, not when a row was touched.
update board.student_course_performance set last_performance_update = null, counted_changed_at = null;
update school.submission set is_banked = true, submitted_at = now() where student_id = tests.person('ann');
select is_empty(
    'select from board.student_performance where last_performance_update is not null', 'a touch is no performance update'
);
update school.submission set grade = grade where student_id = tests.person('ann');
select is_empty(
    'select from board.student_performance where last_performance_update is not null', 'neither is the same grade again'
);
update school.submission set grade = 89 where student_id = tests.person('ann') and grade = 88;
select results_eq(
    'select p.student_id from board.student_performance as p where p.last_performance_update = now()',
    $$values (tests.person('ann'))$$,
    'another grade is one, for this student'
);

select finish();
rollback;
