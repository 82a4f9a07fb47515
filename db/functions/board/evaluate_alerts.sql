create or replace function board.evaluate_alerts(org bigint, cohorts uuid[]) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    moment timestamptz;
    states jsonb[];
    closed board.alert_change[];
    opened board.alert_change[];
begin
    -- First lock, then look: of two evaluations at once the second sees what the first did, and no older numbers.
    perform
    from board.director_cohort_dashboard as d
    where d.org_id = org and d.cohort_id = any (cohorts)
    order by d.cohort_id
    for update;
    moment := clock_timestamp();
    states := array(select to_jsonb(s) from board.cohort_states(org, cohorts) as s);

    with known as (
        -- Who acknowledges one at this moment marks its cohort: it is looked at again.
        select a.*
        from board.alert as a
        where a.org_id = org and a.cohort_id = any (cohorts) and a.status = 'open'
        order by a.id
        for update skip locked
    ),
    judged as (
        select
            k.id, (s.state ->> k.metric)::numeric as value, r.threshold,
            coalesce(r.name, k.name) as name, coalesce(r.severity, k.severity) as severity,
            case
                when g.is_good then coalesce(k.clear_since, moment)
            end as clear_since,
            case
                when s.state ->> 'status' <> 'active' then 'cohort_' || (s.state ->> 'status')
                when r.id is null then 'rule_deleted'
                when not r.is_active then 'rule_inactive'
                when r.track_id <> (s.state ->> 'track_id')::uuid then 'cohort_moved'
                when r.track_id is null and exists (
                    select from board.alert_rule as o
                    where o.org_id = org and o.track_id = (s.state ->> 'track_id')::uuid and o.name = r.name
                ) then 'rule_replaced'
                when (r.metric, r.comparison) <> (k.metric, k.comparison) then 'rule_changed'
                when g.is_good and coalesce(k.clear_since, moment) + r.clear_for <= moment then 'cleared'
            end as because
        from known as k
        join unnest(states) as s (state) on (s.state ->> 'cohort_id')::uuid = k.cohort_id
        left join board.alert_rule as r on r.org_id = org and r.id = k.rule_id
        -- What is not known is not good.
        cross join lateral (
            select coalesce(case r.comparison
                when 'below' then (s.state ->> r.metric)::numeric >= r.threshold + r.margin
                else (s.state ->> r.metric)::numeric <= r.threshold - r.margin
            end, false) as is_good
        ) as g
    ),
    changed as (
        update board.alert as a set
            status = case when j.because is null then 'open' else 'closed' end,
            name = j.name,
            severity = j.severity,
            last_value = j.value,
            clear_since = j.clear_since,
            closed_at = case when j.because is not null then moment end,
            closed_value = case when j.because is not null then j.value end,
            closed_because = j.because
        from judged as j
        join known as k on k.id = j.id
        where a.org_id = org and a.id = j.id
            and (
                j.because is not null
                or (k.name, k.severity, k.last_value, k.clear_since) is distinct from (j.name, j.severity, j.value, j.clear_since)
            )
        returning
            a.id, a.severity, j.threshold, j.value, j.because,
            (k.name, k.severity) <> (j.name, j.severity) as is_other
    )
    select array_agg(
        row(
            org, null, c.id, case when c.because is null then 'changed' else 'closed' end, moment, null, c.value, c.threshold,
            c.severity, c.because
        )::board.alert_change
        order by c.id
    )
    into closed
    from changed as c
    where c.because is not null or c.is_other;

    -- In a statement of its own: a rule that is about another number has just closed what it opened.
    with bad as (
        select
            r.rule, (s.state ->> 'cohort_id')::uuid as cohort_id, s.state, (s.state ->> (r.rule).metric)::numeric as value
        from unnest(states) as s (state)
        join board.cohort_rules(org, array(
            select (s.state ->> 'track_id')::uuid from unnest(states) as s (state) where s.state ->> 'status' = 'active'
        )) as r on r.track_id = (s.state ->> 'track_id')::uuid
        where s.state ->> 'status' = 'active'
            and board.breaks((r.rule).comparison, (r.rule).threshold, (s.state ->> (r.rule).metric)::numeric)
            and not exists (
                select from board.alert as a
                where a.org_id = org and a.cohort_id = (s.state ->> 'cohort_id')::uuid and a.rule_id = (r.rule).id and a.status = 'open'
            )
    ),
    -- Whoever is deleting them need not be told.
    cohort as (
        select c.id
        from school.cohort as c
        where c.org_id = org and c.id = any (array(select b.cohort_id from bad as b))
        order by c.id
        for key share skip locked
    ),
    rule as (
        select r.id
        from board.alert_rule as r
        where r.org_id = org and r.id = any (array(select (b.rule).id from bad as b))
        order by r.id
        for key share skip locked
    ),
    new as (
        insert into board.alert (
            org_id, cohort_id, rule_id, name, metric, comparison, threshold, severity, opened_at, opened_value, evidence, last_value
        )
        select
            org, b.cohort_id, (b.rule).id, (b.rule).name, (b.rule).metric, (b.rule).comparison, (b.rule).threshold, (b.rule).severity,
            moment, b.value,
            board.alert_evidence((b.rule).metric, (b.rule).comparison, (b.rule).threshold, b.state, moment), b.value
        from bad as b
        join cohort as c on c.id = b.cohort_id
        join rule as r on r.id = (b.rule).id
        order by b.cohort_id, (b.rule).id
        on conflict (org_id, cohort_id, rule_id) where status = 'open' do nothing
        returning id, opened_value, threshold, severity
    )
    select array_agg(
        row(org, null, n.id, 'opened', moment, null, n.opened_value, n.threshold, n.severity, null)::board.alert_change order by n.id
    )
    into opened
    from new as n;

    perform board.tell_alerts(org, closed || opened);
    return coalesce(cardinality(closed), 0) + coalesce(cardinality(opened), 0);
end
$$;
comment on function board.evaluate_alerts(bigint, uuid[]) is
'Judges these cohorts by the rules, set-wise, as they are now (board.cohort_states): opens an alert where a rule is broken and none is
open, and closes those whose number has been good, by the rule''s margin, for as long as the rule asks, or that nothing asks about any
more (board.alert.closed_because). A number that is null opens nothing and closes nothing. Called with each refresh of a cohort and every
five minutes for all of them; any number at once. Answers how many opened, changed or closed.';
revoke all on function board.evaluate_alerts(bigint, uuid[]) from public;
