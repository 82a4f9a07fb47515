-- TRUNCATE fires no row or transition trigger: the aggregates would keep what the facts lost, and streams the rights. ops.refuse does
-- it for all.
do $$
declare
    fact text;
begin
    foreach fact in array array[
        'organization', 'person', 'person_role', 'guardian', 'course_teacher', 'tutor_student', 'course', 'enrollment', 'assignment', 'submission', 'quiz', 'quiz_attempt', 'interaction',
        'program', 'track', 'cohort', 'cohort_member', 'cohort_mentor', 'mentor_session',
        'session_attendance', 'milestone', 'calendar_event', 'competency', 'competency_score',
        'readiness_score', 'mission', 'mission_attempt', 'portfolio_item', 'habit', 'habit_log', 'goal',
        'point_award', 'badge', 'notification', 'ai_nudge', 'subscription', 'payment', 'refund'
    ] loop
        execute format(
            'create or replace trigger %I before truncate on school.%I for each statement execute function ops.refuse(%L)',
            format('tg_%s__refuse_truncate', fact), fact, 'use delete: truncate passes the triggers that keep aggregates exact by'
        );
    end loop;

    -- The monthly partitions get theirs when they are made; the releases that follow renew them here.
    perform school.guard_interaction_partition(c.relname)
    from pg_inherits as i
    join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'school.interaction'::regclass;
end
$$;
