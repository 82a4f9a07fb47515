create or replace function feed.tg_submission__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    told bigint;
begin
    if current_setting('homeroom.feed_bulk', true) = 'on' and feed.is_bulk() then
        return null;
    end if;

    -- Subqueries rather than joins: whatever the planner thinks of the number of rows, each looks up one.
    -- The name is told where the course's teachers may read it: of those who are or were enrolled.
    if tg_op = 'INSERT' then
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'student:' || n.student_id, 'course-staff:' || n.course_id],
            k.kind,
            case k.kind
                when 'grade' then json_build_object(
                    'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id, 'student', s.student,
                    'grade', trim_scale(n.grade), 'timestamp', board.utc(clock_timestamp())
                )
                else json_build_object(
                    'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id, 'student', s.student,
                    'timestamp', board.utc(clock_timestamp())
                )
            end
        from new_rows as n
        cross join lateral (
            values ('submission', n.submitted_at is not null), ('grade', n.grade is not null)
        ) as k (kind, happened)
        cross join lateral (
            select (
                select case
                    when exists (
                        select from school.enrollment as e
                        where e.org_id = n.org_id and e.student_id = n.student_id and e.course_id = n.course_id
                    ) then json_build_object('id', p.id, 'name', p.name, 'email', p.email)
                    else json_build_object('id', p.id)
                end
                from school.person as p
                where p.org_id = n.org_id and p.id = n.student_id
            ) as student
            offset 0
        ) as s
        where k.happened;
    else
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'student:' || n.student_id, 'course-staff:' || n.course_id],
            k.kind,
            case k.kind
                when 'grade' then json_build_object(
                    'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id, 'student', s.student,
                    'grade', trim_scale(n.grade), 'timestamp', board.utc(clock_timestamp())
                )
                else json_build_object(
                    'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id, 'student', s.student,
                    'timestamp', board.utc(clock_timestamp())
                )
            end
        from new_rows as n
        join old_rows as o on o.org_id = n.org_id and o.id = n.id
        cross join lateral (
            values
            ('submission', n.submitted_at is not null and n.submitted_at is distinct from o.submitted_at),
            ('grade', n.grade is distinct from o.grade)
        ) as k (kind, happened)
        cross join lateral (
            select (
                select case
                    when exists (
                        select from school.enrollment as e
                        where e.org_id = n.org_id and e.student_id = n.student_id and e.course_id = n.course_id
                    ) then json_build_object('id', p.id, 'name', p.name, 'email', p.email)
                    else json_build_object('id', p.id)
                end
                from school.person as p
                where p.org_id = n.org_id and p.id = n.student_id
            ) as student
            offset 0
        ) as s
        where k.happened;
    end if;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_submission__feed() is
'Tells who may read the submission that it was handed in (submission: also handed in again), and that it was graded (grade: also anew, and null
where the grade was taken back).';
revoke all on function feed.tg_submission__feed() from public;

create or replace trigger tg_submission__feed_insert
after insert on school.submission
referencing new table as new_rows
for each statement execute function feed.tg_submission__feed();

create or replace trigger tg_submission__feed_update
after update on school.submission
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_submission__feed();
