create or replace function board.upcoming_deadlines(org bigint, student uuid, how_many integer default 5) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select coalesce(json_agg(json_build_object(
            'kind', d.kind, 'id', d.id, 'title', d.title, 'course_id', d.course_id, 'due_at', board.utc(d.due_at)
        ) order by d.due_at, d.kind, d.id), '[]')
        from (
            select w.*
            from school.enrollment as e
            cross join lateral (
                select 'assignment' as kind, a.id, a.title, a.course_id, a.due_at
                from school.assignment as a
                where a.org_id = e.org_id and a.course_id = e.course_id
                    and a.status = 'published' and a.due_at > now()
                    and not exists (
                        select from school.submission as s
                        where s.org_id = a.org_id and s.assignment_id = a.id and s.student_id = e.student_id
                            and s.submitted_at is not null
                    )
                union all
                select 'quiz', q.id, q.title, q.course_id, q.due_at
                from school.quiz as q
                where q.org_id = e.org_id and q.course_id = e.course_id
                    and q.status = 'published' and q.due_at > now()
                    and not exists (
                        select from school.quiz_attempt as t
                        where t.org_id = q.org_id and t.quiz_id = q.id and t.student_id = e.student_id
                            and t.completed_at is not null
                    )
            ) as w
            where e.org_id = org and e.student_id = student and e.status = 'active'
            order by w.due_at, w.kind, w.id
            limit how_many
        ) as d
    );
end
$$;
comment on function board.upcoming_deadlines(bigint, uuid, integer) is
'What a student still has to hand in, soonest first, at most how_many: [{"kind", "id", "title", "course_id", "due_at"}]. Published
assignments and quizzes of active courses that are due after now and not yet submitted or completed.';
revoke all on function board.upcoming_deadlines(bigint, uuid, integer) from public;
