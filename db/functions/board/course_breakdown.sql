create or replace function board.course_breakdown(org bigint, student uuid, courses uuid[]) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select coalesce(json_agg(json_build_object(
            'course', json_build_object('id', c.id, 'code', c.code, 'title', c.title),
            'status', e.status,
            'performance', board.performance_fields(
                p.total_quizzes_completed, p.quiz_score_sum,
                p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update
            )
        ) order by c.code, c.id), '[]')
        from school.enrollment as e
        join school.course as c on c.org_id = e.org_id and c.id = e.course_id
        left join board.student_course_performance as p
            on p.org_id = e.org_id and p.student_id = e.student_id and p.course_id = e.course_id
        where e.org_id = org and e.student_id = student and e.course_id = any (courses)
    );
end
$$;
comment on function board.course_breakdown(bigint, uuid, uuid[]) is
'A student''s courses, of those that the reader may see: [{"course": {"id", "code", "title"}, "status", "performance": {six fields}}], by
course code.';
revoke all on function board.course_breakdown(bigint, uuid, uuid[]) from public;
