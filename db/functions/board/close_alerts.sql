create or replace function board.close_alerts(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    cleared constant uuid[] := array(
        select distinct a.cohort_id
        from board.alert as a
        join board.alert_rule as r on r.org_id = a.org_id and r.id = a.rule_id
        where a.org_id = org and a.status = 'open' and a.clear_since + r.clear_for <= now()
        limit 1000
    );
begin
    return board.refresh_cohorts(org, cleared);
end
$$;
comment on function board.close_alerts(bigint) is
'Refreshes the cohorts that have an alert whose number has been good for as long as the rule asks: it closes, unless the number has turned bad since. No
fact changes then, so that nothing else would. Answers how many cohorts. A job, every minute.';
revoke all on function board.close_alerts(bigint) from public;
