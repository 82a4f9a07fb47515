create or replace function board.student_and_course_ids(org bigint, students uuid[]) returns uuid[]
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return students || array(
        select distinct p.course_id
        from board.student_course_performance as p
        where p.org_id = org and p.student_id = any (students)
    );
end
$$;
comment on function board.student_and_course_ids(bigint, uuid[]) is
'Whose facts the dashboard of a person shows who looks after these students: theirs, in every course in which they are enrolled or have work.
A row that comes to board.student_course_performance later puts the dashboard out of date (subject seat of the queue).';
revoke all on function board.student_and_course_ids(bigint, uuid[]) from public;
