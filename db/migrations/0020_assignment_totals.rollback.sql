-- What the release before must not add to courses. The policies have left already, and force holds for the owner too.
alter table board.work_delta no force row level security;
delete from board.work_delta where not counted;
alter table board.work_delta force row level security;
alter table board.work_delta
    drop column counted,
    drop column assignment_id;
comment on table board.work_delta is
'What statements added to (or, negative, took from) the totals since the last fold: a row per statement and course.';
drop table board.assignment_rollup;
alter type board.performance_delta drop attribute assignment_id;
