create or replace function ops.seed_classes(
    org bigint, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    classes constant integer := (students + 29) / 30;
    was_bulk constant text := coalesce(current_setting('homeroom.feed_bulk', true), 'off');
    school_name text;
begin
    if first_class % 3 <> 1 or last_class not between first_class and classes or last_class % 3 <> 0 and last_class < classes then
        raise 'classes are made in whole houses: 1 to 3, 4 to 6, …, the last one at %', classes
            using errcode = 'HR422', detail = 'classes';
    end if;
    select o.external_id into strict school_name from school.organization as o where o.org_id = org and o.source = 'synthetic';

    -- Nothing of this is news. (In a clause of the function only a superuser might set it.)
    perform set_config('homeroom.feed_bulk', 'on', true);
    perform ops.seed_people(org, school_name, first_class, last_class, students);
    perform ops.seed_courses(org, school_name, first_class, last_class, today);

    insert into school.enrollment (org_id, student_id, course_id, status, enrolled_on, ended_on)
    select
        org, e.student_id, e.course_id, case when e.ended_on is null then 'active' else 'dropped' end, today - 90, e.ended_on
    from ops.seed_enrollment_plan(school_name, first_class, last_class, students, today) as e;

    perform ops.seed_submissions(org, school_name, first_class, last_class, students, today);
    perform ops.seed_quiz_attempts(org, school_name, first_class, last_class, students, today);
    perform ops.seed_interactions(org, school_name, first_class, last_class, students, today);

    perform ops.seed_cohorts(org, school_name, first_class, last_class, today);
    perform ops.seed_members(org, school_name, first_class, last_class, students, today);
    perform ops.seed_payments(org, school_name, first_class, last_class, students, today);
    perform ops.seed_readiness(org, school_name, first_class, last_class, students, today);
    perform ops.seed_mission_attempts(org, school_name, first_class, last_class, students, today);
    perform ops.seed_portfolio(org, school_name, first_class, last_class, students, today);
    perform ops.seed_coaching(org, school_name, first_class, last_class, students, today);
    perform ops.seed_messages(org, school_name, first_class, last_class, students, today);
    perform set_config('homeroom.feed_bulk', was_bulk, true);
end
$$;
comment on function ops.seed_classes(bigint, integer, integer, integer, date) is
'Adds some classes, with all that belongs to them, to a synthetic school that will have so many students. Three classes are a
house, and houses are independent of each other: in however many steps they are made, the school is the same.';
revoke all on function ops.seed_classes(bigint, integer, integer, integer, date) from public;
