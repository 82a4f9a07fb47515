create or replace function board.assignment_sheet(
    assignment uuid, page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    list constant text := format('assignment/%s', assignment);
    after_place jsonb;
    after_name text;
    after_id uuid;
    own school.assignment;
begin
    if page_limit not between 1 and 500 or page_limit is null then
        raise 'limit must be from 1 to 500' using errcode = 'HR422', detail = 'limit';
    end if;
    after_place := api.cursor_decode(page_cursor, list);
    after_name := after_place ->> 'name';
    after_id := (after_place ->> 'id')::uuid;

    -- Row-level security decides whose it is.
    select a.* into own from school.assignment as a where a.org_id = (select auth.org_id()) and a.id = assignment;
    if own.id is null then
        raise 'there is no such assignment that you may read' using errcode = 'HR404';
    end if;

    return (
        with work as materialized (
            select s.id, s.student_id, p.name, s.submitted_at, s.grade, s.graded_at, s.url
            from school.submission as s
            left join school.person as p on p.org_id = s.org_id and p.id = s.student_id
            where s.org_id = own.org_id and s.assignment_id = own.id and s.course_id = own.course_id
        ),
        page as (
            -- Who is known by name no more comes first.
            select w.*, coalesce(w.name, '') as sort_name, row_number() over (order by coalesce(w.name, ''), w.id) as place
            from work as w
            where after_place is null or (coalesce(w.name, ''), w.id) > (after_name, after_id)
            order by place
            limit page_limit + 1
        )
        select json_build_object(
            'assignment', json_build_object(
                'id', own.id, 'course_id', own.course_id, 'title', own.title, 'description', own.description, 'status', own.status,
                'due_date', board.utc(own.due_at)
            ),
            'counts', json_build_object(
                'submitted', t.ungraded + t.graded, 'graded', t.graded, 'pending', t.pending, 'ungraded', t.ungraded,
                'average', board.average(t.grade_sum, t.graded)
            ),
            'distribution', (
                select json_agg(json_build_object('at_least', d.least, 'below', d.least + 10, 'submissions', (
                    select count(*) from work as w
                    where w.grade >= d.least and (w.grade < d.least + 10 or d.least = 90)
                )) order by d.least)
                from generate_series(0, 90, 10) as d (least)
            ),
            'items', (
                select coalesce(json_agg(json_build_object(
                    'id', g.id, 'student', json_build_object('id', g.student_id, 'name', g.name),
                    'state', case
                        when g.grade is not null then 'graded' when g.submitted_at is not null then 'ungraded' else 'pending'
                    end,
                    'submitted_at', board.utc(g.submitted_at), 'is_late', coalesce(g.submitted_at > own.due_at, false),
                    'grade', round(g.grade, 2), 'graded_at', board.utc(g.graded_at), 'url', g.url
                ) order by g.place), '[]')
                from page as g
                where g.place <= page_limit
            ),
            'next_cursor', (
                select api.cursor_encode(jsonb_build_object('of', list, 'name', l.sort_name, 'id', l.id))
                from page as l
                where l.place = page_limit and exists (select from page as m where m.place > page_limit)
            ),
            'total', t.submissions
        )
        from (
            select
                count(*) as submissions, count(w.grade) as graded, coalesce(sum(w.grade), 0) as grade_sum,
                count(*) filter (where w.grade is null and w.submitted_at is null) as pending,
                count(*) filter (where w.grade is null and w.submitted_at is not null) as ungraded
            from work as w
        ) as t
    );
end
$$;
comment on function board.assignment_sheet(uuid, integer, text) is
'An assignment that the caller may read, and the submissions to it that the caller may: what it is, how many are in which state, their average,
the distribution of grades by tens, and a page of them by the students'' names ("items", "next_cursor", "total"). A teacher''s are all of the
course, a tutor''s those of the own students. Raises HR404 for any other''s, HR422 (limit, cursor).';
revoke all on function board.assignment_sheet(uuid, integer, text) from public;
grant execute on function board.assignment_sheet(uuid, integer, text) to homeroom_teacher, homeroom_tutor;
