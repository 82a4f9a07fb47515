create or replace function board.parent_documents(org bigint, people uuid[]) returns table (
    person_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
)
language plpgsql stable parallel restricted security invoker
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    students constant uuid[] := array(
        select distinct g.student_id from school.guardian as g where g.org_id = org and g.parent_id = any (people)
    );
begin
    return query
    with child as materialized (
        select g.parent_id, s.id, s.name
        from school.guardian as g
        join school.person as s on s.org_id = g.org_id and s.id = g.student_id
        where g.org_id = org and g.parent_id = any (people)
    ),
    -- Of which courses a parent may read: auth.course_scope.
    readable as (
        select c.parent_id, array_agg(e.course_id) as courses
        from child as c
        join school.enrollment as e on e.org_id = org and e.student_id = c.id and e.status in ('active', 'completed')
        group by c.parent_id
    ),
    report as (
        select
            c.parent_id, c.id, c.name, d.deadlines,
            json_build_object(
                'student', json_build_object('id', c.id, 'name', c.name),
                'student_profile', board.performance_fields(
                    p.total_quizzes_completed, p.quiz_score_sum,
                    p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update
                ),
                'trend', coalesce(t.trend, 'steady'),
                'courses', board.course_breakdown(org, c.id, coalesce(r.courses, '{}')),
                'last_graded_work', board.last_graded_work(org, c.id, coalesce(r.courses, '{}')),
                'upcoming_deadlines', d.deadlines
            ) as said
        from child as c
        left join readable as r on r.parent_id = c.parent_id
        -- Of these students alone: the view does not see through a join.
        left join board.student_performance as p on p.org_id = org and p.student_id = c.id and p.student_id = any (students)
        left join board.trends(org, students) as t on t.student_id = c.id
        cross join lateral (select board.upcoming_deadlines(org, c.id) as deadlines) as d
    ),
    family as (
        select
            r.parent_id, json_agg(r.said order by r.name, r.id) as children,
            min((r.deadlines -> 0 ->> 'due_at')::timestamptz) as first_deadline
        from report as r
        group by r.parent_id
    )
    select
        m.id,
        json_build_object('children', coalesce(f.children, '[]')),
        coalesce(o.ids, '{}'),
        least(now() + interval '15 minutes', clock.midnight, f.first_deadline),
        board.snapshot()
    from unnest(people) as m (id)
    left join family as f on f.parent_id = m.id
    left join lateral (
        select board.student_and_course_ids(org, array_agg(c.id)) as ids from child as c where c.parent_id = m.id
    ) as o on true;
end
$$;
comment on function board.parent_documents(bigint, uuid[]) is
'The dashboards of parents as of now, for one or for many, as board.dashboard_cache keeps them: {"children": [...]}, one element per child, by
name: student, the six fields over all courses, the trend, the same per course, the work graded last, and up to five upcoming
deadlines. What the parent may read by SQL, and no more.';
revoke all on function board.parent_documents(bigint, uuid[]) from public;
