create or replace function board.cohort_performance() returns table (
    org_id bigint, cohort_id uuid, track_id uuid, program_id uuid, director_id uuid, name text, track_name text, program_name text,
    starts_on date, ends_on date, mode text, status text, seats_total bigint, seats_used bigint, seats_paid integer,
    seats_scholarship integer, seats_sponsored integer, used_paid bigint, used_scholarship bigint, used_sponsored bigint,
    seat_utilization numeric, members_active bigint, members_completed bigint, members_withdrawn bigint, readiness numeric,
    readiness_students bigint, readiness_sum numeric, completion_rate numeric, missions_due bigint, missions_started bigint,
    missions_submitted bigint, missions_in_review bigint, missions_approved bigint, missions_rejected bigint,
    approval_seconds numeric, portfolio_health numeric, portfolio_students bigint, portfolio_health_sum numeric,
    portfolio_items bigint, portfolio_approved bigint, mentors bigint, mentor_coverage numeric, students_covered bigint,
    session_completion numeric, sessions_scheduled bigint, sessions_held bigint, sessions_missed bigint, sessions_cancelled bigint,
    stalled_reviews bigint, payments_due bigint, due_amount numeric, payments_overdue bigint, overdue_amount numeric,
    payments_paid bigint, paid_amount numeric, refunds bigint, refunded_amount numeric, revenue_month numeric,
    refunds_month numeric
)
language plpgsql stable parallel restricted security definer rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    role constant text := caller ->> 'role';
    -- Mentors see no money.
    is_shown constant boolean := role <> 'mentor';
    cohorts uuid[];
begin
    if role in ('analyst', 'admin') then
        cohorts := array(select c.id from school.cohort as c where c.org_id = org);
    elsif role in ('director', 'mentor') then
        cohorts := auth.cohort_scope();
    else
        raise 'analysts, admins, directors and mentors ask how cohorts do' using errcode = 'HR403';
    end if;
    return query
    select
        org, s.cohort_id, s.track_id, s.program_id, s.director_id, s.name, s.track_name, s.program_name, s.starts_on, s.ends_on, s.mode,
        s.status, s.seats_total, s.seats_used, s.seats_paid, s.seats_scholarship, s.seats_sponsored, s.used_paid,
        s.used_scholarship, s.used_sponsored, s.seat_utilization, s.members_active, s.members_completed, s.members_withdrawn,
        s.readiness, s.readiness_students, s.readiness_sum, s.completion_rate, s.missions_due, s.missions_started,
        s.missions_submitted, s.missions_in_review, s.missions_approved, s.missions_rejected, s.approval_seconds,
        s.portfolio_health, s.portfolio_students, s.portfolio_health_sum, s.portfolio_items, s.portfolio_approved, s.mentors,
        s.mentor_coverage, s.students_covered, s.session_completion, s.sessions_scheduled, s.sessions_held, s.sessions_missed,
        s.sessions_cancelled, s.stalled_reviews,
        case when is_shown then s.payments_due end, case when is_shown then s.due_amount end,
        case when is_shown then s.payments_overdue end, case when is_shown then s.overdue_amount end,
        case when is_shown then s.payments_paid end, case when is_shown then s.paid_amount end,
        case when is_shown then s.refunds end, case when is_shown then s.refunded_amount end,
        case when is_shown then s.revenue_month end, case when is_shown then s.refunds_month end
    from board.cohort_states(org, cohorts) as s;
end
$$;
comment on function board.cohort_performance() is
'How the cohorts that the caller may read stand at this moment, as board.cohort_states says: all of the organization for analysts and admins, those of the own tracks
for directors, those accompanied, without payments, for mentors. Read the view analytics.cohort_performance. HR403 for other roles.';
revoke all on function board.cohort_performance() from public;
grant execute on function board.cohort_performance() to homeroom_analyst, homeroom_admin, homeroom_director, homeroom_mentor;
