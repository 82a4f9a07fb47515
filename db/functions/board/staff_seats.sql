create or replace function board.staff_seats(org bigint, role text, people uuid[]) returns table (
    person_id uuid, student_id uuid, course_id uuid, status text, enrolled_on date
)
language plpgsql stable parallel safe security invoker rows 200
set search_path = ''
as $$
#variable_conflict use_column
begin
    if staff_seats.role = 'teacher' then
        return query
        select t.teacher_id, e.student_id, e.course_id, e.status, e.enrolled_on
        from school.course_teacher as t
        join school.enrollment as e on e.org_id = t.org_id and e.course_id = t.course_id
        where t.org_id = org and t.teacher_id = any (people);
    else
        return query
        select t.tutor_id, e.student_id, e.course_id, e.status, e.enrolled_on
        from school.tutor_student as t
        join school.enrollment as e on e.org_id = t.org_id and e.student_id = t.student_id
        where t.org_id = org and t.tutor_id = any (people);
    end if;
end
$$;
comment on function board.staff_seats(bigint, text, uuid[]) is
'Whom teachers, or tutors, look after, and in which courses: all enrollments in the courses taught, or of the students accompanied.';
revoke all on function board.staff_seats(bigint, text, uuid[]) from public;
