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

    insert into feed.event (org_id, topics, kind, student_id, course_id, payload)
    select
        n.org_id,
        array['admin', 'student:' || n.student_id, 'course-staff:' || n.course_id],
        k.kind,
        n.student_id,
        n.course_id,
        case k.kind
            when 'grade' then json_build_object(
                'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id,
                'grade', trim_scale(n.grade), 'timestamp', board.utc(clock_timestamp())
            )
            else json_build_object(
                'submission_id', n.id, 'assignment_id', n.assignment_id, 'course_id', n.course_id,
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
    where k.happened;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_submission__feed() is
'Tells who may read a submission that changes that it was handed in (submission: also again), and that it was graded (grade: also anew, and null
where the grade was taken back). New ones: board.tg_submission__new.';
revoke all on function feed.tg_submission__feed() from public;

create or replace trigger tg_submission__feed_update
after update on school.submission
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_submission__feed();
