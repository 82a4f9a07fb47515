create or replace function ops.seed_submissions(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    insert into school.submission (org_id, id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
    with assignment as materialized (
        select
            c.course_id, w as week, md5(c.course_id::text || '/assignment/' || w)::uuid as id,
            ops.seed_due_on(today, w, c.class, c.subject) as due_on
        from ops.seed_course_plan(school_name, first_class, last_class) as c
        cross join generate_series(-10, 0, 2) as w
    ),
    -- Homework that should be done by now: one in ten is missing, the weak miss more; part of it is on record as not handed
    -- in. Of this week's, a third is on record and a few are early. What is marked comes back in one to three days.
    handed as (
        select
            p.student_id, p.student_key, p.course_key, a.id, a.course_id, a.week, a.due_on, k.work_key,
            case
                when a.week < 0 then ops.seed_number(k.work_key, 'hands in') >= 0.18 - 0.16 * p.level
                else ops.seed_number(k.work_key, 'hands in') >= 0.92
            end as is_in,
            case
                when a.week < 0 then ops.seed_number(k.work_key, 'hands in') < 0.11 - 0.1 * p.level
                else ops.seed_number(k.work_key, 'hands in') between 0.33 and 0.92
            end as is_nowhere,
            a.due_on + 1 + floor(3 * ops.seed_number(k.work_key, 'marked on'))::integer as marked_on
        from ops.seed_enrollment_plan(school_name, first_class, last_class, students, today) as p
        join assignment as a on a.course_id = p.course_id
        cross join lateral (select p.course_key + a.week + 12 as work_key) as k
        where a.due_on < p.ended_on or p.ended_on is null
    )
    select
        org, md5(h.id::text || '/' || h.student_id)::uuid, h.id, h.course_id, h.student_id,
        case when h.is_in then (
            (least(h.due_on, today - 1) + time '21:30') at time zone zone
            - ops.seed_number(h.work_key, 'hands in when') * interval '33 hours'
        ) end,
        case when h.is_marked then ops.seed_score(h.student_key, h.course_key, h.work_key, h.week) end,
        case when h.is_marked then (
            (h.marked_on + time '08:00') at time zone zone + ops.seed_number(h.work_key, 'marked when') * interval '14 hours'
        ) end
    from (
        select
            handed.*,
            handed.is_in and handed.marked_on < today and ops.seed_number(handed.work_key, 'marked') >= 0.02 as is_marked
        from handed
        where not handed.is_nowhere
    ) as h
    order by h.id, h.student_id;
end
$$;
comment on function ops.seed_submissions(bigint, text, integer, integer, integer, date) is
'Lets some classes of a synthetic school do their homework: marked, waiting for the teacher, not handed in yet, or missing.';
revoke all on function ops.seed_submissions(bigint, text, integer, integer, integer, date) from public;
