create or replace function board.count_members(
    org bigint, students uuid[], reason text, priority board.priority default 'normal'
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- One plan, of lookups student by student, for one of them and for a hundred thousand.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    cohorts uuid[];
    now_kept board.cohort_member_progress[];
    kept_before board.cohort_member_progress[];
begin
    insert into board.student_change as c (org_id, student_id)
    select org, s.id from unnest(students) as s (id) order by s.id
    on conflict (org_id, student_id) do update set changes = c.changes + 1;

    -- A later statement: what was committed by whoever held these rows before is seen.
    with fact as materialized (
        select row(
            r.org_id, r.cohort_id, r.student_id,
            r.active, r.completed, r.withdrawn, r.used_paid, r.used_scholarship, r.used_sponsored,
            r.readiness_students, r.readiness_sum, r.missions_started, r.missions_submitted, r.missions_in_review,
            r.missions_approved, r.missions_rejected, r.approval_seconds, r.portfolio_students,
            r.portfolio_health_sum, r.portfolio_items, r.portfolio_approved
        )::board.cohort_member_progress as progress
        from unnest(students) as s (id)
        join board.cohort_member_progress_recount as r on r.org_id = org and r.student_id = s.id
    ),
    kept as materialized (
        select p as progress
        from unnest(students) as s (id)
        join board.cohort_member_progress as p on p.org_id = org and p.student_id = s.id
    )
    select
        array_agg(distinct coalesce((f.progress).cohort_id, (k.progress).cohort_id)),
        array_agg(f.progress) filter (where f.progress is distinct from k.progress and (f.progress).org_id is not null),
        array_agg(k.progress) filter (where f.progress is distinct from k.progress and (k.progress).org_id is not null)
    into cohorts, now_kept, kept_before
    from fact as f
    full join kept as k
        on (k.progress).cohort_id = (f.progress).cohort_id and (k.progress).student_id = (f.progress).student_id;

    if cohorts is null then
        return;
    end if;

    if now_kept is not null or kept_before is not null then
        insert into board.cohort_member_progress as p (
            org_id, cohort_id, student_id,
            active, completed, withdrawn, used_paid, used_scholarship, used_sponsored, readiness_students,
            readiness_sum, missions_started, missions_submitted, missions_in_review, missions_approved,
            missions_rejected, approval_seconds, portfolio_students, portfolio_health_sum, portfolio_items,
            portfolio_approved
        )
        select
            n.org_id, n.cohort_id, n.student_id,
            n.active, n.completed, n.withdrawn, n.used_paid, n.used_scholarship, n.used_sponsored,
            n.readiness_students, n.readiness_sum, n.missions_started, n.missions_submitted, n.missions_in_review,
            n.missions_approved, n.missions_rejected, n.approval_seconds, n.portfolio_students,
            n.portfolio_health_sum, n.portfolio_items, n.portfolio_approved
        from unnest(now_kept) as n
        on conflict (org_id, cohort_id, student_id) do update set
            active = excluded.active,
            completed = excluded.completed,
            withdrawn = excluded.withdrawn,
            used_paid = excluded.used_paid,
            used_scholarship = excluded.used_scholarship,
            used_sponsored = excluded.used_sponsored,
            readiness_students = excluded.readiness_students,
            readiness_sum = excluded.readiness_sum,
            missions_started = excluded.missions_started,
            missions_submitted = excluded.missions_submitted,
            missions_in_review = excluded.missions_in_review,
            missions_approved = excluded.missions_approved,
            missions_rejected = excluded.missions_rejected,
            approval_seconds = excluded.approval_seconds,
            portfolio_students = excluded.portfolio_students,
            portfolio_health_sum = excluded.portfolio_health_sum,
            portfolio_items = excluded.portfolio_items,
            portfolio_approved = excluded.portfolio_approved;

        delete from board.cohort_member_progress as p
        using unnest(kept_before) as k
        where p.org_id = k.org_id and p.cohort_id = k.cohort_id and p.student_id = k.student_id
            and not exists (
                select from school.cohort_member as m
                where m.org_id = k.org_id and m.cohort_id = k.cohort_id and m.student_id = k.student_id
            );

        insert into board.cohort_delta (
            org_id, cohort_id,
            active, completed, withdrawn, used_paid, used_scholarship, used_sponsored, readiness_students,
            readiness_sum, missions_started, missions_submitted, missions_in_review, missions_approved,
            missions_rejected, approval_seconds, portfolio_students, portfolio_health_sum, portfolio_items,
            portfolio_approved
        )
        select
            org, d.cohort_id,
            sum(d.sign * d.active), sum(d.sign * d.completed), sum(d.sign * d.withdrawn), sum(d.sign * d.used_paid),
            sum(d.sign * d.used_scholarship), sum(d.sign * d.used_sponsored), sum(d.sign * d.readiness_students),
            sum(d.sign * d.readiness_sum), sum(d.sign * d.missions_started), sum(d.sign * d.missions_submitted),
            sum(d.sign * d.missions_in_review), sum(d.sign * d.missions_approved), sum(d.sign * d.missions_rejected),
            sum(d.sign * d.approval_seconds), sum(d.sign * d.portfolio_students), sum(d.sign *
            d.portfolio_health_sum), sum(d.sign * d.portfolio_items), sum(d.sign * d.portfolio_approved)
        from (
            select 1 as sign, n.* from unnest(now_kept) as n
            union all
            select -1, k.* from unnest(kept_before) as k
        ) as d
        group by d.cohort_id;
    end if;

    perform board.mark_cohorts(org, cohorts, reason, priority);
end
$$;
comment on function board.count_members(bigint, uuid[], text, board.priority) is
'Counts anew what these students add to the totals of all their cohorts, from the facts as they are, whatever the statement made of them:
several parts of one statement may tell in any order, and saying it twice changes nothing. The rows of board.student_change are
written first, in order: who changes the same student meanwhile is waited for, and counted. Marks the cohorts, also where no number
changed: pages show more than numbers.';
revoke all on function board.count_members(bigint, uuid[], text, board.priority) from public;
