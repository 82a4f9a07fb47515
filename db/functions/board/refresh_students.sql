create or replace function board.refresh_students(org bigint, students uuid[]) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    locked uuid[];
    seen bigint[];
    told bigint;
begin
    -- First lock, then look: each statement sees what was committed before it began, so that nobody who computed earlier can store
    -- later, and every mark that is finished was seen by the computation. Whoever is locked is being refreshed already.
    locked := array(
        select c.student_id
        from board.student_dashboard_cache as c
        where c.org_id = org and c.student_id = any (students)
        order by c.student_id
        for update skip locked
    );
    if locked = '{}' then
        return 0;
    end if;
    seen := array(
        select q.id
        from board.dashboard_update_queue as q
        where q.org_id = org and q.subject = 'student' and q.subject_id = any (locked) and q.processed_at is null
    );

    with d as materialized (
        select
            n.*, v.is_new, case when v.is_new then c.document end as before,
            -- Where the student stands, and how much of it is seen, is not in the document, but goes by these.
            (c.tier, c.cohort_id) is distinct from (n.tier, n.cohort_id) as is_compared_anew
        from board.student_documents(org, locked) as n
        join board.student_dashboard_cache as c on c.org_id = org and c.student_id = n.student_id
        cross join lateral (
            -- As text first: it differs only where something changed.
            select c.document is null or (c.document::text <> n.document::text and c.document::jsonb <> n.document::jsonb) as is_new
        ) as v
    ),
    stored as (
        update board.student_dashboard_cache as c set
            version = c.version + d.is_new::integer,
            updated_at = d.updated_at,
            fresh_until = d.fresh_until,
            computed_in = d.computed_in,
            scopes = d.scopes,
            document = d.document,
            tier = d.tier,
            cohort_id = d.cohort_id,
            readiness_score = d.readiness_score,
            readiness_trend_7d = d.readiness_trend_7d,
            time_to_ready = d.time_to_ready,
            points = d.points,
            streak_days = d.streak_days,
            badges = d.badges,
            missions_completed = d.missions_completed,
            missions_in_review = d.missions_in_review,
            hours_this_week = d.hours_this_week,
            habits_today = d.habits_today,
            habits_done_today = d.habits_done_today,
            active_goals = d.active_goals,
            portfolio_health = d.portfolio_health,
            assignments_due = d.assignments_due,
            assignments_overdue = d.assignments_overdue,
            assignments_ungraded = d.assignments_ungraded,
            notifications_unread = d.notifications_unread,
            notifications_urgent = d.notifications_urgent
        from d
        where c.org_id = org and c.student_id = d.student_id
        returning c.student_id, c.version
    )
    -- A new version is told to who follows it, in the transaction that stores it.
    insert into feed.event (org_id, topics, kind, payload)
    select
        org,
        array['dashboard:student:' || d.student_id],
        'update',
        case
            when t.told ? 'document' then jsonb_set(
                t.told, '{document}',
                jsonb_build_object('last_updated', board.utc(d.updated_at))
                || board.compared_student(org, d.student_id, d.cohort_id, d.tier)
                || (t.told -> 'document')
            )
            when t.told ? 'patch' and d.is_compared_anew then jsonb_set(
                t.told, '{patch}',
                -- Null removes what is masked now, or is not there.
                board.compared_student(org, d.student_id, d.cohort_id, d.tier) || (t.told -> 'patch')
            )
            else t.told
        end::json
    from d
    join stored as s on s.student_id = d.student_id
    cross join lateral board.told_version(s.version, d.before::jsonb, d.document::jsonb) as t (told)
    where d.before is not null;
    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;

    -- What a student did concerns others too.
    perform board.pass_marks_on(org, seen);
    update board.dashboard_update_queue as q set processed_at = clock_timestamp(), dead_at = null
    where q.org_id = org and q.id = any (seen);
    return cardinality(locked);
end
$$;
comment on function board.refresh_students(bigint, uuid[]) is
'Computes the dashboards of these students anew, stores them, and finishes what stood in the queue for them. Set-wise: one student or
ten thousand. Who follows a dashboard is told of its new version, unless nothing has changed or it is the first.
Answers how many; those whom another session is refreshing are left to it, those who are no students do not count.';
revoke all on function board.refresh_students(bigint, uuid[]) from public;
