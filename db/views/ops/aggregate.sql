-- The registry: what is derived from facts and kept by triggers stands here, or the proofs know nothing of it.
create or replace view ops.aggregate
with (security_invoker = true) as
select r.place, r.kept, r.recount, r.deltas, r.per_student, r.only_where, r.writers_meet_at
from (
    values
    (
        1, 'board.student_course_performance'::regclass, 'board.student_course_performance_recount'::regclass, null::regclass, true,
        null, null::regclass
    ),
    (2, 'board.course_rollup', 'board.course_rollup_recount', 'board.work_delta', false, 'counted', null),
    (3, 'board.organization_rollup', 'board.organization_rollup_recount', 'board.work_delta', false, 'counted', null),
    (4, 'board.assignment_rollup', 'board.assignment_rollup_recount', 'board.work_delta', false, null, null),
    (
        5, 'board.cohort_member_progress', 'board.cohort_member_progress_recount', null, true, null, 'board.student_change'
    ),
    (6, 'board.cohort_rollup', 'board.cohort_rollup_recount', 'board.cohort_delta', false, null, null),
    (7, 'board.cohort_month_rollup', 'board.cohort_month_rollup_recount', 'board.cohort_delta', false, null, null)
) as r (place, kept, recount, deltas, per_student, only_where, writers_meet_at);
comment on view ops.aggregate is
'The aggregates: `homeroom verify` compares each with its facts, ops.mend adds the differences, ops.fold folds the deltas. To register
one: a table whose primary key is the aggregate''s key, a view <table>_recount with the same key and the measures counted from the
facts, and a row here. Numbers are added; a boolean is a flag that is set.';
comment on column ops.aggregate.place is 'Order of mending: what others are computed from comes first.';
comment on column ops.aggregate.kept is 'The table.';
comment on column ops.aggregate.recount is 'The view that counts it again.';
comment on column ops.aggregate.deltas is
'Where statements append what is to be added, for a rollup; null where they update the table itself. A rollup sums the columns that it
shares with its deltas; a delta that lacks a part of its key (null) is not for it. Several rollups may share one table of deltas.';
comment on column ops.aggregate.per_student is 'Whether student_id is part of its key: `homeroom backfill` and recalculations go through these, student by student.';
comment on column ops.aggregate.only_where is 'Which of the deltas are for this rollup: a condition on their columns; null: all that have its key.';
comment on column ops.aggregate.writers_meet_at is
'Of one whose writers set what is rather than add to it, a table of students (org_id, student_id) whose rows they write first: ops.mend does,
too, and so comes before or after them. Null: they add.';
