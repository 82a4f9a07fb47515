create or replace function board.tg_student_course_performance__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- Nothing for the worker to do, who is told by the enrollment's or the work's own mark.
    insert into board.dashboard_update_queue (org_id, subject, subject_id, reason, processed_at)
    values (new.org_id, 'seat', new.student_id, 'new course', clock_timestamp());
    return null;
end
$$;
comment on function board.tg_student_course_performance__dirty() is
'Marks a student who comes into a course, by enrollment or by work alone: a dashboard that shows the student without that course in its scopes
would not find the marks of what is done there. Once for a student and course, so that it costs a graded fact nothing.';
revoke all on function board.tg_student_course_performance__dirty() from public;

create or replace trigger tg_student_course_performance__dirty_insert
after insert on board.student_course_performance
for each row execute function board.tg_student_course_performance__dirty();
