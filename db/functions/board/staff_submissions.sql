create or replace function board.staff_submissions(org bigint, role text, people uuid[]) returns table (
    person_id uuid, submissions jsonb, shown uuid[]
)
language plpgsql stable parallel safe security invoker rows 10
set search_path = ''
as $$
#variable_conflict use_column
declare
    most constant integer := 10;
begin
    return query
    with seat as materialized (
        select * from board.staff_seats(org, staff_submissions.role, people)
    ),
    -- What they may read by SQL: a teacher all of the courses, of whom they know by name; a tutor what is published there.
    readable as (
        select t.teacher_id as person_id, t.course_id
        from school.course_teacher as t
        where staff_submissions.role = 'teacher' and t.org_id = org and t.teacher_id = any (people)
        union
        select s.person_id, s.course_id from seat as s where staff_submissions.role = 'tutor' and s.status <> 'dropped'
    ),
    known as (
        select t.tutor_id as person_id, t.student_id
        from school.tutor_student as t
        where staff_submissions.role = 'tutor' and t.org_id = org and t.tutor_id = any (people)
        union
        select s.person_id, s.student_id from seat as s where staff_submissions.role = 'teacher'
    ),
    placed as (
        select
            r.person_id, w.id, w.student_id, w.course_id, w.submitted_at, w.grade, a.id as assignment_id, a.title,
            row_number() over (partition by r.person_id order by w.submitted_at desc, w.id) as place
        from readable as r
        join school.submission as w on w.org_id = org and w.course_id = r.course_id and w.submitted_at is not null
        join known as k on k.person_id = r.person_id and k.student_id = w.student_id
        join school.assignment as a on a.org_id = org and a.id = w.assignment_id
        where staff_submissions.role = 'teacher' or a.status <> 'draft'
    )
    select
        p.person_id,
        jsonb_agg(jsonb_build_object(
            'id', p.id, 'student', jsonb_build_object('id', n.id, 'name', n.name),
            'assignment', jsonb_build_object('id', p.assignment_id, 'title', p.title), 'course_id', p.course_id,
            'submitted_at', board.utc(p.submitted_at), 'grade', round(p.grade, 2)
        ) order by p.place),
        array_agg(p.student_id)
    from placed as p
    join school.person as n on n.org_id = org and n.id = p.student_id
    where p.place <= most
    group by p.person_id;
end
$$;
comment on function board.staff_submissions(bigint, text, uuid[]) is
'What was handed in last to teachers, or by the students of tutors: the last ten, newest first, [{"id", "student": {"id", "name"},
"assignment": {"id", "title"}, "course_id", "submitted_at", "grade"}]. shown: by whom. No row where there is nothing.';
revoke all on function board.staff_submissions(bigint, text, uuid[]) from public;
