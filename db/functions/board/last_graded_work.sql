create or replace function board.last_graded_work(org bigint, student uuid, courses uuid[]) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select json_build_object(
            'kind', w.kind, 'id', w.id, 'title', w.title, 'course_id', w.course_id,
            'score', round(w.score, 2), 'graded_at', board.utc(w.graded_at)
        )
        from (
            (
                select 'assignment' as kind, a.id, a.title, s.course_id, s.grade as score, s.graded_at
                from school.submission as s
                join school.assignment as a on a.org_id = s.org_id and a.id = s.assignment_id
                where s.org_id = org and s.student_id = student and s.grade is not null
                    and a.course_id = any (courses) and a.status <> 'draft'
                order by s.graded_at desc, a.id
                limit 1
            )
            union all
            (
                select 'quiz', q.id, q.title, t.course_id, t.score, t.completed_at
                from school.quiz_attempt as t
                join school.quiz as q on q.org_id = t.org_id and q.id = t.quiz_id
                where t.org_id = org and t.student_id = student
                    and t.completed_at is not null and t.score is not null
                    and q.course_id = any (courses) and q.status <> 'draft'
                order by t.completed_at desc, q.id
                limit 1
            )
        ) as w
        order by w.graded_at desc, w.kind, w.id
        limit 1
    );
end
$$;
comment on function board.last_graded_work(bigint, uuid, uuid[]) is
'The assignment or quiz of a student that was graded last, of those that the reader may see (published in these courses): {"kind", "id",
"title", "course_id", "score" (percent, two decimals), "graded_at"}, or null.';
revoke all on function board.last_graded_work(bigint, uuid, uuid[]) from public;
