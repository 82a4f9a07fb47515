create or replace function board.alert_summary(org bigint, role text, people uuid[]) returns table (person_id uuid, alerts json)
language plpgsql stable parallel restricted security invoker rows 10
set search_path = ''
as $$
#variable_conflict use_column
declare
    most constant integer := 10;
    whole constant boolean := role = 'admin';
begin
    return query
    with known as materialized (
        -- What admins see is the same for all of them.
        select case when not whole then t.director_id end as director_id, a.id, a.severity, a.opened_at, a.cohort_id, c.name
        from board.alert as a
        join school.cohort as c on c.org_id = a.org_id and c.id = a.cohort_id
        join school.track as t on t.org_id = c.org_id and t.id = c.track_id
        where a.org_id = org and a.status = 'open' and (whole or t.director_id = any (people))
    ),
    counted as (
        select
            k.director_id, count(*) as open, count(*) filter (where k.severity = 'critical') as critical,
            count(*) filter (where k.severity = 'warning') as warning, count(*) filter (where k.severity = 'info') as info
        from known as k
        group by k.director_id
    ),
    listed as (
        select k.director_id, json_agg(board.alert_item(a, k.name) order by k.place) as latest
        from (
            select n.*, row_number() over (partition by n.director_id order by n.opened_at desc, n.id) as place from known as n
        ) as k
        join board.alert as a on a.org_id = org and a.id = k.id
        where k.place <= most
        group by k.director_id
    )
    select
        m.id,
        json_build_object(
            'open', coalesce(c.open, 0),
            'by_severity', json_build_object(
                'critical', coalesce(c.critical, 0), 'warning', coalesce(c.warning, 0), 'info', coalesce(c.info, 0)
            ),
            'latest', coalesce(l.latest, '[]')
        )
    from unnest(people) as m (id)
    left join counted as c on whole or c.director_id = m.id
    left join listed as l on whole or l.director_id = m.id;
end
$$;
comment on function board.alert_summary(bigint, text, uuid[]) is
'The open alerts of directors'' cohorts, or of all for admins: {"open", "by_severity": {"critical", "warning", "info"}, "latest": the ten opened last}.';
revoke all on function board.alert_summary(bigint, text, uuid[]) from public;
