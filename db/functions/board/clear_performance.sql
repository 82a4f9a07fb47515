create or replace function board.clear_performance(keys board.student_course[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
set enable_nestloop = off
as $$
begin
    if keys = '{}' then
        return;
    end if;
    delete from board.student_course_performance as p
    using unnest(keys) as k
    where p.org_id = k.org_id and p.student_id = k.student_id and p.course_id = k.course_id
        and not p.counted
        and (p.total_quizzes_completed, p.total_assignments_completed, p.pending_submissions, p.ungraded_submissions) = (0, 0, 0, 0);
end
$$;
comment on function board.clear_performance(board.student_course[]) is
'Deletes rows that say nothing any more: no work, and no enrollment that counts. An absent row and an empty one
mean the same to whoever adds to it, so that this is safe whenever it runs; it runs after every take-away, because the
facts'' triggers fire last when a person or a course is deleted.';
revoke all on function board.clear_performance(board.student_course[]) from public;
