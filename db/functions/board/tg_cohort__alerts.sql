create or replace function board.tg_cohort__alerts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    closed board.alert_change[];
begin
    -- As long as they are there: alerts go with their cohort.
    select array_agg(
        row(
            a.org_id, null, a.id, 'closed', clock_timestamp(), null, a.last_value, a.threshold, a.severity, 'cohort_deleted'
        )::board.alert_change
        order by a.id
    )
    into closed
    from board.alert as a
    where a.org_id = old.org_id and a.cohort_id = old.id and a.status = 'open';
    perform board.tell_alerts(old.org_id, closed);
    return old;
end
$$;
comment on function board.tg_cohort__alerts() is 'Tells who hears of a cohort that its open alerts end with it, when it is deleted.';
revoke all on function board.tg_cohort__alerts() from public;

create or replace trigger tg_cohort__alerts_delete
before delete on school.cohort
for each row execute function board.tg_cohort__alerts();
