create or replace function board.cohort_alerts(org bigint, cohorts uuid[]) returns table (cohort_id uuid, alerts json)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select a.cohort_id, json_agg(board.alert_item(a, c.name) order by a.opened_at desc, a.id)
    from board.alert as a
    join school.cohort as c on c.org_id = a.org_id and c.id = a.cohort_id
    where a.org_id = org and a.cohort_id = any (cohorts) and a.status = 'open'
    group by a.cohort_id;
end
$$;
comment on function board.cohort_alerts(bigint, uuid[]) is 'The open alerts of cohorts that have some, the latest first.';
revoke all on function board.cohort_alerts(bigint, uuid[]) from public;
