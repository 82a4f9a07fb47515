create or replace function board.tell_alerts(org bigint, changes board.alert_change[]) returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    concerned uuid[];
begin
    if coalesce(cardinality(changes), 0) = 0 then
        return;
    end if;
    insert into board.alert_change (org_id, alert_id, change, at, by_id, value, threshold, severity, because)
    select org, c.alert_id, c.change, c.at, c.by_id, c.value, c.threshold, c.severity, c.because
    from unnest(changes) with ordinality as c
    order by c.ordinality;

    insert into feed.event (org_id, topics, kind, payload)
    select
        org, array['admin', 'track-staff:' || h.track_id], 'alerts',
        json_build_object(
            'what', c.change, 'alert_id', a.id, 'cohort_id', a.cohort_id, 'cohort_name', left(h.name, feed.longest_text()),
            'name', a.name, 'severity', a.severity, 'metric', a.metric, 'comparison', a.comparison, 'threshold', c.threshold,
            'value', c.value, 'opened_at', board.utc(a.opened_at), 'because', c.because, 'acknowledged_by', a.acknowledged_by,
            'timestamp', board.utc(c.at)
        )
    from unnest(changes) with ordinality as c
    join board.alert as a on a.org_id = org and a.id = c.alert_id
    join school.cohort as h on h.org_id = org and h.id = a.cohort_id
    order by c.ordinality;
    perform feed.wake();

    -- The dashboards show them.
    concerned := array(
        select distinct a.cohort_id
        from unnest(changes) as c
        join board.alert as a on a.org_id = org and a.id = c.alert_id
    );
    perform board.mark_cohorts(org, concerned, 'alert');
end
$$;
comment on function board.tell_alerts(bigint, board.alert_change[]) is
'What follows when alerts opened, changed, were acknowledged or closed: their history, an event for the director of the cohort''s track
and the admins, a mark for the dashboards. changes: as board.alert_change keeps them; org_id and id are given here.';
revoke all on function board.tell_alerts(bigint, board.alert_change[]) from public;
