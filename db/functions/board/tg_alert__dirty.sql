create or replace function board.tg_alert__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    perform board.mark_cohorts(new.org_id, array[new.cohort_id], 'alert');
    return null;
end
$$;
comment on function board.tg_alert__dirty() is
'Marks the cohort of an alert whose acknowledger is deleted: pages and summaries tell who it was. All else that changes alerts marks by itself.';
revoke all on function board.tg_alert__dirty() from public;

create or replace trigger tg_alert__dirty
after update on board.alert
for each row when (old.acknowledged_by is not null and new.acknowledged_by is null)
execute function board.tg_alert__dirty();
