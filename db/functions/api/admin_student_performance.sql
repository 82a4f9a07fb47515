create or replace function api.admin_student_performance(
    claims jsonb,
    sort text default 'name',
    descending boolean default false,
    course uuid default null,
    cohort uuid default null,
    page_limit integer default 50,
    page_cursor text default null
) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    -- Part of the cursor: the same list, in another order or of another course or cohort, has other places.
    list constant text := format('admin_student_performance/%s/%s/%s/%s', sort, descending, course, cohort);
    after_place jsonb;
    after_key numeric;
    after_name text;
    after_id uuid;
begin
    perform auth.enter(claims, 'admin');

    if sort not in (
        'name', 'total_quizzes_completed', 'total_assignments_completed', 'overall_quiz_average_score',
        'overall_assignment_average_score', 'overall_average_score', 'last_performance_update'
    ) or sort is null then
        raise 'unknown sort' using errcode = 'HR422', detail = 'sort';
    elsif page_limit not between 1 and 500 or page_limit is null then
        raise 'limit must be from 1 to 500' using errcode = 'HR422', detail = 'limit';
    end if;
    after_place := api.cursor_decode(page_cursor, list);
    after_key := (after_place ->> 'key')::numeric;
    after_name := after_place ->> 'name';
    after_id := (after_place ->> 'id')::uuid;

    return (
        with student as (
            -- One ascending order for all: numbers are negated to descend, and a number that is missing comes last in
            -- both directions. Names, which are never missing, are compared apart.
            select
                s.id, s.name, p.total_quizzes_completed, p.quiz_score_sum, p.total_assignments_completed,
                p.assignment_score_sum, p.last_performance_update,
                case when descending then -k.value else k.value end as key,
                case when sort = 'name' then s.name end as sort_name
            from school.person_role as r
            join school.person as s on s.org_id = r.org_id and s.id = r.person_id
            left join board.student_performance as p on p.org_id = s.org_id and p.student_id = s.id
            cross join lateral (
                select case sort
                    when 'total_quizzes_completed' then coalesce(p.total_quizzes_completed, 0)
                    when 'total_assignments_completed' then coalesce(p.total_assignments_completed, 0)
                    when 'overall_quiz_average_score' then board.average(p.quiz_score_sum, p.total_quizzes_completed)
                    when 'overall_assignment_average_score'
                        then board.average(p.assignment_score_sum, p.total_assignments_completed)
                    when 'overall_average_score' then board.average(
                        p.quiz_score_sum + p.assignment_score_sum,
                        p.total_quizzes_completed + p.total_assignments_completed
                    )
                    when 'last_performance_update' then extract(epoch from p.last_performance_update)
                end as value
            ) as k
            where r.org_id = (select auth.org_id()) and r.role = 'student'
                and (course is null or exists (
                    select from school.enrollment as e
                    where e.org_id = s.org_id and e.student_id = s.id and e.course_id = course
                ))
                and (cohort is null or exists (
                    select from school.cohort_member as m
                    where m.org_id = s.org_id and m.student_id = s.id and m.cohort_id = cohort and m.status <> 'withdrawn'
                ))
        ),
        page as (
            select st.*, row_number() over (
                order by
                    st.key nulls last,
                    case when not descending then st.sort_name end,
                    case when descending then st.sort_name end desc,
                    st.id
            ) as place
            from student as st
            where after_place is null
                or case
                    when sort = 'name' and st.sort_name <> after_name
                        then (st.sort_name > after_name) <> descending
                    when st.key is distinct from after_key
                        then coalesce(st.key > after_key, st.key is null)
                    else st.id > after_id
                end
            order by place
            limit page_limit + 1
        )
        select json_build_object(
            'items', coalesce(json_agg(json_build_object(
                'student', json_build_object('id', g.id, 'name', g.name),
                'student_profile', board.performance_fields(
                    g.total_quizzes_completed, g.quiz_score_sum,
                    g.total_assignments_completed, g.assignment_score_sum, g.last_performance_update
                )
            ) order by g.place) filter (where g.place <= page_limit), '[]'),
            'next_cursor', (
                select api.cursor_encode(jsonb_build_object('of', list, 'key', l.key, 'name', l.sort_name, 'id', l.id))
                from page as l
                where l.place = page_limit and exists (select from page as m where m.place > page_limit)
            ),
            'total', (select count(*) from student)
        )
        from page as g
    );
end
$$;
comment on function api.admin_student_performance(jsonb, text, boolean, uuid, uuid, integer, text) is
'GET /api/v1/admin/students/performance: a page of the organization''s students with their six fields: {"items": [{"student":
{"id", "name"}, "student_profile"}], "next_cursor", "total"}. sort: name or one of the six fields (nulls last either way);
descending; course: only students enrolled in it; cohort: only its members, active or
completed; page_limit: 1 to 500; page_cursor: next_cursor of the page before. Raises
HR422 with the field''s name in DETAIL (sort, limit, cursor). Role admin.';
revoke all on function api.admin_student_performance(jsonb, text, boolean, uuid, uuid, integer, text) from public;
grant execute on function api.admin_student_performance(jsonb, text, boolean, uuid, uuid, integer, text) to homeroom_api;
