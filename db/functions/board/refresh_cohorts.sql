create or replace function board.refresh_cohorts(org bigint, cohorts uuid[], is_read boolean default false) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    locked uuid[];
    shown uuid[];
    seen bigint[];
    before pg_snapshot;
begin
    -- First lock, then look, as board.refresh_students does.
    locked := array(
        select d.cohort_id
        from board.director_cohort_dashboard as d
        where d.org_id = org and d.cohort_id = any (cohorts)
        order by d.cohort_id
        for update skip locked
    );
    if locked = '{}' then
        return 0;
    end if;
    seen := array(
        select q.id
        from board.dashboard_update_queue as q
        where q.org_id = org and q.subject = 'director' and q.cohort_id = any (locked) and q.processed_at is null
        for update skip locked
    );
    -- From here on: what is committed meanwhile, the alerts may not have seen.
    before := board.snapshot();
    -- The pages show the alerts.
    perform board.evaluate_alerts(org, locked);
    -- Of whom nobody looks at, the numbers alone.
    shown := array(
        select d.cohort_id
        from board.director_cohort_dashboard as d
        where d.org_id = org and d.cohort_id = any (locked) and (is_read or d.seen_at > now() - interval '1 day')
    );

    update board.director_cohort_dashboard as c set
        director_id = s.director_id,
        version = c.version + (
            d.document is not null
            and (c.document is null or (c.document::text <> d.document::text and c.document::jsonb <> d.document::jsonb))
        )::integer,
        updated_at = now(),
        fresh_until = d.fresh_until,
        computed_in = before,
        scopes = d.scopes,
        document = d.document,
        seats_total = s.seats_total,
        seats_used = s.seats_used,
        used_paid = s.used_paid,
        used_scholarship = s.used_scholarship,
        used_sponsored = s.used_sponsored,
        seat_utilization = s.seat_utilization,
        members_active = s.members_active,
        members_completed = s.members_completed,
        members_withdrawn = s.members_withdrawn,
        readiness = s.readiness,
        readiness_students = s.readiness_students,
        completion_rate = s.completion_rate,
        missions_due = s.missions_due,
        missions_started = s.missions_started,
        missions_submitted = s.missions_submitted,
        missions_in_review = s.missions_in_review,
        missions_approved = s.missions_approved,
        missions_rejected = s.missions_rejected,
        stalled_reviews = s.stalled_reviews,
        portfolio_health = s.portfolio_health,
        portfolio_students = s.portfolio_students,
        portfolio_items = s.portfolio_items,
        portfolio_approved = s.portfolio_approved,
        mentors = s.mentors,
        mentor_coverage = s.mentor_coverage,
        session_completion = s.session_completion,
        sessions_scheduled = s.sessions_scheduled,
        sessions_held = s.sessions_held,
        sessions_missed = s.sessions_missed,
        sessions_cancelled = s.sessions_cancelled,
        payments_due = s.payments_due,
        due_amount = s.due_amount,
        payments_overdue = s.payments_overdue,
        overdue_amount = s.overdue_amount,
        payments_paid = s.payments_paid,
        paid_amount = s.paid_amount,
        refunds = s.refunds,
        refunded_amount = s.refunded_amount,
        revenue_month = s.revenue_month,
        refunds_month = s.refunds_month
    from board.cohort_states(org, locked) as s
    left join board.cohort_documents(org, shown) as d on d.cohort_id = s.cohort_id
    where c.org_id = org and c.cohort_id = s.cohort_id;

    perform board.pass_cohort_marks(org, seen);
    update board.dashboard_update_queue as q set processed_at = clock_timestamp(), dead_at = null
    where q.org_id = org and q.id = any (seen);
    return cardinality(locked);
end
$$;
comment on function board.refresh_cohorts(bigint, uuid[], boolean) is
'Evaluates the alerts of these cohorts, computes their numbers anew and stores them, with the page of those at which somebody looked within a day (is_read: of all),
and finishes what stood in the queue for them. Set-wise: one cohort or a thousand. Answers how many; those that another session is
refreshing are left to it.';
revoke all on function board.refresh_cohorts(bigint, uuid[], boolean) from public;
