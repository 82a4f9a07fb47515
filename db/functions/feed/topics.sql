create or replace function feed.topics() returns text[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    role constant text := caller ->> 'role';
    own constant text[] := array['person:' || (caller ->> 'sub'), 'role:' || role]
        || case
            when role in ('student', 'parent', 'teacher', 'tutor', 'director', 'admin')
                then array['dashboard:' || role || ':' || (caller ->> 'sub')]
            else '{}'
        end;
    inbox constant text := 'inbox:' || (caller ->> 'sub');
begin
    if caller is null then
        raise 'nobody asks' using errcode = 'HR401';
    end if;
    -- In the statement that reads the events as well: what ends between two statements would be missed.
    perform auth.admit((caller ->> 'org')::bigint, (caller ->> 'sub')::uuid, role);
    if caller ? 'session' then
        perform auth.admit_session((caller ->> 'org')::bigint, (caller ->> 'sub')::uuid, caller ->> 'session');
    end if;

    -- As the policies of what is told say: of submissions and attempts, of assignments, of notifications.
    return case
        when role in ('admin', 'service') then own || 'admin'::text
        when role = 'analyst' then own
        when role in ('student', 'parent', 'tutor') then own || inbox
            || array(select 'student:' || s from unnest(auth.student_scope()) as s)
            || array(select 'course:' || c from unnest(auth.course_scope()) as c)
            || array(select 'cohort:' || c from unnest(auth.cohort_scope()) as c)
            || array(select 'track:' || t from unnest(auth.track_scope()) as t)
        when role = 'teacher' then own || inbox
            || array(select 'course:' || c from unnest(auth.course_scope()) as c)
            || array(select 'course-staff:' || c from unnest(auth.course_scope()) as c)
        when role = 'mentor' then own || inbox
            || array(select 'mentee:' || s from unnest(auth.student_scope()) as s)
            || array(select 'cohort-staff:' || c from unnest(auth.cohort_scope()) as c)
            || array(select 'cohort:' || c from unnest(auth.cohort_scope()) as c)
            || array(select 'track:' || t from unnest(auth.track_scope()) as t)
        when role = 'director' then own || inbox
            || array(select 'track-staff:' || t from unnest(auth.track_scope()) as t)
            || array(select 'cohort:' || c from unnest(auth.cohort_scope()) as c)
            || array(select 'track:' || t from unnest(auth.track_scope()) as t)
        else '{}'
    end;
end
$$;
comment on function feed.topics() is
'What the caller hears in the role taken: admin (every event of the organization: admins and services), person:<own id>, inbox:<own id> (the own
notifications, for roles that may read them), role:<role>, dashboard:<role>:<own id> (new versions of the own dashboard, in the
roles that have one), student:<id> (the work of whom a student, parent or tutor has in auth.student_scope()), mentee:<id> (the progress of whom a mentor has there), course:<id> (auth.course_scope()), course-staff:<id> (the same, of
teachers), cohort:<id>, track:<id> (auth.cohort_scope(), auth.track_scope()), cohort-staff:<id> (of mentors) and track-staff:<id> (of directors). Raises HR401 or HR403 when the person may not be here any more.';
revoke all on function feed.topics() from public;
grant execute on function feed.topics() to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
